/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that are not unpacked: entries in, the EROFS image read back. That the kernel reads it alike is tested in tests/integration. */
#include "image/transfer/test_erofs.h"

#include <errno.h>

#include "base/limits.h"
#include "base/test.h"
#include "image/transfer/unpack.h"
#include "os/test_dir.h"

/* A layer being made. Its tar is blocks of content, as a header would only be in the way. */
struct place {
	struct test_dir dir;
	void *form;
	uint64_t tar;
	struct arena arena;
	struct unpacked result;
	struct erofs_view view;
	struct err e;
};

static struct place place_make(void)
{
	struct place p = { .dir = test_dir_make() };

	p.form = unpack_erofs.open(p.dir.fd);
	return p;
}

static void place_done(struct place *p)
{
	unpack_erofs.close(p->form);
	arena_done(&p->arena);
	test_dir_done(&p->dir);
}
#define scoped_place SCOPED(place_done)

static int add(struct place *p, struct layer_entry entry, const char *content)
{
	char block[2 * EROFS_BLOCK] = "";
	int r = 0;

	entry.uid = 7;
	entry.gid = 8;
	entry.mtime.tv_sec = 1000000000;
	if (content && !entry.sparse) {
		entry.size = strlen(content);
		entry.content_at = p->tar;
		assert_true(entry.size < sizeof block);
		memcpy(block, content, entry.size);
		r = unpack_erofs.raw(p->form, block, sizeof block, &p->e);
		p->tar += sizeof block;
	}
	if (r == 0)
		r = unpack_erofs.begin(p->form, &entry, &p->e);
	return r == 0 ? unpack_erofs.end(p->form, &p->e) : r;
}

static int add_file(struct place *p, const char *path, const char *content)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFREG | 0644 }, content);
}

static int add_dir(struct place *p, const char *path, mode_t mode)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFDIR | mode }, NULL);
}

static int add_link(struct place *p, const char *path, const char *target)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFLNK | 0777, .symlink = target }, NULL);
}

static int add_hardlink(struct place *p, const char *path, const char *target)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFREG | 0644, .hardlink = target }, NULL);
}

/* Ends the layer and reads it back. */
static void finish(struct place *p)
{
	struct erofs_super super;

	if (unpack_erofs.finish(p->form, &p->result, &p->e) < 0)
		fail_msg("%s", p->e.msg);
	if (!erofs_view_open(&p->view, &p->arena, p->dir.fd, p->tar, &super) || !erofs_view_walk(&p->view, &super))
		fail_msg("does not hold: %s", p->view.why);
	assert_int_equal(p->result.tar, p->tar);
	assert_int_equal(p->view.nodes.n, p->result.entries + 1);
}

static const struct erofs_node *node_of(const struct place *p, const char *path)
{
	const struct erofs_node *node = erofs_view_find(&p->view, path);

	if (!node)
		fail_msg("'%s' is not there", path);
	return node;
}

/* ---- trees ---- */

TEST(erofs_layer_of_nothing_has_a_root)
{
	scoped_place struct place p = place_make();

	finish(&p);
	assert_int_equal(node_of(&p, "")->mode, S_IFDIR | 0755);
	assert_int_equal(node_of(&p, "")->nlink, 2);
}

TEST(erofs_layer_holds_all_kinds_of_files)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_dir(&p, "./", 0711), 0);
	assert_int_equal(add_dir(&p, "etc", 01777), 0);
	assert_int_equal(add_file(&p, "etc/name", "content"), 0);
	assert_int_equal(add_file(&p, "usr/lib/implied", ""), 0);
	assert_int_equal(add_link(&p, "etc/link", "../usr//lib"), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "dev/null", .mode = S_IFCHR | 0666, .dev = makedev(1, 3) }, NULL), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "dev/big", .mode = S_IFBLK | 0600, .dev = makedev(0xfff, 0xfffff) }, NULL), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "pipe", .mode = S_IFIFO | 04600 }, NULL), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "socket", .mode = S_IFSOCK | 0600 }, NULL), 0);
	finish(&p);
	assert_int_equal(node_of(&p, "")->mode, S_IFDIR | 0711);
	assert_int_equal(node_of(&p, "")->nlink, 5);
	assert_int_equal(node_of(&p, "etc")->mode, S_IFDIR | 01777);
	assert_int_equal(node_of(&p, "etc")->mtime, 1000000000);
	assert_int_equal(node_of(&p, "etc/name")->uid, 7);
	assert_int_equal(node_of(&p, "etc/name")->gid, 8);
	assert_string_equal(node_of(&p, "etc/name")->text, "content");
	assert_int_equal(node_of(&p, "usr/lib")->mode, S_IFDIR | 0755);
	assert_int_equal(node_of(&p, "usr/lib/implied")->size, 0);
	assert_string_equal(node_of(&p, "etc/link")->text, "../usr//lib");
	assert_int_equal(node_of(&p, "dev/null")->minor, 3);
	assert_int_equal(node_of(&p, "dev/big")->major, 0xfff);
	assert_int_equal(node_of(&p, "dev/big")->minor, 0xfffff);
	assert_int_equal(node_of(&p, "pipe")->mode, S_IFIFO | 04600);
	assert_null(erofs_view_find(&p.view, "socket"));
	assert_int_equal(p.result.bytes, 7);
}

