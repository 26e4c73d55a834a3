/* SPDX-License-Identifier: Apache-2.0 */
/* `tare artifact …` keeps files under names of registries: adds, lists, inspects, extracts, pushes, pulls and removes them, as podman does. */
#include "cli/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/cancel.h"
#include "cli/image_text.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "cli/retry.h"
#include "cli/table.h"
#include "codec/template.h"
#include "image/making/artifact.h"
#include "image/making/list_source.h"
#include "os/file.h"

struct artifact_command_options {
	bool all, ignore, quiet, no_trunc, no_heading, tls_verify;
	const char *authfile, *creds, *cert_dir, *digestfile, *format, *title, *digest, *subject;
	struct artifact_options add;
	struct sign_options sign;
	struct retry_options retry;
};

static const struct artifact_command_options artifact_defaults = { .tls_verify = true };

#define A struct artifact_command_options

static const struct opt add_opts[] = {
	OPT(A, add.annotations, "annotation", 0, PAIRS, "KEY=VALUE", "Annotation of the files"),
	OPT(A, add.append, "append", 'a', FLAG, NULL, "To an artifact that is here"),
	OPT(A, add.file_type, "file-type", 0, STR, "TYPE", "Media type of the files (default application/octet-stream)"),
	OPT(A, subject, "subject", 0, STR, "IMAGE", "The image it is about"),
	OPT(A, add.replace, "replace", 0, FLAG, NULL, "One that is here under that name"),
	OPT(A, add.type, "type", 0, STR, "TYPE", "Type of the artifact (default application/vnd.unknown.artifact.v1)"),
	OPT_END,
};

