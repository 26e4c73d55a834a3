/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/extract_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "os/fd.h"

/* ---- directories on the way ---- */

void extract_levels_cut(struct extract *x, size_t keep)
{
	while (x->n_levels > keep)
		fd_close(x->levels[--x->n_levels].fd);
	x->parent[keep ? x->levels[keep - 1].end : 0] = 0;
}

bool extract_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

void extract_opaque_add(struct extract *x, const char *path)
{
	struct strs *list = &x->result.opaque;

	if (list->n == 0 || strcmp(list->v[list->n - 1], path) != 0)
		strs_push(&x->arena, list, arena_strdup(&x->arena, path));
}

/* Opens the directory @name in @fd, whose path is @path; makes it if missing. Errors: -ELOOP if it is a link. */
static int dir_enter(struct extract *x, int fd, const char *name, const char *path)
{
	struct stat st;
	int r;

	for (int turn = 0; turn < 3; turn++) {
		r = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (r >= 0)
			return r;
		if (errno == ENOENT) {
			if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
				return -errno;
			x->result.entries++;
			tree_sum_name(&x->result.sum, path);
			extract_dir_implied(x, path);
			continue;
		}
		if (errno != ENOTDIR && errno != ELOOP)
			return -errno;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (!extract_is_whiteout(&st))
			return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
		/* "x" was deleted and made again as a directory: nothing of the old one shows through. */
		if (unlinkat(fd, name, 0) < 0)
			return -errno;
		x->result.entries--;
		x->replaced = true;
		extract_opaque_add(x, path);
	}
	return -EAGAIN;
}

/* Puts @text into the place of x->path[from .. to). */
static int path_splice(struct extract *x, size_t from, size_t to, const char *text, size_t n)
{
	size_t rest = strlen(x->path + to) + 1, name = strlen(x->name);

	if (from + n + rest > LIMIT_PATH)
		return -ENAMETOOLONG;
	memmove(x->path + from + n, x->path + to, rest);
	memcpy(x->path + from, text, n);
	x->name = x->path + strlen(x->path) - name;
	return 0;
}

/* The component x->path[at .. end), in x->parent_fd, is a link: the path goes on as it says, never above the root of the tree. */
static int link_splice(struct extract *x, const char *name, size_t at, size_t end)
{
	char target[LIMIT_PATH];
	ssize_t n = readlinkat(x->parent_fd, name, target, sizeof target);

	if (n < 0 || n == sizeof target)
		return n < 0 ? -errno : -ENAMETOOLONG;
	if (*target == '/') {
		extract_levels_cut(x, 0);
		at = 0;
	}
	return path_splice(x, at, end, target, (size_t)n);
}

/* Goes down one component, which ends at @end of x->path. */
static int level_push(struct extract *x, const char *name, size_t end)
{
	int fd;

	if (x->n_levels == LIMIT_LAYER_DEPTH)
		return -ENAMETOOLONG;
	memcpy(x->parent, x->path, end);
	x->parent[end] = 0;
	fd = dir_enter(x, x->parent_fd, name, x->parent);
	if (fd < 0)
		return fd;
	x->levels[x->n_levels++] = (struct level){ .fd = fd, .end = end };
	return 0;
}

static size_t level_begin(const struct extract *x, size_t level)
{
	return level > 0 ? x->levels[level - 1].end + 1 : 0;
}

/* How many of the open directories are on the way of the path. */
static size_t levels_shared(const struct extract *x, size_t n)
{
	size_t keep = 0;

	while (keep < x->n_levels) {
		size_t end = x->levels[keep].end;

		if (end > n || (end < n && x->path[end] != '/') || memcmp(x->parent, x->path, end) != 0)
			break;
		keep++;
	}
	return keep;
}

int extract_parent_enter(struct extract *x)
{
	int links = 0, r = 0;

	extract_levels_cut(x, levels_shared(x, x->name > x->path ? (size_t)(x->name - x->path) - 1 : 0));
	while (r == 0) {
		size_t at = level_begin(x, x->n_levels), len = strcspn(x->path + at, "/"), end = at + len;
		char name[NAME_MAX + 1];

		x->parent_fd = x->n_levels > 0 ? x->levels[x->n_levels - 1].fd : x->rootfd;
		if (x->path + at == x->name)
			return 0;
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, x->path + at, len);
		name[len] = 0;
		if (len == 0 || strcmp(name, ".") == 0) {
			r = path_splice(x, at, end + 1, "", 0);
		} else if (strcmp(name, "..") == 0) {
			extract_levels_cut(x, x->n_levels > 0 ? x->n_levels - 1 : 0);
			r = path_splice(x, level_begin(x, x->n_levels), end + 1, "", 0);
		} else {
			r = level_push(x, name, end);
			if (r == -ELOOP && links++ < LIMIT_LAYER_LINKS)
				r = link_splice(x, name, at, end);
		}
	}
	return r;
}
