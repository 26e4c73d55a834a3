/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "engine/inside.h"
#include "engine/launch_files.h"
#include "image/making/carry.h"
#include "os/fd.h"
#include "os/path_safe.h"

enum { LINKS_MAX = 40 };

/* ---- words ---------------------------------------------------------------------------------------------------------------------------------------- */

struct copy_end copy_end_parse(const char *text, struct arena *a)
{
	const char *colon = strchr(text, ':');

	if (!colon || text[0] == '/' || text[0] == '.')
		return (struct copy_end){ .path = text };
	return (struct copy_end){ arena_strndup(a, text, (size_t)(colon - text)), colon + 1 };
}

struct copy_path copy_path_parse(const char *text, const char *cwd, struct arena *a)
{
	size_t n = strlen(text);
	struct strs parts = { 0 };
	struct copy_path ret = { .path = "", .slash = n > 0 && text[n - 1] == '/', .contents = streq(text, ".") || str_ends(text, "/.") };

	for (struct str one, rest = str_of(text[0] == '/' ? text : arena_printf(a, "%s/%s", cwd, text)); rest.p;) {
		one = str_cut(rest, '/', &rest);
		if (str_is(one, ".."))
			parts.n -= parts.n > 0;
		else if (one.n > 0 && !str_is(one, "."))
			strs_push(a, &parts, arena_strndup(a, one.p, one.n));
	}
	for (size_t i = 0; i < parts.n; i++)
		ret.path = arena_printf(a, "%s/%s", ret.path, parts.v[i]);
	ret.name = parts.n ? parts.v[parts.n - 1] : ".";
	if (!parts.n) {
		ret.path = "/";
		ret.contents = true;
	}
	return ret;
}

/* ---- sides ---------------------------------------------------------------------------------------------------------------------------------------- */

/* A container's tree, or the host's. */
struct side {
	const struct inside *inside; /* NULL: the host */
	struct copy_path path;
};

