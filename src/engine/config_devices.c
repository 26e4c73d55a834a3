/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/vec.h"
#include "engine/cdi.h"
#include "os/file.h"
#include "spec/defaults.h"

enum { DEVICES_MAX = 4096 };         /* of the host, for a privileged container */

/* Directories and nodes of /dev that the runtime makes itself or that must not be shared. */
static const char *const own_nodes[] = { "pts", "shm", "fd", "mqueue", "console", "ptmx", "null", "zero", "full", "random", "urandom", "tty",
	"core", "stdin", "stdout", "stderr", ".lxc", ".lxd-mounts" };

struct devices {
	struct arena *a;
	struct oci_config *c;
	struct oci_linux *l;
	bool binds;                  /* nodes cannot be made here (a user namespace): the host's are bound */
	const char *prefix;          /* "/dev" while walking */
	const char *target;          /* what the prefix is called in the container */
	const char *access;          /* of --device; NULL: no rule is needed */
	size_t found;
};

void config_device_add(struct oci_linux *l, const struct oci_device *d, struct arena *a)
{
	/* The last one on a path counts. */
	for (size_t i = 0; i < l->n_devices; i++) {
		if (streq(l->devices[i].path, d->path)) {
			l->devices[i] = *d;
			return;
		}
	}
	if (vec_at_power(l->n_devices)) {
		struct oci_device *v = arena_array(a, struct oci_device, l->n_devices ? l->n_devices * 2 : 1);

		if (l->n_devices)
			memcpy(v, l->devices, l->n_devices * sizeof *v);
		l->devices = v;
	}
	l->devices[l->n_devices++] = *d;
}

void config_device_bind(struct oci_config *c, const char *host, const char *target, struct arena *a)
{
	struct oci_mount *v = arena_array(a, struct oci_mount, c->n_mounts + 1);
	static const char *const options[] = { "bind", "rprivate", "nosuid", "noexec" };

	if (c->n_mounts)
		memcpy(v, c->mounts, c->n_mounts * sizeof *v);
	v[c->n_mounts] = (struct oci_mount){ .destination = target, .source = host, .type = "bind" };
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		strs_push(a, &v[c->n_mounts].options, options[i]);
	c->mounts = v;
	c->n_mounts++;
}

void config_device_allow(struct oci_resources *r, const struct oci_device_rule *rule, struct arena *a)
{
	struct oci_device_rule *v = arena_array(a, struct oci_device_rule, r->n_devices + 1);

	if (r->n_devices)
		memcpy(v, r->devices, r->n_devices * sizeof *v);
	v[r->n_devices++] = *rule;
	r->devices = v;
}

static void device_push(struct devices *d, const char *host, const char *path, const struct stat *st)
{
	const char *type = S_ISBLK(st->st_mode) ? "b" : "c";
	struct oci_device node = { .path = path, .type = type, .major = major(st->st_rdev), .minor = minor(st->st_rdev),
		.file_mode = { true, st->st_mode & 07777 }, .uid = { true, st->st_uid }, .gid = { true, st->st_gid } };

	if (d->binds)
		config_device_bind(d->c, host, path, d->a);
	else
		config_device_add(d->l, &node, d->a);
	d->found++;
	if (d->access)
		config_device_allow(d->l->resources, &(struct oci_device_rule){ .allow = true, .type = type, .major = { true, node.major },
			.minor = { true, node.minor }, .access = d->access }, d->a);
}

/* ---- directories: every node of the host, or of one below /dev ------------------------------------------------------------------------------------------------------ */

static bool is_own(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(own_nodes); i++) {
		if (streq(name, own_nodes[i]))
			return true;
	}
	return false;
}

static int device_visit(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct devices *d = arg;
	struct devices inner = *d;
	struct stat st;

	if ((streq(d->prefix, "/dev") && is_own(name)) || d->found == DEVICES_MAX)
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;       /* unplugged meanwhile */
	inner.prefix = arena_printf(d->a, "%s/%s", d->prefix, name);
	inner.target = arena_printf(d->a, "%s/%s", d->target, name);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		device_push(d, inner.prefix, inner.target, &st);
	} else if (S_ISDIR(st.st_mode)) {
		scoped_fd int sub = dir_open(dirfd, name);

		if (sub >= 0)
			dir_each(sub, device_visit, &inner);
		d->found = inner.found;
	}
	return 0;
}

static int devices_below(struct devices *d, const char *directory, const char *target, struct err *e)
{
	scoped_fd int fd = dir_open(AT_FDCWD, directory);
	int r = fd;

	d->prefix = directory;
	d->target = target;
	if (r >= 0)
		r = dir_each(fd, device_visit, d);
	return r < 0 ? err_sys(e, r, "list '%s'", directory) : 0;
}

/* ---- --device --------------------------------------------------------------------------------------------------------------------------------- */

static int device_asked(struct devices *d, const struct container_device *want, struct err *e)
{
	size_t before = d->found;
	struct stat st;
	int r;

	if (stat(want->host, &st) < 0)
		return err_sys(e, -errno, "device '%s'", want->host);
	d->access = want->access;
	if (S_ISDIR(st.st_mode)) {
		r = devices_below(d, want->host, want->target, e);
		return r < 0 || d->found > before ? r : err_set(e, ERR_INVALID, "no device is below '%s'", want->host);
	}
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ERR_INVALID, "'%s' is not a device", want->host);
	device_push(d, want->host, want->target, &st);
	return 0;
}

/* --device-cgroup-rule: allows, and makes no node. */
static void rules_asked(const struct container_isolation *s, struct arena *a, struct oci_resources *r)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct isolation_rule *x = &s->rules[i];
		struct oci_device_rule rule = { .allow = true, .type = x->type, .major = { x->major >= 0, x->major },
			.minor = { x->minor >= 0, x->minor }, .access = x->access };

		config_device_allow(r, &rule, a);
	}
}

int config_devices(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e)
{
	const struct container_request *q = &in->c->request;
	struct devices d = { .a = a, .c = c, .l = c->linux };
	int r = 0;

	defaults_device_rules(q->privileged, a, c->linux->resources);
	if (q->privileged)
		r = devices_below(&d, "/dev", "/dev", e);
	d.binds = !facts_initial_userns(in->facts);
	for (size_t i = 0; r == 0 && i < q->n_devices; i++)
		r = device_asked(&d, &q->devices[i], e);
	rules_asked(&q->isolation, a, c->linux->resources);
	return r < 0 || !in->cdi ? r : cdi_apply(in->cdi, d.binds, a, c, e);
}
