/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/cdi.h"

#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/yaml.h"

#define O FIELD_OMIT_EMPTY
#define R (FIELD_REQUIRED | FIELD_NONEMPTY)

enum { CLASS_MAX = 63, CLOS_ID_MAX = 4096, HOOK_KINDS = 6 };

/* ---- the tables ---- */

/* clang-format off */
static const struct field node_fields[] = {
	FIELD(struct cdi_node, path,        "path",        STR,     R),
	FIELD(struct cdi_node, host_path,   "hostPath",    STR,     O),
	FIELD(struct cdi_node, type,        "type",        STR,     O),
	FIELD(struct cdi_node, major,       "major",       OPT_I64, O),
	FIELD(struct cdi_node, minor,       "minor",       OPT_I64, O),
	FIELD(struct cdi_node, file_mode,   "fileMode",    OPT_U32, O),
	FIELD(struct cdi_node, permissions, "permissions", STR,     O),
	FIELD(struct cdi_node, uid,         "uid",         OPT_U32, O),
	FIELD(struct cdi_node, gid,         "gid",         OPT_U32, O),
};
static const struct schema node_schema = SCHEMA("deviceNode", struct cdi_node, node_fields);

static const struct field mount_fields[] = {
	FIELD(struct cdi_mount, host_path,      "hostPath",      STR,  R),
	FIELD(struct cdi_mount, container_path, "containerPath", STR,  R),
	FIELD(struct cdi_mount, type,           "type",          STR,  O),
	FIELD(struct cdi_mount, options,        "options",       STRS, O),
};
static const struct schema mount_schema = SCHEMA("mount", struct cdi_mount, mount_fields);

static const struct field hook_fields[] = {
	FIELD(struct cdi_hook, name,    "hookName", STR,     R),
	FIELD(struct cdi_hook, path,    "path",     STR,     R),
	FIELD(struct cdi_hook, args,    "args",     STRS,    O),
	FIELD(struct cdi_hook, env,     "env",      STRS,    O),
	FIELD(struct cdi_hook, timeout, "timeout",  OPT_I64, O),
};
static const struct schema hook_schema = SCHEMA("hook", struct cdi_hook, hook_fields);

static const struct field rdt_fields[] = {
	FIELD(struct oci_intel_rdt, clos_id,           "closID",           STR,  O),
	FIELD(struct oci_intel_rdt, l3_cache_schema,   "l3CacheSchema",    STR,  O),
	FIELD(struct oci_intel_rdt, mem_bw_schema,     "memBwSchema",      STR,  O),
	FIELD(struct oci_intel_rdt, schemata,          "schemata",         STRS, O),
	FIELD(struct oci_intel_rdt, enable_monitoring, "enableMonitoring", BOOL, O),
};
static const struct schema rdt_schema = SCHEMA("intelRdt", struct oci_intel_rdt, rdt_fields);

static const struct field net_device_fields[] = {
	FIELD(struct cdi_net_device, host_name, "hostInterfaceName", STR, R),
	FIELD(struct cdi_net_device, name,      "name",              STR, R),
};
static const struct schema net_device_schema = SCHEMA("netDevice", struct cdi_net_device, net_device_fields);

static const struct field edits_fields[] = {
	FIELD(struct cdi_edits, env, "env", STRS, O),
	FIELD_LIST(struct cdi_edits, nodes,       "deviceNodes", &node_schema,       O),
	FIELD_LIST(struct cdi_edits, hooks,       "hooks",       &hook_schema,       O),
	FIELD_LIST(struct cdi_edits, mounts,      "mounts",      &mount_schema,      O),
	FIELD(struct cdi_edits, gids, "additionalGids", U32S, O),
	FIELD_PTR(struct cdi_edits, rdt,          "intelRdt",    &rdt_schema,        O),
	FIELD_LIST(struct cdi_edits, net_devices, "netDevices",  &net_device_schema, O),
};
static const struct schema edits_schema = SCHEMA("containerEdits", struct cdi_edits, edits_fields);

static const struct field device_fields[] = {
	FIELD(struct cdi_device, name,        "name",        STR,   R),
	FIELD(struct cdi_device, annotations, "annotations", PAIRS, O),
	FIELD_OBJ(struct cdi_device, edits, "containerEdits", &edits_schema, FIELD_REQUIRED),
};
static const struct schema device_schema = SCHEMA("device", struct cdi_device, device_fields);

