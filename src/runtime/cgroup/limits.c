/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the planned values and device rules into the open directories (cgroup_limits of cgroup.h).
 */
#include "runtime/cgroup/cgroup.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/bpf.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/plan.h"

/* The file written last stays open: device rules are a dozen writes to the same one. */
struct writer {
	const struct cgroup *c;
	const struct cgroup_dir *dir;
	const char *file;
	int fd;
	struct cgroup_writes *before; /* NULL: nobody will want to go back */
};

/* Notes what a file of one value holds. Files of many ("8:0 rbps=…") cannot be restored by what is read from them. */
static void note(const struct writer *w, const struct cgroup_write *x)
{
	char text[LIMIT_CGROUP_VALUE];

	if (file_read_text(w->dir->fd, x->file, text, sizeof text) == 0 && *text && !strpbrk(text, "\n:"))
		*vec_push(w->c->a, w->before) = (struct cgroup_write){ x->ctl, x->property, x->file, arena_strdup(w->c->a, text), 0 };
}

static int write_once(struct writer *w, const struct cgroup_write *x)
{
	size_t n = strlen(x->value);
	ssize_t done;

	if (!w->file || w->dir != cgroup_dir_of(w->c, x->ctl) || !streq(w->file, x->file)) {
		w->fd = fd_close(w->fd);
		w->dir = cgroup_dir_of(w->c, x->ctl);
		w->file = NULL;
		if (!w->dir)
			return -ENOENT;
		w->fd = path_open(w->dir->fd, x->file, O_WRONLY, 0, PATH_NO_SYMLINKS_NO_XDEV);
		if (w->fd < 0)
			return w->fd;
		w->file = x->file;
	}
	if (w->before)
		note(w, x);
	done = write(w->fd, x->value, n);
	return done < 0 ? -errno : (size_t)done == n ? 0 : -EIO;
}

/* Writes one row, or two where they depend on each other. Returns how many rows are done. */
static int write_row(struct writer *w, const struct cgroup_write *x, bool has_next, struct err *e)
{
	const struct cgroup_dir *dir;
	int r = write_once(w, x);

	if (r == -ENOENT && (x->flags & (CGROUP_WRITE_IF_EXISTS | CGROUP_WRITE_OR_NEXT)))
		return 1;
	if (r == 0)
		return x->flags & CGROUP_WRITE_OR_NEXT && has_next ? 2 : 1;
	if (r == -EINVAL && (x->flags & CGROUP_WRITE_SWAP) && has_next && write_once(w, x + 1) == 0) {
		r = write_once(w, x);
		if (r == 0)
			return 2;
	}
	dir = cgroup_dir_of(w->c, x->ctl);
	return err_sys(e, r, "resources.%s: write '%s' to '%s/%s'", x->property, x->value, dir ? dir->path : "?", x->file);
}

int cgroup_device_rules(const struct cgroup *c, struct err *e)
{
	const struct device_program *p = &c->plan->program;
	const struct cgroup_dir *d = cgroup_dir_of(c, CGROUP_CTL_COUNT);
	scoped_fd int prog = -EBADF;
	char log[256] = "";
	int r;

	if (p->n == 0 || !d)
		return 0;
	prog = bpf_load_device(p->v, p->n, log, sizeof log);
	if (prog < 0)
		return err_sys(e, prog, "resources.devices: load the device program of %zu instructions", p->n);
	r = bpf_attach_device(d->fd, prog, -EBADF);
	return r < 0 ? err_sys(e, r, "resources.devices: attach the device program to '%s'", d->path) : 0;
}

int cgroup_write_all(const struct cgroup *c, const struct cgroup_writes *all, struct cgroup_writes *before, struct err *e)
{
	struct writer w = { .c = c, .fd = -EBADF, .before = before };
	int r = 1;

	for (size_t i = 0; i < all->n && r > 0; i += r > 0 ? (size_t)r : 0)
		r = write_row(&w, &all->v[i], i + 1 < all->n, e);
	fd_close(w.fd);
	return r < 0 ? r : 0;
}

void cgroup_write_back(const struct cgroup *c, const struct cgroup_writes *before)
{
	struct writer w = { .c = c, .fd = -EBADF };

	for (size_t i = before->n; i-- > 0;)
		write_once(&w, &before->v[i]);
	fd_close(w.fd);
}

int cgroup_limits(struct cgroup *c, struct err *e)
{
	return cgroup_write_all(c, &c->plan->writes, NULL, e);
}
