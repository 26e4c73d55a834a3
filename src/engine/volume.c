/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/id.h"
#include "engine/request.h"
#include "engine/store.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "os/tree_copy.h"
#include "spec/event.h"

#define FILE_VOLUME "volume.json"
#define FILE_FILLING "filling"
#define DRIVER "local"
enum { VOLUME_MODE = 0755 };

const char *volume_directory(const struct engine *en, struct arena *a)
{
	return arena_printf(a, "%s/volumes", en->root);
}

void volume_claim_done(struct volume_claim *c)
{
	object_done(&c->o);
}

/* ---- the document --------------------------------------------------------------------------------------------------------------------------------- */

static const char *time_text(struct timespec t, struct arena *a)
{
	char text[TEXT_TIME_SIZE];

	text_time(t, text);
	return arena_strdup(a, text);
}

int volume_read(const struct object *o, const char *name, struct arena *a, struct volume *ret, struct err *e)
{
	struct stat st;
	char *text;
	size_t n;
	int r = object_read(o, FILE_VOLUME, LIMIT_DOCUMENT, a, &text, &n);

	if (r == -ENOENT) {
		if (fstat(o->fd, &st) < 0)
			return err_sys(e, -errno, "look at volume '%s'", name);
		*ret = (struct volume){ .version = VOLUME_VERSION, .name = arena_strdup(a, name), .driver = DRIVER, .created = time_text(st.st_mtim, a),
			.anonymous = text_is_hex(str_of(name), CONTAINER_ID_SIZE - 1), .shared = true };
		return 0;
	}
	if (r == 0)
		r = json_decode((struct str){ text, n }, &volume_schema, 0, a, ret, e);
	else
		err_sys(e, r, "read '" FILE_VOLUME "'");
	return r < 0 ? err_wrap(e, "volume '%s'", name) : 0;
}

int volume_save(const struct volume_claim *c, struct err *e)
{
	int r = store_write(&c->o, FILE_VOLUME, &volume_schema, &c->v, e);

	return r < 0 ? err_wrap(e, "volume '%s'", c->v.name) : 0;
}

/* ---- making --------------------------------------------------------------------------------------------------------------------------------------- */

int volume_request_check(const struct volume_request *q, struct err *e)
{
	if (q->name && !request_name_is_valid(q->name))
		return err_set(e, ERR_INVALID, "'%s' is no name for a volume: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", q->name);
	if (q->driver && *q->driver && !streq(q->driver, DRIVER))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: volume driver '%s': only " DRIVER " is, whose options type, device and o mount anything the host can",
			q->driver);
	return volume_options_check(&q->options, e);
}

struct volume_request volume_request_of(const struct container_mount *m)
{
	return (struct volume_request){ .name = m->source, .labels = m->labels, .options = m->driver_options };
}

static void volume_say(const struct engine *en, const struct volume *v, const char *action)
{
	event_note(en->root, EVENT_VOLUME, action, v->name, "driver", v->driver, NULL);
}

/* Makes the object with its empty directory, or waits for whoever is making it. Returns it locked. */
static int volume_obtain(const struct objdir *d, const char *name, unsigned flags, struct object *ret)
{
	for (;;) {
		int r = object_create(d, name, flags, ret);

		if (r == 0)
			return 0;
		if (r != -EEXIST)
			return r;
		r = object_open_locked(d, name, true, ret);
		if (r != -ENOENT)
			return r;       /* -ENOENT: removed meanwhile, so it can be made */
	}
}

static int volume_begin(const struct volume_request *q, struct arena *a, struct volume_claim *c, struct err *e)
{
	struct timespec now;
	int fd, r = dir_remove_tree(c->o.fd, VOLUME_DATA);        /* whoever began to make it died */

	clock_gettime(CLOCK_REALTIME, &now);
	c->v = (struct volume){ .version = VOLUME_VERSION, .name = arena_strdup(a, q->name), .driver = DRIVER, .created = time_text(now, a),
		.labels = q->labels, .options = q->options, .anonymous = text_is_hex(str_of(q->name), CONTAINER_ID_SIZE - 1) };
	c->made = true;
	fd = r < 0 ? r : dir_ensure(c->o.fd, VOLUME_DATA, VOLUME_MODE);
	/* Its mode must not depend on our umask. */
	r = fd < 0 ? fd : fchmod(fd, VOLUME_MODE) < 0 ? -errno : 0;
	fd_close(fd);
	return r < 0 ? err_sys(e, r, "make volume '%s'", q->name) : volume_save(c, e);
}

static bool pairs_equal(const struct pairs *x, const struct pairs *y)
{
	for (size_t i = 0; i < x->n; i++)
		if (!streq(pairs_find(y, x->v[i].key), x->v[i].value))
			return false;
	return x->n == y->n;
}

/* Docker, too, takes the one that is there, but not in the place of something else. */
static int volume_fits(const struct volume_request *q, const struct volume *v, struct err *e)
{
	if (q->must_be_new)
		return err_set(e, ERR_EXISTS, "volume '%s' is there already", v->name);
	if (q->options.n > 0 && !pairs_equal(&q->options, &v->options))
		return err_set(e, ERR_CONFLICT, "volume '%s' is there already with other options: remove it or choose another name", v->name);
	return 0;
}

