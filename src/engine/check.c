/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: is everything what it claims to be, and does nothing lie about that nobody owns? Rolls abandoned work back on the way; with repair also
 * drops or restores what is damaged. Each part of the system has one function here; the table says the order.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/create.h"
#include "engine/id.h"
#include "engine/launch.h"
#include "engine/life.h"
#include "engine/store.h"
#include "engine/tree_mount.h"
#include "engine/volume.h"
#include "image/snapshot/limit.h"
#include "image/snapshot/snapshot.h"
#include "image/store/check.h"
#include "network/network.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/ns.h"

struct check {
	struct engine *en;
	struct arena *a;
	bool repair, digests;
	engine_finding_fn each;
	void *arg;
	int left;                    /* findings that are not put right */
};

static void report(struct check *k, const char *object, const char *problem, bool repaired)
{
	struct engine_finding f = { object, problem, repaired, false };

	k->left += !repaired;
	k->each(k->arg, &f);
}

/* True if the container exists and is whole or in the making. */
static bool is_known(struct engine *en, const char *id)
{
	scoped_object struct object o = OBJECT_NONE;

	return object_open(&en->containers, id, &o) == 0;
}

/* ---- abandoned objects ------------------------------------------------------------------------------------------------------------------------- */

/* Without container.json there is nothing but the object; others are put away like an ended run, by check_containers. */
static int abandoned_drop(void *arg, const char *name, const struct object *o)
{
	struct check *k = arg;

	if (faccessat(o->fd, FILE_CONTAINER, F_OK, 0) < 0) {
		limit_drop(o->fd);
		report(k, arena_printf(k->a, "container " SHORT_ID_FMT, name), "its making was broken off",
				object_remove(&k->en->containers, name, o) == 0);
	}
	return 0;
}

static int volume_drop(void *arg, const char *name, const struct object *o)
{
	struct check *k = arg;
	int r = object_remove(&k->en->volumes, name, o);

	report(k, arena_printf(k->a, "volume %s", name), "its making was broken off", r == 0);
	return 0;
}

static int check_abandoned(struct check *k, struct err *e)
{
	const struct objdir *volumes;
	int r = objdir_each_abandoned(&k->en->containers, abandoned_drop, k);

	if (r < 0)
		return err_sys(e, r, "look for abandoned containers");
	r = engine_volumes(k->en, &volumes, e);
	if (r < 0)
		return r;
	r = objdir_each_abandoned(volumes, volume_drop, k);
	return r < 0 ? err_sys(e, r, "look for abandoned volumes") : 0;
}

/* ---- containers ----------------------------------------------------------------------------------------------------------------------------------- */

static void container_damaged(struct check *k, const char *id, const struct err *why)
{
	scoped_object struct object o = OBJECT_NONE;
	bool gone = false;

	if (k->repair && object_open_locked(&k->en->containers, id, false, &o) == 0) {
		limit_drop(o.fd);
		gone = object_remove(&k->en->containers, id, &o) == 0;
	}
	report(k, arena_printf(k->a, "container " SHORT_ID_FMT, id), arena_strdup(k->a, why->msg), gone);
}

static void name_check(struct check *k, const struct holding *h)
{
	char *owner = NULL;
	int r = objdir_link_read(&k->en->names, h->c.name, k->a, &owner);

	if (r == 0 && streq(owner, h->id))
		return;
	r = r == -ENOENT ? objdir_link(&k->en->names, h->c.name, h->id, 0) : -EEXIST;
	report(k, arena_printf(k->a, "container " SHORT_ID_FMT, h->id), "its name did not lead to it", r == 0);
}

static void limit_check(struct check *k, const struct holding *h)
{
	struct err e = { 0 };
	int r = h->c.request.storage_size > 0 ? limit_restore(k->en->root, h->object.fd, (uint64_t)h->c.request.storage_size, &e) : 0;

	if (r != 0)
		report(k, arena_printf(k->a, "container " SHORT_ID_FMT, h->id), r < 0 ? arena_strdup(k->a, e.msg) : "its size limit had gone", r > 0);
}

static int container_check(void *arg, const char *id)
{
	struct check *k = arg;
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i = { 0 };
	struct err e = { 0 };
	int r = store_open(k->en, id, k->a, &h, &e);

	if (r == 0)
		r = store_status(&h, k->a, &i, &e);
	if (r < 0) {
		if (e.kind != ERR_NOT_FOUND)
			container_damaged(k, id, &e);
		return 0;
	}
	name_check(k, &h);
	limit_check(k, &h);
	if (!store_is_stale(&h, k->a))
		return 0;
	store_done(&h);
	r = life_heal(k->en, id, k->a, &e);
	if (r != -EAGAIN && e.kind != ERR_NOT_FOUND)
		report(k, arena_printf(k->a, "container " SHORT_ID_FMT, id), "it broke off or was not put away", r == 0);
	return 0;
}

static int check_containers(struct check *k, struct err *e)
{
	int r = objdir_each(&k->en->containers, container_check, k);

	return r < 0 ? err_sys(e, r, "list containers") : 0;
}

/* ---- names ------------------------------------------------------------------------------------------------------------------------------------------ */

/* A rename was broken off: the container has the other name. */
static bool name_is_left_over(struct check *k, const char *name, const char *id)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 };  /* somebody is at it: then it is his to know */

	return store_lock(k->en, id, false, k->a, &h, &ignored) == 0 && !streq(h.c.name, name);
}

