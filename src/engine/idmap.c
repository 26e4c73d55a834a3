/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "engine/store.h"
#include "engine/userns_mode.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/path_safe.h"
#include "os/subid.h"

/* Ids 65534 and 65535 are called nobody and are for what has no id. */
enum { AUTO_MIN = 1024, AUTO_MAX = 65536, NOBODY = 65534, ROWS_MAX = 340 };

#define DIR_IDS "ids"
#define FILE_LOCK "lock"
static const char range_user[] = "containers";

/* Ids that may be given: of users, of groups. */
struct pool {
	struct subid_ranges uids, gids;
	uint32_t n;                      /* of each */
};

/* ---- whose ids ---------------------------------------------------------------------------------------------------------------------------------- */

static uint32_t ranges_count(const struct subid_ranges *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].count;
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static int ranges_of_name(const char *file, const char *name, struct arena *a, struct subid_ranges *ret, struct err *e)
{
	char *text;
	int r = file_read(AT_FDCWD, file, LIMIT_PASSWD, a, &text, NULL);

	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "read '%s'", file);
	if (r == 0)
		subid_parse(text, name, (uid_t)-1, a, ret);
	if (!ret->n)
		return err_set(e, ERR_UNSUPPORTED, "'%s' gives no ids to '%s': add a line like '%s:2147483648:2147418112'", file, name, name);
	return 0;
}

/* What an ordinary user has besides himself, who is 0: the namespace he is in says so. *ret_self: who he is outside. */
static int ranges_of_namespace(const char *file, struct arena *a, struct subid_ranges *ret, uint32_t *ret_self, struct err *e)
{
	char *text;
	struct str rest;
	int r = file_read(AT_FDCWD, file, LIMIT_PROC_FILE, a, &text, NULL);

	if (r < 0)
		return err_sys(e, r, "read '%s'", file);
	for (rest = str_of(text); rest.p && rest.n;) {
		struct str line = str_cut(rest, '\n', &rest);
		unsigned inside, outside, count;

		if (sscanf(arena_strndup(a, line.p, line.n), "%u %u %u", &inside, &outside, &count) != 3)
			continue;
		if (inside == 0) {
			*ret_self = outside;
			inside++;
			count--;
		}
		if (count)
			*vec_push(a, ret) = (struct subid_range){ inside, count };
	}
	return 0;
}

static int pool_find(struct arena *a, struct pool *ret, struct err *e)
{
	uint32_t ignored, uids, gids;
	int r;

	if (ns_is_initial_user() == 0) {
		r = ranges_of_namespace("/proc/self/uid_map", a, &ret->uids, &ignored, e);
		if (r == 0)
			r = ranges_of_namespace("/proc/self/gid_map", a, &ret->gids, &ignored, e);
	} else {
		r = ranges_of_name("/etc/subuid", range_user, a, &ret->uids, e);
		if (r == 0)
			r = ranges_of_name("/etc/subgid", range_user, a, &ret->gids, e);
	}
	uids = ranges_count(&ret->uids);
	gids = ranges_count(&ret->gids);
	ret->n = uids < gids ? uids : gids;
	return r;
}

/* ---- rows --------------------------------------------------------------------------------------------------------------------------------------- */

struct rows VEC(struct container_id_row);

static void row_add(struct arena *a, struct rows *rows, uint32_t inside, uint32_t outside, uint32_t count)
{
	if (count)
		*vec_push(a, rows) = (struct container_id_row){ inside, outside, count };
}

/* @count ids from @inside on are those of the ranges from the @at-th on. */
static void rows_from_ranges(struct arena *a, struct rows *rows, uint32_t inside, const struct subid_ranges *from, uint32_t at, uint32_t count)
{
	for (size_t i = 0; count && i < from->n; i++) {
		uint32_t have = from->v[i].count, n;

		if (at >= have) {
			at -= have;
			continue;
		}
		n = have - at < count ? have - at : count;
		row_add(a, rows, inside, from->v[i].first + at, n);
		inside += n;
		count -= n;
		at = 0;
	}
}

/* The row that has @id inside, or the first after it; NULL: none. */
static const struct container_id_row *row_next(const struct container_id_row *rows, size_t n, uint32_t id)
{
	const struct container_id_row *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].inside + rows[i].count > id && (!best || rows[i].inside < best->inside))
			best = &rows[i];
	}
	return best;
}

