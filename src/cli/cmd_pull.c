/* SPDX-License-Identifier: Apache-2.0 */
/* `tare pull` brings an image from a registry and prints its full name. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "cli/cancel.h"
#include "cli/progress.h"
#include "engine/engine.h"
#include "os/pty.h"

struct pull_command_options {
	bool quiet;
	bool tls_verify;
	const char *platform, *authfile, *creds, *cert_dir, *signature_policy;
};

static const struct pull_command_options pull_defaults = { .tls_verify = true };

static const struct opt pull_opts[] = {
	OPT(struct pull_command_options, quiet, "quiet", 'q', FLAG, NULL, "Print nothing but the name"),
	OPT(struct pull_command_options, platform, "platform", 0, STR, "OS/ARCH", "Platform to choose (default: this machine's)"),
	OPT(struct pull_command_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct pull_command_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct pull_command_options, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this pull"),
	OPT(struct pull_command_options, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),
	OPT(struct pull_command_options, signature_policy, "signature-policy", 0, STR, "FILE", "Which signatures are required (policy.json)"),
	OPT_UNSUPPORTED("all-tags", 'a', NULL),
	OPT_UNSUPPORTED("disable-content-trust", 0, NULL),
	OPT_END,
};

/* A name without a host, and several registries it may be from. */
static int choose(void *arg, const char *name, const struct strs *candidates)
{
	char line[32];
	uint32_t number;

	printf("Which image is '%s'?\n", name);
	for (size_t i = 0; i < candidates->n; i++)
		printf("  %zu  %s\n", i + 1, candidates->v[i]);
	fputs("Number: ", stdout);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return -1;
	line[strcspn(line, "\r\n")] = 0;
	return parse_u32(line, &number) == 0 && number >= 1 && number <= candidates->n ? (int)number - 1 : -1;
}

static int pull_run(struct cli *c, const void *options, struct err *e)
{
	const struct pull_command_options *o = options;
	struct pull_options p = {
		.platform = o->platform, .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds,
		.cert_dir = o->cert_dir, .cancel_fd = cancel_open(), .signature_policy = o->signature_policy,
		.choose = pty_is_terminal(STDIN_FILENO) && pty_is_terminal(STDOUT_FILENO) ? choose : NULL,
	};
	struct image_store *images;
	struct reference ref;
	struct engine *en;
	struct image image;
	bool changed;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &images, e);
	if (r == 0)
		r = reference_parse(c->args.v[0], c->a, &ref, e);
	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &p);
	r = image_pull(images, c->args.v[0], &p, c->a, &image, &changed, e);
	if (r < 0)
		return r;
	if (!o->quiet) {
		printf("Digest: %s\n", image.index ? image.index : image.manifest);
		printf("Status: %s %s\n", changed ? "Downloaded newer image for" : "Image is up to date for", reference_familiar(&ref, c->a));
	}
	puts(image.names.n > 0 ? image.names.v[0] : reference_print(&ref, c->a));
	return 0;
}

const struct command pull_command = {
	.names = { "pull", "image pull" },
	.group = "Images",
	.summary = "Bring an image from a registry",
	.args = "NAME[:TAG|@DIGEST]",
	.min_args = 1,
	.max_args = 1,
	.opts = { pull_opts },
	.options_size = sizeof(struct pull_command_options),
	.defaults = &pull_defaults,
	.run = pull_run,
};
