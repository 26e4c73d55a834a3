/* SPDX-License-Identifier: Apache-2.0 */
/* What the options of the local driver mount on a volume, by mount(8), which knows the helpers of network file systems; and who uses it: the last one unmounts. */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/proc.h"
#include "os/self.h"

enum { WORDS_MAX = 400, USERS_MODE = 0700 };

bool volume_is_mounted(const struct volume *v)
{
	return pairs_find(&v->options, "type") || pairs_find(&v->options, "device");
}

static bool has_word(const char *list, const char *word)
{
	for (struct str one, rest = str_of(list); rest.p;) {
		one = str_cut(rest, ',', &rest);
		if (str_is(one, word))
			return true;
	}
	return false;
}

static bool is_bind(const struct pairs *options)
{
	const char *type = pairs_find(options, "type"), *o = pairs_find(options, "o");

	return streq(type, "bind") || has_word(o, "bind") || has_word(o, "rbind");
}

int volume_options_check(const struct pairs *options, struct err *e)
{
	const char *type = pairs_find(options, "type"), *device = pairs_find(options, "device"), *o = pairs_find(options, "o");

	for (size_t i = 0; i < options->n; i++) {
		const char *key = options->v[i].key;

		if (!streq(key, "type") && !streq(key, "device") && !streq(key, "o"))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: volume option '%s': the local driver has type, device and o", key);
		if (!options->v[i].value || !*options->v[i].value)
			return err_set(e, ERR_INVALID, "volume option '%s' has no value", key);
	}
	if (type && !device && !streq(type, "tmpfs"))
		return err_set(e, ERR_INVALID, "volume option 'type' needs 'device'");
	if (device && !type && !is_bind(options))
		return err_set(e, ERR_INVALID, "volume option 'device' needs 'type'");
	if (o && !type && !device)
		return err_set(e, ERR_INVALID, "volume option 'o' needs 'type' and 'device'");
	return 0;
}

/* ---- mounting ------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_there(const struct object *o)
{
	scoped_fd int data = openat(o->fd, VOLUME_DATA, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t outside, inside;

	return data >= 0 && fd_mount_id(o->fd, &outside) == 0 && fd_mount_id(data, &inside) == 0 && outside != inside;
}

/* `mount -t TYPE -o OPTIONS -- DEVICE TARGET` */
static char **mount_words(const struct volume *v, const char *target, struct arena *a)
{
	const char *type = pairs_find(&v->options, "type"), *device = pairs_find(&v->options, "device"), *o = pairs_find(&v->options, "o");
	struct strs words = { 0 };

	if (is_bind(&v->options)) {
		o = has_word(o, "bind") || has_word(o, "rbind") ? o : arena_printf(a, "bind%s%s", o ? "," : "", o ? o : "");
		type = "none";
	}
	strs_push(a, &words, "mount");
	strs_push(a, &words, "-t");
	strs_push(a, &words, type);
	if (o) {
		strs_push(a, &words, "-o");
		strs_push(a, &words, o);
	}
	strs_push(a, &words, "--");
	strs_push(a, &words, device ? device : type);
	strs_push(a, &words, target);
	return strs_argv(a, &words);
}

/* What it complained about, in one line. */
static const char *complaint(int fd, struct arena *a)
{
	char *text = arena_alloc(a, WORDS_MAX + 1);
	ssize_t n = fd_read_all(fd, text, WORDS_MAX);
	struct str line = str_trim((struct str){ text, n < 0 ? 0 : (size_t)n });

	return text_calm(arena_strndup(a, line.p, line.n));
}

static int mount_run(const struct volume *v, const char *target, struct err *e)
{
	char *const envp[] = { (char[]){ "LC_ALL=C" }, (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	scoped_arena struct arena a = { 0 };
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC), ours = -EBADF, theirs = -EBADF;
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit x = { 0 };
	const char *said = "";
	char *path;
	int pipe[2], r = self_find_in_path("mount", &a, &path);

	if (r < 0)
		return err_set(e, ERR_NOT_FOUND, "the program mount(8) was not found");
	r = null < 0 ? -errno : fd_pipe(pipe, 0);
	if (r < 0)
		return err_sys(e, r, "mount volume '%s'", v->name);
	ours = pipe[0];
	theirs = pipe[1];
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = mount_words(v, target, &a), .envp = envp,
			.fds = (struct proc_fd[]){ { null, 0 }, { null, 1 }, { theirs, 2 } }, .n_fds = 3, .death_signal = SIGKILL), &p);
	fd_done(&theirs);
	if (r == 0) {
		said = complaint(ours, &a);
		r = proc_wait(p.pidfd, -1, &x);
	}
	if (r < 0)
		return err_sys(e, r, "run '%s'", path);
	fd_done(&p.pidfd);
	p = PROC_NONE;
	if (x.code || x.signal)
		return err_set(e, ERR_PRECONDITION, "mount volume '%s': %s", v->name, *said ? said : "mount(8) failed");
	return 0;
}

