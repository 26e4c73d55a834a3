/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint/externals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/ns.h"
#include "os/path_safe.h"
#include "runtime/checkpoint/request.h"
#include "runtime/mounts/options.h"

/* Lists of a request have no capacity member. */
#define PUSH(a, list, count, item) ((list) = arena_grow((a), (list), (count), sizeof *(list)), (list)[(count)++] = (item))

static void add_mount(struct arena *a, struct criu_opts *q, const char *key, const char *val)
{
	PUSH(a, q->ext_mounts, q->n_ext_mounts, ((struct criu_ext_mount){ key, val }));
}

/* ---- mounts: the list ---------------------------------------------------------------------------------------------------------------------- */

static const char *absolute(const char *path, const char *base, struct arena *a)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return path[0] == '/' ? arena_strndup(a, path, n) : arena_printf(a, "%s/%.*s", streq(base, "/") ? "" : base, (int)n, path);
}

static void add_external(struct external_mounts *list, struct arena *a, const char *destination, const char *source)
{
	*vec_push(a, list) = (struct external_mount){ destination, source };
}

/* On v1 and hybrid hosts /sys/fs/cgroup is a tmpfs of ours with a bind per hierarchy (mounts/cgroup_mount.c); v2 alone is bound if it is not mounted. */
static void add_cgroups(struct external_mounts *list, const char *destination, const struct cgroup_record *cgroup, bool cgroupns, struct arena *a)
{
	bool v2 = cgroup->dirs.n == 1 && !*cgroup->dirs.v[0].key;

	if (v2 && cgroupns)
		return;
	for (size_t i = 0; i < cgroup->dirs.n; i++) {
		const struct pair *dir = &cgroup->dirs.v[i];
		const char *named = str_after(dir->key, "name="), *name = !*dir->key ? "unified" : named ? named : dir->key;

		add_external(list, a, v2 ? destination : arena_printf(a, "%s/%s", destination, name), dir->value);
	}
}

/* In a user namespace devices cannot be made: they are binds of the host's. */
static void add_devices(struct external_mounts *list, const struct oci_linux *l, struct arena *a)
{
	static const char *const usual[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty" };

	if (!oci_namespace_find(l, OCI_NS_USER))
		return;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		add_external(list, a, usual[i], usual[i]);
	for (size_t i = 0; i < l->n_devices; i++)
		add_external(list, a, l->devices[i].path, l->devices[i].path);
}

int external_mounts_list(const struct oci_config *c, const struct cgroup_record *cgroup, const char *bundle, struct arena *a,
	struct external_mounts *ret, struct err *e)
{
	bool cgroupns = oci_namespace_find(c->linux, OCI_NS_CGROUP);

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct oci_mount *m = &c->mounts[i];
		const char *destination = absolute(m->destination, "/", a);
		struct mount_options o;
		int r = mount_options_parse(&m->options, a, &o, e);

		if (r < 0)
			return err_wrap(e, "mounts[%zu]", i);
		if (o.idmap || o.ridmap || m->n_uid_mappings)
			return err_set(e, ERR_UNSUPPORTED, "unsupported: criu would bring the mount at '%s' back without its id mapping", destination);
		if (o.bind || o.rbind)
			add_external(ret, a, destination, absolute(m->source ? m->source : "", bundle, a));
		else if (streq(m->type, "cgroup") || streq(m->type, "cgroup2"))
			add_cgroups(ret, destination, cgroup, cgroupns, a);
	}
	add_devices(ret, c->linux, a);
	return 0;
}

/* ---- mounts: their names ------------------------------------------------------------------------------------------------------------------- */

/* Where a mount really stands, with the links of the rootfs followed: that is how criu knows it. NULL: it does not. */
static const char *mount_point(int root, const char *destination, struct arena *a)
{
	scoped_fd int fd = path_open(root, destination, O_PATH, 0, PATH_IN_ROOT);
	char path[PATH_MAX];
	ssize_t n = fd < 0 ? -1 : readlink(fd_path(fd).s, path, sizeof path);

	return n > 0 && (size_t)n < sizeof path ? arena_strndup(a, path, (size_t)n) : NULL;
}

