/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/leftover.h"

#include <errno.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/objdir.h"

struct sweep {
	bool remove;
	leftover_fn fn;
	void *arg;
	const struct objdir *artifacts;
};

static int file_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	const struct sweep *w = arg;
	bool gone;

	if (!tmp_file_is_abandoned(dirfd, name))
		return 0;
	gone = w->remove && unlinkat(dirfd, name, 0) == 0;
	if (w->fn)
		w->fn(w->arg, name, gone);
	return 0;
}

static int artifact_visit(void *arg, const char *name, const struct object *o)
{
	const struct sweep *w = arg;
	bool gone = w->remove && object_remove(w->artifacts, name, o) == 0;

	if (w->fn)
		w->fn(w->arg, name, gone);
	return 0;
}

/* Those that never had a name go without a word. */
static int artifacts_sweep(const struct image_store *s, struct sweep *w)
{
	scoped_objdir struct objdir d = { .fd = dir_open(s->root_fd, "artifacts") };

	if (d.fd < 0)
		return d.fd == -ENOENT ? 0 : d.fd;
	w->artifacts = &d;
	return objdir_each_abandoned(&d, artifact_visit, w);
}

int leftover_each(const struct image_store *s, bool remove, leftover_fn fn, void *arg)
{
	static const char *const dirs[] = { ".", "images", "layers", "lists" };
	struct sweep w = { .remove = remove, .fn = fn, .arg = arg };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		scoped_fd int fd = dir_open(s->root_fd, dirs[i]);

		r = fd >= 0 ? dir_each(fd, file_visit, &w) : fd == -ENOENT ? 0 : fd;
	}
	return r < 0 ? r : artifacts_sweep(s, &w);
}
