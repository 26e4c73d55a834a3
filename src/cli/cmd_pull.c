/* SPDX-License-Identifier: Apache-2.0 */
/* `tare pull` brings images from registries and prints their full names. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "cli/cancel.h"
#include "cli/platform_opts.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "cli/retry.h"
#include "image/registries/remote.h"
#include "os/pty.h"

struct pull_command_options {
	struct registry_options registry;
	bool quiet, all_tags, all_platforms, no_keep_blobs;
	const char *policy, *signature_policy;
	struct platform_options platform;
	struct retry_options retry;
};

static const struct pull_command_options pull_defaults = { .registry = REGISTRY_DEFAULTS };

static const struct opt pull_opts[] = {
	OPT(struct pull_command_options, all_tags, "all-tags", 'a', FLAG, NULL, "All tags the repository has"),
	OPT(struct pull_command_options, quiet, "quiet", 'q', FLAG, NULL, "Print nothing but the name"),
	PLATFORM_OPTS(struct pull_command_options, platform, "Platform to choose (default: this machine's)"),
	OPT(struct pull_command_options, policy, "policy", 0, STR, "WHEN", "always (default), missing, newer or never"),
	RETRY_OPTS(struct pull_command_options, retry),
	OPT(struct pull_command_options, no_keep_blobs, "no-keep-blobs", 0, FLAG, NULL, "Unpack layers, but do not keep what they came as"),
	OPT(struct pull_command_options, signature_policy, "signature-policy", 0, STR, "FILE", "Which signatures are required (policy.json)"),
	OPT(struct pull_command_options, all_platforms, "all-platforms", 0, FLAG, NULL, "The images for all platforms; those for others are not unpacked"),
	CONTENT_TRUST_OPT,
	OPT_REFUSED("decryption-key", 0, "KEY", "encrypted layers are not built"),
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

/* ---- when ---- */

enum policy { POLICY_ALWAYS, POLICY_MISSING, POLICY_NEWER, POLICY_NEVER };

static int policy_parse(const char *word, enum policy *ret, struct err *e)
{
	static const char *const words[] = { "always", "missing", "newer", "never" };

	*ret = POLICY_ALWAYS;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (word && !streq(words[i], word))
			continue;
		*ret = (enum policy)i;
		return 0;
	}
	return err_set(e, ERR_INVALID, "invalid argument for --policy: '%s' is not always, missing, newer or never", word);
}

/* Registries are asked first, and what is here will do: or the other way round. Returns 1 if the image that is here is the answer. */
static int find_here(struct cli *c, struct image_store *images, const char *name, enum policy policy, const char *platform, struct image *ret,
	struct err *e)
{
	int r;

	if (policy != POLICY_MISSING && policy != POLICY_NEVER)
		return 0;
	r = platform ? image_find_for(images, name, platform, c->a, ret, e) : image_find(images, name, c->a, ret, e);
	if (r < 0 && e->kind == ERR_NOT_FOUND && policy == POLICY_MISSING) {
		err_clear(e);
		return 0;
	}
	return r < 0 ? r : 1;
}

/* ---- one image ---- */

static int pull_once(struct cli *c, struct image_store *images, const char *name, const struct pull_options *p, const struct pull_command_options *o,
	enum policy policy, struct image *ret, bool *ret_changed, struct err *e)
{
	struct err ignored; /* what the registry said is the reason then */
	int r;

	for (int64_t turn = 0;; turn++) {
		r = image_pull(images, name, p, c->a, ret, ret_changed, e);
		if (r == 0 || !retry_wait(&o->retry, turn, e))
			break;
	}
	if (r == 0 && !*ret_changed)
		r = image_platform_check(ret, p->platform, c->a, e);
	if (r < 0 && policy == POLICY_NEWER && image_find(images, name, c->a, ret, &ignored) == 0) {
		*ret_changed = false;
		return 0;
	}
	return r;
}

static int pull_one(struct cli *c, struct image_store *images, const char *name, const struct pull_command_options *o, struct err *e)
{
	struct pull_options p = registry_options_pull(&o->registry);
	enum policy policy;
	struct reference ref;
	struct image image;
	bool changed;
	int r = reference_parse(name, c->a, &ref, e);

	if (r == 0)
		r = policy_parse(o->policy, &policy, e);
	if (r == 0)
		r = platform_options_text(&o->platform, c->a, &p.platform, e);
	if (r == 0)
		r = find_here(c, images, name, policy, p.platform, &image, e);
	if (r == 1)
		puts(image.names.n > 0 ? image.names.v[0] : reference_print(&ref, c->a));
	if (r != 0)
		return r < 0 ? r : 0;
	p.cancel_fd = cancel_open();
	p.signature_policy = o->signature_policy;
	p.drop_blobs = o->no_keep_blobs;
	p.all_platforms = o->all_platforms;
	p.choose = pty_is_terminal(STDIN_FILENO) && pty_is_terminal(STDOUT_FILENO) ? choose : NULL;
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &p);
	r = pull_once(c, images, name, &p, o, policy, &image, &changed, e);
	if (r < 0)
		return r;
	if (!o->quiet) {
		printf("Digest: %s\n", image.index ? image.index : image.manifest);
		printf("Status: %s %s\n", changed ? "Downloaded newer image for" : "Image is up to date for", reference_familiar(&ref, c->a));
	}
	puts(image.names.n > 0 ? image.names.v[0] : reference_print(&ref, c->a));
	return 0;
}

static int pull_all(struct cli *c, struct image_store *images, const char *name, const struct pull_command_options *o, struct err *e)
{
	struct pull_options p = registry_options_pull(&o->registry);
	const char *repository;
	struct reference ref;
	struct strs tags;
	int r = reference_parse(name, c->a, &ref, e);

	if (r == 0 && (ref.digest || !reference_is_bare(name)))
		r = err_set(e, ERR_INVALID, "'%s' has a tag or digest, and --all-tags means all of them", name);
	if (r == 0)
		r = remote_tags(images, name, &p, c->a, &tags, &repository, e);
	for (size_t i = 0; r == 0 && i < tags.n; i++)
		r = pull_one(c, images, arena_printf(c->a, "%s:%s", repository, tags.v[i]), o, e);
	return r;
}

static int pull_run(struct cli *c, const void *options, struct err *e)
{
	const struct pull_command_options *o = options;
	struct image_store *images;
	int r = cli_images(c, &images, e);

	for (size_t i = 0; r == 0 && i < c->args.n; i++)
		r = o->all_tags ? pull_all(c, images, c->args.v[i], o, e) : pull_one(c, images, c->args.v[i], o, e);
	return r;
}

const struct command pull_command = {
	.names = { "pull", "image pull" },
	.group = "Images",
	.summary = "Bring images from registries",
	.args = "NAME[:TAG|@DIGEST] [NAME...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { pull_opts, registry_opts },
	.options_size = sizeof(struct pull_command_options),
	.defaults = &pull_defaults,
	.run = pull_run,
};
