/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/proc.h"
#include "os/subid.h"
#include "os/user.h"
#include "os/userns.h"
#include "spec/monitor.h"

/* ---- places ------------------------------------------------------------------------------------------------------------------------------------- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static const char *home_of(uid_t uid, struct arena *a)
{
	scoped_fd int passwd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct user user;

	if (variable("HOME"))
		return variable("HOME");
	return user_resolve(passwd, -EBADF, arena_printf(a, "%u", uid), a, &user) == 0 && user.name[0] ? user.home : NULL;
}

/* A directory that is the user's and nobody else's. */
static bool is_private(const char *path, uid_t uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid && (st.st_mode & 077) == 0;
}

/* As podman: what the session has, what it would have, a directory that must be his. */
static int run_choose(uid_t uid, struct arena *a, const char **ret, struct err *e)
{
	const char *path = variable("XDG_RUNTIME_DIR");

	if (!path)
		path = arena_printf(a, "/run/user/%u", uid);
	if (is_private(path, uid)) {
		*ret = arena_printf(a, "%s/tare", path);
		return 0;
	}
	*ret = path = arena_printf(a, "/tmp/tare-run-%u", uid);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "make '%s'", path);
	return is_private(path, uid) ? 0 : err_set(e, ERR_DENIED, "'%s' is not yours alone: set XDG_RUNTIME_DIR to a directory that is", path);
}

static int places_choose(uid_t uid, struct arena *a, struct err *e)
{
	const char *data = variable("XDG_DATA_HOME"), *home = home_of(uid, a), *run;
	int r = run_choose(uid, a, &run, e);

	if (r < 0)
		return r;
	if (!data && !home && !getenv("TARE_ROOT"))
		return err_set(e, ERR_INVALID, "user %u has no home directory: set HOME or XDG_DATA_HOME", uid);
	if (data || home)
		setenv("TARE_ROOT", arena_printf(a, "%s/tare", data ? data : arena_printf(a, "%s/.local/share", home)), 0);
	setenv("TARE_RUN", run, 0);
	return 0;
}

/* ---- ids ---------------------------------------------------------------------------------------------------------------------------------------- */

/* He himself is root; the ids he may have besides follow. */
static int map_make(const char *file, uint32_t self, uid_t uid, struct arena *a, struct ns_id_map **ret, size_t *ret_n, struct err *e)
{
	struct subid_ranges ranges = { 0 };
	int r = subid_read(file, uid, a, &ranges);
	uint32_t next = 1;

	if (r < 0)
		return err_sys(e, r, "read '%s'", file);
	*ret = arena_array(a, struct ns_id_map, ranges.n + 1);
	(*ret)[0] = (struct ns_id_map){ 0, self, 1 };
	*ret_n = 1;
	for (size_t i = 0; i < ranges.n; i++) {
		if (!ranges.v[i].count || ranges.v[i].count > UINT32_MAX - next)
			continue;
		(*ret)[(*ret_n)++] = (struct ns_id_map){ next, ranges.v[i].first, ranges.v[i].count };
		next += ranges.v[i].count;
	}
	return 0;
}

static int enter_failed(int r, const char *words, struct err *e)
{
	if (r == -ENOENT)
		return err_set(e, ERR_UNSUPPORTED, "newuidmap and newgidmap are not installed (package uidmap), which give an ordinary user his ids of /etc/subuid");
	if (*words)
		return err_set(e, ERR_UNSUPPORTED, "%s", words);
	return err_set(e, ERR_UNSUPPORTED, "a user namespace for an ordinary user: %s (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
		"kernel.apparmor_restrict_unprivileged_userns)", strerror(-r));
}

/* ---- where others of ours are ------------------------------------------------------------------------------------------------------------------- */

/* A program of tare unshare may have shut itself, or others, into a namespace of their own: what is mounted there is theirs, and they would be root of us. */
static bool join(uint32_t pid, uint64_t start, int flags)
{
	scoped_fd int pidfd = pid ? proc_open_checked((pid_t)pid, start) : -EBADF;
	char path[48]; /* of another user inside the directory may be entered, but not read */
	scoped_fd int user = -EBADF;

	if (pidfd < 0)
		return false;
	snprintf(path, sizeof path, "/proc/%u/ns/user", pid);
	user = ns_open_path(path, NS_USER);
	return user >= 0 && ns_is_child_of_ours(user) && ns_join_pidfd(pidfd, flags) == 0;
}

struct containers {
	const char *path;
	bool orphans;
};

/*
 * 1: we are where the monitor of this container is. One that was killed may have left the container: who ends that must be root of the same users, with
 * any mounts.
 */
