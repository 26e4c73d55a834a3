/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/tarball.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/test.h"
#include "image/transfer/tar_header.h"
#include "image/transfer/untar.h"

enum { TAR_MAX = 1024 * 1024 };

#define NAME_50 "fifty-characters-of-a-name-that-has-no-end-in-sight"
static const char *const name_100 = "a/234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890";

/* ---- an archive read by libarchive ---- */

struct piece {
	struct str text;
	bool given;
};

static ssize_t piece_read(void *arg, const void **ret_p, struct err *e)
{
	struct piece *p = arg;

	*ret_p = p->text.p;
	return p->given ? 0 : (p->given = true, (ssize_t)p->text.n);
}

static struct layer_entry expected;
static size_t seen;

static int entry_compare(void *self, const struct layer_entry *entry, struct err *e)
{
	seen++;
	assert_string_equal(entry->path, expected.path);
	assert_int_equal(entry->mode & 07777, expected.mode & 07777);
	assert_int_equal(entry->uid, expected.uid);
	assert_int_equal(entry->gid, expected.gid);
	assert_int_equal(entry->mtime.tv_sec, expected.mtime.tv_sec);
	assert_int_equal(entry->mtime.tv_nsec, expected.mtime.tv_nsec);
	assert_int_equal(entry->dev, expected.dev);
	if (expected.symlink)
		assert_string_equal(entry->symlink, expected.symlink);
	if (expected.hardlink) {
		assert_string_equal(entry->hardlink, expected.hardlink);
	} else {
		assert_int_equal(entry->mode, expected.mode);
		assert_int_equal(entry->size, expected.size);
	}
	assert_int_equal(entry->n_xattrs, expected.n_xattrs);
	/* libarchive turns their order round. */
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct layer_xattr *want = &expected.xattrs[entry->n_xattrs - 1 - i];

		assert_string_equal(entry->xattrs[i].name, want->name);
		assert_int_equal(entry->xattrs[i].size, want->size);
		assert_memory_equal(entry->xattrs[i].value, want->value, want->size);
	}
	return err_set(e, ERR_CANCELED, "seen");
}

static const struct unpack_form compare = { .name = "compare", .begin = entry_compare };

static int buf_sink(void *arg, const void *p, size_t n, struct err *e)
{
	return buf_add(arg, p, n) < 0 ? err_set(e, ERR_EXHAUSTED, "full") : 0;
}

static void entry_survives(const struct layer_entry *entry)
{
	scoped_tarball struct tarball *t = NULL;
	scoped_buf struct buf b = BUF(TAR_MAX);
	struct err e = { 0 };
	struct piece piece;

	t = tarball_new(buf_sink, &b);
	assert_int_equal(tarball_entry(t, entry, &e), 0);
	assert_int_equal(b.n % TAR_BLOCK, 0);
	piece = (struct piece){ .text = buf_str(&b) };
	expected = *entry;
	seen = 0;
	assert_int_equal(untar(piece_read, &piece, &compare, NULL, &e), -ECANCELED);
	assert_int_equal(seen, 1);
}