/* @size ids from 0 on: those asked for as asked for, the others from the ranges. */
static void rows_fill(struct arena *a, struct rows *rows, const struct container_id_row *asked, size_t n_asked, const struct subid_ranges *from, uint32_t at, uint32_t size)
{
	uint32_t id = 0;

	for (size_t i = 0; i < n_asked; i++)
		row_add(a, rows, asked[i].inside, asked[i].outside, asked[i].count);
	while (id < size) {
		const struct container_id_row *next = row_next(asked, n_asked, id);
		uint32_t end = next && next->inside < size ? next->inside : size;

		if (end > id) {
			rows_from_ranges(a, rows, id, from, at, end - id);
			at += end - id;
		}
		id = next && next->inside < size ? next->inside + next->count : size;
	}
}

static void ids_set(struct container_ids *ids, const struct rows *uids, const struct rows *gids)
{
	*ids = (struct container_ids){ uids->v, uids->n, gids->v, gids->n };
}

/* ---- auto: how many --------------------------------------------------------------------------------------------------------------------------------- */

/* The highest id of a passwd or group file: the third word of its lines. */
static uint32_t highest_id(char *text)
{
	uint32_t highest = 0;
	struct str rest;

	for (rest = str_of(text); rest.p && rest.n;) {
		struct str line = str_cut(rest, '\n', &rest), word = line;
		char number[16];
		uint32_t id;

		for (int i = 0; i < 3 && line.p; i++)
			word = str_cut(line, ':', &line);
		if (word.n >= sizeof number)
			continue;
		memcpy(number, word.p, word.n);
		number[word.n] = '\0';
		if (parse_u32(number, &id) == 0 && id < NOBODY && id > highest)
			highest = id;
	}
	return highest;
}

/* Of the uppermost layer that has it. A file only: what else an image puts there is passed over, and never waited for (CVE-2024-9676). */
static uint32_t highest_of_image(const struct strs *layers, const char *path, struct arena *a)
{
	for (size_t i = layers->n; i-- > 0;) {
		scoped_fd int layer = open(layers->v[i], O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
		scoped_buf struct buf b = BUF(LIMIT_PASSWD);
		struct stat st;

		fd = layer < 0 ? -errno : path_open(layer, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, PATH_IN_ROOT);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fd_read_buf(fd, &b) < 0)
			return 0;
		return highest_id(arena_strdup(a, buf_text(&b)));
	}
	return 0;
}

static uint32_t auto_size(const struct userns_mode *m, const struct strs *layers, struct arena *a)
{
	uint32_t uid = highest_of_image(layers, "/etc/passwd", a), gid = highest_of_image(layers, "/etc/group", a);
	uint32_t n = (uid > gid ? uid : gid) + 1;

	if (m->size.set)
		return (uint32_t)m->size.v;
	return n < AUTO_MIN ? AUTO_MIN : n > AUTO_MAX ? AUTO_MAX : n;
}

/* ---- auto: which ------------------------------------------------------------------------------------------------------------------------------------ */

struct taken {
	struct engine *en;
	struct arena *a;
	struct VEC(struct subid_range) list;
};

static int taken_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct taken *t = arg;
	char owner[CONTAINER_ID_SIZE + 1];
	unsigned first, count;

	if (streq(name, FILE_LOCK))
		return 0;
	if (sscanf(name, "%u-%u", &first, &count) != 2 || file_read_text(dirfd, name, owner, sizeof owner) < 0 || !*owner ||
	    faccessat(t->en->containers.fd, owner, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		unlinkat(dirfd, name, 0);
		return 0;
	}
	*vec_push(t->a, &t->list) = (struct subid_range){ first, count };
	return 0;
}

/* The first gap of @size. */
static bool gap_find(const struct taken *t, uint32_t n, uint32_t size, uint32_t *ret)
{
	uint64_t at = 0;

	for (bool moved = true; moved;) {
		moved = false;
		for (size_t i = 0; i < t->list.n; i++) {
			uint64_t first = t->list.v[i].first, end = first + t->list.v[i].count;

			if (at < end && first < at + size) {
				at = end;
				moved = true;
			}
		}
	}
	*ret = (uint32_t)at;
	return at + size <= n;
}

static int ids_directory(struct engine *en, struct arena *a, struct err *e)
{
	const char *path = arena_printf(a, "%s/" DIR_IDS, en->root);
	int fd = dir_ensure(AT_FDCWD, path, 0700);

	return fd < 0 ? err_sys(e, fd, "open '%s'", path) : fd;
}