static const struct field spec_fields[] = {
	FIELD(struct cdi_spec, version,     "cdiVersion",  STR,   R),
	FIELD(struct cdi_spec, kind,        "kind",        STR,   R),
	FIELD(struct cdi_spec, annotations, "annotations", PAIRS, O),
	FIELD_LIST(struct cdi_spec, devices, "devices", &device_schema, R),
	FIELD_OBJ(struct cdi_spec, edits, "containerEdits", &edits_schema, 0),
};
const struct schema cdi_spec_schema = SCHEMA("CDI specification", struct cdi_spec, spec_fields);
/* clang-format on */

/* ---- names ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* Letters, digits and @others, at both ends a letter or a digit. */
static bool is_name(struct str s, const char *others)
{
	if (!s.n || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && !strchr(others, s.p[i]))
			return false;
	}
	return true;
}

static bool is_kind(struct str s)
{
	struct str class, vendor = str_cut(s, '/', &class);

	return is_name(vendor, "_-.") && is_letter(vendor.p[0]) && is_name(class, "_-.") && is_letter(class.p[0]) && class.n <= CLASS_MAX;
}

static bool is_device(struct str s)
{
	return is_name(s, "_-.:");
}

bool cdi_is_qualified(const char *word)
{
	struct str name, kind = str_cut(str_of(word), '=', &name);

	return word[0] != '/' && is_kind(kind) && is_device(name);
}

/* ---- what no table can say ---- */

static int check_env(const struct strs *env, struct err *e)
{
	for (size_t i = 0; i < env->n; i++) {
		if (strchr(env->v[i], '=') <= env->v[i])
			return err_set(e, ERR_INVALID, "env[%zu]: '%s' is not NAME=VALUE", i, env->v[i]);
	}
	return 0;
}

static int check_node(const struct cdi_node *n, struct err *e)
{
	static const char *const types[] = { "b", "c", "u", "p" };
	bool known = !n->type || !*n->type;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		known = known || streq(n->type, types[i]);
	if (!known)
		return err_set(e, ERR_INVALID, "device node '%s': type '%s' is not b, c, u or p", n->path, n->type);
	if (n->path[0] != '/' || (n->host_path && n->host_path[0] != '/'))
		return err_set(e, ERR_INVALID, "device node '%s': the path is not absolute", n->path);
	if (n->permissions && !streq(n->permissions, "none") && n->permissions[strspn(n->permissions, "rwm")])
		return err_set(e, ERR_INVALID, "device node '%s': permissions '%s' are not of r, w, m", n->path, n->permissions);
	return 0;
}