TEST(tarball_says_what_an_entry_is_whatever_fits_where)
{
	static const struct layer_xattr xattrs[] = { { "user.word", "a\0b\nc", 5 }, { "security.capability", "\1\0\0\2", 4 } };
	const struct layer_entry entries[] = {
		{ .path = "f", .mode = S_IFREG | 0644, .size = 5 },
		{ .path = "f", .mode = S_IFREG | 07777, .uid = 07777777, .gid = 07777777, .mtime = { 077777777777, 0 }, .size = 077777777777 },
		{ .path = "f", .mode = S_IFREG, .uid = 010000000, .gid = 4294967294, .mtime = { 0100000000000, 0 }, .size = 0100000000000 },
		{ .path = "f", .mode = S_IFREG | 0644, .mtime = { 1700000000, 123456789 } },
		{ .path = "f", .mode = S_IFREG | 0644, .mtime = { 1700000000, 100000000 } },
		{ .path = "f", .mode = S_IFREG | 0644, .mtime = { -86400, 0 } },
		{ .path = "d/", .mode = S_IFDIR | 01777 },
		{ .path = "p", .mode = S_IFIFO | 0600 },
		{ .path = "c", .mode = S_IFCHR | 0600, .dev = makedev(4095, 1048575) },
		{ .path = "b", .mode = S_IFBLK | 0600, .dev = makedev(8, 1) },
		{ .path = "l", .mode = S_IFLNK | 0777, .symlink = "../target" },
		{ .path = "l", .mode = S_IFLNK | 0777, .symlink = NAME_50 "/" NAME_50 "/" NAME_50 },
		{ .path = "l", .mode = S_IFLNK | 0777, .symlink = "\303\244" },
		{ .path = "h", .mode = S_IFREG | 0644, .hardlink = "f", .size = 5 },
		{ .path = name_100, .mode = S_IFREG | 0644 },
		{ .path = NAME_50 "/" NAME_50, .mode = S_IFREG | 0644 },
		{ .path = NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50 "/f", .mode = S_IFREG | 0644 },
		{ .path = NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50 "/" NAME_50, .mode = S_IFREG | 0644 },
		{ .path = NAME_50 NAME_50 NAME_50, .mode = S_IFREG | 0644 },
		{ .path = NAME_50 "/" NAME_50 "/", .mode = S_IFDIR | 0755 },
		{ .path = "\303\244", .mode = S_IFREG | 0644 },
		{ .path = "\377", .mode = S_IFREG | 0644 },
		{ .path = "new\nline", .mode = S_IFREG | 0644 },
		{ .path = "f", .mode = S_IFREG | 0644, .xattrs = xattrs, .n_xattrs = 2 },
	};

	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		entry_survives(&entries[i]);
}

TEST(tarball_is_plain_ustar_where_that_will_do)
{
	const struct layer_entry entry = { .path = "dir", .mode = S_IFDIR | 0755, .uid = 1000, .mtime = { 1, 0 } };
	scoped_buf struct buf b = BUF(TAR_MAX);
	struct err e = { 0 };

	assert_int_equal(tar_header(&entry, &b, &e), 0);
	assert_int_equal(b.n, TAR_BLOCK);
	assert_string_equal(b.p, "dir/");
	assert_memory_equal(b.p + 100, "0000755\0" "0001750\0" "0000000\0" "00000000000\0" "00000000001\0" "006541\0 5", 57);
	assert_memory_equal(b.p + 257, "ustar\0" "00", 8);
}

TEST(tarball_counts_moments_before_1970_downwards)
{
	const struct layer_entry entry = { .path = "f", .mode = S_IFREG, .mtime = { -2, 250000000 } };
	scoped_buf struct buf b = BUF(TAR_MAX);
	struct err e = { 0 };

	assert_int_equal(tar_header(&entry, &b, &e), 0);
	assert_int_equal(b.n, 3 * TAR_BLOCK);
	assert_string_equal(b.p + TAR_BLOCK, "15 mtime=-1.75\n");
}

TEST(tarball_refuses_what_tar_cannot_say)
{
	static const struct layer_xattr equals = { "user.a=b", "", 0 };
	const struct layer_entry entries[] = {
		{ .path = "s", .mode = S_IFSOCK | 0600 },
		{ .path = "f", .mode = S_IFREG, .xattrs = &equals, .n_xattrs = 1 },
	};

	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		scoped_buf struct buf b = BUF(TAR_MAX);
		struct err e = { 0 };

		assert_true(tar_header(&entries[i], &b, &e) < 0);
	}
}

TEST(tarball_fills_up_what_is_missing_and_takes_no_more_than_was_said)
{
	const struct layer_entry entry = { .path = "f", .mode = S_IFREG | 0644, .size = 600 };
	scoped_buf struct buf b = BUF(TAR_MAX);
	scoped_tarball struct tarball *t = tarball_new(buf_sink, &b);
	struct err e = { 0 };

	assert_int_equal(tarball_entry(t, &entry, &e), 0);
	assert_int_equal(tarball_data(t, "content", 7, &e), 0);
	assert_int_equal(tarball_data(t, name_100, 600, &e), -EINVAL);
	assert_int_equal(tarball_finish(t, &e), 0);
	assert_int_equal(b.n, (1 + 2 + 2) * TAR_BLOCK);
	assert_memory_equal(b.p + TAR_BLOCK, "content\0\0", 9);
}
