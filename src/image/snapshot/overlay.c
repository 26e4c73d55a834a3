/* SPDX-License-Identifier: Apache-2.0 */
/* The overlay driver: the kernel stacks the trees. By the new mount API, one lowerdir+ at a time, so neither the number of layers nor the length of their
 * paths is limited by a page; before kernel 6.5 by mount(2) with descriptors as paths. */
#include "image/snapshot/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/overlay.h"

enum { MOUNT_DATA_MAX = 4095 };          /* mount(2) copies one page */

/* fsconfig strings are cut off by the kernel at 256 bytes: longer paths go by descriptor, which names them as /proc/self/fd/N. */
enum { FSCONFIG_STRING_MAX = 255 };

struct overlay {
	const struct strs *layers;       /* directories, base first */
	const char *upper, *work;
	bool is_volatile;
};

static int config_path(int fs, const char *key, const char *path)
{
	scoped_fd int fd = -EBADF;

	if (strlen(path) <= FSCONFIG_STRING_MAX)
		return mount_fsconfig_string(fs, key, path);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return mount_fsconfig_string(fs, key, fd_path(fd).s);
}

static int overlay_configure(int fs, const struct overlay *f)
{
	int r = mount_fsconfig_string(fs, "source", "tare");

	for (size_t i = f->layers->n; r == 0 && i-- > 0;)
		r = config_path(fs, "lowerdir+", f->layers->v[i]);
	if (r == 0)
		r = config_path(fs, "upperdir", f->upper);
	if (r == 0)
		r = config_path(fs, "workdir", f->work);
	if (r == 0 && overlay_wants_userxattr())
		r = mount_fsconfig_flag(fs, "userxattr");
	if (r == 0 && f->is_volatile)
		r = mount_fsconfig_flag(fs, "volatile");
	return r < 0 ? r : mount_fsconfig_create(fs);
}

static int mount_new_api(const struct overlay *f, int dirfd, const char *name, struct err *e)
{
	scoped_fd int fs = mount_fsopen("overlay");
	scoped_fd int mnt = -EBADF;
	char words[MOUNT_MESSAGE_SIZE];
	int r;

	if (fs < 0)
		return err_sys(e, fs, "open an overlay");
	r = overlay_configure(fs, f);
	if (r < 0) {
		mount_message(fs, words, sizeof words);
		return words[0] ? err_sys(e, r, "overlay of %zu layers: %s", f->layers->n, words)
				: err_sys(e, r, "overlay of %zu layers", f->layers->n);
	}
	mnt = mount_fsmount(fs, 0);
	if (mnt < 0)
		return err_sys(e, mnt, "mount the overlay");
	r = mount_move_at(mnt, dirfd, name);
	return r < 0 ? err_sys(e, r, "place the overlay on '%s'", name) : 0;
}

static int mount_old_api(const struct overlay *f, int dirfd, const char *name, struct err *e)
{
	scoped_buf struct buf data = BUF(MOUNT_DATA_MAX);
	scoped_fd int target = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fds[SNAPSHOT_MAX_LAYERS], r;

	if (target < 0)
		return err_sys(e, -errno, "open '%s'", name);
	for (size_t i = 0; i < f->layers->n; i++) {
		fds[i] = open(f->layers->v[f->layers->n - 1 - i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		buf_printf(&data, "%s%s", i ? ":" : "lowerdir=", fd_path(fds[i]).s);
	}
	buf_printf(&data, ",upperdir=%s,workdir=%s%s%s", f->upper, f->work, f->is_volatile ? ",volatile" : "",
		overlay_wants_userxattr() ? ",userxattr" : "");
	r = buf_is_full(&data) ? -E2BIG : mount_classic("tare", fd_path(target).s, "overlay", 0, buf_text(&data));
	for (size_t i = 0; i < f->layers->n; i++)
		fd_close(fds[i]);
	return r < 0 ? err_sys(e, r, "overlay of %zu layers", f->layers->n) : 0;
}

static int overlay_probe(struct host_facts *facts, struct err *e)
{
	return 0;
}

static int overlay_mount(const struct snapshot *s, const struct strs *layers, struct host_facts *facts, int dirfd, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct overlay f = { .layers = layers, .upper = arena_printf(&a, "%s/upper", s->object), .work = arena_printf(&a, "%s/work", s->object),
		.is_volatile = s->is_volatile };

	if (facts_mount_api(facts) && facts_kernel(facts) >= FACTS_KERNEL(6, 5))
		return mount_new_api(&f, dirfd, name, e);
	return mount_old_api(&f, dirfd, name, e);
}

const struct snapshot_ops snapshot_overlay = { .form = LAYER_TREE, .probe = overlay_probe, .mount = overlay_mount };
