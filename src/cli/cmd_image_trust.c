/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image trust show` prints the signature policy, scope by scope; `tare image trust set` changes one scope of it. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/table.h"
#include "codec/json.h"
#include "image/trust/trust.h"
#include "os/file.h"

struct trust_options {
	bool json, raw, noheading;
	const char *policy, *type;
	struct strs keys;
};

static const struct trust_options trust_defaults = { .type = "signedBy" };

/* ---- show ---- */

static const struct opt show_opts[] = {
	OPT(struct trust_options, json, "json", 'j', FLAG, NULL, "As JSON"),
	OPT(struct trust_options, raw, "raw", 0, FLAG, NULL, "The file as it is"),
	OPT(struct trust_options, noheading, "noheading", 'n', FLAG, NULL, "Without the line of headings"),
	OPT(struct trust_options, policy, "policypath", 0, STR, "FILE", "Another policy.json"),
	OPT_END,
};

enum { TRANSPORT, NAME, TYPE, ID, STORE, N_COLUMNS };
static const struct table_column columns[N_COLUMNS] = { { "Transport", "TRANSPORT", true }, { "Name", "NAME", true }, { "Type", "TYPE", true }, { "ID", "ID", true },
	{ "Store", "STORE", true } };

/* A row as podman writes it. */
struct shown {
	const char *transport, *name, *repository, *store, *type;
	struct strs keys;
};
/* clang-format off */
static const struct field shown_fields[] = {
	FIELD(struct shown, transport,  "transport", STR,  0),
	FIELD(struct shown, name,       "name",      STR,  FIELD_OMIT_EMPTY),
	FIELD(struct shown, repository, "repo_name", STR,  FIELD_OMIT_EMPTY),
	FIELD(struct shown, keys,       "keys",      STRS, FIELD_OMIT_EMPTY),
	FIELD(struct shown, store,      "sigstore",  STR,  FIELD_OMIT_EMPTY),
	FIELD(struct shown, type,       "type",      STR,  0),
};
static const struct schema shown_schema = SCHEMA("trust", struct shown, shown_fields);
/* clang-format on */

static const char *type_of(const struct requirement *q)
{
	static const char *const words[] = { [REQUIRE_NOTHING] = "accept", [REQUIRE_REJECT] = "reject", [REQUIRE_SIGNED_BY] = "signed", [REQUIRE_SIGSTORE] = "sigstoreSigned" };

	return words[q->type];
}

static void shown_add(struct cli *c, const struct trust *t, const struct policy_scope *s, const struct requirement *q, struct shown *ret)
{
	bool docker = streq(s->transport, "docker"), keys = q->type == REQUIRE_SIGNED_BY || q->type == REQUIRE_SIGSTORE;
	struct reference ref;
	struct err ignored; /* a scope that is no name of an image has no place of its own */

	*ret = (struct shown){ .transport = !s->transport ? "all" : docker ? "repository" : s->transport, .type = type_of(q),
		.name = !s->transport ? "* (default)" : s->scope, .repository = !s->transport ? "default" : s->scope, .keys = q->key_paths };
	if (docker && keys && reference_parse(arena_printf(c->a, "%s%s", s->scope, strchr(s->scope, '/') ? "" : "/x"), c->a, &ref, &ignored) == 0)
		ret->store = lookaside_find(&t->lookaside, &ref, false, c->a).url;
}

static int raw_show(struct cli *c, const char *path, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_MANIFEST, c->a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	fwrite(text, 1, n, stdout);
	return 0;
}

static const char *keys_join(const struct strs *keys, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < keys->n; i++)
		text = arena_printf(a, "%s%s%s", text, i ? ", " : "", keys->v[i]);
	return *text ? text : "N/A";
}

static int rows_show(struct cli *c, const struct trust_options *o, const struct shown *rows, size_t n, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		const char **row = table_row(&t);

		row[TRANSPORT] = rows[i].transport;
		row[NAME] = rows[i].repository;
		row[TYPE] = rows[i].type;
		row[ID] = keys_join(&rows[i].keys, c->a);
		row[STORE] = rows[i].store ? rows[i].store : "";
	}
	if (o->json)
		json_encode_list(&shown_schema, rows, n, JSON_INDENT_4, &out);
	else
		r = table_print(&t, o->noheading ? "{{.Transport}}\t{{.Name}}\t{{.Type}}\t{{.ID}}\t{{.Store}}" : NULL, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	if (r == 0 && o->json)
		putchar('\n');
	return r;
}

static int show_run(struct cli *c, const void *options, struct err *e)
{
	const struct trust_options *o = options;
	struct VEC(struct shown) rows = { 0 };
	struct trust t;
	int r = trust_load(o->policy, c->a, &t, e);

	if (r < 0)
		return r;
	if (!t.policy.file)
		return err_set(e, ERR_NOT_FOUND, "there is no policy.json: every image is accepted");
	if (o->raw)
		return raw_show(c, t.policy.file, e);
	VEC_EACH(const struct policy_scope, s, &t.policy)
		for (size_t i = 0; i < s->requirements.n; i++)
			if (!c->args.n || streq(s->scope, c->args.v[0]))
				shown_add(c, &t, s, &s->requirements.v[i], vec_push(c->a, &rows));
	return rows_show(c, o, rows.v, rows.n, e);
}

const struct command image_trust_show_command = {
	.names = { "image trust show" },
	.group = "Registries",
	.summary = "Show which signatures are required of images",
	.args = "[SCOPE]",
	.max_args = 1,
	.opts = { show_opts },
	.options_size = sizeof(struct trust_options),
	.run = show_run,
};

/* ---- set ---- */

static const struct opt set_opts[] = {
	OPT(struct trust_options, type, "type", 't', STR, "TYPE", "accept, reject, signedBy (default), sigstoreSigned"),
	OPT(struct trust_options, keys, "pubkeysfile", 'f', STRS, "FILE", "Key file, for signedBy and sigstoreSigned"),
	OPT(struct trust_options, policy, "policypath", 0, STR, "FILE", "Another policy.json"),
	OPT_END,
};

static int requirement_write(const struct trust_options *o, struct buf *out, struct err *e)
{
	bool signed_by = streq(o->type, "signedBy"), sigstore = streq(o->type, "sigstoreSigned");

	if (!signed_by && !sigstore && !streq(o->type, "accept") && !streq(o->type, "reject"))
		return err_set(e, ERR_INVALID, "unknown trust type '%.60s'", o->type);
	if ((signed_by || sigstore) != (o->keys.n > 0))
		return err_set(e, ERR_INVALID, "--pubkeysfile goes with signedBy and sigstoreSigned, and only with these");
	if (o->keys.n == 0) {
		buf_printf(out, "[{\"type\":\"%s\"}]", streq(o->type, "accept") ? "insecureAcceptAnything" : "reject");
		return 0;
	}
	buf_add_char(out, '[');
	/* Several files: a signature by each of them is needed, as podman has it. */
	for (size_t i = 0; i < o->keys.n; i++) {
		buf_printf(out, "%s{\"type\":\"%s\",%s\"keyPath\":", i ? "," : "", o->type, signed_by ? "\"keyType\":\"GPGKeys\"," : "");
		json_encode_string(str_of(o->keys.v[i]), out);
		buf_add_char(out, '}');
	}
	return buf_add_char(out, ']');
}

static int policy_change(struct cli *c, const char *path, const char *scope, struct str requirement, struct err *e)
{
	const char *const whole[] = { "default" }, *const one[] = { "transports", "docker", scope };
	scoped_buf struct buf out = BUF(LIMIT_MANIFEST);
	const char *slash, *directory;
	bool all = streq(scope, "default");
	scoped_fd int dir = -EBADF;
	struct policy checked;
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_MANIFEST, c->a, &text, &n);

	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "read '%s'", path);
	if (r == -ENOENT) {
		text = arena_strdup(c->a, "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}");
		n = strlen(text);
	}
	r = json_edit((struct str){ text, n }, all ? whole : one, all ? 1 : 3, requirement, &out, e);
	if (r == 0)
		r = policy_parse(buf_str(&out), c->a, &checked, e);
	if (r < 0)
		return err_wrap(e, "%s", path);
	slash = strrchr(path, '/');
	directory = slash ? arena_printf(c->a, "%.*s/", (int)(slash - path), path) : ".";
	r = dir_ensure_all(AT_FDCWD, directory, 0755);
	dir = r < 0 ? r : dir_open(AT_FDCWD, directory);
	r = dir < 0 ? dir : file_replace(dir, slash ? slash + 1 : path, out.p, out.n, 0644, FILE_SYNC);
	return r < 0 ? err_sys(e, r, "write '%s'", path) : 0;
}

static int set_run(struct cli *c, const void *options, struct err *e)
{
	const struct trust_options *o = options;
	scoped_buf struct buf requirement = BUF(LIMIT_MANIFEST);
	struct policy p;
	int r = requirement_write(o, &requirement, e);

	/* The file that is in force is the one to change. */
	if (r == 0)
		r = o->policy ? 0 : policy_load(NULL, c->a, &p, e);
	return r < 0 ? r : policy_change(c, o->policy ? o->policy : p.file ? p.file : "/etc/containers/policy.json", c->args.v[0], buf_str(&requirement), e);
}

const struct command image_trust_set_command = {
	.names = { "image trust set" },
	.group = "Registries",
	.summary = "Require signatures of images",
	.args = "SCOPE|default",
	.min_args = 1,
	.max_args = 1,
	.opts = { set_opts },
	.options_size = sizeof(struct trust_options),
	.defaults = &trust_defaults,
	.run = set_run,
};
