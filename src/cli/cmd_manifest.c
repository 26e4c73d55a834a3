/* SPDX-License-Identifier: Apache-2.0 */
/* `tare manifest …` makes manifest lists (one name for the images of several platforms), looks into them and pushes them. */
#include "cli/compress_opts.h"
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/cancel.h"
#include "cli/manifest_verbose.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "cli/retry.h"
#include "image/making/list.h"
#include "image/making/list_source.h"
#include "os/file.h"

struct manifest_options {
	bool all, amend, verbose, quiet, purge, rm, tls_verify, insecure, index, ignore, remove_signatures;
	const char *authfile, *creds, *cert_dir, *format, *digestfile, *subject;
	struct sign_options sign;
	struct retry_options retry;
	struct list_change change;
	struct compress_options compress;
};

static const struct manifest_options manifest_defaults = { .tls_verify = true };
static const struct manifest_options push_defaults = { .tls_verify = true, .all = true };

#define M struct manifest_options

/* How to reach a registry. */
#define REGISTRY_OPTS                                                                                            \
	OPT(M, authfile, "authfile", 0, STR, "FILE", "Credentials file"),                                        \
	OPT(M, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),                            \
	OPT(M, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this time"),                            \
	OPT(M, insecure, "insecure", 0, FLAG, NULL, "As --tls-verify=false"),                                    \
	OPT(M, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)")

/* What an entry says. */
#define ENTRY_OPTS                                                                                               \
	OPT(M, change.annotations, "annotation", 0, PAIRS, "KEY=VALUE", "Annotation of the entry"),              \
	OPT(M, change.architecture, "arch", 0, STR, "ARCH", "Architecture"),                                     \
	OPT(M, change.os, "os", 0, STR, "OS", "Operating system"),                                               \
	OPT(M, change.os_features, "os-features", 0, STRS, "FEATURE", "Feature of the operating system"),        \
	OPT(M, change.os_version, "os-version", 0, STR, "VERSION", "Version of the operating system"),           \
	OPT(M, change.variant, "variant", 0, STR, "VARIANT", "Variant of the architecture"),                     \
	OPT_REFUSED("features", 0, "FEATURE", "image-spec reserves that member of a platform; use --os-features")

static const struct opt create_opts[] = {
	OPT(M, all, "all", 0, FLAG, NULL, "Of images for several platforms, all of them"),
	OPT(M, amend, "amend", 'a', FLAG, NULL, "A list of that name may be there: add to it"),
	OPT(M, change.annotations, "annotation", 0, PAIRS, "KEY=VALUE", "Annotation of the list"),
	REGISTRY_OPTS,
	OPT_END,
};

static const struct opt add_opts[] = {
	OPT(M, all, "all", 0, FLAG, NULL, "Of an image for several platforms, all of them"),
	ENTRY_OPTS,
	REGISTRY_OPTS,
#define ARTIFACT_REFUSED(name, metavar) OPT_REFUSED(name, 0, metavar, "use 'tare artifact add' and 'push', then add what was pushed by its name")
	ARTIFACT_REFUSED("artifact", NULL),
	ARTIFACT_REFUSED("artifact-config", "FILE"),
	ARTIFACT_REFUSED("artifact-config-type", "TYPE"),
	ARTIFACT_REFUSED("artifact-exclude-titles", NULL),
	ARTIFACT_REFUSED("artifact-layer-type", "TYPE"),
	ARTIFACT_REFUSED("artifact-subject", "IMAGE"),
	ARTIFACT_REFUSED("artifact-type", "TYPE"),
	OPT_END,
};

static const struct opt annotate_opts[] = {
	OPT(M, index, "index", 0, FLAG, NULL, "The list itself instead of an entry: --annotation and --subject"),
	OPT(M, subject, "subject", 0, STR, "IMAGE", "With --index: the image it is about"),
	ENTRY_OPTS,
	OPT_END,
};

static const struct opt rm_opts[] = {
	OPT(M, ignore, "ignore", 'i', FLAG, NULL, "Missing is fine"),
	OPT_END,
};

static const struct opt inspect_opts[] = {
	OPT(M, verbose, "verbose", 'v', FLAG, NULL, "Each image's name, platform and manifest, as docker prints them"),
	REGISTRY_OPTS,
	OPT_END,
};