static int side_open(const struct side *s, const char *path, int flags)
{
	int fd;

	if (s->inside)
		return path_open(s->inside->root, path, flags, 0, PATH_IN_ROOT);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static const char *side_name(const struct side *s, const char *path, struct arena *a)
{
	return s->inside ? arena_printf(a, "%s:%s", s->inside->h.c.name, path) : path;
}

static int side_failed(const struct side *s, int r, const char *path, struct err *e)
{
	scoped_arena struct arena a = { 0 };

	if (r == -ENOENT && s->inside)
		return err_set(e, ERR_NOT_FOUND, "no such path in container %s: %s", s->inside->h.c.name, path);
	return err_sys(e, r, "'%s'", side_name(s, path, &a));
}

/* ---- where from ----------------------------------------------------------------------------------------------------------------------------------- */

static int source_open(const struct side *s, bool follow, struct carry_from *ret, bool *ret_is_dir, struct err *e)
{
	bool wants_dir = s->path.slash || s->path.contents;
	struct stat st;
	int fd = side_open(s, s->path.path, O_PATH | (follow || wants_dir ? 0 : O_NOFOLLOW));

	if (fd < 0)
		return side_failed(s, fd, s->path.path, e);
	*ret = (struct carry_from){ .item = fd, .name = s->path.contents ? "." : s->path.name, .stream = -EBADF };
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '%s'", s->path.path);
	*ret_is_dir = S_ISDIR(st.st_mode);
	return wants_dir && !*ret_is_dir ? side_failed(s, -ENOTDIR, s->path.path, e) : 0;
}

/* ---- where to ------------------------------------------------------------------------------------------------------------------------------------- */

/* A destination, links followed: what is there (-EBADF: nothing), or where it is to come. */
struct target {
	const char *path;
	int fd;
	struct stat st;
};

static const char *parent_of(const char *path, struct arena *a)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

static int link_read(int fd, const char *path, struct arena *a, const char **ret)
{
	char text[LIMIT_PATH];
	ssize_t n = readlinkat(fd, "", text, sizeof text);

	if (n <= 0 || n == sizeof text)
		return n < 0 ? -errno : -ENAMETOOLONG;
	*ret = arena_printf(a, "%s%s%.*s", text[0] == '/' ? "" : parent_of(path, a), text[0] == '/' ? "" : "/", (int)n, text);
	return 0;
}

/* A link that leads nowhere says where the new file is to be, as with docker. */
static int target_find(const struct side *s, struct arena *a, struct target *ret)
{
	*ret = (struct target){ s->path.path, -EBADF, { 0 } };
	for (int links = 0; links < LINKS_MAX; links++) {
		scoped_fd int fd = side_open(s, ret->path, O_PATH | O_NOFOLLOW);
		int r;

		if (fd == -ENOENT)
			return 0;
		if (fd < 0 || fstat(fd, &ret->st) < 0)
			return fd < 0 ? fd : -errno;
		if (!S_ISLNK(ret->st.st_mode)) {
			ret->fd = take_fd(&fd);
			return 0;
		}
		r = link_read(fd, ret->path, a, &ret->path);
		if (r < 0)
			return r;
	}
	return -ELOOP;
}

/* The directory @path of a side as the root of what is carried, or below it. */
static int base_open(const struct side *s, const char *path, struct carry_to *ret, struct err *e)
{
	scoped_fd int fd = side_open(s, path, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return side_failed(s, fd, path, e);
	if (s->inside) {
		ret->root = fd_dup_min(s->inside->root, 3);
		ret->base = path;
		return ret->root < 0 ? err_sys(e, ret->root, "open the root of the container") : 0;
	}
	ret->root = carry_root(fd, e);
	ret->base = "";
	return ret->root < 0 ? ret->root : 0;
}

static const char *last_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Docker's table: what is at the destination, and what comes. @from->name becomes what it will be called. */
static int target_open(const struct side *s, bool is_dir, struct carry_from *from, struct carry_to *ret, struct arena *a, struct err *e)
{
	SCOPED(fd_done) int fd = -EBADF;
	struct target t;
	int r = target_find(s, a, &t);

	fd = t.fd;
	if (r < 0)
		return side_failed(s, r, s->path.path, e);
	if (fd >= 0 && S_ISDIR(t.st.st_mode))
		return base_open(s, t.path, ret, e);
	if (fd >= 0 && is_dir && !ret->overwrite)
		return err_set(e, ERR_CONFLICT, "cannot copy a directory to '%s', which is none", side_name(s, s->path.path, a));
	if ((fd >= 0 || !is_dir) && (s->path.slash || s->path.contents))
		return err_set(e, ERR_NOT_FOUND, "no such directory: %s", side_name(s, s->path.path, a));
	from->name = last_of(t.path);
	return base_open(s, parent_of(t.path, a), ret, e);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------ */

struct copying {
	struct inside from, to;
	const struct inside *source, *target; /* which of them; both the same one for a copy within a container */
	struct carry_from what;
	struct carry_to where;
};

static void copying_done(struct copying *c)
{
	fd_close(c->what.item);
	fd_close(c->where.root);
	inside_done(&c->from);
	inside_done(&c->to);
}

/* Both are locked, if they do not run, in the order of their ids. */
static int insides_open(struct engine *en, const struct copy_request *q, struct arena *a, struct copying *c, struct err *e)
{
	const char *from = NULL, *to = NULL;
	int r = q->from.container ? container_find(en, q->from.container, a, &from, e) : 0;

	if (r == 0 && q->to.container)
		r = container_find(en, q->to.container, a, &to, e);
	if (r == 0 && from && (!to || strcmp(from, to) <= 0))
		r = inside_open(en, from, a, &c->from, e);
	if (r == 0 && to && !streq(from, to))
		r = inside_open(en, to, a, &c->to, e);
	if (r == 0 && from && to && strcmp(from, to) > 0)
		r = inside_open(en, from, a, &c->from, e);
	c->source = from ? &c->from : NULL;
	c->target = !to ? NULL : streq(from, to) ? &c->from : &c->to;
	return r;
}

static int owner_choose(const struct copy_request *q, const struct inside *target, struct arena *a, struct carry_to *ret, struct err *e)
{
	static const struct strs none;
	struct user user;
	gid_t *groups;
	int r;

	if (!target) {
		ret->owner = q->archive ? CARRY_KEEP : CARRY_OWN;
		return 0;
	}
	ret->owner = CARRY_KEEP;
	if (!q->archive || !target->h.c.user || !*target->h.c.user)
		return 0;
	r = launch_user(target->root, target->h.c.user, &none, a, &user, &groups, e);
	ret->owner = CARRY_GIVE;
	ret->uid = user.uid;
	ret->gid = user.gid;
	return r;
}

static struct side side_of(const struct copy_end *end, const struct inside *inside, struct arena *a)
{
	char cwd[LIMIT_PATH];

	return (struct side){ inside, copy_path_parse(end->path, inside ? "" : getcwd(cwd, sizeof cwd) ? cwd : "", a) };
}

/* A tar's own names say what comes: the destination must be a directory. */
static int stream_target_open(const struct side *s, struct carry_to *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int fd = side_open(s, s->path.path, O_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return side_failed(s, fd < 0 ? fd : -errno, s->path.path, e);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "destination '%s' must be a directory", side_name(s, s->path.path, &a));
	return base_open(s, s->path.path, ret, e);
}

static int ends_open(const struct copy_request *q, struct copying *c, struct arena *a, struct err *e)
{
	struct side from = { 0 }, to = { 0 };
	bool from_stream = !q->from.container && streq(q->from.path, "-"), to_stream = !q->to.container && streq(q->to.path, "-"), is_dir = false;
	int r = 0;

	c->what = (struct carry_from){ .item = -EBADF, .stream = q->in };
	c->where = (struct carry_to){ .root = -EBADF, .stream = q->out, .overwrite = q->overwrite };
	if (!from_stream) {
		from = side_of(&q->from, c->source, a);
		r = source_open(&from, q->follow, &c->what, &is_dir, e);
	}
	if (r < 0 || to_stream)
		return r;
	to = side_of(&q->to, c->target, a);
	r = from_stream ? stream_target_open(&to, &c->where, e) : target_open(&to, is_dir, &c->what, &c->where, a, e);
	return r < 0 ? r : owner_choose(q, c->target, a, &c->where, e);
}

int container_copy(struct engine *en, const struct copy_request *q, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	SCOPED(copying_done) struct copying c = { .from = INSIDE_NONE, .to = INSIDE_NONE, .what = { .item = -EBADF }, .where = { .root = -EBADF } };
	struct image_store *images;
	int r;

	if (!q->from.container && !q->to.container)
		return err_set(e, ERR_INVALID, "one of source and destination must be a path of a container: CONTAINER:PATH");
	if (!*q->from.path || !*q->to.path)
		return err_set(e, ERR_INVALID, "a path is empty");
	r = engine_images(en, &images, e);
	if (r == 0)
		r = insides_open(en, q, &a, &c, e);
	if (r == 0)
		r = ends_open(q, &c, &a, e);
	return r < 0 ? r : carry(images, &c.what, &c.where, q->cancel_fd, e);
}
