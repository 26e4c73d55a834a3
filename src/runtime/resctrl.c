/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"

#define WHAT "linux.intelRdt"
#define WHOLE "."

static const struct field record_fields[] = {
	/* clang-format off */
	FIELD(struct resctrl_record, root,  "root",  STR,  FIELD_REQUIRED),
	FIELD(struct resctrl_record, clos,  "clos",  STR,  FIELD_REQUIRED),
	FIELD(struct resctrl_record, group, "group", STR,  FIELD_OMIT_EMPTY),
	FIELD(struct resctrl_record, made,  "made",  BOOL, FIELD_OMIT_EMPTY),
	/* clang-format on */
};
const struct schema resctrl_record_schema = SCHEMA("resctrl", struct resctrl_record, record_fields);

/* ---- files ------------------------------------------------------------------------------------------------------------------------------------ */

/* The kernel explains itself in a file of its own. */
static int failed(const char *root, struct err *e, int r, const char *what, const char *object)
{
	scoped_fd int dir = dir_open(AT_FDCWD, root);
	char status[256];

	if (dir >= 0 && file_read_text(dir, "info/last_cmd_status", status, sizeof status) == 0 && *status && !streq(status, "ok"))
		return err_sys(e, r, WHAT ": %s '%s': %s", what, object, status);
	return err_sys(e, r, WHAT ": %s '%s'", what, object);
}