static const struct opt ls_opts[] = {
	OPT(A, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(A, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole digests"),
	OPT(A, no_heading, "noheading", 'n', FLAG, NULL, "No headings"),
	OPT(A, quiet, "quiet", 'q', FLAG, NULL, "Only digests"),
	OPT_END,
};

static const struct opt inspect_opts[] = {
	OPT(A, format, "format", 'f', STR, "TEMPLATE", "Go template"),
	OPT_END,
};

static const struct opt extract_opts[] = {
	OPT(A, digest, "digest", 0, STR, "DIGEST", "Only the file with that digest"),
	OPT(A, title, "title", 0, STR, "TITLE", "Only the file with that title"),
	OPT_END,
};

#define REGISTRY_OPTS                                                                                            \
	OPT(A, authfile, "authfile", 0, STR, "FILE", "Credentials file"),                                        \
	OPT(A, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),                            \
	OPT(A, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this time"),                            \
	OPT(A, quiet, "quiet", 'q', FLAG, NULL, "Show no progress"),                                             \
	OPT(A, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),       \
	RETRY_OPTS(A, retry)

static const struct opt pull_opts[] = {
	REGISTRY_OPTS,
	OPT_REFUSED("decryption-key", 0, "KEY", "encrypted files are not built"),
	OPT_END,
};

static const struct opt push_opts[] = {
	REGISTRY_OPTS,
	OPT(A, digestfile, "digestfile", 0, STR, "FILE", "Write the digest to a file"),
	SIGN_OPTS(A, sign),
	OPT_END,
};

static const struct opt rm_opts[] = {
	OPT(A, all, "all", 'a', FLAG, NULL, "All artifacts"),
	OPT(A, ignore, "ignore", 'i', FLAG, NULL, "Missing is fine"),
	OPT_END,
};

static struct pull_options registry_of(const A *o)
{
	return (struct pull_options){ .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds, .cert_dir = o->cert_dir };
}

static int add_run(struct cli *c, const void *options, struct err *e)
{
	struct artifact_options add = ((const A *)options)->add;
	const struct strs files = { c->args.v + 1, c->args.n - 1 };
	const A *o = options;
	const struct pull_options p = registry_of(o);
	struct list_found subject = { 0 };
	struct image_store *store;
	const char *digest;
	int r = cli_images(c, &store, e);

	if (r == 0 && add.append && add.replace)
		r = err_set(e, ERR_INVALID, "either --append or --replace");
	if (r == 0 && o->subject)
		r = list_source_find(store, o->subject, false, &p, c->a, &subject, e);
	if (r < 0)
		return r;
	if (subject.n > 0) {
		subject.v[0].platform = NULL;
		add.subject = &subject.v[0];
	}
	r = artifact_add(store, c->args.v[0], &files, &add, c->a, &digest, e);
	if (r == 0)
		puts(digest);
	return r;
}

enum { REPOSITORY, TAG, DIGEST, SIZE, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	[REPOSITORY] = { "Repository", "REPOSITORY", true },
	[TAG] = { "Tag", "TAG", true },
	[DIGEST] = { "Digest", "DIGEST", true },
	[SIZE] = { "Size", "SIZE", true },
};

static void fill_row(const char **row, const struct artifact *artifact, bool whole, struct arena *a)
{
	char size[TEXT_SIZE_SIZE];
	struct reference ref;
	struct err ignored; /* our own text */

	text_size(artifact->size, size);
	row[REPOSITORY] = artifact->reference;
	row[TAG] = "<none>";
	if (reference_parse(artifact->reference, a, &ref, &ignored) == 0) {
		row[REPOSITORY] = arena_printf(a, "%s/%s", ref.host, ref.repository);
		row[TAG] = ref.tag ? ref.tag : "<none>";
	}
	row[DIGEST] = image_text_id(artifact->digest, whole, a);
	row[SIZE] = arena_strdup(a, size);
}

static int ls_run(struct cli *c, const void *options, struct err *e)
{
	const A *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct image_store *store;
	struct artifacts list;
	int r = cli_images(c, &store, e);

	if (r == 0)
		r = artifact_list(store, c->a, &list, e);
	if (r < 0)
		return r;
	t.no_heading = o->no_heading;
	VEC_EACH(const struct artifact, artifact, &list)
		fill_row(table_row(&t), artifact, o->no_trunc, c->a);
	r = table_print(&t, o->quiet ? "{{.Digest}}" : o->format, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	return r;
}

static int inspect_run(struct cli *c, const void *options, struct err *e)
{
	const A *o = options;
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT), out = BUF(LIMIT_DOCUMENT);
	struct image_store *store;
	struct artifact artifact;
	int r = cli_images(c, &store, e);

	if (r == 0)
		r = artifact_find(store, c->args.v[0], c->a, &artifact, e);
	if (r < 0)
		return r;
	buf_printf(&json, "{\"Manifest\":%.*s,\"Name\":", (int)artifact.text.n, artifact.text.p);
	json_encode_string(str_of(artifact.reference), &json);
	buf_printf(&json, ",\"Digest\":\"%s\"}", artifact.digest);
	r = o->format ? template_render(o->format, buf_str(&json), &out, e) : json_reindent(buf_str(&json), JSON_INDENT_4, &out);
	if (r == 0)
		puts(buf_text(&out));
	return r;
}

static int extract_run(struct cli *c, const void *options, struct err *e)
{
	const A *o = options;
	struct image_store *store;
	int r;

	if (o->title && o->digest)
		return err_set(e, ERR_INVALID, "either --title or --digest");
	r = cli_images(c, &store, e);
	return r < 0 ? r : artifact_extract(store, c->args.v[0], c->args.v[1], o->title, o->digest, c->a, e);
}

static int push_run(struct cli *c, const void *options, struct err *e)
{
	const A *o = options;
	struct push_options p = { .pull = registry_of(o), .sign = o->sign };
	struct push_result result;
	struct image_store *store;
	int r = cli_images(c, &store, e);

	p.pull.cancel_fd = cancel_open();
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDERR_FILENO), &p.pull);
	if (r < 0)
		return r;
	for (int64_t turn = 0;; turn++) {
		r = artifact_push(store, c->args.v[0], &p, c->a, &result, e);
		if (r == 0 || !retry_wait(&o->retry, turn, e))
			break;
	}
	if (r == 0 && o->digestfile && (r = file_create(AT_FDCWD, o->digestfile, result.digest, strlen(result.digest), 0644)) < 0)
		return err_sys(e, r, "write '%s'", o->digestfile);
	if (r == 0)
		puts(result.digest);
	return r;
}

static int pull_run(struct cli *c, const void *options, struct err *e)
{
	const A *o = options;
	struct pull_options p = registry_of(o);
	struct image_store *store;
	const char *digest;
	int r = cli_images(c, &store, e);

	p.cancel_fd = cancel_open();
	if (r < 0)
		return r;
	for (int64_t turn = 0;; turn++) {
		r = artifact_pull(store, c->args.v[0], &p, c->a, &digest, e);
		if (r == 0 || !retry_wait(&o->retry, turn, e))
			break;
	}
	if (r == 0)
		puts(digest);
	return r;
}

static int rm_run(struct cli *c, const void *options, struct err *e)
{
	const A *o = options;
	struct strs names = c->args;
	struct image_store *store;
	struct artifacts list = { 0 };
	int code = 0, r;

	if (o->all == (names.n > 0))
		return err_set(e, ERR_INVALID, o->all ? "either --all or names of artifacts" : "which artifact? give names or --all");
	r = cli_images(c, &store, e);
	if (r == 0 && o->all)
		r = artifact_list(store, c->a, &list, e);
	if (r < 0)
		return r;
	VEC_EACH(const struct artifact, artifact, &list)
		strs_push(c->a, &names, artifact->reference);
	for (size_t i = 0; i < names.n; i++) {
		const char *digest;

		r = artifact_remove(store, names.v[i], c->a, &digest, e);
		if (r == 0) {
			puts(digest);
		} else if (e->kind != ERR_NOT_FOUND || !o->ignore) {
			cli_report(e);
			code = 1;
		}
	}
	return code;
}

#define ARTIFACT(verb, ...)                                                                                      \
	const struct command artifact_##verb##_command = { .group = "Artifacts", .options_size = sizeof(A), .defaults = &artifact_defaults, \
		.run = verb##_run, __VA_ARGS__ }

ARTIFACT(add, .names = { "artifact add" }, .summary = "Make an artifact of files", .args = "NAME FILE [FILE...]", .min_args = 2, .max_args = -1,
	.opts = { add_opts });
ARTIFACT(extract, .names = { "artifact extract" }, .summary = "Write the files of an artifact to a directory, or one to a file",
	.args = "ARTIFACT PATH", .min_args = 2, .max_args = 2, .opts = { extract_opts });
ARTIFACT(inspect, .names = { "artifact inspect" }, .summary = "Print everything known about an artifact", .args = "ARTIFACT", .min_args = 1,
	.max_args = 1, .opts = { inspect_opts });
ARTIFACT(ls, .names = { "artifact ls", "artifact list" }, .summary = "List artifacts", .opts = { ls_opts });
ARTIFACT(pull, .names = { "artifact pull" }, .summary = "Get an artifact from its registry", .args = "ARTIFACT", .min_args = 1, .max_args = 1,
	.opts = { pull_opts });
ARTIFACT(push, .names = { "artifact push" }, .summary = "Send an artifact to its registry", .args = "ARTIFACT", .min_args = 1, .max_args = 1,
	.opts = { push_opts });
ARTIFACT(rm, .names = { "artifact rm", "artifact remove" }, .summary = "Remove artifacts", .args = "[ARTIFACT...]", .max_args = -1,
	.opts = { rm_opts });
