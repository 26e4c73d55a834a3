/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/scope.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/sock.h"

static const char *const status_words[] = {
	[STATE_CREATING] = "creating", [STATE_CREATED] = "created", [STATE_RUNNING] = "running", [STATE_PAUSED] = "paused",
	[STATE_STOPPED] = "stopped",
};
const struct enumtab state_status_words = ENUMTAB("status", status_words, STATE_STATUS_COUNT);

static const struct field state_fields[] = {
	/* clang-format off */
	FIELD(struct state,     id,          "id",          STR,   FIELD_REQUIRED),
	FIELD(struct state,     bundle,      "bundle",      STR,   FIELD_REQUIRED),
	FIELD(struct state,     rootfs,      "rootfs",      STR,   FIELD_REQUIRED),
	FIELD(struct state,     created,     "created",     STR,   FIELD_REQUIRED),
	FIELD(struct state,     pid,         "pid",         I32,   0),
	FIELD(struct state,     start_ticks, "startTicks",  U64,   0),
	FIELD(struct state,     owner,       "owner",       U32,   0),
	FIELD(struct state,     namespaces,  "namespaces",  U32,   0),
	FIELD(struct state,     own_pid,     "ownPid",      BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct state,     poststop,    "poststop",    BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct state,     terminal,    "terminal",    BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct state,     keep_keyring, "keepKeyring", BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct state,     annotations, "annotations", PAIRS, FIELD_OMIT_EMPTY),
	FIELD_OBJ(struct state, cgroup,      "cgroup",      &cgroup_record_schema, 0),
	FIELD_PTR(struct state, resctrl,     "resctrl",     &resctrl_record_schema, FIELD_OMIT_EMPTY),
	FIELD_PTR(struct state, root,        "root",        &root_record_schema, FIELD_OMIT_EMPTY),
	/* clang-format on */
};
const struct schema state_schema = SCHEMA("state", struct state, state_fields);

/* What `state` prints, with the keys and the order of runc. */
struct full_state {
	const char *oci_version;
	const char *id;
	int32_t pid;
	const char *status;
	const char *bundle;
	const char *rootfs;
	const char *created;
	const char *systemd_scope;
	struct pairs annotations;
	const char *owner;
};

static const struct field full_fields[] = {
	/* clang-format off */
	FIELD(struct full_state, oci_version, "ociVersion",  STR,   0),
	FIELD(struct full_state, id,          "id",          STR,   0),
	FIELD(struct full_state, pid,         "pid",         I32,   0),
	FIELD(struct full_state, status,      "status",      STR,   0),
	FIELD(struct full_state, bundle,      "bundle",      STR,   0),
	FIELD(struct full_state, rootfs,      "rootfs",      STR,   0),
	FIELD(struct full_state, created,     "created",     STR,   0),
	FIELD(struct full_state, systemd_scope, "systemd-scope", STR, FIELD_OMIT_EMPTY),
	FIELD(struct full_state, annotations, "annotations", PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct full_state, owner,       "owner",       STR,   0),
	/* clang-format on */
};
static const struct schema full_schema = SCHEMA("state", struct full_state, full_fields);

