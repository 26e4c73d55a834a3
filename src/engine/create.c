/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/create.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/step.h"
#include "base/text.h"
#include "engine/cdi.h"
#include "engine/config.h"
#include "engine/create_mounts.h"
#include "engine/events.h"
#include "engine/delegated.h"
#include "engine/id.h"
#include "engine/idmap.h"
#include "engine/namespaces.h"
#include "engine/log_plan.h"
#include "engine/networks.h"
#include "engine/request.h"
#include "engine/resolve.h"
#include "engine/secrets.h"
#include "engine/tree_mount.h"
#include "engine/volume.h"
#include "image/moving/pull.h"
#include "image/snapshot/limit.h"
#include "network/network.h"
#include "os/signal.h"

enum { HOSTNAME_SIZE = 65, ROOT_MODE = 0755, WORK_MODE = 0700, IMAGE_TRIES = 3 };

/* ---- image --------------------------------------------------------------------------------------------------------------------------------- */

static int image_pull_for(struct creation *c, struct image_store *s, const struct engine_progress *p, struct err *e)
{
	struct pull_options none = { .platform = c->q.platform };
	bool changed;
	int r;

	if (p && p->pulling)
		p->pulling(p->arg, true);
	r = image_pull(s, c->q.image, p && p->pull ? p->pull : &none, c->a, &c->image, &changed, e);
	if (r == 0 && p && p->pulling)
		p->pulling(p->arg, false);
	return r;
}

/* Linux on another processor may run here; of an image for several platforms its layers come unpacked with a pull, from the blobs that are here. */
static bool is_to_unpack(const struct image *image)
{
	const char *os = image->config.os;

	return image->packed && (!os || !*os || streq(os, "linux"));
}

static int image_obtain(struct creation *c, struct image_store *s, const struct engine_progress *p, struct err *e)
{
	int r;

	if (streq(c->q.pull, "always"))
		return image_pull_for(c, s, p, e);
	r = c->q.platform ? image_find_for(s, c->q.image, c->q.platform, c->a, &c->image, e) : image_find(s, c->q.image, c->a, &c->image, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && (streq(c->q.pull, "never") || !is_to_unpack(&c->image)))
		return 0;
	if (streq(c->q.pull, "never"))
		return c->q.platform ? r : err_set(e, ERR_NOT_FOUND, "no such image: %s", c->q.image);
	if (r < 0 && p && p->line)
		p->line(p->arg, arena_printf(c->a, "Unable to find image '%s' locally", c->q.image));
	err_clear(e);
	return image_pull_for(c, s, p, e);
}

/* From now on nobody removes it, as long as *ret_pin is open. Who did so just before makes us look for it again. */
static int image_take(struct creation *c, struct image_store *s, const struct engine_progress *p, int *ret_pin, struct err *e)
{
	int r = -ENOENT;

	for (int turn = 0; r == -ENOENT && turn < IMAGE_TRIES; turn++) {
		r = image_obtain(c, s, p, e);
		if (r == 0)
			r = image_expect_unpacked(&c->image, e);
		if (r < 0)
			return r;
		r = image_pin(s, c->image.id, ret_pin, e);
	}
	return r;
}

/* ---- the request --------------------------------------------------------------------------------------------------------------------------- */

static int signal_check(const char *name, struct err *e)
{
	int number;

	if (name && signal_parse(name, &number) < 0)
		return err_set(e, ERR_INVALID, "invalid signal: %s", name);
	return 0;
}

static int pull_policy_check(const char *policy, struct err *e)
{
	if (!policy || streq(policy, "missing") || streq(policy, "always") || streq(policy, "never"))
		return 0;
	return err_set(e, ERR_INVALID, "invalid pull policy '%s': it is always, missing or never", policy);
}

static int relabel_check(const struct creation *c, struct err *e)
{
	for (size_t i = 0; i < c->q.n_mounts; i++) {
		if (c->q.mounts[i].relabel && facts_selinux(&c->en->facts))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: relabelling '%s' for SELinux", c->q.mounts[i].source);
	}
	return 0;
}

static int creation_check(const struct creation *c, struct err *e)
{
	struct security_opts security;
	struct cdi_edits edits;
	bool any;
	int r = request_check(&c->q, e);

	if (r == 0)
		r = signal_check(c->q.stop_signal, e);
	if (r == 0)
		r = pull_policy_check(c->q.pull, e);
	if (r == 0)
		r = log_plan_check(&c->q, e);
	if (r == 0)
		r = security_opts_parse(&c->q.security_opts, c->a, &security, e);
	if (r == 0)
		r = relabel_check(c, e);
	if (r == 0)
		r = cdi_edits_of(&c->q.isolation, c->a, &edits, &any, e);
	if (r == 0)
		r = delegated_check(c->en, &c->q, c->a, e);
	return r;
}