int volume_claim(struct engine *en, const struct volume_request *q, unsigned flags, struct arena *a, struct volume_claim *ret, struct err *e)
{
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	const struct objdir *d;
	int r = volume_request_check(q, e);

	if (r == 0)
		r = engine_volumes(en, &d, e);
	if (r < 0)
		return r;
	r = volume_obtain(d, q->name, flags, &c.o);
	if (r < 0)
		return err_sys(e, r, "lock volume '%s'", q->name);
	if (object_is_finished(&c.o)) {
		r = volume_read(&c.o, q->name, a, &c.v, e);
		if (r == 0)
			r = volume_fits(q, &c.v, e);
	} else {
		r = volume_begin(q, a, &c, e);
		if (r == 0) {
			r = object_finish(&c.o);
			r = r < 0 ? err_sys(e, r, "finish volume '%s'", q->name) : 0;
		}
	}
	if (r < 0)
		return r;
	if (c.made)
		volume_say(en, &c.v, "create");
	*ret = c;
	c.o = OBJECT_NONE;
	return 0;
}

int volume_open(struct engine *en, const char *name, struct arena *a, struct volume_claim *ret, struct err *e)
{
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	const struct objdir *d;
	int r = engine_volumes(en, &d, e);

	if (r < 0)
		return r;
	r = objdir_name_is_valid(name) ? object_open_locked(d, name, true, &c.o) : -ENOENT;
	if (r == -ENOENT || (r == 0 && !object_is_finished(&c.o)))
		return err_set(e, ERR_NOT_FOUND, "no such volume: %s", name);
	if (r < 0)
		return err_sys(e, r, "lock volume '%s'", name);
	r = volume_read(&c.o, name, a, &c.v, e);
	if (r < 0)
		return r;
	*ret = c;
	c.o = OBJECT_NONE;
	return 0;
}

/* ---- filling -------------------------------------------------------------------------------------------------------------------------------------- */

static int entry_drop(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	return dir_remove_tree(dirfd, name);
}

/* Whoever began to fill it died. Something mounted on it may have changed since then by other hands: it stays. */
static int filling_undo(const struct volume_claim *c)
{
	int r = 0;

	if (faccessat(c->o.fd, FILE_FILLING, F_OK, 0) < 0)
		return 0;
	if (!volume_is_mounted(&c->v)) {
		scoped_fd int data = dir_open(c->o.fd, VOLUME_DATA);

		r = data < 0 ? data : dir_each(data, entry_drop, NULL);
	}
	return r == 0 && unlinkat(c->o.fd, FILE_FILLING, 0) < 0 ? -errno : r;
}

static int filling_do(struct volume_claim *c, int from, int data)
{
	int r = object_write(&c->o, FILE_FILLING, "", 0);

	if (r == 0)
		r = tree_copy(from, data);
	if (r == 0 && unlinkat(c->o.fd, FILE_FILLING, 0) < 0)
		r = -errno;
	return r;
}

/* 1: it has been offered what the image has there. */
static int volume_fill(struct volume_claim *c, const char *target, int rootfs)
{
	scoped_fd int from = path_open(rootfs, target, O_RDONLY | O_DIRECTORY, 0, PATH_IN_ROOT);
	scoped_fd int data = -EBADF;
	int r;

	if (from == -ENOENT || from == -ENOTDIR)
		return 0;       /* the image has nothing there; another one may */
	if (from < 0)
		return from;
	r = filling_undo(c);
	data = r < 0 ? r : dir_open(c->o.fd, VOLUME_DATA);
	r = data < 0 ? data : tree_is_empty(data);
	if (r > 0)
		r = filling_do(c, from, data);
	return r < 0 ? r : 1;
}

int volume_prepare(struct engine *en, const struct container_mount *m, int rootfs, const char *user, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	struct volume_request q = volume_request_of(m);
	int r = volume_claim(en, &q, 0, &a, &c, e);

	if (r == 0)
		r = volume_hold(en, &c, user, e);
	if (r < 0 || m->no_copy || c.v.filled)
		return r;
	r = volume_fill(&c, m->target, rootfs);
	if (r < 0)
		return err_sys(e, r, "fill volume '%s'", m->source);
	c.v.filled = r > 0;
	return r > 0 ? volume_save(&c, e) : 0;
}

/* ---- removing ------------------------------------------------------------------------------------------------------------------------------------- */

int volume_discard(struct engine *en, struct volume_claim *c, struct err *e)
{
	int r = object_remove(&en->volumes, c->v.name, &c->o);

	if (r == -EXDEV)
		return err_set(e, ERR_CONFLICT, "volume '%s': something is mounted inside it: unmount that first", c->v.name);
	if (r < 0)
		return err_sys(e, r, "remove volume '%s'", c->v.name);
	volume_say(en, &c->v, "destroy");
	return 0;
}

int volume_remove_with(struct engine *en, const char *name, const char *id, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	struct volume_users users = { 0 };
	int r = volume_open(en, name, &a, &c, e);

	if (r < 0 && e->kind == ERR_NOT_FOUND) {
		err_clear(e);
		return 0;
	}
	if (r == 0 && !c.v.anonymous)
		return 0;
	if (r == 0 && c.v.shared)
		r = volume_users_load(en, &a, &users, e);
	for (size_t i = 0; r == 0 && i < users.n; i++)
		if (streq(users.v[i].volume, name) && !streq(users.v[i].id, id))
			return 0;
	return r < 0 ? r : volume_discard(en, &c, e);
}
