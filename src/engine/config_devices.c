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
#include "os/file.h"
#include "spec/defaults.h"

enum { DEVICES_MAX = 4096 };         /* of the host, for a privileged container */

/* Directories and nodes of /dev that the runtime makes itself or that must not be shared. */
static const char *const own_nodes[] = { "pts", "shm", "fd", "mqueue", "console", "ptmx", "null", "zero", "full", "random", "urandom", "tty",
	"core", "stdin", "stdout", "stderr", ".lxc", ".lxd-mounts" };

struct devices {
	struct arena *a;
	struct oci_linux *l;
	size_t cap;
	const char *prefix;          /* "/dev" while walking */
};

static void device_push(struct devices *d, const char *path, const struct stat *st)
{
	struct oci_linux *l = d->l;

	if (l->n_devices == d->cap) {
		struct oci_device *v = arena_array(d->a, struct oci_device, d->cap ? d->cap * 2 : 16);

		if (d->cap)
			memcpy(v, l->devices, l->n_devices * sizeof *v);
		l->devices = v;
		d->cap = d->cap ? d->cap * 2 : 16;
	}
	l->devices[l->n_devices++] = (struct oci_device){
		.path = path, .type = S_ISBLK(st->st_mode) ? "b" : "c", .major = major(st->st_rdev), .minor = minor(st->st_rdev),
		.file_mode = { true, st->st_mode & 07777 }, .uid = { true, st->st_uid }, .gid = { true, st->st_gid },
	};
}

/* ---- privileged: every node of the host ------------------------------------------------------------------------------------------------------ */

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
	const char *outer = d->prefix;
	const char *path = arena_printf(d->a, "%s/%s", outer, name);
	struct stat st;
	int r = 0;

	if ((streq(outer, "/dev") && is_own(name)) || d->l->n_devices == DEVICES_MAX)
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;       /* unplugged meanwhile */
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		device_push(d, path, &st);
	} else if (S_ISDIR(st.st_mode)) {
		scoped_fd int sub = dir_open(dirfd, name);

		if (sub < 0)
			return 0;
		d->prefix = path;
		r = dir_each(sub, device_visit, d);
		d->prefix = outer;
	}
	return r;
}

static int devices_of_host(struct devices *d, struct err *e)
{
	scoped_fd int dev = dir_open(AT_FDCWD, "/dev");
	int r = dev;

	d->prefix = "/dev";
	if (r >= 0)
		r = dir_each(dev, device_visit, d);
	return r < 0 ? err_sys(e, r, "list /dev") : 0;
}

/* ---- --device --------------------------------------------------------------------------------------------------------------------------------- */

static void rule_push(struct oci_resources *r, const struct oci_device_rule *rule, struct arena *a)
{
	struct oci_device_rule *v = arena_array(a, struct oci_device_rule, r->n_devices + 1);

	if (r->n_devices)
		memcpy(v, r->devices, r->n_devices * sizeof *v);
	v[r->n_devices++] = *rule;
	r->devices = v;
}

static int device_asked(struct devices *d, const struct container_device *want, struct err *e)
{
	struct stat st;
	struct oci_device_rule rule;

	if (stat(want->host, &st) < 0)
		return err_sys(e, -errno, "device '%s'", want->host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ERR_INVALID, "'%s' is not a device", want->host);
	device_push(d, want->target, &st);
	rule = (struct oci_device_rule){ .allow = true, .type = S_ISBLK(st.st_mode) ? "b" : "c", .major = { true, major(st.st_rdev) },
		.minor = { true, minor(st.st_rdev) }, .access = want->access };
	rule_push(d->l->resources, &rule, d->a);
	return 0;
}

/* --device-cgroup-rule: allows, and makes no node. */
static void rules_asked(const struct container_isolation *s, struct arena *a, struct oci_resources *r)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct isolation_rule *x = &s->rules[i];
		struct oci_device_rule rule = { .allow = true, .type = x->type, .major = { x->major >= 0, x->major },
			.minor = { x->minor >= 0, x->minor }, .access = x->access };

		rule_push(r, &rule, a);
	}
}

int config_devices(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e)
{
	const struct container_request *q = &in->c->request;
	struct devices d = { .a = a, .l = c->linux };
	int r = 0;

	defaults_device_rules(q->privileged, a, c->linux->resources);
	if (q->privileged)
		r = devices_of_host(&d, e);
	for (size_t i = 0; r == 0 && i < q->n_devices; i++)
		r = device_asked(&d, &q->devices[i], e);
	rules_asked(&q->isolation, a, c->linux->resources);
	return r;
}