static int ids_take(struct engine *en, const char *owner, uint32_t n, uint32_t size, struct arena *a, uint32_t *ret, struct err *e)
{
	struct taken t = { .en = en, .a = a };
	scoped_fd int dir = ids_directory(en, a, e), lock = -EBADF;
	const char *name;
	int r;

	if (dir < 0)
		return dir;
	lock = lock_file_wait(dir, FILE_LOCK, FILE_LOCK_EXCLUSIVE);
	if (lock < 0)
		return err_sys(e, lock, "lock '%s/" DIR_IDS "'", en->root);
	r = dir_each(dir, taken_visit, &t);
	if (r < 0)
		return err_sys(e, r, "list '%s/" DIR_IDS "'", en->root);
	if (!size || !gap_find(&t, n, size, ret))
		return err_set(e, ERR_EXHAUSTED, "--userns auto: no %u ids in a row are free of the %u there are (/etc/subuid and /etc/subgid; --userns auto:size=N)", size, n);
	name = arena_printf(a, "%u-%u", *ret, size);
	r = file_create(dir, name, owner, strlen(owner), 0600);
	return r < 0 ? err_sys(e, r, "write '%s/" DIR_IDS "/%s'", en->root, name) : 0;
}

static int release_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	char owner[CONTAINER_ID_SIZE + 1];

	if (!streq(name, FILE_LOCK) && file_read_text(dirfd, name, owner, sizeof owner) == 0 && streq(owner, arg))
		unlinkat(dirfd, name, 0);
	return 0;
}

void idmap_release(struct engine *en, const struct container *c)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int dir = -EBADF, lock = -EBADF;

	if (!idmap_is_set(c))
		return;
	dir = dir_open(AT_FDCWD, arena_printf(&a, "%s/" DIR_IDS, en->root));
	lock = dir < 0 ? dir : lock_file_wait(dir, FILE_LOCK, FILE_LOCK_EXCLUSIVE);
	if (lock >= 0)
		dir_each(dir, release_visit, arena_strdup(&a, c->id));
}

/* ---- the modes ---------------------------------------------------------------------------------------------------------------------------------------- */

static int map_auto(struct engine *en, const struct userns_mode *m, const struct strs *layers, struct arena *a, struct container *c, struct err *e)
{
	struct pool pool = { 0 };
	struct rows uids = { 0 }, gids = { 0 };
	uint32_t size = auto_size(m, layers, a), at = 0;
	int r = pool_find(a, &pool, e);

	if (r == 0)
		r = ids_take(en, c->id, pool.n, size, a, &at, e);
	if (r < 0)
		return r;
	rows_fill(a, &uids, m->ids.uids, m->ids.n_uids, &pool.uids, at, size);
	rows_fill(a, &gids, m->ids.gids, m->ids.n_gids, &pool.gids, at, size);
	ids_set(&c->ids, &uids, &gids);
	return 0;
}

/* He himself is @id; what he has besides fills the ids around it. */
static void keep_rows(struct arena *a, struct rows *rows, const struct subid_ranges *ranges, uint32_t id, const struct opt_u64 *size)
{
	uint32_t n = ranges_count(ranges), below;

	if (size->set && size->v > 0 && size->v - 1 < n)
		n = (uint32_t)size->v - 1;
	below = id < n ? id : n;
	rows_from_ranges(a, rows, 0, ranges, 0, below);
	row_add(a, rows, id, 0, 1);
	rows_from_ranges(a, rows, id + 1, ranges, below, n - below);
}

static int map_of_user(const struct userns_mode *m, struct arena *a, struct container *c, struct err *e)
{
	const char *word = m->kind == USERNS_KEEP_ID ? "keep-id" : "nomap";
	struct subid_ranges u = { 0 }, g = { 0 };
	struct rows uids = { 0 }, gids = { 0 };
	uint32_t uid = 0, gid = 0;
	int r;

	if (ns_is_initial_user() != 0)
		return err_set(e, ERR_INVALID, "--userns %s is for ordinary users: root of the host is whoever he wants to be by --user", word);
	r = ranges_of_namespace("/proc/self/uid_map", a, &u, &uid, e);
	if (r == 0)
		r = ranges_of_namespace("/proc/self/gid_map", a, &g, &gid, e);
	if (r < 0)
		return r;
	if (m->kind == USERNS_NOMAP) {
		rows_from_ranges(a, &uids, 0, &u, 0, ranges_count(&u));
		rows_from_ranges(a, &gids, 0, &g, 0, ranges_count(&g));
		ids_set(&c->ids, &uids, &gids);
		return 0;
	}
	uid = m->uid.set ? (uint32_t)m->uid.v : uid;
	gid = m->gid.set ? (uint32_t)m->gid.v : gid;
	keep_rows(a, &uids, &u, uid, &m->size);
	keep_rows(a, &gids, &g, gid, &m->size);
	ids_set(&c->ids, &uids, &gids);
	if (!c->request.user)
		c->user = arena_printf(a, "%u:%u", uid, gid);
	return 0;
}