static int container_follow(void *arg, int dirfd, const char *name, unsigned char type)
{
	const struct containers *c = arg;
	scoped_arena struct arena a = { 0 };
	struct monitor_state s = { 0 };
	struct err ignored = { 0 }; /* it does not run, then */

	if (monitor_state_load(arena_printf(&a, "%s/%s", c->path, name), &a, &s, &ignored) < 0)
		return 0;
	if (c->orphans)
		return join(s.pid, s.pid_start, CLONE_NEWUSER) && ns_unshare(CLONE_NEWNS) == 0;
	return join(s.monitor_pid, s.monitor_start, CLONE_NEWUSER | CLONE_NEWNS);
}

/* <run>/namespace has a file "PID.START" for every process that went in, so that of containers which start at once all get into the same. */
static int process_follow(void *arg, int dirfd, const char *name, unsigned char type)
{
	scoped_arena struct arena a = { 0 };
	struct str start, pid = str_cut(str_of(name), '.', &start);
	uint64_t ticks;
	uint32_t p;

	if (!start.p || parse_u32(arena_strndup(&a, pid.p, pid.n), &p) < 0 || parse_u64(start.p, &ticks) < 0)
		return 0; /* the lock */
	if (join(p, ticks, CLONE_NEWUSER | CLONE_NEWNS))
		return 1;
	if (!proc_is_alive((pid_t)p, ticks))
		unlinkat(dirfd, name, 0);
	return 0;
}

/* 1: in the namespaces of another process of ours, 0: there is none. */
static int follow(const char *run, int entries, struct arena *a, struct err *e)
{
	struct containers c = { .path = arena_printf(a, "%s/containers", run) };
	scoped_fd int dir = dir_open(AT_FDCWD, c.path);
	scoped_free char *cwd = getcwd(NULL, 0);
	int r = dir < 0 ? 0 : dir_each(dir, container_follow, &c);

	if (r <= 0)
		r = dir_each(entries, process_follow, NULL);
	c.orphans = true;
	if (r <= 0 && dir >= 0)
		r = dir_each(dir, container_follow, &c);
	if (r <= 0)
		return 0; /* whatever is the matter with it, the engine will say */
	/* Another mount namespace begins at its root. */
	if (!cwd || chdir(cwd) < 0)
		return err_sys(e, -errno, "go back to '%s'", cwd ? cwd : ".");
	r = userns_become_root(true);
	return r < 0 ? err_sys(e, r, "become root of the namespace of containers") : 1;
}

static int make(uid_t uid, struct arena *a, struct err *e)
{
	char words[USERNS_WORDS_SIZE];
	struct ns_id_map *uids, *gids;
	struct userns_maps maps;
	int r = map_make("/etc/subuid", uid, uid, a, &uids, &maps.n_uids, e);

	if (r == 0)
		r = map_make("/etc/subgid", getegid(), uid, a, &gids, &maps.n_gids, e);
	if (r < 0)
		return r;
	maps.uids = uids;
	maps.gids = gids;
	/* With one of the files alone there would be users without groups: then he is alone. */
	if (maps.n_uids == 1 || maps.n_gids == 1)
		maps.n_uids = maps.n_gids = 1;
	r = userns_enter(&maps, maps.n_uids > 1, words);
	return r < 0 ? enter_failed(r, words, e) : 0;
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------------------------ */

static const char *entry_name(struct arena *a)
{
	struct proc_stat self;

	return proc_stat_read(getpid(), &self) < 0 ? NULL : arena_printf(a, "%d.%llu", (int)getpid(), (unsigned long long)self.start_ticks);
}

/* Opened before we go in: the other mount namespace may not show the directory under this path. */
static int enter(const char *run, uid_t uid, struct arena *a, struct err *e)
{
	const char *path = arena_printf(a, "%s/namespace", run), *name = entry_name(a);
	int r = dir_ensure_all(AT_FDCWD, path, 0700);
	scoped_fd int entries = r < 0 ? r : dir_open(AT_FDCWD, path);
	scoped_fd int lock = entries < 0 ? entries : lock_file_wait(entries, "lock", FILE_LOCK_EXCLUSIVE);

	if (lock < 0)
		return err_sys(e, lock, "lock '%s'", path);
	r = follow(run, entries, a, e);
	if (r == 0)
		r = make(uid, a, e);
	if (r < 0)
		return r;
	r = name ? file_create(entries, name, "", 0, 0600) : -ESRCH;
	return r < 0 ? err_sys(e, r, "note who we are in '%s'", path) : 0;
}

int rootless_enter(const char *run_root, bool *ret_entered, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	uid_t uid = geteuid();
	int r;

	*ret_entered = false;
	if (uid == 0)
		return 0;
	r = places_choose(uid, &a, e);
	if (r == 0)
		r = enter(run_root ? run_root : getenv("TARE_RUN"), uid, &a, e);
	*ret_entered = r == 0;
	return r;
}

void rootless_leave(const char *run_root)
{
	scoped_arena struct arena a = { 0 };
	const char *run = run_root ? run_root : getenv("TARE_RUN"), *name = entry_name(&a);

	if (run && name)
		unlink(arena_printf(&a, "%s/namespace/%s", run, name));
}