static const struct opt push_opts[] = {
	OPT(M, all, "all", 0, FLAG, NULL, "The images too (default); --all=false: only the list"),
	OPT(M, digestfile, "digestfile", 0, STR, "FILE", "Write the digest to a file"),
	OPT(M, format, "format", 'f', STR, "FORMAT", "'oci' (default) or 'v2s2', Docker's"),
	OPT(M, purge, "purge", 'p', FLAG, NULL, "Remove the list after it was pushed"),
	OPT(M, quiet, "quiet", 'q', FLAG, NULL, "Show no progress"),
	OPT(M, rm, "rm", 0, FLAG, NULL, "As --purge"),
	OPT(M, remove_signatures, "remove-signatures", 0, FLAG, NULL, "Leave signatures behind (so it is, also without saying)"),
	REGISTRY_OPTS,
	RETRY_OPTS(M, retry),
	SIGN_OPTS(M, sign),
	OPT(M, compress.format, "compression-format", 0, STR, "FORMAT", "Compress layers by gzip or zstd that are not (default: as they are)"),
	OPT(M, compress.level, "compression-level", 0, OPT_I64, "LEVEL", "How hard: gzip 1 to 9, zstd 1 to 20"),
	OPT(M, compress.force, "force-compression", 0, OPT_FLAG, NULL, "Also layers that the registry has in another format (default true with --compression-format)"),
	OPT_REFUSED("add-compression", 0, "FORMAT", "push the list again under another name with --compression-format"),
	OPT_END,
};

static struct pull_options registry_of(const struct manifest_options *o)
{
	return (struct pull_options){ .no_tls_verify = !o->tls_verify || o->insecure, .authfile = o->authfile, .credentials = o->creds, .cert_dir = o->cert_dir,
		.cancel_fd = cancel_open() };
}

static int create_run(struct cli *c, const void *options, struct err *e)
{
	const struct manifest_options *o = options;
	const struct pull_options p = registry_of(o);
	static const struct list_change nothing;
	struct image_store *store;
	struct reference ref;
	const char *digest;
	int r = cli_images(c, &store, e);

	if (r == 0)
		r = list_create(store, c->args.v[0], o->amend, c->a, e);
	if (r == 0 && o->change.annotations.n > 0)
		r = list_describe(store, c->args.v[0], &o->change.annotations, NULL, c->a, e);
	for (size_t i = 1; r == 0 && i < c->args.n; i++) {
		r = list_add(store, c->args.v[0], c->args.v[i], o->all, &nothing, &p, c->a, &digest, e);
		/* A new list is whole or not there. */
		if (r < 0 && !o->amend)
			list_delete(store, c->args.v[0], c->a, &(struct err){ 0 });
	}
	if (r == 0)
		r = reference_parse(c->args.v[0], c->a, &ref, e);
	if (r == 0)
		printf("Created manifest list %s\n", reference_print(&ref, c->a));
	return r;
}

static int add_run(struct cli *c, const void *options, struct err *e)
{
	const struct manifest_options *o = options;
	const struct pull_options p = registry_of(o);
	struct image_store *store;
	const char *digest;
	int r = cli_images(c, &store, e);

	for (size_t i = 1; r == 0 && i < c->args.n; i++) {
		r = list_add(store, c->args.v[0], c->args.v[i], o->all, &o->change, &p, c->a, &digest, e);
		if (r == 0)
			puts(digest);
	}
	return r;
}

/* Of the list: annotations, and what it is about. */
static int index_annotate(struct cli *c, struct image_store *store, const struct manifest_options *o, struct err *e)
{
	const struct list_change *change = &o->change;
	const struct pull_options p = { 0 };
	struct list_found subject = { 0 };
	struct reference ref;
	int r = 0;

	if (c->args.n > 1 || change->os || change->architecture || change->variant || change->os_version || change->os_features.n > 0)
		return err_set(e, ERR_INVALID, "--index goes with --annotation and --subject, and without the name of an entry");
	if (o->subject)
		r = list_source_find(store, o->subject, false, &p, c->a, &subject, e);
	if (r == 0 && subject.n > 0)
		subject.v[0].platform = NULL;
	if (r == 0)
		r = list_describe(store, c->args.v[0], &change->annotations, subject.n > 0 ? &subject.v[0] : NULL, c->a, e);
	if (r == 0)
		r = reference_parse(c->args.v[0], c->a, &ref, e);
	if (r == 0)
		puts(reference_print(&ref, c->a));
	return r;
}

static int annotate_run(struct cli *c, const void *options, struct err *e)
{
	const struct manifest_options *o = options;
	struct image_store *store;
	const char *digest;
	int r = cli_images(c, &store, e);

	if (r < 0)
		return r;
	if (o->index)
		return index_annotate(c, store, o, e);
	if (o->subject || c->args.n < 2)
		return err_set(e, ERR_INVALID, o->subject ? "--subject goes with --index" : "which entry? give an image or digest, or --index");
	if (r == 0)
		r = list_annotate(store, c->args.v[0], c->args.v[1], &o->change, c->a, &digest, e);
	if (r == 0)
		puts(digest);
	return r;
}

static int remove_run(struct cli *c, const void *options, struct err *e)
{
	struct image_store *store;
	const char *digest;
	int r = cli_images(c, &store, e);

	if (r == 0)
		r = list_remove(store, c->args.v[0], c->args.v[1], c->a, &digest, e);
	if (r == 0)
		puts(digest);
	return r;
}