static int name_visit(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct check *k = arg;
	char *id;

	if (name[0] == '.' || objdir_link_read(&k->en->names, name, k->a, &id) < 0)
		return 0;
	if (is_known(k->en, id)) {
		if (name_is_left_over(k, name, id))
			report(k, arena_printf(k->a, "name %s", name), "its container has another name", objdir_unlink(&k->en->names, name, id) == 0);
		return 0;
	}
	objdir_unlink(&k->en->names, name, id);
	report(k, arena_printf(k->a, "name %s", name), "its container is gone", true);
	return 0;
}

static int check_names(struct check *k, struct err *e)
{
	int r = dir_each(k->en->names.fd, name_visit, k);

	return r < 0 ? err_sys(e, r, "list names") : 0;
}

/* ---- live directories and mounts -------------------------------------------------------------------------------------------------------------------- */

/* What its runtime still knows of it. */
static void live_delete(struct check *k, const char *name)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_state s = { 0 };
	struct err ignored = { 0 };  /* the finding is reported either way */

	h.live = dir_open(k->en->live, name);
	if (store_read_state(&h, k->a, &s, &ignored) == 0)
		program_delete(s.runtime, s.runtime_root, name, &ignored);
}

static int live_visit(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct check *k = arg;
	int r;

	if (is_known(k->en, name))
		return 0;
	live_delete(k, name);
	snapshot_unmount(&(struct snapshot){ .id = name, .run = k->en->run }, arena_printf(k->a, "%s/containers/%s/" DIR_ROOTFS, k->en->run, name));
	r = dir_remove_tree(k->en->live, name);
	report(k, arena_printf(k->a, "live directory " SHORT_ID_FMT, name), "its container is gone", r == 0);
	return 0;
}

static bool has_live(void *arg, const char *id)
{
	struct check *k = arg;

	return faccessat(k->en->live, id, F_OK, 0) == 0 || tree_mount_find(k->en, id, k->a);
}

/* What people have mounted goes with its container. */
static int mounted_visit(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct check *k = arg;

	if (is_known(k->en, name))
		return 0;
	tree_mount_drop(k->en, name);
	report(k, arena_printf(k->a, "mounted tree " SHORT_ID_FMT, name), "its container is gone", true);
	return 0;
}

static int check_live(struct check *k, struct err *e)
{
	scoped_fd int mounted = dir_open(AT_FDCWD, arena_printf(k->a, "%s/mounted", k->en->run));
	int r = dir_each(k->en->live, live_visit, k);

	if (r == 0 && mounted >= 0)
		r = dir_each(mounted, mounted_visit, k);

	if (r < 0)
		return err_sys(e, r, "list live containers");
	r = snapshot_heal(k->en->run, has_live, k);
	if (r > 0)
		report(k, "mounted layers", arena_printf(k->a, "%d of their users were gone", r), true);
	r = volume_heal(k->en);
	if (r > 0)
		report(k, "mounted volumes", arena_printf(k->a, "of %d users were gone", r), true);
	return 0;
}

/* ---- the others' checks -------------------------------------------------------------------------------------------------------------------------------- */

static void network_report(void *arg, const struct network_finding *f)
{
	if (f->level != NETWORK_NOTE)
		report(arg, arena_strdup(((struct check *)arg)->a, f->object), arena_strdup(((struct check *)arg)->a, f->problem), false);
}

static int check_network(struct check *k, struct err *e)
{
	struct network *n;
	int r = engine_network(k->en, &n, e);

	/* Where we cannot change anything there is nothing of ours. */
	if (r < 0 || !ns_net_is_ours())
		return r;
	if (r == 0)
		r = network_heal(n, store_is_alive, k->en, e);
	if (r < 0)
		return r;
	if (r > 0)
		report(k, "network", arena_printf(k->a, "%d reservations or rules belonged to nobody or were missing", r), true);
	r = network_check(n, store_is_alive, k->en, network_report, k, e);
	return r < 0 ? r : 0;
}

static void image_report(void *arg, const struct image_finding *f)
{
	struct check *k = arg;
	struct engine_finding found = { arena_strdup(k->a, f->object), arena_strdup(k->a, f->problem), f->repaired, f->harmless };

	k->left += !f->repaired && !f->harmless;
	k->each(k->arg, &found);
}

static int check_images(struct check *k, struct err *e)
{
	struct image_store *s;
	int r = engine_images(k->en, &s, e);

	if (r == 0)
		r = image_check(s, (k->repair ? IMAGE_CHECK_REPAIR : 0) | (k->digests ? 0 : IMAGE_CHECK_QUICK), image_report, k, e);
	return r < 0 ? r : 0;
}

/* Containers before names and live directories: what is rolled back first is not found again by the others. */
static int (*const checks[])(struct check *k, struct err *e) = {
	check_abandoned, check_containers, check_names, check_live, check_network, check_images,
};

int engine_check(struct engine *en, bool repair, bool digests, engine_finding_fn each, void *arg, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct check k = { .en = en, .a = &a, .repair = repair, .digests = digests, .each = each, .arg = arg };

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		int r = checks[i](&k, e);

		if (r < 0)
			return r;
	}
	return k.left;
}