static bool is_masked_file(int root, const char *path)
{
	scoped_fd int fd = path_open(root, path, O_PATH, 0, PATH_IN_ROOT);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int externals_name_mounts(const struct oci_config *c, const struct state *s, int root, struct arena *a, struct criu_opts *q, struct err *e)
{
	const struct strs *masked = &c->linux->masked_paths;
	struct external_mounts list = { 0 };
	int r = external_mounts_list(c, &s->cgroup, s->bundle, a, &list, e);

	if (r < 0)
		return r;
	VEC_EACH(const struct external_mount, m, &list) {
		const char *point = mount_point(root, m->destination, a);

		if (point)
			add_mount(a, q, point, m->destination);
	}
	for (size_t i = 0; i < masked->n; i++) {
		const char *point = is_masked_file(root, masked->v[i]) ? mount_point(root, masked->v[i], a) : NULL;

		if (point)
			add_mount(a, q, point, "/dev/null");
	}
	return 0;
}

int externals_give_mounts(const struct external_mounts *list, bool masked, struct arena *a, struct criu_opts *q)
{
	VEC_EACH(const struct external_mount, m, list)
		add_mount(a, q, m->destination, m->source);
	if (masked)
		add_mount(a, q, "/dev/null", "/dev/null");
	return 0;
}

/* ---- namespaces ---------------------------------------------------------------------------------------------------------------------------- */

/* Those that criu takes as external; it joins the others by path, and knows nothing of cgroup namespaces. */
static const struct external_ns {
	enum oci_ns type;
	enum ns_kind kind;
	const char *word, *key;
	int oldest;
} external_ns[] = {
	{ OCI_NS_NETWORK, NS_NET, "net", "extRootNetNS", CRIU_WITH_EXTERNAL_NET },
	{ OCI_NS_PID, NS_PID, "pid", "extRootPidNS", CRIU_WITH_EXTERNAL_PID },
};

static const struct external_ns *find_external(enum oci_ns type)
{
	for (size_t i = 0; i < ARRAY_LEN(external_ns); i++)
		if (external_ns[i].type == type)
			return &external_ns[i];
	return NULL;
}

static void raise_version(int *oldest, int version)
{
	if (*oldest < version)
		*oldest = version;
}

int externals_name_namespaces(const struct oci_config *c, pid_t pid, struct arena *a, struct criu_opts *q, int *oldest, struct err *e)
{
	for (size_t i = 0; i < c->linux->n_namespaces; i++) {
		const struct oci_namespace *n = &c->linux->namespaces[i];
		const struct external_ns *x = n->path ? find_external(n->type) : NULL;
		scoped_fd int fd = x ? ns_open(AT_FDCWD, pid, x->kind) : -EBADF;
		struct stat st;

		if (!x)
			continue;
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(e, fd < 0 ? fd : -errno, "open the %s namespace of the container", x->word);
		strs_push(a, &q->external, arena_printf(a, "%s[%" PRIu64 "]:%s", x->word, (uint64_t)st.st_ino, x->key));
		raise_version(oldest, x->oldest);
	}
	return 0;
}

int externals_give_namespaces(const struct oci_config *c, int first, struct arena *a, struct criu_opts *q, int fds[2], size_t *ret_n, int *oldest,
	struct err *e)
{
	for (size_t i = 0; i < c->linux->n_namespaces; i++) {
		const struct oci_namespace *n = &c->linux->namespaces[i];
		const struct external_ns *x = n->path ? find_external(n->type) : NULL;
		const char *word = enumtab_name(&oci_ns_words, (int)n->type);

		if (!n->path)
			continue;
		if (n->type == OCI_NS_CGROUP || n->type == OCI_NS_TIME)
			return err_set(e, ERR_UNSUPPORTED, "unsupported: criu cannot join a %s namespace", word);
		if (!x) {
			PUSH(a, q->join_ns, q->n_join_ns, ((struct criu_join_ns){ ns_table[ns_find(word)].proc, n->path }));
			continue;
		}
		fds[*ret_n] = ns_open_path(n->path, x->kind);
		if (fds[*ret_n] < 0)
			return err_sys(e, fds[*ret_n], "open the %s namespace '%s'", word, n->path);
		PUSH(a, q->inherit_fds, q->n_inherit_fds, ((struct criu_inherit_fd){ x->key, first + (int32_t)*ret_n }));
		++*ret_n;
		raise_version(oldest, x->oldest);
	}
	return 0;
}

/* ---- standard descriptors -------------------------------------------------------------------------------------------------------------------- */

/* The mount a descriptor was opened on, by its number in mountinfo. */
static int mount_of(pid_t pid, int fd, uint32_t *ret)
{
	char path[64], text[1024], *line;
	int r;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)pid, fd);
	r = file_read_text(AT_FDCWD, path, text, sizeof text);
	line = r < 0 ? NULL : strstr(text, "mnt_id:\t");
	if (!line)
		return -ENOENT;
	line += strlen("mnt_id:\t");
	line[strcspn(line, "\n")] = '\0';
	return parse_u32(line, ret);
}