static int map_of_names(const struct container_userns *u, struct arena *a, struct container *c, struct err *e)
{
	const char *user = u->subuidname ? u->subuidname : u->subgidname, *group = u->subgidname ? u->subgidname : u->subuidname;
	struct pool pool = { 0 };
	struct rows uids = { 0 }, gids = { 0 };
	int r;

	if (ns_is_initial_user() == 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: --subuidname and --subgidname of an ordinary user: his own ids are there already");
	r = ranges_of_name("/etc/subuid", user, a, &pool.uids, e);
	if (r == 0)
		r = ranges_of_name("/etc/subgid", group, a, &pool.gids, e);
	if (r < 0)
		return r;
	rows_from_ranges(a, &uids, 0, &pool.uids, 0, ranges_count(&pool.uids));
	rows_from_ranges(a, &gids, 0, &pool.gids, 0, ranges_count(&pool.gids));
	ids_set(&c->ids, &uids, &gids);
	return 0;
}

static int map_of_container(struct engine *en, const char *name, struct arena *a, struct container *c, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	const char *id;
	int r = container_find(en, name, a, &id, e);

	if (r == 0)
		r = store_open(en, id, a, &h, e);
	if (r < 0)
		return err_wrap(e, "--userns 'container:%s'", name);
	c->ids = h.c.ids;
	if (idmap_is_set(&h.c))
		c->request.userns.mode = arena_printf(a, "container:%s", id);
	else
		c->request.userns.mode = "host";
	return 0;
}

int idmap_resolve(struct engine *en, const struct strs *layers, struct arena *a, struct container *c, struct err *e)
{
	const struct container_userns *u = &c->request.userns;
	struct userns_mode m;
	int r = userns_mode_parse(u, a, &m, e);

	if (r < 0)
		return r;
	switch (m.kind) {
	case USERNS_HOST:
		return 0;
	case USERNS_AUTO:
		r = map_auto(en, &m, layers, a, c, e);
		break;
	case USERNS_KEEP_ID:
	case USERNS_NOMAP:
		r = map_of_user(&m, a, c, e);
		break;
	case USERNS_CONTAINER:
		return map_of_container(en, m.container, a, c, e);
	case USERNS_PRIVATE:
		c->ids = m.ids;
		if (!m.ids.n_uids)
			r = map_of_names(u, a, c, e);
		break;
	}
	if (r == 0)
		r = userns_rows_check(c->ids.uids, c->ids.n_uids, "uid", e);
	return r < 0 ? r : userns_rows_check(c->ids.gids, c->ids.n_gids, "gid", e);
}

/* ---- what others want to know ----------------------------------------------------------------------------------------------------------------------------- */

static struct ns_id_map *rows_for_kernel(const struct container_id_row *rows, size_t n, struct arena *a)
{
	struct ns_id_map *v = arena_array(a, struct ns_id_map, n);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct ns_id_map){ rows[i].inside, rows[i].outside, rows[i].count };
	return v;
}

struct userns_maps idmap_maps(const struct container *c, struct arena *a)
{
	return (struct userns_maps){ rows_for_kernel(c->ids.uids, c->ids.n_uids, a), c->ids.n_uids,
		rows_for_kernel(c->ids.gids, c->ids.n_gids, a), c->ids.n_gids };
}

static bool root_of(const struct container_id_row *rows, size_t n, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].inside == 0) {
			*ret = rows[i].outside;
			return true;
		}
	}
	return false;
}

bool idmap_root(const struct container *c, uint32_t *ret_uid, uint32_t *ret_gid)
{
	return root_of(c->ids.uids, c->ids.n_uids, ret_uid) && root_of(c->ids.gids, c->ids.n_gids, ret_gid);
}
