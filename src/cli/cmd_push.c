/* SPDX-License-Identifier: Apache-2.0 */
/* `tare push` sends an image of the store to a registry, under its own name or another. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/compress_opts.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "cli/retry.h"
#include "image/moving/push.h"
#include "os/file.h"

struct push_command_options {
	struct registry_options registry;
	bool quiet, all_tags, foreign, remove_signatures;
	const char *platform, *digestfile, *format;
	struct compress_options compress;
	struct sign_options sign;
	struct retry_options retry;
};

static const struct push_command_options push_defaults = { .registry = REGISTRY_DEFAULTS };

static const struct opt push_opts[] = {
	OPT(struct push_command_options, all_tags, "all-tags", 'a', FLAG, NULL, "All tags this machine has of the repository"),
	OPT(struct push_command_options, quiet, "quiet", 'q', FLAG, NULL, "Print nothing but the name"),
	OPT(struct push_command_options, remove_signatures, "remove-signatures", 0, FLAG, NULL, "Leave signatures behind (so it is, also without saying)"),
	RETRY_OPTS(struct push_command_options, retry),
	SIGN_OPTS(struct push_command_options, sign),
	OPT(struct push_command_options, platform, "platform", 0, STR, "OS/ARCH", "Only this platform's image; an error if it is another's"),
	OPT(struct push_command_options, digestfile, "digestfile", 0, STR, "FILE", "Write the digest of what was pushed into a file"),
	OPT(struct push_command_options, compress.format, "compression-format", 0, STR, "FORMAT", "Compress layers by gzip or zstd that are not (default: only new ones, by gzip)"),
	OPT(struct push_command_options, compress.level, "compression-level", 0, OPT_I64, "LEVEL", "How hard: gzip 1 to 9, zstd 1 to 20"),
	OPT(struct push_command_options, compress.force, "force-compression", 0, OPT_FLAG, NULL, "Also layers that the registry has in another format (default true with --compression-format)"),
	OPT(struct push_command_options, format, "format", 'f', STR, "FORMAT", "Put manifests into the words of oci or v2s2 (default: as they are)"),
	OPT(struct push_command_options, foreign, "allow-nondistributable-artifacts", 0, FLAG, NULL, "Send layers that may not be handed on, too"),
	OPT_REFUSED("compress", 0, NULL, "a registry takes layers compressed; 'tare copy --dest-compress' writes directories"),
	OPT_REFUSED("encryption-key", 0, "KEY", "encrypted layers are not built"),
	OPT_REFUSED("encrypt-layer", 0, "N", "encrypted layers are not built"),
	CONTENT_TRUST_OPT,
	OPT_END,
};

static int digest_write(const char *path, const char *digest, struct err *e)
{
	int r = file_create(AT_FDCWD, path, digest, strlen(digest), 0644);

	return r < 0 ? err_sys(e, r, "write '%s'", path) : 0;
}

static int push_one(struct cli *c, struct image_store *images, const char *name, const char *destination, const struct push_command_options *o, struct err *e)
{
	struct push_options p = { .pull = registry_options_pull(&o->registry), .sign = o->sign, .foreign = o->foreign, .convert = o->format };
	struct push_result result;
	struct reference ref;
	int r = compress_options_take(&o->compress, c->a, &p.squeeze, e);

	if (r == 0 && o->format)
		r = image_format_parse(o->format, &p.format, e);
	if (r < 0)
		return r;
	p.pull.platform = o->platform;
	p.pull.cancel_fd = cancel_open();
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &p.pull);
	for (int64_t turn = 0;; turn++) {
		r = image_push(images, name, destination, &p, c->a, &result, e);
		if (r == 0 || !retry_wait(&o->retry, turn, e))
			break;
	}
	if (r == 0)
		r = reference_parse(result.reference, c->a, &ref, e);
	if (r == 0 && o->digestfile)
		r = digest_write(o->digestfile, result.digest, e);
	if (r < 0)
		return r;
	if (o->quiet)
		puts(result.reference);
	else
		printf("%s: digest: %s size: %llu\n", ref.tag, result.digest, (unsigned long long)result.size);
	return 0;
}

/* Every name of the store in that repository. */
static int push_all(struct cli *c, struct image_store *images, const char *repository, const struct push_command_options *o, struct err *e)
{
	struct reference want, has;
	struct images list;
	size_t n = 0;
	int r = reference_parse(repository, c->a, &want, e);

	if (r == 0 && (want.digest || !reference_is_bare(repository)))
		r = err_set(e, ERR_INVALID, "'%s' has a tag or digest, and --all-tags means all of them", repository);
	if (r == 0)
		r = image_list(images, c->a, &list, e);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		for (size_t k = 0; r == 0 && k < list.v[i].names.n; k++) {
			struct err ignored; /* a name that does not parse is nobody's */

			if (reference_parse(list.v[i].names.v[k], c->a, &has, &ignored) < 0 || !has.tag || !streq(has.host, want.host) ||
				!streq(has.repository, want.repository))
				continue;
			r = push_one(c, images, list.v[i].names.v[k], NULL, o, e);
			n++;
		}
	}
	return r == 0 && n == 0 ? err_set(e, ERR_NOT_FOUND, "no such image: %s", reference_familiar_name(&want, c->a)) : r;
}

static int push_run(struct cli *c, const void *options, struct err *e)
{
	const struct push_command_options *o = options;
	const char *destination = c->args.n > 1 ? c->args.v[1] : NULL;
	struct image_store *images;
	int r = 0;

	if (o->all_tags && (destination || o->digestfile))
		r = err_set(e, ERR_INVALID, "--all-tags goes with a repository alone, without destination or --digestfile");
	if (r == 0)
		r = cli_images(c, &images, e);
	if (r < 0)
		return r;
	return o->all_tags ? push_all(c, images, c->args.v[0], o, e) : push_one(c, images, c->args.v[0], destination, o, e);
}

const struct command push_command = {
	.names = { "push", "image push" },
	.group = "Images",
	.summary = "Send an image to a registry",
	.args = "IMAGE [DESTINATION]",
	.min_args = 1,
	.max_args = 2,
	.opts = { push_opts, registry_opts },
	.options_size = sizeof(struct push_command_options),
	.defaults = &push_defaults,
	.run = push_run,
};
