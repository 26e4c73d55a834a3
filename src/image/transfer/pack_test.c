/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/test.h"
#include "base/vec.h"
#include "image/transfer/compress.h"
#include "image/transfer/layer.h"
#include "os/test_dir.h"

enum { LAYER_MAX = 64 * 1024 * 1024 };

/* ---- trees made by chance ---- */

struct chance {
	uint64_t x;
};

static unsigned draw(struct chance *c, unsigned below)
{
	c->x = c->x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(c->x >> 33) % below;
}

static const char *name_draw(struct chance *c, struct arena *a)
{
	static const char *const shapes[] = { "f%u", "with blank %u", "\303\244\303\266-%u", "not utf8 \377\376 %u", "new\nline%u", "-%u", "%0120u", "%0200u" };
	const char *shape = shapes[draw(c, ARRAY_LEN(shapes))];
	char name[256];
	unsigned number = draw(c, 1000000);

	/* One of the table above with one number. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(name, sizeof name, shape, number);
#pragma GCC diagnostic pop
	return arena_strdup(a, name);
}

static void times_draw(struct chance *c, int dirfd, const char *name)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { (time_t)draw(c, 2000000000), (long)draw(c, 1000000000) } };

	assert_int_equal(utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void file_make_by_chance(struct chance *c, int dirfd, const char *name)
{
	scoped_fd int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t n = draw(c, 4) ? draw(c, 3000) : draw(c, 700000);
	scoped_buf struct buf b = BUF(1024 * 1024);

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		buf_add_char(&b, (char)draw(c, n % 256 + 1));
	assert_int_equal(fd_write_all(fd, buf_text(&b), b.n), 0);
	if (draw(c, 3) == 0 && fsetxattr(fd, "user.word", "a\0b", 3, 0) < 0)
		assert_int_equal(errno, ENOTSUP);
	assert_int_equal(fchmod(fd, draw(c, 010000) & 07777), 0);
}

static void tree_make(struct chance *c, int dirfd, unsigned depth, bool layer)
{
	scoped_arena struct arena a = { 0 };
	const char *file = NULL;

	for (unsigned i = 0, n = 1 + draw(c, 9); i < n; i++) {
		const char *name = name_draw(c, &a);

		if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		switch (draw(c, layer ? 7 : 6)) {
		case 0:
			if (depth < 6 && mkdirat(dirfd, name, 0700) == 0) {
				scoped_fd int sub = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

				tree_make(c, sub, depth + 1, layer);
				assert_int_equal(fchmod(sub, 0700 | (draw(c, 010000) & 03077)), 0);
				break;
			}
			__attribute__((fallthrough));
		case 1:
			assert_int_equal(symlinkat(draw(c, 2) ? "/etc/passwd" : name_draw(c, &a), dirfd, name), 0);
			break;
		case 2:
			assert_int_equal(mknodat(dirfd, name, S_IFIFO | 0640, 0), 0);
			break;
		case 3:
			if (file) {
				assert_int_equal(linkat(dirfd, file, dirfd, name, 0), 0);
				break;
			}
			__attribute__((fallthrough));
		case 4:
		case 5:
			file_make_by_chance(c, dirfd, name);
			file = name;
			break;
		case 6:
			assert_int_equal(mknodat(dirfd, name, S_IFCHR, makedev(0, 0)), 0);
			break;
		}
		times_draw(c, dirfd, name);
	}
}

/* ---- what two trees have in common ---- */

struct listing {
	struct buf *out;
	const char *path;
	struct arena *a;
};

static int file_list(int dirfd, const char *name, const struct stat *st, struct buf *out)
{
	scoped_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_buf struct buf content = BUF(1024 * 1024);
	char value[16], hex[DIGEST_TEXT_SIZE];
	struct digest d;
	ssize_t n;

	/* Mode 0 is no obstacle to root only; the owner looks at what he can. */
	if (fd < 0)
		return errno == EACCES ? 0 : -errno;
	assert_int_equal(fd_read_buf(fd, &content), 0);
	digest_of(DIGEST_SHA256, buf_text(&content), content.n, &d);
	digest_print(&d, hex);
	n = fgetxattr(fd, "user.word", value, sizeof value);
	return buf_printf(out, " %lld %s xattr %zd", (long long)st->st_size, hex, n);
}

static int name_list(void *arg, int dirfd, const char *name, unsigned char type)
{
	const struct listing *l = arg;
	struct listing sub = { l->out, arena_printf(l->a, "%s/%s", l->path, name), l->a };
	char target[300] = "";
	struct stat st;
	int r = 0;

	assert_int_equal(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	/* A whiteout is only a name. */
	if (S_ISCHR(st.st_mode))
		st.st_mtim = (struct timespec){ 0 };
	buf_printf(l->out, "%s %o %u:%u %lld.%09ld links %u", sub.path, st.st_mode, st.st_uid, st.st_gid, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode) ? 0 : (unsigned)st.st_nlink);
	if (S_ISLNK(st.st_mode) && readlinkat(dirfd, name, target, sizeof target - 1) > 0)
		buf_printf(l->out, " -> %s", target);
	if (S_ISREG(st.st_mode))
		r = file_list(dirfd, name, &st, l->out);
	buf_add_char(l->out, '\0');
	if (r == 0 && S_ISDIR(st.st_mode)) {
		scoped_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = dir_each(fd, name_list, &sub);
	}
	return r < 0 ? r : 0;
}

static int by_line(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Every name with everything about it, sorted. */
static void tree_list(int dirfd, struct buf *out, struct arena *a)
{
	scoped_buf struct buf lines = BUF(LAYER_MAX);
	struct listing l = { &lines, "", a };
	struct strs list = { 0 };

	assert_int_equal(dir_each(dirfd, name_list, &l), 0);
	for (const char *p = buf_text(&lines); p < buf_text(&lines) + lines.n; p += strlen(p) + 1)
		strs_push(a, &list, p);
	if (list.n > 0)
		qsort(list.v, list.n, sizeof *list.v, by_line);
	for (size_t i = 0; i < list.n; i++)
		buf_printf(out, "%s\n", list.v[i]);
}

/* ---- there and back ---- */

static int sink_compress(void *arg, const void *p, size_t n, struct err *e)
{
	return compress_add(arg, p, n, e);
}

static void packed(const struct pack_job *job, enum inflate_kind kind, unsigned threads, int fd, struct compress_result *ret)
{
	scoped_compress struct compress *c = NULL;
	struct pack_result result;
	struct err e = { 0 };

	if (compress_new(kind, 0, fd, threads, &c, &e) < 0 || pack(job, sink_compress, c, &result, &e) < 0 || compress_finish(c, ret, &e) < 0)
		fail_msg("%s", e.msg);
	assert_false(result.changed);
}

static void unpacked(int fd, const struct compress_result *want, int dirfd)
{
	scoped_arena struct arena a = { 0 };
	scoped_layer struct layer *l = NULL;
	struct layer_job job = { .blob_fd = -EBADF, .dir_fd = dirfd, .size = (int64_t)want->blob_size, .blob = &want->blob, .diff = &want->diff };
	scoped_buf struct buf bytes = BUF(LAYER_MAX);
	struct layer_result result;
	struct err e = { 0 };

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_buf(fd, &bytes), 0);
	if (layer_new(&job, &l, &e) < 0 || layer_feed(l, buf_text(&bytes), bytes.n, &e) < 0 || layer_finish(l, &a, &result, &e) < 0)
		fail_msg("%s", e.msg);
}

static void round_trip(uint64_t seed, bool layer)
{
	scoped_test_dir struct test_dir from = test_dir_make(), to = test_dir_make(), blobs = test_dir_make();
	scoped_buf struct buf before = BUF(LAYER_MAX), after = BUF(LAYER_MAX);
	scoped_fd int one = openat(blobs.fd, "one", O_RDWR | O_CREAT | O_CLOEXEC, 0600), two = openat(blobs.fd, "two", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	scoped_arena struct arena a = { 0 };
	struct pack_job job = { .dir_fd = from.fd, .layer = layer, .root = true };
	enum inflate_kind kind = seed % INFLATE_KIND_COUNT;
	struct compress_result first, second;
	struct chance c = { seed };

	umask(0);
	tree_make(&c, from.fd, 0, layer);
	tree_list(from.fd, &before, &a);
	packed(&job, kind, 1, one, &first);
	packed(&job, kind, 4, two, &second);
	assert_true(digest_eq(&first.blob, &second.blob));
	assert_true(digest_eq(&first.diff, &second.diff));
	unpacked(one, &first, to.fd);
	tree_list(to.fd, &after, &a);
	assert_string_equal(buf_text(&before), buf_text(&after));
}

TEST(a_tree_survives_packing_and_unpacking)
{
	if (geteuid() != 0)
		skip(); /* owners and modes of others' files */
	for (uint64_t seed = 0; seed < 25; seed++)
		round_trip(seed, false);
}

TEST(an_overlay_layer_survives_packing_and_unpacking)
{
	if (geteuid() != 0)
		skip();
	for (uint64_t seed = 100; seed < 125; seed++)
		round_trip(seed, true);
}

/* ---- marks ---- */

static int sink_buf(void *arg, const void *p, size_t n, struct err *e)
{
	return buf_add(arg, p, n) < 0 ? err_set(e, ERR_EXHAUSTED, "too long") : 0;
}

static bool tar_has(const struct buf *tar, const char *name)
{
	return memmem(buf_text(tar), tar->n, name, strlen(name) + 1) != NULL;
}

TEST(marks_make_directories_opaque_and_leave_names_out)
{
	static const char text[] = "oetc\0sgone\0setc/hosts";
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_buf struct buf tar = BUF(LAYER_MAX);
	scoped_arena struct arena a = { 0 };
	struct pack_marks marks;
	struct pack_job job = { .dir_fd = dir.fd, .layer = true, .marks = &marks };
	struct pack_result result;
	struct err e = { 0 };

	assert_int_equal(pack_marks_parse((struct str){ text, sizeof text }, &a, &marks, &e), 0);
	mkdirat(dir.fd, "etc", 0755);
	mkdirat(dir.fd, "gone", 0755);
	file_create(dir.fd, "etc/hosts", "", 0, 0644);
	file_create(dir.fd, "etc/passwd", "root", 4, 0644);
	assert_int_equal(pack(&job, sink_buf, &tar, &result, &e), 0);
	assert_int_equal(result.entries, 3);
	assert_true(tar_has(&tar, "etc/.wh..wh..opq"));
	assert_true(tar_has(&tar, "etc/passwd"));
	assert_false(tar_has(&tar, "etc/hosts"));
	assert_false(tar_has(&tar, "gone/"));
}

TEST(marks_make_a_whole_tree_a_layer)
{
	static const char text[] = "dlost\0detc/b/x\0detc/a\0detc-other\0dnot/here\0sbin\0setc/b/same";
	static const char *const wanted[] = { ".wh.lost", "etc/.wh.a", "etc/b/.wh.x", ".wh.etc-other", "etc/b/new" };
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_buf struct buf tar = BUF(LAYER_MAX);
	scoped_arena struct arena a = { 0 };
	struct pack_marks marks;
	struct pack_job job = { .dir_fd = dir.fd, .layer = true, .marks = &marks };
	struct pack_result result;
	struct err e = { 0 };

	assert_int_equal(pack_marks_parse((struct str){ text, sizeof text }, &a, &marks, &e), 0);
	mkdirat(dir.fd, "bin", 0755);
	mkdirat(dir.fd, "etc", 0755);
	mkdirat(dir.fd, "etc/b", 0755);
	file_create(dir.fd, "etc/b/same", "", 0, 0644);
	file_create(dir.fd, "etc/b/new", "", 0, 0644);
	assert_int_equal(pack(&job, sink_buf, &tar, &result, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!tar_has(&tar, wanted[i]))
			fail_msg("no %s", wanted[i]);
	assert_int_equal(result.entries, 7);
}

TEST(damaged_marks_are_refused)
{
	static const struct str rows[] = { STR("x\0"), STR("o"), STR("opath"), STR("o\0") };
	scoped_arena struct arena a = { 0 };
	struct pack_marks marks;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(pack_marks_parse(rows[i], &a, &marks, &e), -EINVAL);
}

TEST(names_that_mean_deletion_cannot_be_in_a_layer)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_buf struct buf tar = BUF(LAYER_MAX);
	struct pack_job job = { .dir_fd = dir.fd, .layer = true };
	struct pack_result result;
	struct err e = { 0 };

	file_create(dir.fd, ".wh.passwd", "", 0, 0644);
	assert_int_equal(pack(&job, sink_buf, &tar, &result, &e), -EOPNOTSUPP);
	assert_non_null(strstr(e.msg, ".wh.passwd"));
	buf_clear(&tar);
	job.layer = false; /* in a plain archive it is a name like any other */
	assert_int_equal(pack(&job, sink_buf, &tar, &result, &e), 0);
}

TEST(a_writer_that_fails_stops_the_packing)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	scoped_compress struct compress *c = NULL;
	struct pack_job job = { .dir_fd = dir.fd };
	struct compress_result made;
	struct pack_result result;
	struct err e = { 0 };
	int r;

	file_create(dir.fd, "f", "content", 7, 0644);
	r = compress_new(INFLATE_NONE, 0, full, 2, &c, &e);
	if (r == 0)
		r = pack(&job, sink_compress, c, &result, &e);
	if (r == 0)
		r = compress_finish(c, &made, &e);
	assert_int_equal(r, -ENOSPC);
}
