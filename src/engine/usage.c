/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "engine/internal.h"
#include "os/file.h"
#include "os/survey.h"

static const char *const kind_words[] = {
	[USAGE_IMAGES] = "Images", [USAGE_CONTAINERS] = "Containers", [USAGE_VOLUMES] = "Local Volumes", [USAGE_BUILD_CACHE] = "Build Cache",
	[USAGE_OTHER] = "Other",
};
const struct enumtab usage_kinds = ENUMTAB("kind of space", kind_words, USAGE_KIND_COUNT);

struct measuring {
	struct engine *en;
	struct arena *a;
	struct engine_usage *u;
	const struct container_info *all;
	size_t n_all;
	struct VEC(struct volume_space) volumes;
};

/* ---- images ---- */

static int images_measure(struct measuring *m, struct err *e)
{
	struct usage_row *row = &m->u->rows[USAGE_IMAGES], *other = &m->u->rows[USAGE_OTHER];
	struct image_store *s;
	int r = engine_images(m->en, &s, e);

	if (r == 0)
		r = image_usage(s, engine_image_user, m->en, m->a, &m->u->images, e);
	if (r < 0)
		return r;
	*row = (struct usage_row){ .total = m->u->images.n_images, .active = m->u->images.n_active,
		.bytes = m->u->images.blob_bytes + m->u->images.layer_bytes, .reclaimable = m->u->images.idle };
	other->bytes += m->u->images.orphans;
	other->reclaimable += m->u->images.orphans;
	return 0;
}

/* ---- containers ---- */

static const struct container_info *container_of(const struct measuring *m, const char *id)
{
	for (size_t i = 0; i < m->n_all; i++)
		if (strcmp(m->all[i].c->id, id) == 0)
			return &m->all[i];
	return NULL;
}

static int container_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct measuring *m = arg;
	const struct container_info *info = container_of(m, name);
	struct usage_row *row = &m->u->rows[info ? USAGE_CONTAINERS : USAGE_OTHER];
	bool active = info && (container_is_up(info->status) || info->status == CONTAINER_STARTING);
	uint64_t bytes;

	if (survey_entry(dirfd, name, &bytes) < 0)
		return 0; /* gone meanwhile */
	row->bytes += bytes;
	row->reclaimable += active ? 0 : bytes;
	if (!info)
		return 0;
	row->total++;
	row->active += active;
	m->u->containers[m->u->n_containers++] = (struct container_space){ info, bytes };
	return 0;
}

static int containers_measure(struct measuring *m, struct err *e)
{
	int r;

	m->u->containers = arena_array(m->a, struct container_space, m->n_all);
	r = dir_each(m->en->containers.fd, container_visit, m);
	return r < 0 ? err_sys(e, r, "list containers") : 0;
}

/* ---- volumes ---- */

static uint64_t volume_links(const struct measuring *m, const char *name)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->n_all; i++) {
		const struct container *c = m->all[i].c;
		bool has = false;

		for (size_t k = 0; k < c->n_mounts; k++)
			has = has || (c->mounts[k].kind == CONTAINER_MOUNT_VOLUME && streq(c->mounts[k].source, name));
		n += has;
	}
	return n;
}

static int volume_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct measuring *m = arg;
	struct volume_space v = { .name = arena_strdup(m->a, name), .links = volume_links(m, name) };
	struct usage_row *row = &m->u->rows[objdir_name_is_valid(name) ? USAGE_VOLUMES : USAGE_OTHER];

	if (survey_entry(dirfd, name, &v.bytes) < 0)
		return 0;
	row->bytes += v.bytes;
	row->reclaimable += v.links ? 0 : v.bytes;
	if (!objdir_name_is_valid(name))
		return 0;
	row->total++;
	row->active += v.links > 0;
	*vec_push(m->a, &m->volumes) = v;
	return 0;
}

static int volumes_measure(struct measuring *m, struct err *e)
{
	const struct objdir *volumes;
	int r = engine_volumes(m->en, &volumes, e);

	if (r < 0)
		return r;
	r = dir_each(volumes->fd, volume_visit, m);
	m->u->volumes = m->volumes.v;
	m->u->n_volumes = m->volumes.n;
	return r < 0 ? err_sys(e, r, "list volumes") : 0;
}

/* ---- everything else ---- */

/* Directories whose contents have been measured, but not they themselves. */
static const char *const measured[] = { "blobs", "blobs/sha256", "blobs/sha512", "blobs/ingest", "layers", "layers/ingest", "containers", "volumes" };

static int rest_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct measuring *m = arg;
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(measured); i++)
		if (strcmp(name, measured[i]) == 0)
			return 0;
	if (survey_entry(dirfd, name, &bytes) == 0)
		m->u->rows[USAGE_OTHER].bytes += bytes;
	return 0;
}

static int rest_measure(struct measuring *m, struct err *e)
{
	scoped_fd int root = dir_open(AT_FDCWD, m->en->root);
	struct stat st;
	int r = root < 0 ? root : dir_each(root, rest_visit, m);

	if (r < 0)
		return err_sys(e, r, "list '%s'", m->en->root);
	for (size_t i = 0; i < ARRAY_LEN(measured); i++)
		if (fstatat(root, measured[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			m->u->rows[USAGE_OTHER].bytes += (uint64_t)st.st_blocks * 512;
	if (fstat(root, &st) == 0)
		m->u->rows[USAGE_OTHER].bytes += (uint64_t)st.st_blocks * 512;
	return 0;
}

int engine_usage(struct engine *en, struct arena *a, struct engine_usage *ret, struct err *e)
{
	static int (*const parts[])(struct measuring *m, struct err *e) = { images_measure, containers_measure, volumes_measure, rest_measure };
	struct container_list_options all = { .all = true };
	struct measuring m = { .en = en, .a = a, .u = ret };
	struct container_info *v;
	int r;

	*ret = (struct engine_usage){ 0 };
	r = container_list(en, &all, a, &v, &m.n_all, e);
	m.all = v;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++)
		r = parts[i](&m, e);
	return r;
}