/* A list of ours as people read it; a document of a registry as it is, byte by byte. */
static int inspect_run(struct cli *c, const void *options, struct err *e)
{
	const struct manifest_options *o = options;
	const struct pull_options p = registry_of(o);
	struct image_store *store;
	struct str text;
	struct list l;
	int r = cli_images(c, &store, e);

	if (r < 0)
		return r;
	if (o->verbose)
		return manifest_verbose_print(store, c->args.v[0], &p, c->a, e);
	r = list_find(store, c->args.v[0], c->a, &l, e);
	if (r == 0)
		r = list_print(&l, false, c->a, &text, e);
	else if (e->kind == ERR_NOT_FOUND)
		r = list_source_fetch(store, c->args.v[0], &p, c->a, &text, e);
	if (r == 0)
		r = list_show(text, c->a, &text, e);
	if (r == 0)
		printf("%.*s\n", (int)text.n, text.p);
	return r;
}

static int rm_run(struct cli *c, const void *options, struct err *e)
{
	const struct manifest_options *o = options;
	struct image_store *store;
	int code = 0, r = cli_images(c, &store, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		r = list_delete(store, c->args.v[i], c->a, e);
		if (r < 0 && (e->kind != ERR_NOT_FOUND || !o->ignore)) {
			cli_report(e);
			code = 1;
		} else if (r == 0) {
			puts(c->args.v[i]);
		}
	}
	return code;
}

static int exists_run(struct cli *c, const void *options, struct err *e)
{
	struct image_store *store;
	struct list l;
	int r = cli_images(c, &store, e);

	if (r == 0)
		r = list_find(store, c->args.v[0], c->a, &l, e);
	return r < 0 && e->kind == ERR_NOT_FOUND ? 1 : r;
}

static int push_run(struct cli *c, const void *options, struct err *e)
{
	const struct manifest_options *o = options;
	struct push_options p = { .pull = registry_of(o), .sign = o->sign };
	struct image_store *store;
	struct push_result result;
	int r;

	p.convert = o->format;
	r = o->format ? image_format_parse(o->format, &p.format, e) : 0;
	if (r == 0)
		r = compress_options_take(&o->compress, c->a, &p.squeeze, e);
	if (r == 0)
		r = cli_images(c, &store, e);
	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDERR_FILENO), &p.pull);
	for (int64_t turn = 0;; turn++) {
		r = list_push(store, c->args.v[0], c->args.n > 1 ? c->args.v[1] : NULL, o->all, &p, c->a, &result, e);
		if (r == 0 || !retry_wait(&o->retry, turn, e))
			break;
	}
	if (r == 0 && o->digestfile) {
		r = file_create(AT_FDCWD, o->digestfile, result.digest, strlen(result.digest), 0644);
		if (r < 0)
			return err_sys(e, r, "write '%s'", o->digestfile);
	}
	if (r == 0 && (o->purge || o->rm))
		r = list_delete(store, c->args.v[0], c->a, e);
	if (r == 0)
		puts(result.digest);
	return r;
}

#define MANIFEST(verb, name_, ...)                                                                               \
	const struct command manifest_##verb##_command = { .names = { "manifest " name_ }, .group = "Manifest lists", \
		.options_size = sizeof(struct manifest_options), .run = verb##_run, __VA_ARGS__ }

MANIFEST(create, "create", .summary = "Make a manifest list, of images if some are given", .args = "LIST [IMAGE...]", .min_args = 1, .max_args = -1,
	.opts = { create_opts }, .defaults = &manifest_defaults);
MANIFEST(add, "add", .summary = "Add images to a manifest list", .args = "LIST IMAGE [IMAGE...]", .min_args = 2, .max_args = -1,
	.opts = { add_opts }, .defaults = &manifest_defaults);
MANIFEST(annotate, "annotate", .summary = "Say more about an entry of a manifest list", .args = "LIST [IMAGE|DIGEST]", .min_args = 1, .max_args = 2,
	.opts = { annotate_opts });
MANIFEST(remove, "remove", .summary = "Take an entry out of a manifest list", .args = "LIST IMAGE|DIGEST", .min_args = 2, .max_args = 2);
MANIFEST(inspect, "inspect", .summary = "Print a manifest list, or what a registry has under a name", .args = "LIST|IMAGE", .min_args = 1, .max_args = 1,
	.opts = { inspect_opts }, .defaults = &manifest_defaults);
MANIFEST(push, "push", .summary = "Push a manifest list with its images", .args = "LIST [DESTINATION]", .min_args = 1, .max_args = 2,
	.opts = { push_opts }, .defaults = &push_defaults);
MANIFEST(rm, "rm", .summary = "Remove manifest lists", .args = "LIST [LIST...]", .min_args = 1, .max_args = -1,
	.opts = { rm_opts });
MANIFEST(exists, "exists", .summary = "Say by the exit code whether a manifest list is here", .args = "LIST", .min_args = 1, .max_args = 1, .failure = 125);
