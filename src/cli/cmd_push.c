/* SPDX-License-Identifier: Apache-2.0 */
/* `tare push` sends an image of the store to a registry, under its own name or another. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/progress.h"
#include "engine/engine.h"
#include "image/push.h"

struct push_command_options {
	bool quiet;
	bool tls_verify;
	const char *authfile, *creds, *cert_dir;
	struct sign_options sign;
};

static const struct push_command_options push_defaults = { .tls_verify = true };

static const struct opt push_opts[] = {
	OPT(struct push_command_options, quiet, "quiet", 'q', FLAG, NULL, "Print nothing but the name"),
	OPT(struct push_command_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct push_command_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct push_command_options, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this push"),
	OPT(struct push_command_options, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),
	OPT(struct push_command_options, sign.gpg_key, "sign-by", 0, STR, "FINGERPRINT", "Sign with that GPG key, into the lookaside of registries.d"),
	OPT(struct push_command_options, sign.sigstore_key, "sign-by-sigstore-private-key", 0, STR, "FILE", "Sign with that key, beside the image"),
	OPT(struct push_command_options, sign.passphrase_file, "sign-passphrase-file", 0, STR, "FILE", "Passphrase of the key"),
	OPT_UNSUPPORTED("sign-by-sigstore", 0, "FILE"),
	OPT_UNSUPPORTED("all-tags", 'a', NULL),
	OPT_UNSUPPORTED("disable-content-trust", 0, NULL),
	OPT_END,
};

static int push_run(struct cli *c, const void *options, struct err *e)
{
	const struct push_command_options *o = options;
	struct push_options p = { .pull = { .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds, .cert_dir = o->cert_dir,
		.cancel_fd = cancel_open() }, .sign = o->sign };
	const char *destination = c->args.n > 1 ? c->args.v[1] : NULL;
	struct push_result result;
	struct image_store *images;
	struct reference ref;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &images, e);
	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &p.pull);
	r = image_push(images, c->args.v[0], destination, &p, c->a, &result, e);
	if (r == 0)
		r = reference_parse(result.reference, c->a, &ref, e);
	if (r < 0)
		return r;
	if (o->quiet)
		puts(result.reference);
	else
		printf("%s: digest: %s size: %llu\n", ref.tag, result.digest, (unsigned long long)result.size);
	return 0;
}

const struct command push_command = {
	.names = { "push", "image push" },
	.group = "Images",
	.summary = "Send an image to a registry",
	.args = "IMAGE [DESTINATION]",
	.min_args = 1,
	.max_args = 2,
	.opts = { push_opts },
	.options_size = sizeof(struct push_command_options),
	.defaults = &push_defaults,
	.run = push_run,
};