TEST(erofs_names_of_one_file_are_one_inode)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_file(&p, "a/first", "x"), 0);
	assert_int_equal(add_hardlink(&p, "b/second", "/a/first"), 0);
	assert_int_equal(add_link(&p, "way", "b"), 0);
	assert_int_equal(add_hardlink(&p, "third", "way/second"), 0);
	assert_int_equal(add_hardlink(&p, "third", "third"), 0);
	finish(&p);
	assert_int_equal(node_of(&p, "a/first")->nid, node_of(&p, "b/second")->nid);
	assert_int_equal(node_of(&p, "a/first")->nid, node_of(&p, "third")->nid);
	assert_int_equal(node_of(&p, "third")->nlink, 3);
	assert_int_equal(p.result.bytes, 1);
}

TEST(erofs_hard_links_that_lead_nowhere_are_refused)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_dir(&p, "d", 0755), 0);
	assert_int_equal(add_hardlink(&p, "x", "none"), -EOPNOTSUPP);
	assert_int_equal(p.e.kind, ERR_UNSUPPORTED);
	assert_int_equal(add_hardlink(&p, "x", "d"), -EPERM);
	assert_int_equal(add_hardlink(&p, "x", "../d"), -EINVAL);
	/* What is in the way holds the target. */
	assert_int_equal(add_file(&p, "w/target", "x"), 0);
	assert_true(add_hardlink(&p, "w", "w/target") < 0);
}

TEST(erofs_large_directories_are_sorted_over_blocks)
{
	scoped_place struct place p = place_make();
	char name[300];

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "d/%0*d", 1 + i * 37 % 250, i);
		assert_int_equal(add_file(&p, name, "x"), 0);
	}
	finish(&p);
	assert_true(node_of(&p, "d")->size > 100 * EROFS_BLOCK);
	assert_int_equal(node_of(&p, "d")->size % EROFS_BLOCK, 0);
}

TEST(erofs_links_and_attributes_of_all_lengths_have_a_place)
{
	static const size_t lengths[] = { 1, 100, 447, 448, 449, 511, 512, 513, 1000, 4095 };
	scoped_place struct place p = place_make();
	char target[4097], name[64];

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		const struct layer_xattr xattr = { "user.x", target, lengths[i] };

		memset(target, 'x', sizeof target);
		snprintf(name, sizeof name, "with-%zu", lengths[i]);
		assert_int_equal(add(&p, (struct layer_entry){ .path = name, .mode = S_IFDIR | 0755, .xattrs = &xattr, .n_xattrs = 1 }, NULL), 0);
		target[lengths[i]] = 0;
		snprintf(name, sizeof name, "link-%zu", lengths[i]);
		assert_int_equal(add_link(&p, name, target), 0);
	}
	finish(&p);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		snprintf(name, sizeof name, "link-%zu", lengths[i]);
		assert_int_equal(node_of(&p, name)->size, lengths[i]);
		snprintf(name, sizeof name, "with-%zu", lengths[i]);
		assert_int_equal(strlen(node_of(&p, name)->xattrs), lengths[i] + strlen("user.x=;"));
	}
}

/* ---- what is said twice ---- */

TEST(erofs_later_entries_replace_earlier_ones)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_file(&p, "f", "old"), 0);
	assert_int_equal(add_file(&p, "f", "new"), 0);
	assert_int_equal(add_file(&p, "d/below", "x"), 0);
	assert_int_equal(add_link(&p, "d", "e"), 0);
	assert_int_equal(add_file(&p, "d/through", "y"), 0);
	assert_int_equal(add_link(&p, "l", "f"), 0);
	assert_int_equal(add_dir(&p, "l", 0700), 0);
	finish(&p);
	assert_string_equal(node_of(&p, "f")->text, "new");
	assert_string_equal(node_of(&p, "e/through")->text, "y");
	assert_true(S_ISLNK(node_of(&p, "d")->mode));
	assert_int_equal(node_of(&p, "l")->mode, S_IFDIR | 0700);
	assert_int_equal(p.result.bytes, 4);
}