/* A container in the host's network, or with its names, answers to the host's name; one with another's names to that one's. */
static int hostname_choose(struct creation *c, struct err *e)
{
	const char *donor = namespaces_donor(&c->q.isolation, ISOLATION_UTS);
	scoped_holding struct holding h = HOLDING_NONE;
	char name[HOSTNAME_SIZE];

	if (donor) {
		int r = store_open(c->en, donor, c->a, &h, e);

		c->q.hostname = r < 0 ? NULL : h.c.hostname;
		return r;
	}
	if (c->q.hostname || (!streq(c->q.network, "host") && isolation_mode_kind(&c->q.isolation, ISOLATION_UTS) != ISOLATION_HOST))
		return 0;
	if (gethostname(name, sizeof name) < 0)
		return err_sys(e, -errno, "read the host's name");
	c->q.hostname = arena_strdup(c->a, name);
	return 0;
}

/* Of --network container:NAME the id is kept: the name may be somebody else's later. Who shares a network answers to the same name. */
static int network_of_container(struct creation *c, struct err *e)
{
	const char *name = network_mode_container(c->q.network), *id;
	scoped_holding struct holding h = HOLDING_NONE;
	int r = name ? container_find(c->en, name, c->a, &id, e) : 0;

	if (r == 0 && name)
		r = store_open(c->en, id, c->a, &h, e);
	if (r < 0)
		return err_wrap(e, "network container:%s", name);
	if (name) {
		c->q.network = arena_printf(c->a, "container:%s", id);
		c->q.hostname = h.c.hostname;
	}
	return 0;
}

/* ---- steps --------------------------------------------------------------------------------------------------------------------------------- */

static int object_reserve(void *ctx, struct err *e)
{
	struct creation *c = ctx;
	int r = object_create(&c->en->containers, c->h.id, c->q.auto_remove ? OBJDIR_VOLATILE : 0, &c->h.object);

	if (r < 0)
		return err_sys(e, r, "make container '%s'", c->h.id);
	/* The upper directory becomes the container's root: its mode must not depend on our umask. */
	if (mkdirat(c->h.object.fd, "upper", ROOT_MODE) < 0 || fchmodat(c->h.object.fd, "upper", ROOT_MODE, 0) < 0 ||
	    mkdirat(c->h.object.fd, "work", WORK_MODE) < 0) {
		r = -errno;
		object_remove(&c->en->containers, c->h.id, &c->h.object);
		return err_sys(e, r, "make the directories of container '%s'", c->h.id);
	}
	return 0;
}

static void object_drop(void *ctx)
{
	struct creation *c = ctx;

	object_remove(&c->en->containers, c->h.id, &c->h.object);
}

static bool has_limit(const void *ctx)
{
	const struct creation *c = ctx;

	return c->q.storage_size > 0;
}

static int size_limit(void *ctx, struct err *e)
{
	struct creation *c = ctx;

	return limit_make(c->en->root, c->h.object.fd, (uint64_t)c->q.storage_size, e);
}

static void size_unlimit(void *ctx)
{
	struct creation *c = ctx;

	limit_drop(c->h.object.fd);
}

static int name_reserve(void *ctx, struct err *e)
{
	struct creation *c = ctx;

	return id_reserve_name(c->en, c->q.name, c->h.id, c->h.object.flags, c->a, &c->h.c.name, e);
}

static void name_release(void *ctx)
{
	struct creation *c = ctx;

	id_release_name(c->en, c->h.c.name, c->h.id);
}

static bool has_volumes(const void *ctx)
{
	const struct creation *c = ctx;

	for (size_t i = 0; i < c->h.c.n_mounts; i++)
		if (c->h.c.mounts[i].kind == CONTAINER_MOUNT_VOLUME)
			return true;
	return false;
}

static int volumes_claim(void *ctx, struct err *e)
{
	struct creation *c = ctx;

	return volume_claims_take(c->en, &c->h.c, c->a, &c->volumes, e);
}

static void volumes_unclaim(void *ctx)
{
	struct creation *c = ctx;

	volume_claims_undo(c->en, &c->volumes);
}

static bool wants_ids(const void *ctx)
{
	const struct creation *c = ctx;
	const struct container_userns *u = &c->q.userns;

	return u->mode || u->uidmap.n || u->gidmap.n || u->subuidname || u->subgidname;
}

static int ids_take(void *ctx, struct err *e)
{
	struct creation *c = ctx;

	return idmap_resolve(c->en, &c->image.layers, c->a, &c->h.c, e);
}

static void ids_release(void *ctx)
{
	struct creation *c = ctx;

	idmap_release(c->en, &c->h.c);
}

static int container_publish(void *ctx, struct err *e)
{
	struct creation *c = ctx;

	return store_write(&c->h.object, FILE_CONTAINER, &container_schema, &c->h.c, e);
}

int create_finish(struct holding *h, struct err *e)
{
	int r = object_finish(&h->object);

	return r < 0 ? err_sys(e, r, "finish container '%s'", h->id) : 0;
}

