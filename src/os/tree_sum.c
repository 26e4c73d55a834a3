/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree_sum.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/str.h"

void tree_sum_name(struct tree_sum *s, const char *path)
{
	struct checksum c;

	checksum_init(&c);
	checksum_add(&c, path, strlen(path));
	s->names += checksum_finish(&c);
}

/* Times before 1970 and after 2038 are cut off by some file systems. */
static int64_t time_kept(const struct tree_sum_inode *i)
{
	if (S_ISDIR(i->mode) || (S_ISCHR(i->mode) && i->dev == 0) || i->mtime < 0 || i->mtime > INT32_MAX)
		return 0;
	return i->mtime;
}

void tree_sum_inode(struct tree_sum *s, const struct tree_sum_inode *i)
{
	bool is_file = S_ISREG(i->mode), is_device = S_ISCHR(i->mode) || S_ISBLK(i->mode);
	const uint64_t words[] = { i->mode, i->uid, i->gid, is_device ? i->dev : 0, is_file ? i->size : 0, is_file ? i->content : 0,
		(uint64_t)time_kept(i) };
	struct checksum c;

	checksum_init(&c);
	checksum_add(&c, words, sizeof words);
	if (S_ISLNK(i->mode) && i->target)
		checksum_add(&c, i->target, strlen(i->target));
	s->inodes += checksum_finish(&c);
}

bool tree_has_xattr(const char *name)
{
	return (str_after(name, "user.") && !str_after(name, "user.overlay.")) || strcmp(name, "security.capability") == 0;
}

void tree_sum_xattr(struct tree_sum *s, const char *name, const void *value, size_t size)
{
	struct checksum c;

	checksum_init(&c);
	checksum_add(&c, name, strlen(name) + 1);
	checksum_add(&c, value, size);
	s->inodes += checksum_finish(&c);
}

void tree_sum_print(const struct tree_sum *s, char ret[TREE_SUM_TEXT])
{
	snprintf(ret, TREE_SUM_TEXT, "%016llx%016llx", (unsigned long long)s->names, (unsigned long long)s->inodes);
}