static bool has_mount(const struct mount_infos *inside, uint32_t id)
{
	VEC_EACH(const struct mount_info, m, inside)
		if ((uint32_t)m->id == id)
			return true;
	return false;
}

/* A file on a mount that the container does not have (the caller's null device, a log) is external by its mount and inode. */
static const char *name_outside(pid_t pid, int fd, const struct mount_infos *inside, struct arena *a)
{
	char path[64];
	struct stat st;
	uint32_t mount;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	if (stat(path, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)) || mount_of(pid, fd, &mount) < 0 || has_mount(inside, mount))
		return NULL;
	return arena_printf(a, "file[%" PRIx32 ":%" PRIx64 "]", mount, (uint64_t)st.st_ino);
}

static int read_mounts(pid_t pid, struct arena *a, struct mount_infos *ret, struct err *e)
{
	char path[64], *text;
	int r;

	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)pid);
	r = file_read(AT_FDCWD, path, LIMIT_FILE, a, &text, NULL);
	if (r == 0)
		r = mount_parse_infos(text, a, ret);
	return r < 0 ? err_sys(e, r, "read the mounts of the container") : 0;
}

int externals_name_descriptors(pid_t pid, struct arena *a, struct criu_opts *q, struct buf *text, struct err *e)
{
	struct mount_infos inside = { 0 };
	int r = read_mounts(pid, a, &inside, e);

	if (r < 0)
		return r;
	for (int fd = 0; fd <= 2; fd++) {
		char path[64], target[PATH_MAX];
		const char *outside = name_outside(pid, fd, &inside, a), *name = "";
		ssize_t n;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		n = readlink(path, target, sizeof target);
		if (n > 0 && (size_t)n < sizeof target)
			name = arena_strndup(a, target, (size_t)n);
		if (outside && !strs_has(&q->external, outside))
			strs_push(a, &q->external, outside);
		buf_add_char(text, fd ? ',' : '[');
		json_encode_string(str_of(outside ? outside : name), text);
	}
	buf_add_char(text, ']');
	return buf_is_full(text) ? err_set(e, ERR_INVALID, "the names of the standard descriptors are too long") : 0;
}

/* "pipe:[123]" or "file[1f:3a]": a word and a number or two, and nothing else. */
static bool is_name(const char *s)
{
	const char *inside = str_after(s, "pipe:[");

	if (!inside)
		inside = str_after(s, "file[");
	return inside && strlen(s) < 64 && strspn(inside, "0123456789abcdef:") == strlen(inside) - 1 && str_ends(s, "]");
}

struct descriptors {
	struct strs names;
};

static const struct field descriptors_rows[] = {
	FIELD(struct descriptors, names, "descriptors", STRS, FIELD_REQUIRED),
};
static const struct schema descriptors_schema = SCHEMA("descriptors", struct descriptors, descriptors_rows);

int externals_give_descriptors(struct str text, struct arena *a, struct criu_opts *q, struct err *e)
{
	/* Tables describe objects; the document is a bare list. */
	const char *object = arena_printf(a, "{\"descriptors\":" STR_FMT "}", STR_ARG(text));
	struct descriptors d;
	int r = json_decode(str_of(object), &descriptors_schema, JSON_EXACT, a, &d, e);

	if (r < 0)
		return err_wrap(e, EXTERNALS_DESCRIPTORS);
	if (d.names.n > 3)
		return err_set(e, ERR_INVALID, EXTERNALS_DESCRIPTORS ": more than the three standard descriptors");
	for (size_t i = 0; i < d.names.n; i++)
		if (is_name(d.names.v[i]))
			PUSH(a, q->inherit_fds, q->n_inherit_fds, ((struct criu_inherit_fd){ d.names.v[i], (int32_t)i }));
	return 0;
}