/*
 * Order: the object comes before its name, so that a name never points at nothing that is being made. The limit comes last of what may fail for
 * reasons outside: it is taken away first, while the directories that tell which it is are there. Volumes are locked until the container says that it
 * has them, so nobody removes one in between.
 * Removal undoes them the other way round.
 */
static const struct step create_steps[] = {
	{ "container.reserve", NULL, object_reserve, object_drop },
	{ "name.reserve", NULL, name_reserve, name_release },
	{ "size.limit", has_limit, size_limit, size_unlimit },
	{ "volumes.claim", has_volumes, volumes_claim, volumes_unclaim },
	{ "ids.take", wants_ids, ids_take, ids_release },
	{ "container.publish", NULL, container_publish, NULL },
};

static void volumes_name(struct creation *c)
{
	for (size_t i = 0; i < c->h.c.n_mounts; i++) {
		char id[CONTAINER_ID_SIZE];

		if (c->h.c.mounts[i].kind != CONTAINER_MOUNT_VOLUME || c->h.c.mounts[i].source)
			continue;
		id_new(id);
		c->h.c.mounts[i].source = arena_strdup(c->a, id);
	}
}

/* Where the log goes: a place of its own, one that was asked for, or nowhere. A template that does not render is an error now and not at the start. */
static int log_place(struct creation *c, struct err *e)
{
	struct log_plan plan;
	int r = log_plan_make(&c->h.c, c->a, &plan, e);
	if (r == 0 && !log_plan_has_file(plan.driver))
		c->h.c.log_path = "";
	else if (r == 0 && plan.path)
		c->h.c.log_path = plan.path;
	return r;
}

static int creation_plan(struct creation *c, struct err *e)
{
	char id[CONTAINER_ID_SIZE], now[TEXT_TIME_SIZE];
	struct timespec t;
	int r;

	id_new(id);
	clock_gettime(CLOCK_REALTIME, &t);
	text_time(t, now);
	c->h.en = c->en;
	c->h.id = arena_strdup(c->a, id);
	c->h.live_path = arena_printf(c->a, "%s/containers/%s", c->en->run, id);
	c->h.c = (struct container){ .id = c->h.id, .created = arena_strdup(c->a, now),
		.log_path = arena_printf(c->a, "%s/containers/%s/log", c->en->root, id),
		.storage_driver = enumtab_name(&snapshot_drivers, (int)c->en->storage.driver) };
	if (!c->q.storage_size)
		c->q.storage_size = c->en->storage.size;
	r = hostname_choose(c, e);
	if (r == 0)
		r = network_of_container(c, e);
	if (r == 0)
		r = resolve_container(&c->q, &c->image, c->a, &c->h.c, e);
	if (r == 0)
		r = log_place(c, e);
	if (r == 0)
		r = signal_check(c->h.c.stop_signal, e);
	if (r == 0)
		volumes_name(c);
	return r;
}

int create_container(struct engine *en, const struct container_request *q, const struct engine_progress *p, struct arena *a,
		struct creation *ret, struct err *e)
{
	struct creation *c = ret;
	struct image_store *s;
	scoped_fd int pin = -EBADF;
	int r;

	*c = CREATION_NONE;
	c->en = en;
	c->a = a;
	c->q = *q;
	r = creation_check(c, e);
	if (r == 0)
		r = create_mounts(en, &c->q, a, e);
	if (r == 0)
		r = secrets_check(en, &c->q, e);
	if (r == 0)
		r = namespaces_resolve(en, &c->q, a, e);
	if (r == 0)
		r = engine_images(en, &s, e);
	if (r == 0)
		r = image_take(c, s, p, &pin, e);
	if (r == 0)
		r = creation_plan(c, e);
	if (r == 0)
		r = steps_run(create_steps, ARRAY_LEN(create_steps), c, e);
	volume_claims_done(&c->volumes);
	if (r == 0)
		container_event(en, &c->h.c, "create", NULL);
	else
		store_done(&c->h);
	return r;
}

static int volumes_remove(struct holding *h, struct err *e)
{
	int first = 0;

	for (size_t i = 0; i < h->c.n_mounts; i++) {
		const struct container_mount *m = &h->c.mounts[i];
		int r = 0;

		if (m->kind == CONTAINER_MOUNT_VOLUME && m->anonymous)
			r = volume_remove_with(h->en, m->source, h->id, e);
		first = first ? first : r;
	}
	return first;
}

int create_remove(struct holding *h, bool volumes, struct arena *a, struct err *e)
{
	struct creation c = { .en = h->en, .a = a, .q = h->c.request, .h = *h };
	int r = volumes ? volumes_remove(h, e) : 0;

	if (r < 0)
		return r;
	tree_mount_drop(h->en, h->id);
	steps_undo(create_steps, ARRAY_LEN(create_steps), &c);
	container_event(h->en, &h->c, "destroy", NULL);
	return 0;
}