/* ---- users ---------------------------------------------------------------------------------------------------------------------------------------- */

static const char *users_path(const struct engine *en, const char *name, struct arena *a)
{
	return arena_printf(a, "%s/volumes/%s", en->run, name);
}

static const char *data_path(const struct engine *en, const char *name, struct arena *a)
{
	return arena_printf(a, "%s/volumes/%s/" VOLUME_DATA, en->root, name);
}

struct counting {
	struct engine *en;
	size_t n;
};

/* A container holds its volumes as long as it has its live directory; "tar-PID" as long as it lives. */
static bool is_gone(const struct engine *en, const char *name)
{
	const char *pid = str_after(name, "tar-");
	char path[32];

	if (text_is_hex(str_of(name), CONTAINER_ID_SIZE - 1))
		return faccessat(en->live, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	snprintf(path, sizeof path, "/proc/%.20s", pid ? pid : "");
	return pid && access(path, F_OK) < 0;
}

static int user_count(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct counting *c = arg;

	if (is_gone(c->en, name))
		unlinkat(dirfd, name, 0);
	else
		c->n++;
	return 0;
}

size_t volume_mount_users(struct engine *en, const char *name)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int users = dir_open(AT_FDCWD, users_path(en, name, &a));
	struct counting c = { en, 0 };

	if (users >= 0)
		dir_each(users, user_count, &c);
	return c.n;
}

/* With the volume's lock. */
static void user_leave(struct engine *en, const char *name, const char *user)
{
	scoped_arena struct arena a = { 0 };
	const char *path = users_path(en, name, &a);
	scoped_fd int users = dir_open(AT_FDCWD, path);

	if (users < 0)
		return;
	if (user)
		unlinkat(users, user, 0);
	if (volume_mount_users(en, name) > 0)
		return;
	mount_detach(data_path(en, name, &a));
	rmdir(path);
	rmdir(arena_printf(&a, "%s/volumes", en->run)); /* unless there are others */
}

int volume_hold(struct engine *en, const struct volume_claim *c, const char *user, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *path = users_path(en, c->v.name, &a);
	scoped_fd int users = -EBADF;
	int r;

	if (!volume_is_mounted(&c->v))
		return 0;
	/* First the note, then the mount: what is mounted is always somebody's, who may die any time. */
	do
		users = dir_ensure_all(AT_FDCWD, path, USERS_MODE);
	while (users == -ENOENT); /* the last user of another volume took the directory of them all away */
	r = users < 0 ? users : file_create(users, user, "", 0, 0600);
	if (r < 0)
		return err_sys(e, r, "note the use of volume '%s' in '%s'", c->v.name, path);
	if (is_there(&c->o))
		return 0;
	r = mount_run(&c->v, data_path(en, c->v.name, &a), e);
	if (r < 0)
		user_leave(en, c->v.name, user);
	return r;
}

void volume_let_go(struct engine *en, const char *name, const struct volume_claim *c, const char *user)
{
	scoped_arena struct arena a = { 0 };
	scoped_volume_claim struct volume_claim own = VOLUME_CLAIM_NONE;
	struct err ignored = { 0 }; /* a volume that is gone has nothing mounted on it */

	if (access(users_path(en, name, &a), F_OK) < 0)
		return;
	if (!c && volume_open(en, name, &a, &own, &ignored) < 0)
		return;
	user_leave(en, name, user);
}

static int one_count(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	++*(size_t *)arg;
	return 0;
}

static int leftover_visit(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	scoped_fd int users = dir_open(dirfd, name);
	struct counting *c = arg;
	size_t before = 0, after;

	if (users < 0)
		return 0;
	dir_each(users, one_count, &before);
	volume_let_go(c->en, name, NULL, NULL);
	after = volume_mount_users(c->en, name);
	/* Of a volume that is gone nothing but the notes can be there. */
	if (after == 0)
		unlinkat(dirfd, name, AT_REMOVEDIR);
	c->n += before > after;
	return 0;
}

int volume_heal(struct engine *en)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int dir = dir_open(AT_FDCWD, arena_printf(&a, "%s/volumes", en->run));
	struct counting c = { en, 0 };

	if (dir >= 0)
		dir_each(dir, leftover_visit, &c);
	return (int)c.n;
}