/* Kernel files are never made; a test's directory has none until we write. */
static int put(int dir, const char *name, const char *text)
{
	scoped_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

static int open_clos(const struct resctrl_record *r)
{
	scoped_fd int root = dir_open(AT_FDCWD, r->root);

	return root < 0 ? root : dir_open(root, r->clos);
}

static void group_path(const struct resctrl_record *r, char *ret, size_t size, const char *file)
{
	snprintf(ret, size, "mon_groups/%s%s", r->group, file);
}

/* ---- deciding ---------------------------------------------------------------------------------------------------------------------------------- */

int resctrl_find_root(struct arena *a, const char **ret, struct err *e)
{
	struct mount_infos list;
	int r = mount_read_infos(a, &list);

	if (r < 0)
		return err_sys(e, r, WHAT ": read the mounts");
	for (size_t i = 0; i < list.n; i++) {
		if (streq(list.v[i].type, "resctrl") && streq(list.v[i].root, "/")) {
			*ret = list.v[i].target;
			return 0;
		}
	}
	return err_set(e, ERR_UNSUPPORTED, WHAT ": no resctrl mount");
}

static bool has_schemata(const struct oci_intel_rdt *x)
{
	return (x->l3_cache_schema && *x->l3_cache_schema) || (x->mem_bw_schema && *x->mem_bw_schema) || x->schemata.n;
}

int resctrl_plan(const struct oci_intel_rdt *x, const char *root, const char *id, struct arena *a, struct resctrl_record **ret, struct err *e)
{
	bool named = x->clos_id && *x->clos_id;
	struct resctrl_record *r = arena_new(a, struct resctrl_record);
	scoped_fd int dir = -EBADF;

	*r = (struct resctrl_record){
		.root = root, .clos = !named ? id : streq(x->clos_id, "/") ? WHOLE : x->clos_id, .group = x->enable_monitoring ? id : NULL,
	};
	dir = open_clos(r);
	if (dir < 0 && dir != -ENOENT)
		return err_sys(e, dir, WHAT ": open '%s/%s'", root, r->clos);
	if (dir < 0 && named && !has_schemata(x))
		return err_set(e, ERR_NOT_FOUND, WHAT ".closID: there is no class of service '%s', and no schemata to make one", x->clos_id);
	r->made = dir < 0 && !named;
	*ret = r;
	return 0;
}

/* ---- schemata ---------------------------------------------------------------------------------------------------------------------------------- */

/* Numbers are hexadecimal masks or decimal shares; either way leading zeros and case say nothing. */
static bool same_number(struct str a, struct str b)
{
	a = str_trim(a);
	b = str_trim(b);
	for (; a.n > 1 && *a.p == '0'; a.p++, a.n--)
		;
	for (; b.n > 1 && *b.p == '0'; b.p++, b.n--)
		;
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* The value of the domain @id ("0") in "0=7f0;1=1f". */
static bool domain_find(struct str domains, struct str id, struct str *ret)
{
	while (domains.p) {
		struct str value, key = str_cut(str_cut(domains, ';', &domains), '=', &value);

		if (value.p && same_number(key, id)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* The domains of the line "   L3:0=7ff;1=7ff" whose name is @name. */
static bool line_find(struct str text, struct str name, struct str *ret)
{
	while (text.p) {
		struct str domains, key = str_cut(str_cut(text, '\n', &text), ':', &domains);

		if (domains.p && str_eq(str_trim(key), str_trim(name))) {
			*ret = domains;
			return true;
		}
	}
	return false;
}

/* True if every domain that @wanted names has that value in @text. */
static bool line_holds(struct str text, struct str wanted)
{
	struct str domains, name = str_cut(wanted, ':', &domains), have;

	if (!domains.p || !line_find(text, name, &have))
		return false;
	while (domains.p) {
		struct str want, is, id = str_cut(str_cut(domains, ';', &domains), '=', &want);

		if (str_trim(id).n && (!want.p || !domain_find(have, id, &is) || !same_number(want, is)))
			return false;
	}
	return true;
}

/* l3CacheSchema, memBwSchema, then the lines of schemata: later ones win. */
static void print_schemata(const struct oci_intel_rdt *x, struct buf *b)
{
	if (x->l3_cache_schema && *x->l3_cache_schema)
		buf_printf(b, "%s\n", x->l3_cache_schema);
	if (x->mem_bw_schema && *x->mem_bw_schema)
		buf_printf(b, "%s\n", x->mem_bw_schema);
	for (size_t i = 0; i < x->schemata.n; i++)
		buf_printf(b, "%s\n", x->schemata.v[i]);
}

static int compare(const struct resctrl_record *r, int clos, struct str wanted, struct err *e)
{
	scoped_buf struct buf have = BUF(LIMIT_PROC_FILE);
	int n = file_read_buf(clos, "schemata", &have);

	if (n < 0)
		return failed(r->root, e, n, "read the schemata of", r->clos);
	while (wanted.p) {
		struct str line = str_cut(wanted, '\n', &wanted);

		if (line.n && !line_holds(buf_str(&have), line))
			return err_set(e, ERR_CONFLICT, WHAT ": the class of service '%s' is there and not as '" STR_FMT "' says", r->clos,
				STR_ARG(line));
	}
	return 0;
}

/* ---- making, removing -------------------------------------------------------------------------------------------------------------------------- */

static int make_clos(const struct resctrl_record *r, bool *ret_new, struct err *e)
{
	scoped_fd int root = dir_open(AT_FDCWD, r->root);

	*ret_new = root >= 0 && mkdirat(root, r->clos, 0755) == 0;
	return *ret_new || (root >= 0 && errno == EEXIST) ? 0 : failed(r->root, e, root < 0 ? root : -errno, "make the class of service", r->clos);
}

static void unmake_clos(const struct resctrl_record *r)
{
	scoped_fd int root = dir_open(AT_FDCWD, r->root);

	if (root >= 0)
		unlinkat(root, r->clos, AT_REMOVEDIR);
}

static int make_group(const struct resctrl_record *r, int clos, struct err *e)
{
	char path[LIMIT_ID + 32];

	group_path(r, path, sizeof path, "");
	return mkdirat(clos, path, 0755) < 0 && errno != EEXIST ? failed(r->root, e, -errno, "make the monitoring group", r->group) : 0;
}

static int furnish(const struct resctrl_record *r, const struct oci_intel_rdt *x, bool is_new, struct err *e)
{
	scoped_fd int clos = open_clos(r);
	scoped_buf struct buf b = BUF(LIMIT_PROC_FILE);
	bool named = x->clos_id && *x->clos_id;
	int n = clos;

	print_schemata(x, &b);
	if (n >= 0 && buf_is_full(&b))
		n = -E2BIG;
	if (n >= 0 && b.n && named && !is_new)
		return compare(r, clos, buf_str(&b), e) < 0 ? -e->sys : r->group ? make_group(r, clos, e) : 0;
	if (n >= 0 && b.n)
		n = put(clos, "schemata", buf_text(&b));
	if (n < 0)
		return failed(r->root, e, n, "write the schemata of", r->clos);
	return r->group ? make_group(r, clos, e) : 0;
}

int resctrl_make(const struct resctrl_record *r, const struct oci_intel_rdt *x, struct err *e)
{
	bool is_new = false;
	int n = streq(r->clos, WHOLE) ? 0 : make_clos(r, &is_new, e);

	if (n == 0)
		n = furnish(r, x, is_new, e);
	if (n < 0 && is_new)
		unmake_clos(r);
	return n;
}

int resctrl_enter(const struct resctrl_record *r, pid_t pid, struct err *e)
{
	scoped_fd int clos = open_clos(r);
	char text[16], path[LIMIT_ID + 32];
	int n = clos;

	snprintf(text, sizeof text, "%d", (int)pid);
	if (n >= 0)
		n = put(clos, "tasks", text);
	if (n >= 0 && r->group) {
		group_path(r, path, sizeof path, "/tasks");
		n = put(clos, path, text);
	}
	return n < 0 ? failed(r->root, e, n, "enter the class of service", r->clos) : 0;
}

int resctrl_update(const struct resctrl_record *r, const char *l3_cache, const char *mem_bw, struct err *e)
{
	const struct oci_intel_rdt x = { .l3_cache_schema = l3_cache, .mem_bw_schema = mem_bw };
	scoped_fd int clos = open_clos(r);
	scoped_buf struct buf b = BUF(LIMIT_PROC_FILE);
	int n;

	print_schemata(&x, &b);
	n = clos < 0 ? clos : b.n ? put(clos, "schemata", buf_text(&b)) : 0;
	return n < 0 ? failed(r->root, e, n, "write the schemata of", r->clos) : 0;
}

/* A class takes its monitoring groups along. */
int resctrl_remove(const struct resctrl_record *r, struct err *e)
{
	scoped_fd int root = dir_open(AT_FDCWD, r->root), clos = open_clos(r);
	char path[LIMIT_ID + 32];

	if (root < 0 || clos < 0)
		return 0;
	if (r->group) {
		group_path(r, path, sizeof path, "");
		if (unlinkat(clos, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return failed(r->root, e, -errno, "remove the monitoring group", r->group);
	}
	if (r->made && unlinkat(root, r->clos, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return failed(r->root, e, -errno, "remove the class of service", r->clos);
	return 0;
}
