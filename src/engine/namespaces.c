/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "os/mount.h"

#define DIR_SHM "shm"
enum { SHM_SIZE = 64 * 1024 * 1024 };

static const enum ns_kind kinds[ISOLATION_NS_COUNT] = {
	[ISOLATION_PID] = NS_PID, [ISOLATION_IPC] = NS_IPC, [ISOLATION_UTS] = NS_UTS, [ISOLATION_CGROUP] = NS_CGROUP,
};

static struct isolation_mode mode_of(const struct container_isolation *s, enum isolation_ns ns)
{
	struct isolation_mode m;
	struct err ignored;          /* create has parsed it */

	if (isolation_mode_parse(ns, isolation_mode_text(s, ns), &m, &ignored) < 0)
		m = (struct isolation_mode){ ISOLATION_PRIVATE, NULL };
	return m;
}

const char *namespaces_donor(const struct container_isolation *s, enum isolation_ns ns)
{
	struct isolation_mode m = mode_of(s, ns);

	return m.kind == ISOLATION_CONTAINER ? m.arg : NULL;
}

/* ---- create ------------------------------------------------------------------------------------------------------------------------------------- */

static int shareable_check(struct engine *en, const char *id, struct arena *a, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	int r = store_open(en, id, a, &h, e);

	if (r < 0)
		return r;
	if (isolation_mode_kind(&h.c.request.isolation, ISOLATION_IPC) == ISOLATION_SHAREABLE)
		return 0;
	return err_set(e, ERR_CONFLICT, "the IPC namespace of container '%s' is not shareable: make that one with --ipc shareable", h.c.name);
}

int namespaces_resolve(struct engine *en, struct container_request *q, struct arena *a, struct err *e)
{
	for (int i = 0; i < ISOLATION_NS_COUNT; i++) {
		enum isolation_ns ns = (enum isolation_ns)i;
		const char *donor = namespaces_donor(&q->isolation, ns), *id;
		const char **member = (void *)((char *)&q->isolation + isolation_ns_rows[ns].offset);
		int r = donor ? container_find(en, donor, a, &id, e) : 0;

		if (r == 0 && donor && ns == ISOLATION_IPC)
			r = shareable_check(en, id, a, e);
		if (r < 0)
			return err_wrap(e, "--%s", isolation_ns_rows[ns].flag);
		if (donor)
			*member = arena_printf(a, "container:%s", id);
	}
	return 0;
}

/* ---- where things are ----------------------------------------------------------------------------------------------------------------------------- */

static const char *pin_name(enum ns_kind kind, struct arena *a)
{
	return arena_printf(a, PIN_PREFIX "%s", ns_table[kind].proc);
}

const char *namespaces_pin_path(const char *live_path, enum ns_kind kind, struct arena *a)
{
	return arena_printf(a, "%s/%s", live_path, pin_name(kind, a));
}

/* The full id is there from create on. */
static const char *userns_donor(const struct container_userns *u)
{
	return u->mode ? str_after(u->mode, "container:") : NULL;
}

const char *namespaces_userns(const struct container_userns *u, const char *live_path, struct arena *a)
{
	return userns_donor(u) ? namespaces_pin_path(live_path, NS_USER, a) : NULL;
}

const char *namespaces_path(const struct container_isolation *s, enum isolation_ns ns, const char *live_path, struct arena *a)
{
	struct isolation_mode m = mode_of(s, ns);

	if (m.kind == ISOLATION_CONTAINER)
		return namespaces_pin_path(live_path, kinds[ns], a);
	return m.kind == ISOLATION_PATH ? m.arg : NULL;
}

const char *namespaces_shm(const struct container_isolation *s, const char *live_path, struct arena *a)
{
	struct isolation_mode m = mode_of(s, ISOLATION_IPC);

	switch (m.kind) {
	case ISOLATION_HOST:
		return "/dev/shm";
	case ISOLATION_SHAREABLE:
		return arena_printf(a, "%s/" DIR_SHM, live_path);
	case ISOLATION_CONTAINER:
		return arena_printf(a, "%.*s/%s/" DIR_SHM, (int)(strrchr(live_path, '/') - live_path), live_path, m.arg);
	case ISOLATION_NONE:
		return "";
	case ISOLATION_PRIVATE:
	case ISOLATION_PATH:
	case ISOLATION_MODE_COUNT:
		break;
	}
	return NULL;
}

/* ---- pins ------------------------------------------------------------------------------------------------------------------------------------------- */