int state_check_id(const char *id, struct err *e)
{
	size_t n = strlen(id);

	if (n == 0)
		return err_set(e, ERR_INVALID, "container id cannot be empty");
	if (n > LIMIT_ID || n > NAME_MAX || id[0] == '.' ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") != n)
		return err_set(e, ERR_INVALID, "invalid container ID format: '%s'", id);
	return 0;
}

int state_open_root(const char *root, bool make, struct err *e)
{
	int fd = dir_open(AT_FDCWD, root);

	if (fd == -ENOENT && make) {
		fd = dir_ensure_all(AT_FDCWD, root, 0711);
		if (fd < 0)
			return err_sys(e, fd, "make the runtime root '%s'", root);
	}
	if (fd < 0)
		return err_sys(e, fd, "open the runtime root '%s'", root);
	return fd;
}

int state_reserve(int root_fd, const char *id, struct err *e)
{
	int fd;

	if (mkdirat(root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return err_set(e, ERR_EXISTS, "container with given ID already exists: '%s'", id);
		return err_sys(e, -errno, "make the state directory of '%s'", id);
	}
	fd = dir_open(root_fd, id);
	return fd < 0 ? err_sys(e, fd, "open the state directory of '%s'", id) : fd;
}

int state_open(int root_fd, const char *id, struct err *e)
{
	int fd = dir_open(root_fd, id);

	if (fd == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "container does not exist: '%s'", id);
	return fd < 0 ? err_sys(e, fd, "open the state directory of '%s'", id) : fd;
}

int state_save(int dir_fd, const struct state *s, bool replace, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(&state_schema, s, JSON_INDENT_NONE, &b);

	if (r == 0)
		r = replace ? file_replace(dir_fd, STATE_FILE, b.p, b.n, 0600, 0) : file_create(dir_fd, STATE_FILE, b.p, b.n, 0600);
	return r < 0 ? err_sys(e, r, "write the state of '%s'", s->id) : 0;
}

int state_load(int dir_fd, const char *id, struct arena *a, struct state *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(dir_fd, STATE_FILE, LIMIT_DOCUMENT, a, &text, &n);

	if (r == -ENOENT || (r == 0 && n == 0)) {
		*ret = (struct state){ .id = id, .bundle = "", .rootfs = "", .created = "" };
		return 0;
	}
	if (r < 0)
		return err_sys(e, r, "read the state of '%s'", id);
	r = json_decode((struct str){ text, n }, &state_schema, 0, a, ret, e);
	if (r < 0)
		return err_wrap(e, "state of '%s'", id);
	/* What is done by a record is done to the directory of that name. */
	return streq(ret->id, id) ? 0 : err_set(e, ERR_CORRUPT, "state of '%s': it is that of '%s'", id, ret->id);
}

int state_load_config(int dir_fd, struct arena *a, struct oci_config **ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(dir_fd, STATE_CONFIG, LIMIT_DOCUMENT, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read the kept config.json");
	r = oci_config_decode((struct str){ text, n }, a, ret, e);
	return r < 0 ? err_wrap(e, "kept config.json") : 0;
}

int state_load_resources(int dir_fd, struct arena *a, struct oci_resources **ret, struct err *e)
{
	struct oci_config *config;
	char *text;
	size_t n;
	int r = file_read(dir_fd, STATE_RESOURCES, LIMIT_DOCUMENT, a, &text, &n);

	if (r == 0) {
		*ret = arena_new(a, struct oci_resources);
		r = json_decode((struct str){ text, n }, &oci_resources_schema, 0, a, *ret, e);
		return r < 0 ? err_wrap(e, STATE_RESOURCES) : 0;
	}
	if (r != -ENOENT)
		return err_sys(e, r, "read '%s'", STATE_RESOURCES);
	r = state_load_config(dir_fd, a, &config, e);
	if (r == 0)
		*ret = config->linux ? config->linux->resources : NULL;
	return r;
}

int state_save_resources(int dir_fd, const struct oci_resources *resources, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(&oci_resources_schema, resources, JSON_INDENT_NONE, &b);

	if (r == 0)
		r = file_replace(dir_fd, STATE_RESOURCES, b.p, b.n, 0600, 0);
	return r < 0 ? err_sys(e, r, "write '%s'", STATE_RESOURCES) : 0;
}

static bool is_frozen(const struct state *s, struct arena *a)
{
	scoped_cgroup struct cgroup *c = NULL;
	struct err e;

	return s->cgroup.driver && cgroup_open(&s->cgroup, a, &c, &e) == 0 && cgroup_is_frozen(c, &e) == 1;
}

int state_lock(int dir_fd, const char *id, struct err *e)
{
	int fd = lock_file_wait(dir_fd, STATE_LOCK, FILE_LOCK_EXCLUSIVE);

	if (fd == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "container does not exist: '%s'", id);
	return fd < 0 ? err_sys(e, fd, "lock container '%s'", id) : fd;
}

enum state_status state_status(int dir_fd, const struct state *s, struct arena *a)
{
	if (s->pid == 0)
		return STATE_CREATING;
	if (!proc_is_alive(s->pid, s->start_ticks))
		return STATE_STOPPED;
	if (faccessat(dir_fd, STATE_START, F_OK, 0) == 0)
		return STATE_CREATED;
	return is_frozen(s, a) ? STATE_PAUSED : STATE_RUNNING;
}

int state_remove(int root_fd, const char *id, struct err *e)
{
	static const char *const ours[] = { STATE_START, STATE_CONFIG, STATE_FILE };
	int dir_fd = dir_open(root_fd, id), r;

	if (dir_fd == -ENOENT)
		return 0;
	for (size_t i = 0; dir_fd >= 0 && i < ARRAY_LEN(ours); i++)
		unlinkat(dir_fd, ours[i], 0);
	fd_done(&dir_fd);
	if (unlinkat(root_fd, id, AT_REMOVEDIR) == 0)
		return 0;
	/* Somebody else's files, or a temporary one of a writer that was killed. */
	r = dir_remove_tree(root_fd, id);
	return r < 0 ? err_sys(e, r, "remove the state directory of '%s'", id) : 0;
}

int state_write_pid_file(const char *path, pid_t pid, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	char *dir = arena_strdup(&a, path), *slash = strrchr(dir, '/'), text[16];
	int n = snprintf(text, sizeof text, "%d", (int)pid), r;
	scoped_fd int fd = -EBADF;

	*slash = '\0';
	fd = dir_open(AT_FDCWD, *dir ? dir : "/");
	if (fd < 0)
		return err_sys(e, fd, "open the directory of the pid file '%s'", path);
	r = file_replace(fd, slash + 1, text, (size_t)n, 0644, 0);
	return r < 0 ? err_sys(e, r, "write the pid file '%s'", path) : 0;
}

int state_send_pidfd(const char *path, int pidfd, const char *word, struct err *e)
{
	scoped_fd int sock = sock_connect_path(path, SOCK_STREAM);
	ssize_t n = sock < 0 ? sock : sock_send(sock, word, strlen(word), &pidfd, 1);

	return n < 0 ? err_sys(e, (int)n, "send the pidfd to '%s'", path) : 0;
}

struct oci_state state_document(const struct state *s, enum state_status status)
{
	return (struct oci_state){
		.oci_version = OCI_RUNTIME_VERSION, .id = s->id, .status = enumtab_name(&state_status_words, (int)status),
		.pid = status == STATE_STOPPED ? 0 : s->pid, .bundle = s->bundle, .annotations = s->annotations,
	};
}

int state_print(const struct state *s, enum state_status status, struct buf *b)
{
	const struct oci_state o = state_document(s, status);

	return json_encode(&oci_state_schema, &o, JSON_INDENT_NONE, b);
}

int state_print_full(const struct state *s, enum state_status status, const char *owner, enum json_indent indent, struct buf *b)
{
	struct full_state f = {
		.oci_version = OCI_RUNTIME_VERSION, .id = s->id, .status = enumtab_name(&state_status_words, (int)status),
		.pid = status == STATE_STOPPED ? 0 : s->pid, .bundle = s->bundle, .rootfs = s->rootfs, .created = s->created,
		.annotations = s->annotations, .systemd_scope = s->cgroup.unit, .owner = owner ? owner : "",
	};

	return json_encode(&full_schema, &f, indent, b);
}
