/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "engine/cdi.h"
#include "engine/namespaces.h"
#include "spec/defaults.h"

#define INIT_TARGET "/sbin/docker-init"
enum { SYSTEMD_SIZE = 64 * 1024 * 1024 };

/* Files of ours that stand over the image's. */
static const struct {
	const char *file, *target;
} own_files[] = {
	{ "resolv.conf", "/etc/resolv.conf" },
	{ "hostname", "/etc/hostname" },
	{ "hosts", "/etc/hosts" },
};

static bool is_asked_for(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (streq(c->mounts[i].target, target))
			return true;
	}
	return false;
}

static struct strs words(struct arena *a, const char *one, const char *two, const char *three)
{
	struct strs list = { 0 };

	strs_push(a, &list, one);
	if (two)
		strs_push(a, &list, two);
	if (three)
		strs_push(a, &list, three);
	return list;
}

/* A bind of @source on @target as the request's mount @m says. */
static struct oci_mount bind_of(const struct container_mount *m, const char *source, struct arena *a)
{
	bool shallow = strs_has(&m->options, "bind");
	struct oci_mount o = { .destination = m->target, .type = "bind", .source = source };

	strs_push(a, &o.options, shallow ? "bind" : "rbind");
	strs_push(a, &o.options, m->propagation ? m->propagation : "rprivate");
	if (m->read_only)
		strs_push(a, &o.options, "ro");
	for (size_t i = 0; i < m->options.n; i++) {
		if (!streq(m->options.v[i], "bind") && !streq(m->options.v[i], "rbind"))
			strs_push(a, &o.options, m->options.v[i]);
	}
	return o;
}

static struct oci_mount tmpfs_of(const struct config_input *in, const struct container_mount *m, struct arena *a)
{
	struct oci_mount o = { .destination = m->target, .type = "tmpfs", .source = "tmpfs", .options = words(a, "noexec", "nosuid", "nodev") };

	for (size_t i = 0; i < m->options.n; i++)
		strs_push(a, &o.options, m->options.v[i]);
	if (m->read_only)
		strs_push(a, &o.options, "ro");
	if (m->chown) {
		strs_push(a, &o.options, arena_printf(a, "uid=%u", in->user.uid));
		strs_push(a, &o.options, arena_printf(a, "gid=%u", in->user.gid));
	}
	return o;
}

static struct oci_mount devpts_of(const struct container_mount *m, struct arena *a)
{
	struct oci_mount o = { .destination = m->target, .type = "devpts", .source = "devpts", .options = words(a, "nosuid", "noexec", "newinstance") };

	strs_push(a, &o.options, "ptmxmode=0666");
	for (size_t i = 0; i < m->options.n; i++)
		strs_push(a, &o.options, m->options.v[i]);
	return o;
}

bool config_mount_is_placed(const struct container_mount *m)
{
	return m->kind == CONTAINER_MOUNT_IMAGE || m->subpath || m->overlay;
}

const char *config_mount_place(const char *live_path, size_t i, struct arena *a)
{
	return arena_printf(a, "%s/mounts/%zu", live_path, i);
}

static struct oci_mount mount_of(const struct config_input *in, size_t i, struct arena *a)
{
	const struct container_mount *m = &in->c->mounts[i];
	struct oci_mount o;

	if (config_mount_is_placed(m))
		return bind_of(m, config_mount_place(in->live_path, i, a), a);
	switch (m->kind) {
	case CONTAINER_MOUNT_BIND:
		return bind_of(m, m->source, a);
	case CONTAINER_MOUNT_VOLUME:
		o = bind_of(m, arena_printf(a, "%s/%s/_data", in->volumes, m->source), a);
		/* The same owners for whatever container has it, without changing any. */
		if (in->c->ids.n_uids && facts_initial_userns(in->facts) && !strs_has(&m->options, "idmap"))
			strs_push(a, &o.options, "idmap");
		return o;
	case CONTAINER_MOUNT_DEVPTS:
		return devpts_of(m, a);
	case CONTAINER_MOUNT_TMPFS:
	case CONTAINER_MOUNT_IMAGE:
	case CONTAINER_MOUNT_KIND_COUNT:
		break;
	}
	return tmpfs_of(in, m, a);
}

/* Parents before what lies inside them; otherwise as asked. */
static int by_depth(const void *x, const void *y)
{
	const struct oci_mount *a = x, *b = y;
	size_t m = container_target_depth(a->destination), n = container_target_depth(b->destination);

	if (m != n)
		return m < n ? -1 : 1;
	return strcmp(a->destination, b->destination);
}

/* The root of a shared or slave mount must itself propagate that way. */
static void set_root_propagation(const struct container *c, struct oci_linux *l)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *p = c->mounts[i].propagation;

		if (p && strstr(p, "shared"))
			l->rootfs_propagation = "shared";
		else if (p && strstr(p, "slave") && !l->rootfs_propagation)
			l->rootfs_propagation = "slave";
	}
}

/* One of the usual mounts, or what stands in its place on /dev/shm (see namespaces_shm). Returns how many that are. */
/* Where a systemd keeps what shall not outlive it; the image's files there stay in sight. */
static const char *const systemd_places[] = { "/run", "/run/lock", "/tmp", "/var/log/journal" };

static struct oci_mount systemd_tmpfs(const struct container *k, const char *target, struct arena *a)
{
	int64_t size = k->request.isolation.systemd_size;
	struct oci_mount m = { .destination = target, .type = "tmpfs", .source = "tmpfs", .options = words(a, "nosuid", "nodev", "tmpcopyup") };

