/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/path_safe.h"

/* A label with its categories has some 60 bytes, a stack of profiles some 200. */
enum { LABEL_SIZE = 4096 };

static bool is_given(const char *s)
{
	return s && *s;
}

bool lsm_wants(const struct oci_process *p)
{
	return is_given(p->apparmor_profile) || is_given(p->selinux_label);
}

int lsm_open_attr(int procfd, struct err *e)
{
	int fd = path_open(procfd, "self/attr", O_PATH | O_DIRECTORY, 0, PATH_BENEATH_NO_XDEV);

	return fd < 0 ? err_sys(e, fd, "open /proc/self/attr") : fd;
}

static int attr_open(int attr, const char *path, int flags)
{
	return path_open(attr, path, flags, 0, PATH_BENEATH_NO_XDEV);
}

/* AppArmor's own files; older kernels have those it shared with the others. */
static int apparmor_open(int attr, const char *name, int flags, struct arena *a)
{
	int fd = attr_open(attr, arena_printf(a, "apparmor/%s", name), flags);

	return fd == -ENOENT ? attr_open(attr, name, flags) : fd;
}

/* Reads an attribute from its start, without the newline or NUL at its end. */
static int attr_read(int fd, char ret[LABEL_SIZE])
{
	ssize_t n = pread(fd, ret, LABEL_SIZE - 1, 0);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

/* ---- AppArmor ---------------------------------------------------------------------------------------------------------------------------- */

bool lsm_apparmor_has(const char *got, const char *profile)
{
	struct str rest = str_of(got);
	size_t n = rest.n;

	if (n && got[n - 1] == ')')
		while (n && got[n - 1] != ' ')
			n--;
	rest.n = n && n < rest.n ? n - 1 : rest.n;
	while (rest.n) {
		const char *mark = memmem(rest.p, rest.n, "//&", 3);
		struct str one = { rest.p, mark ? (size_t)(mark - rest.p) : rest.n };

		if (str_is(one, profile))
			return true;
		rest = mark ? (struct str){ mark + 3, rest.n - one.n - 3 } : (struct str){ 0 };
	}
	return false;
}

/* In doubt it is, which asks for no more rights. */
static bool is_confined(int attr, struct arena *a)
{
	scoped_fd int fd = apparmor_open(attr, "current", O_RDONLY, a);
	char now[LABEL_SIZE];

	return fd < 0 || attr_read(fd, now) < 0 || !lsm_apparmor_has(now, "unconfined");
}

static int apparmor_prepare(int attr, const struct oci_process *p, struct arena *a, struct lsm_label *ret, struct err *e)
{
	bool stack = p->no_new_privileges && is_confined(attr, a);
	int fd = apparmor_open(attr, "exec", O_RDWR, a);

	if (fd < 0)
		return err_sys(e, fd, "open AppArmor's label of the next program");
	*ret = (struct lsm_label){ "AppArmor", fd, arena_printf(a, "%s %s", stack ? "stack" : "exec", p->apparmor_profile), p->apparmor_profile };
	return 0;
}

/* ---- the next program -------------------------------------------------------------------------------------------------------------------- */

static int selinux_prepare(int attr, const struct oci_process *p, struct lsm_label *ret, struct err *e)
{
	int fd = attr_open(attr, "exec", O_RDWR);

	if (fd < 0)
		return err_sys(e, fd, "open SELinux's label of the next program");
	*ret = (struct lsm_label){ "SELinux", fd, p->selinux_label, p->selinux_label };
	return 0;
}

int lsm_prepare(int attr, const struct oci_process *p, struct arena *a, struct lsm_labels *ret, struct err *e)
{
	struct lsm_labels l = LSM_LABELS_NONE;
	int r = 0;

	if (is_given(p->apparmor_profile))
		r = apparmor_prepare(attr, p, a, &l.apparmor, e);
	if (r == 0 && is_given(p->selinux_label))
		r = selinux_prepare(attr, p, &l.selinux, e);
	if (r < 0) {
		lsm_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

static bool arrived(const struct lsm_label *l, const char *got)
{
	/* A name with a namespace in it (":ns:profile") is written in other ways than it is read. */
	if (l->label != l->text)
		return l->label[0] == ':' ? *got && !lsm_apparmor_has(got, "unconfined") : lsm_apparmor_has(got, l->label);
	return streq(got, l->label);
}

static int apply(const struct lsm_label *l, struct err *e)
{
	char got[LABEL_SIZE];
	size_t n = strlen(l->text);
	ssize_t put = pwrite(l->fd, l->text, n, 0); /* in one write: the kernel takes the label whole or not at all */
	int r;

	if (put < 0 || (size_t)put != n)
		return err_sys(e, put < 0 ? -errno : -EIO, "set the %s label '%s'", l->module, l->label);
	r = attr_read(l->fd, got);
	if (r < 0)
		return err_sys(e, r, "read the %s label back", l->module);
	return arrived(l, got) ? 0 : err_set(e, ERR_DENIED, "the %s label is '%s' instead of '%s'", l->module, got, l->label);
}

int lsm_apply(struct lsm_labels *l, struct err *e)
{
	int r = l->apparmor.fd >= 0 ? apply(&l->apparmor, e) : 0;

	if (r == 0 && l->selinux.fd >= 0)
		r = apply(&l->selinux, e);
	lsm_done(l);
	return r;
}

void lsm_done(struct lsm_labels *l)
{
	fd_done(&l->apparmor.fd);
	fd_done(&l->selinux.fd);
}

int lsm_label_keys(int attr, const char *label, struct err *e)
{
	scoped_fd int fd = attr_open(attr, "keycreate", O_WRONLY);
	size_t n = label ? strlen(label) : 0;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, fd, "open SELinux's label of keys");
	return write(fd, label ? label : "", n) < 0 ? err_sys(e, -errno, "set the label of keys to '%s'", label ? label : "") : 0;
}

/* ---- file systems ------------------------------------------------------------------------------------------------------------------------ */

bool lsm_is_context_type(const char *context_type)
{
	static const char *const types[] = { "context", "fscontext", "defcontext", "rootcontext" };

	for (size_t i = 0; context_type && i < sizeof types / sizeof *types; i++)
		if (streq(context_type, types[i]))
			return true;
	return !context_type;
}

bool lsm_mount_by_xattr(const char *type)
{
	return streq(type, "mqueue");
}

/* The instances of procfs and sysfs are shared with the host: its policy labels them. */
const char *lsm_mount_option(const struct lsm_mount *m, const char *type)
{
	if (!m->label || streq(type, "proc") || streq(type, "sysfs") || lsm_mount_by_xattr(type))
		return NULL;
	return m->context_type ? m->context_type : "context";
}