static int check_hook(const struct cdi_hook *h, struct err *e)
{
	static const char *const names[HOOK_KINDS] = { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" };
	bool known = false;

	for (size_t i = 0; i < HOOK_KINDS; i++)
		known = known || streq(h->name, names[i]);
	if (!known)
		return err_set(e, ERR_INVALID, "hook '%s': there is no such kind", h->name);
	if (h->path[0] != '/')
		return err_set(e, ERR_INVALID, "hook '%s': the path '%s' is not absolute", h->name, h->path);
	if (h->timeout.set && h->timeout.v <= 0)
		return err_set(e, ERR_INVALID, "hook '%s': the timeout is not positive", h->name);
	return check_env(&h->env, e) < 0 ? err_wrap(e, "hook '%s'", h->name) : 0;
}

static int check_rdt(const struct oci_intel_rdt *x, struct err *e)
{
	const char *id = x && x->clos_id ? x->clos_id : "a";

	if (strlen(id) >= CLOS_ID_MAX || streq(id, ".") || streq(id, "..") || strpbrk(id, "/\n"))
		return err_set(e, ERR_INVALID, "intelRdt: closID '%s' is no name of a directory", id);
	return 0;
}

static int check_edits(const struct cdi_edits *x, struct err *e)
{
	int r = check_env(&x->env, e);

	for (size_t i = 0; r == 0 && i < x->n_nodes; i++)
		r = check_node(&x->nodes[i], e);
	for (size_t i = 0; r == 0 && i < x->n_hooks; i++)
		r = check_hook(&x->hooks[i], e);
	for (size_t i = 0; r == 0 && i < x->n_mounts; i++) {
		if (x->mounts[i].container_path[0] != '/')
			r = err_set(e, ERR_INVALID, "mount '%s': the path is not absolute", x->mounts[i].container_path);
	}
	return r == 0 ? check_rdt(x->rdt, e) : r;
}

static bool edits_are_empty(const struct cdi_edits *x)
{
	return !x->env.n && !x->n_nodes && !x->n_hooks && !x->n_mounts && !x->gids.n && !x->rdt && !x->n_net_devices;
}

/* ---- versions ---- */

static bool has_host_path(const struct cdi_edits *x)
{
	for (size_t i = 0; i < x->n_nodes; i++) {
		if (x->nodes[i].host_path)
			return true;
	}
	return false;
}

static bool has_mount_type(const struct cdi_edits *x)
{
	for (size_t i = 0; i < x->n_mounts; i++) {
		if (x->mounts[i].type)
			return true;
	}
	return false;
}

static bool has_groups_or_rdt(const struct cdi_edits *x)
{
	return x->gids.n || x->rdt;
}

static bool has_net_devices(const struct cdi_edits *x)
{
	return x->n_net_devices || (x->rdt && (x->rdt->schemata.n || x->rdt->enable_monitoring));
}

/* Oldest first; what of the edits came with it. */
static const struct version_row {
	const char *version;
	bool (*brings)(const struct cdi_edits *x);
	const char *what;
} versions[] = {
	{ "0.3.0", NULL, NULL },
	{ "0.4.0", has_mount_type, "type of a mount" },
	{ "0.5.0", has_host_path, "hostPath of a device node" },
	{ "0.6.0", NULL, NULL },
	{ "0.7.0", has_groups_or_rdt, "additionalGids or intelRdt" },
	{ "0.8.0", NULL, NULL },
	{ "1.0.0", NULL, NULL },
	{ "1.1.0", has_net_devices, "netDevices or newer parts of intelRdt" },
};

static int version_find(const char *version, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		if (streq(versions[i].version, version))
			return (int)i;
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: cdiVersion '%s'; known are 0.3.0 to 1.1.0", version);
}

static int check_versions(const struct cdi_edits *x, int has, struct err *e)
{
	for (size_t i = (size_t)has + 1; i < ARRAY_LEN(versions); i++) {
		if (versions[i].brings && versions[i].brings(x))
			return err_set(e, ERR_INVALID, "%s needs cdiVersion %s, not %s", versions[i].what, versions[i].version, versions[has].version);
	}
	return 0;
}

/* ---- the whole ---- */

static int check_device(const struct cdi_spec *s, size_t index, int version, struct err *e)
{
	const struct cdi_device *d = &s->devices[index];
	int r;

	if (!is_device(str_of(d->name)))
		return err_set(e, ERR_INVALID, "device '%s': that is no name", d->name);
	for (size_t i = 0; i < index; i++) {
		if (streq(s->devices[i].name, d->name))
			return err_set(e, ERR_INVALID, "device '%s' is there twice", d->name);
	}
	if (edits_are_empty(&d->edits))
		return err_set(e, ERR_INVALID, "device '%s': no edits", d->name);
	r = check_edits(&d->edits, e);
	if (r == 0)
		r = check_versions(&d->edits, version, e);
	return r < 0 ? err_wrap(e, "device '%s'", d->name) : 0;
}

static int check(const struct cdi_spec *s, struct err *e)
{
	int version = version_find(s->version, e);
	int r = version;

	if (r >= 0 && !is_kind(str_of(s->kind)))
		r = err_set(e, ERR_INVALID, "kind '%s' is not vendor.com/class", s->kind);
	if (r >= 0)
		r = check_edits(&s->edits, e);
	if (r >= 0)
		r = check_versions(&s->edits, version, e);
	for (size_t i = 0; r >= 0 && i < s->n_devices; i++)
		r = check_device(s, i, version, e);
	return r < 0 ? r : 0;
}

int cdi_spec_decode(struct str text, bool yaml, struct arena *a, struct cdi_spec *ret, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
	int r = 0;

	if (yaml) {
		r = yaml_to_json(text, &json, e);
		text = (struct str){ buf_text(&json), json.n };
	}
	if (r == 0)
		r = json_decode(text, &cdi_spec_schema, JSON_EXACT, a, ret, e);
	return r < 0 ? r : check(ret, e);
}