	strs_push(a, &m.options, arena_printf(a, "mode=%s", streq(target, "/tmp") ? "1777" : "755"));
	strs_push(a, &m.options, arena_printf(a, "size=%lld", (long long)(size ? size : SYSTEMD_SIZE)));
	return m;
}

/* What --security-opt, or a systemd as the program, changes of the usual mounts. */
static void default_change(const struct config_input *in, struct arena *a, struct oci_mount *m)
{
	const struct security_opts *s = in->security;
	bool writable = s->writable_cgroups || isolation_is_systemd(&in->c->request.isolation);
	struct strs options = { 0 };

	if (streq(m->destination, "/proc")) {
		for (size_t i = 0; i < s->proc_options.n; i++)
			strs_push(a, &m->options, s->proc_options.v[i]);
	} else if (writable && streq(m->destination, "/sys/fs/cgroup")) {
		for (size_t i = 0; i < m->options.n; i++)
			strs_push(a, &options, streq(m->options.v[i], "ro") ? "rw" : m->options.v[i]);
		m->options = options;
	}
}

static size_t default_take(const struct config_input *in, const struct oci_mount *m, const char *shm, struct arena *a, struct oci_mount *ret)
{
	*ret = *m;
	/* The queues of the host are not ours to mount in a user namespace: what it mounted itself is bound, if it did. */
	if (streq(m->destination, "/dev/mqueue") && streq(shm, "/dev/shm") && !facts_initial_userns(in->facts)) {
		*ret = (struct oci_mount){ .destination = m->destination, .type = "bind", .source = m->destination, .options = words(a, "rbind", "rprivate", NULL) };
		return access(m->destination, F_OK) == 0;
	}
	if (!shm || !streq(m->destination, "/dev/shm"))
		return 1;
	if (!*shm)
		return 0;
	*ret = (struct oci_mount){ .destination = m->destination, .type = "bind", .source = shm, .options = words(a, "bind", "rprivate", NULL) };
	strs_push(a, &ret->options, "nosuid");
	strs_push(a, &ret->options, "noexec");
	strs_push(a, &ret->options, "nodev");
	return 1;
}

/* What a CDI device puts on a path stands there instead of what the person asked for, as the specification has it. */
static bool covers(const struct oci_mount *mounts, size_t n, const char *target)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(mounts[i].destination, target))
			return true;
	}
	return false;
}

const char *config_secret_place(const char *live_path, size_t i, struct arena *a)
{
	return arena_printf(a, "%s/secrets/%zu", live_path, i);
}

/* Files of ours again, on memory; nobody writes to them. */
static void secrets_add(const struct config_input *in, struct arena *a, struct oci_config *c)
{
	const struct container_request *q = &in->c->request;

	for (size_t i = 0; i < q->n_secrets; i++) {
		struct oci_mount *o = &c->mounts[c->n_mounts];

		if (q->secrets[i].env)
			continue;
		*o = (struct oci_mount){ .destination = q->secrets[i].target, .type = "bind", .source = config_secret_place(in->live_path, i, a),
			.options = words(a, "bind", "rprivate", "ro") };
		strs_push(a, &o->options, "nosuid");
		strs_push(a, &o->options, "nodev");
		strs_push(a, &o->options, "noexec");
		c->n_mounts++;
	}
}

int config_mounts(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e)
{
	const struct container *k = in->c;
	struct oci_mount *defaults, *devices = NULL;
	size_t n_defaults, n_devices = 0, first;
	const char *shm;

	if (in->cdi)
		cdi_mounts(in->cdi, a, &devices, &n_devices);
	shm = namespaces_shm(&k->request.isolation, in->live_path, a);
	defaults_mounts(k->request.privileged, (uint64_t)k->request.shm_size, a, &defaults, &n_defaults);
	c->mounts = arena_array(a, struct oci_mount, n_defaults + ARRAY_LEN(own_files) + ARRAY_LEN(systemd_places) + 1 + k->n_mounts + n_devices + k->request.n_secrets);
	for (size_t i = 0; i < n_defaults; i++) {
		default_change(in, a, &defaults[i]);
		if (!is_asked_for(k, defaults[i].destination))
			c->n_mounts += default_take(in, &defaults[i], shm, a, &c->mounts[c->n_mounts]);
	}
	for (size_t i = 0; isolation_is_systemd(&k->request.isolation) && i < ARRAY_LEN(systemd_places); i++) {
		if (!is_asked_for(k, systemd_places[i]))
			c->mounts[c->n_mounts++] = systemd_tmpfs(k, systemd_places[i], a);
	}
	for (size_t i = 0; i < ARRAY_LEN(own_files); i++) {
		if (!is_asked_for(k, own_files[i].target))
			c->mounts[c->n_mounts++] = (struct oci_mount){ .destination = own_files[i].target, .type = "bind",
				.source = arena_printf(a, "%s/%s", in->names_path ? in->names_path : in->live_path, own_files[i].file), .options = words(a, "rbind", "rprivate", NULL) };
	}
	if (in->init)
		c->mounts[c->n_mounts++] = (struct oci_mount){ .destination = INIT_TARGET, .type = "bind", .source = in->init,
			.options = words(a, "bind", "rprivate", "ro") };
	first = c->n_mounts;
	for (size_t i = 0; i < k->n_mounts; i++) {
		if (!covers(devices, n_devices, k->mounts[i].target))
			c->mounts[c->n_mounts++] = mount_of(in, i, a);
	}
	for (size_t i = 0; i < n_devices; i++)
		c->mounts[c->n_mounts++] = devices[i];
	secrets_add(in, a, c);
	qsort(c->mounts + first, c->n_mounts - first, sizeof *c->mounts, by_depth);
	set_root_propagation(k, c->linux);
	return 0;
}