bool namespaces_are_joined(const void *launch)
{
	const struct launch *l = launch;

	for (int i = 0; i < ISOLATION_NS_COUNT; i++) {
		if (namespaces_donor(&l->h->c.request.isolation, (enum isolation_ns)i))
			return true;
	}
	return userns_donor(&l->h->c.request.userns) != NULL;
}

static int donor_pid(struct launch *l, const char *id, int32_t *ret, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i = { 0 };
	int r = store_open(l->en, id, l->a, &h, e);

	if (r == 0)
		r = store_status(&h, l->a, &i, e);
	if (r == 0 && !i.pid)
		r = err_set(e, ERR_CONFLICT, "container '%s', whose namespace it shares, is not running", h.c.name);
	if (r == 0)
		*ret = i.pid;
	return r;
}

/* The number of a process may be another's by the time we look behind it: it is the donor's if it still is afterwards. Returns owned. */
static int donor_open(struct launch *l, const char *id, enum ns_kind kind, struct err *e)
{
	scoped_fd int fd = -EBADF;
	int32_t pid, later;
	int r = donor_pid(l, id, &pid, e);

	if (r < 0)
		return r;
	fd = ns_open(AT_FDCWD, pid, kind);
	r = donor_pid(l, id, &later, e);
	if (r < 0)
		return r;
	if (fd < 0 || pid != later)
		return err_sys(e, fd < 0 ? fd : -ESRCH, "open the %s namespace of container '%s'", ns_table[kind].name, id);
	return take_fd(&fd);
}

int namespaces_pin_one(struct launch *l, const char *donor, enum ns_kind kind, struct err *e)
{
	const char *name = pin_name(kind, l->a);
	scoped_fd int fd = donor_open(l, donor, kind, e);
	int r;

	if (fd < 0)
		return fd;
	r = file_create(l->h->live, name, "", 0, 0400);
	if (r == 0)
		r = mount_classic(fd_path(fd).s, namespaces_pin_path(l->h->live_path, kind, l->a), NULL, MS_BIND, NULL);
	return r < 0 ? err_sys(e, r, "keep the %s namespace of container '%s'", ns_table[kind].name, donor) : 0;
}

void namespaces_unpin_one(struct launch *l, enum ns_kind kind)
{
	mount_detach(namespaces_pin_path(l->h->live_path, kind, l->a));
}

void namespaces_unpin(void *launch)
{
	struct launch *l = launch;

	for (int i = 0; i < ISOLATION_NS_COUNT; i++) {
		if (namespaces_donor(&l->h->c.request.isolation, (enum isolation_ns)i))
			namespaces_unpin_one(l, kinds[i]);
	}
	if (userns_donor(&l->h->c.request.userns))
		namespaces_unpin_one(l, NS_USER);
}

int namespaces_pin(void *launch, struct err *e)
{
	struct launch *l = launch;
	const char *user = userns_donor(&l->h->c.request.userns);
	int r = user ? namespaces_pin_one(l, user, NS_USER, e) : 0;

	for (int i = 0; r == 0 && i < ISOLATION_NS_COUNT; i++) {
		const char *donor = namespaces_donor(&l->h->c.request.isolation, (enum isolation_ns)i);

		if (donor)
			r = namespaces_pin_one(l, donor, kinds[i], e);
	}
	if (r < 0)
		namespaces_unpin(l);
	return r;
}

/* ---- /dev/shm --------------------------------------------------------------------------------------------------------------------------------------- */

bool namespaces_share_shm(const void *launch)
{
	const struct launch *l = launch;

	return isolation_mode_kind(&l->h->c.request.isolation, ISOLATION_IPC) == ISOLATION_SHAREABLE;
}

int namespaces_place_shm(void *launch, struct err *e)
{
	struct launch *l = launch;
	int64_t size = l->h->c.request.shm_size;
	const char *options = arena_printf(l->a, "mode=1777,size=%lld", (long long)(size ? size : SHM_SIZE));
	int r = mkdirat(l->h->live, DIR_SHM, 0755) < 0 ? -errno : 0;

	if (r == 0)
		r = mount_classic("shm", arena_printf(l->a, "%s/" DIR_SHM, l->h->live_path), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
	return r < 0 ? err_sys(e, r, "make the shared memory '%s/" DIR_SHM "'", l->h->live_path) : 0;
}

void namespaces_drop_shm(void *launch)
{
	struct launch *l = launch;

	mount_detach(arena_printf(l->a, "%s/" DIR_SHM, l->h->live_path));
}