TEST(erofs_directory_that_comes_twice_keeps_what_is_in_it)
{
	static const struct layer_xattr first[] = { { "user.a", "1", 1 }, { "user.b", "2", 1 }, { "user.a", "3", 1 } }, second = { "user.b", "4", 1 };
	scoped_place struct place p = place_make();

	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0700, .xattrs = first, .n_xattrs = 3 }, NULL), 0);
	assert_int_equal(add_file(&p, "d/f", "x"), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0755, .xattrs = &second, .n_xattrs = 1 }, NULL), 0);
	finish(&p);
	assert_int_equal(node_of(&p, "d")->mode, S_IFDIR | 0755);
	assert_string_equal(node_of(&p, "d")->xattrs, "user.a=3;user.b=4;");
	assert_string_equal(node_of(&p, "d/f")->text, "x");
}

TEST(erofs_directory_that_comes_again_and_again_has_no_more_attributes_than_a_file)
{
	static char names[LIMIT_XATTRS + 1][24];
	static struct layer_xattr many[LIMIT_XATTRS + 1];
	scoped_place struct place p = place_make();

	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		snprintf(names[i], sizeof names[i], "user.%zu", i);
		many[i] = (struct layer_xattr){ names[i], "1", 1 };
	}
	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0700, .xattrs = many, .n_xattrs = LIMIT_XATTRS - 1 }, NULL), 0);
	for (int i = 0; i < 2; i++) /* the same ones are no more of them */
		assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0700, .xattrs = many, .n_xattrs = LIMIT_XATTRS }, NULL), 0);
	assert_true(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0700, .xattrs = &many[LIMIT_XATTRS], .n_xattrs = 1 }, NULL) < 0);
	assert_int_equal(p.e.kind, ERR_EXHAUSTED);
}

/* ---- whiteouts ---- */

TEST(erofs_whiteouts_are_what_overlay_wants)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_file(&p, "d/.wh.gone", ""), 0);
	assert_int_equal(add_file(&p, "d/here", "x"), 0);
	assert_int_equal(add_file(&p, "d/.wh.here", ""), 0);
	assert_int_equal(add_dir(&p, "o", 0755), 0);
	assert_int_equal(add_file(&p, "o/.wh..wh..opq", ""), 0);
	assert_int_equal(add_file(&p, "o/.wh..wh.aufs", ""), 0);
	assert_int_equal(add_file(&p, ".wh.again", ""), 0);
	assert_int_equal(add_dir(&p, "again", 0755), 0);
	assert_int_equal(add_file(&p, ".wh.parent", ""), 0);
	assert_int_equal(add_file(&p, "parent/f", "x"), 0);
	finish(&p);
	assert_int_equal(node_of(&p, "d/gone")->mode & S_IFMT, S_IFCHR);
	assert_int_equal(node_of(&p, "d/gone")->major + node_of(&p, "d/gone")->minor, 0);
	assert_string_equal(node_of(&p, "d/here")->text, "x");
	assert_string_equal(node_of(&p, "o")->xattrs, "trusted.overlay.opaque=y;");
	assert_string_equal(node_of(&p, "again")->xattrs, "trusted.overlay.opaque=y;");
	assert_string_equal(node_of(&p, "parent")->xattrs, "trusted.overlay.opaque=y;");
	assert_int_equal(p.result.opaque.n, 0);
}

TEST(erofs_opaque_root_is_told_to_the_store)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_file(&p, ".wh..wh..opq", ""), 0);
	finish(&p);
	assert_int_equal(p.result.opaque.n, 1);
	assert_string_equal(p.result.opaque.v[0], "");
}

/* ---- what is hostile ---- */

TEST(erofs_refuses_what_cannot_be)
{
	scoped_place struct place p = place_make();
	char deep[2 * (LIMIT_LAYER_DEPTH + 2) + 2], target[LIMIT_PATH + 1];

	assert_int_equal(add_file(&p, "../x", "x"), -EINVAL);
	assert_int_equal(add_file(&p, "a/../x", "x"), -EINVAL);
	assert_int_equal(add_file(&p, ".wh.", ""), -EINVAL);
	assert_int_equal(add_file(&p, ".wh...", ""), -EINVAL);
	assert_int_equal(add_file(&p, "/", "x"), -EINVAL);
	assert_int_equal(add_link(&p, "l", ""), -EINVAL);
	assert_int_equal(add_file(&p, "f", "x"), 0);
	assert_int_equal(add_file(&p, "f/x", "x"), -ENOTDIR);
	for (size_t i = 0; i < sizeof deep; i++)
		deep[i] = i % 2 ? '/' : 'd';
	deep[sizeof deep - 1] = 0;
	assert_int_equal(add_file(&p, deep, "x"), -ENAMETOOLONG);
	/* symlink(2) takes no more, and no kernel follows it. */
	memset(target, 'x', sizeof target);
	target[LIMIT_PATH] = 0;
	assert_int_equal(add_link(&p, "l", target), -ENAMETOOLONG);
}

