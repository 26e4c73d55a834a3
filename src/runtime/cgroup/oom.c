/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/oom.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/stats.h"

static int open_v1(const struct cgroup_dir *d, struct oom_watch *ret)
{
	scoped_fd int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	scoped_fd int control = path_open(d->fd, "memory.oom_control", O_RDONLY, 0, PATH_NO_SYMLINKS_NO_XDEV);
	char text[32];
	int r;

	if (fd < 0 || control < 0)
		return fd < 0 ? -errno : control;
	snprintf(text, sizeof text, "%d %d", fd, control);
	r = file_write(d->fd, "cgroup.event_control", text);
	if (r < 0)
		return r;
	ret->fd = take_fd(&fd);
	return 0;
}

static int killed(int events, uint64_t *ret)
{
	char text[512];
	ssize_t n = pread(events, text, sizeof text, 0);

	if (n < 0)
		return -errno;
	*ret = stats_flat_find((struct str){ text, (size_t)n }, "oom_kill");
	return 0;
}

static int open_v2(const struct cgroup_dir *d, struct oom_watch *ret)
{
	scoped_fd int events = path_open(d->fd, "memory.events", O_RDONLY, 0, PATH_NO_SYMLINKS_NO_XDEV);
	scoped_fd int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int r;

	if (fd < 0 || events < 0)
		return fd < 0 ? -errno : events;
	if (inotify_add_watch(fd, fd_path(events).s, IN_MODIFY) < 0)
		return -errno;
	r = killed(events, &ret->killed);
	if (r < 0)
		return r;
	ret->fd = take_fd(&fd);
	ret->events = take_fd(&events);
	return 0;
}

int oom_watch_open(const struct cgroup *c, struct oom_watch *ret)
{
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_MEMORY);

	*ret = OOM_WATCH_NONE;
	if (!d)
		return -EOPNOTSUPP;
	return d->v2 ? open_v2(d, ret) : open_v1(d, ret);
}

void oom_watch_done(struct oom_watch *w)
{
	fd_done(&w->fd);
	fd_done(&w->events);
}

int oom_watch_read(struct oom_watch *w, uint64_t *ret_n)
{
	char notes[sizeof(struct inotify_event) + NAME_MAX + 1];
	uint64_t before = w->killed, counter = 0;
	int r;

	*ret_n = 0;
	if (w->events < 0) {
		if (read(w->fd, &counter, sizeof counter) == sizeof counter)
			*ret_n = counter;
		return 0;
	}
	while (read(w->fd, notes, sizeof notes) > 0)
		;
	r = killed(w->events, &w->killed);
	if (r == -ENODEV) /* the directory is gone, and everybody in it was before */
		return 0;
	*ret_n = r == 0 && w->killed > before ? w->killed - before : 0;
	return r;
}
