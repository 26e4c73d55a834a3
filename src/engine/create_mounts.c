/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/create_mounts.h"

#include <string.h>

#include "base/vec.h"
#include "engine/request_list.h"
#include "engine/store.h"
#include "image/image.h"

static bool is_taken(const struct container_request *q, const char *target)
{
	for (size_t i = 0; i < q->n_mounts; i++)
		if (streq(q->mounts[i].target, target))
			return true;
	return false;
}

/* ---- --volumes-from ------------------------------------------------------------------------------------------------------------------------------- */

/* Volumes and directories of the host; memory is nobody else's. */
static bool is_shared(const struct container_mount *m)
{
	return m->kind == CONTAINER_MOUNT_VOLUME || m->kind == CONTAINER_MOUNT_BIND;
}

static bool has_word(struct str list, const char *word)
{
	while (list.p) {
		struct str one = str_cut(list, ',', &list);

		if (str_is(one, word))
			return true;
	}
	return false;
}

static int volumes_from(struct engine *en, struct container_request *q, const char *text, struct arena *a, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct str options, name = str_cut(str_of(text), ':', &options);
	const char *id;
	int r = container_find(en, arena_strndup(a, name.p, name.n), a, &id, e);

	if (r == 0)
		r = store_open(en, id, a, &h, e);
	if (r < 0)
		return err_wrap(e, "volumes-from '%s'", text);
	for (size_t i = 0; i < h.c.n_mounts; i++) {
		struct container_mount m = h.c.mounts[i];

		if (!is_shared(&m) || is_taken(q, m.target))
			continue;
		m.read_only = m.read_only || has_word(options, "ro");
		m.no_copy = true;       /* it has been filled for whom it was made */
		*list_push(a, q->mounts, q->n_mounts) = m;
	}
	return 0;
}

/* ---- --read-only-tmpfs ---------------------------------------------------------------------------------------------------------------------------- */

static void memory_add(struct container_request *q, struct arena *a)
{
	static const char *const places[] = { "/run", "/tmp", "/var/tmp" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct container_mount m = { .kind = CONTAINER_MOUNT_TMPFS, .target = places[i] };

		if (is_taken(q, places[i]))
			continue;
		strs_push(a, &m.options, "tmpcopyup");
		strs_push(a, &m.options, "mode=1777");
		*list_push(a, q->mounts, q->n_mounts) = m;
	}
}

/* ---- images --------------------------------------------------------------------------------------------------------------------------------------- */

static int images_find(struct engine *en, struct container_request *q, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < q->n_mounts; i++) {
		struct container_mount *m = &q->mounts[i];
		struct image_store *s;
		struct image image;
		int r;

		if (m->kind != CONTAINER_MOUNT_IMAGE)
			continue;
		r = engine_images(en, &s, e);
		if (r == 0)
			r = image_find(s, m->source, a, &image, e);
		if (r == 0)
			r = image_expect_unpacked(&image, e);
		if (r < 0)
			return e->kind == ERR_NOT_FOUND ? err_set(e, ERR_NOT_FOUND, "no such image: %s; 'tare pull %s' brings it", m->source, m->source) : r;
		m->image = image.id;
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------ */

int create_mounts(struct engine *en, struct container_request *q, struct arena *a, struct err *e)
{
	struct container_mount *own = q->mounts;
	int r = 0;

	/* The caller's list is not ours to change. */
	q->mounts = q->n_mounts ? arena_memdup(a, own, q->n_mounts * sizeof *own) : NULL;
	if (q->n_mounts && !vec_at_power(q->n_mounts)) {
		size_t room = 1;

		while (room < q->n_mounts)
			room *= 2;
		q->mounts = arena_array(a, struct container_mount, room);
		memcpy(q->mounts, own, q->n_mounts * sizeof *own);
	}
	for (size_t i = 0; r == 0 && i < q->volumes_from.n; i++)
		r = volumes_from(en, q, q->volumes_from.v[i], a, e);
	if (r == 0 && q->read_only && q->read_only_tmpfs)
		memory_add(q, a);
	return r == 0 ? images_find(en, q, a, e) : r;
}