TEST(erofs_links_in_the_way_stay_inside_and_end)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_link(&p, "up", "../../../out"), 0);
	assert_int_equal(add_file(&p, "up/f", "x"), 0);
	assert_int_equal(add_link(&p, "abs", "/abs/dir"), 0);
	assert_int_equal(add_file(&p, "abs/f", "x"), -ELOOP);
	assert_int_equal(add_link(&p, "one", "two"), 0);
	assert_int_equal(add_link(&p, "two", "one"), 0);
	assert_int_equal(add_file(&p, "one/f", "x"), -ELOOP);
	finish(&p);
	assert_string_equal(node_of(&p, "out/f")->text, "x");
}

TEST(erofs_drops_attributes_that_are_orders_to_overlay)
{
	static const struct layer_xattr xattrs[] = { { "trusted.overlay.redirect", "/etc", 4 }, { "user.overlay.opaque", "y", 1 }, { "user.fine", "1", 1 },
		{ "security.capability", "c", 1 }, { "system.posix_acl_access", "x", 1 } };
	scoped_place struct place p = place_make();

	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0755, .xattrs = xattrs, .n_xattrs = 5 }, NULL), 0);
	finish(&p);
	assert_string_equal(node_of(&p, "d")->xattrs, "user.fine=1;security.capability=c;");
}

TEST(erofs_attributes_larger_than_the_format_are_refused)
{
	static char value[UINT16_MAX + 1];
	const struct layer_xattr large = { "user.x", value, sizeof value };
	scoped_place struct place p = place_make();
	struct unpacked result;

	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0755, .xattrs = &large, .n_xattrs = 1 }, NULL), 0);
	assert_true(unpack_erofs.finish(p.form, &result, &p.e) < 0);
	assert_int_equal(p.e.kind, ERR_UNSUPPORTED);
}

/* ---- sparse files ---- */

static int add_sparse(struct place *p, const char *path, uint64_t size, const uint64_t *offsets, size_t n, const char *content)
{
	const struct layer_entry entry = { .path = path, .mode = S_IFREG | 0644, .size = size, .sparse = true };
	int r = unpack_erofs.begin(p->form, &entry, &p->e);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = unpack_erofs.data(p->form, content, strlen(content), offsets[i], &p->e);
	return r == 0 ? unpack_erofs.end(p->form, &p->e) : r;
}

TEST(erofs_sparse_files_have_their_pieces_behind_the_tar)
{
	static const uint64_t offsets[] = { 0, 4093, 20000, 99996 };
	scoped_place struct place p = place_make();
	const struct erofs_node *node;

	assert_int_equal(add_file(&p, "before", "x"), 0);
	assert_int_equal(add_sparse(&p, "s", 100000, offsets, 4, "data"), 0);
	assert_int_equal(add_sparse(&p, "holes", 5000, NULL, 0, ""), 0);
	assert_int_equal(add_sparse(&p, "empty", 0, NULL, 0, ""), 0);
	finish(&p);
	node = node_of(&p, "s");
	for (size_t i = 0; i < 4; i++)
		assert_memory_equal(node->text + offsets[i], "data", 4);
	assert_int_equal(node->text[4], 0);
	assert_int_equal(node->text[19999], 0);
	assert_int_equal(node_of(&p, "holes")->size, 5000);
	assert_int_equal(p.result.bytes, 105001);
}

TEST(erofs_largest_sparse_file_has_chunks_the_format_can_name)
{
	scoped_place struct place p = place_make();

	assert_int_equal(add_sparse(&p, "s", LIMIT_BLOB, NULL, 0, ""), 0);
	finish(&p);
	assert_int_equal(node_of(&p, "s")->size, LIMIT_BLOB);
}

TEST(erofs_sparse_maps_that_make_no_sense_are_refused)
{
	static const struct {
		uint64_t size, offsets[2];
	} rows[] = {
		{ 10, { 8, 0 } },
		{ 100000, { 50000, 0 } },
		{ 10, { UINT64_MAX - 1, 0 } },
		{ 3, { 0, 0 } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_place struct place p = place_make();

		assert_int_equal(add_sparse(&p, "s", rows[i].size, rows[i].offsets, 2, "data"), -EINVAL);
	}
}
