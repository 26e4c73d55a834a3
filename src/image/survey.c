/* SPDX-License-Identifier: Apache-2.0 */
#include "image/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"

struct surveying {
	struct survey sum;
	struct arena arena;
	struct VEC(ino_t) links; /* inodes with several names that were counted */
};

static bool is_first_name(struct surveying *s, const struct stat *st)
{
	if (st->st_nlink < 2)
		return true;
	VEC_EACH(const ino_t, ino, &s->links)
		if (*ino == st->st_ino)
			return false;
	*vec_push(&s->arena, &s->links) = st->st_ino;
	return true;
}

static int entry_count(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct surveying *s = arg;
	scoped_fd int fd = -EBADF;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	s->sum.entries++;
	if (!S_ISDIR(st.st_mode)) {
		if (is_first_name(s, &st)) {
			s->sum.bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
			s->sum.blocks += (uint64_t)st.st_blocks * 512;
		}
		return 0;
	}
	s->sum.blocks += (uint64_t)st.st_blocks * 512;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : dir_each(fd, entry_count, s);
}

int survey_tree(int dirfd, struct survey *ret)
{
	struct surveying s = { 0 };
	int r = dir_each(dirfd, entry_count, &s);

	arena_done(&s.arena);
	if (r == 0)
		*ret = s.sum;
	return r;
}
