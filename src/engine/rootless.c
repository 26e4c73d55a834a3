/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
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

/* ---- where containers live ------------------------------------------------------------------------------------------------------------------- */

/* 1: we are where the monitor of this container is. */
static int monitor_follow(void *arg, int dirfd, const char *name, unsigned char type)
{
	scoped_arena struct arena a = { 0 };
	struct monitor_state s = { 0 };
	struct err ignored = { 0 }; /* it does not run, then */
	scoped_fd int pidfd = -EBADF;

	if (monitor_state_load(arena_printf(&a, "%s/%s", (const char *)arg, name), &a, &s, &ignored) < 0 || !s.monitor_pid)
		return 0;
	pidfd = proc_open_checked((pid_t)s.monitor_pid, s.monitor_start);
	return pidfd >= 0 && ns_join_pidfd(pidfd, CLONE_NEWUSER | CLONE_NEWNS) == 0;
}

/* 1: in the namespaces of a container that runs, 0: there is none. */
static int follow(const char *run, struct arena *a, struct err *e)
{
	const char *path = arena_printf(a, "%s/containers", run);
	scoped_fd int dir = dir_open(AT_FDCWD, path);
	scoped_free char *cwd = getcwd(NULL, 0);
	int r = dir < 0 ? 0 : dir_each(dir, monitor_follow, (void *)(uintptr_t)path);

	if (r <= 0)
		return 0; /* whatever is the matter with it, the engine will say */
	/* Another mount namespace begins at its root. */
	if (!cwd || chdir(cwd) < 0)
		return err_sys(e, -errno, "go back to '%s'", cwd ? cwd : ".");
	r = userns_become_root(true);
	return r < 0 ? err_sys(e, r, "become root of the namespace of containers") : 1;
}

int rootless_enter(const char *run_root, bool *ret_entered, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	char words[USERNS_WORDS_SIZE];
	struct ns_id_map *uids, *gids;
	struct userns_maps maps;
	uid_t uid = geteuid();
	int r;

	*ret_entered = false;
	if (uid == 0)
		return 0;
	r = places_choose(uid, &a, e);
	if (r == 0)
		r = follow(run_root ? run_root : getenv("TARE_RUN"), &a, e);
	*ret_entered = r > 0;
	if (r == 0)
		r = map_make("/etc/subuid", uid, uid, &a, &uids, &maps.n_uids, e);
	if (r == 0)
		r = map_make("/etc/subgid", getegid(), uid, &a, &gids, &maps.n_gids, e);
	if (r != 0)
		return r < 0 ? r : 0;
	maps.uids = uids;
	maps.gids = gids;
	/* With one of the files alone there would be users without groups: then he is alone. */
	if (maps.n_uids == 1 || maps.n_gids == 1)
		maps.n_uids = maps.n_gids = 1;
	r = userns_enter(&maps, maps.n_uids > 1, words);
	if (r < 0)
		return enter_failed(r, words, e);
	*ret_entered = true;
	return 0;
}
