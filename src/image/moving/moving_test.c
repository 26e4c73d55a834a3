/* SPDX-License-Identifier: Apache-2.0 */
/* Places as `copy` spells them, what stands in index.json and manifest.json, what belongs to an image, files that appear when they are whole. */
#include "image/moving/layout_index.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/test.h"
#include "codec/digest.h"
#include "image/moving/inlet_docker.h"
#include "image/moving/outfile.h"
#include "os/test_dir.h"

/* ---- places ---- */

TEST(places_are_spelled_as_skopeo_does)
{
	static const struct {
		const char *text;
		enum transport_kind kind;
		const char *path, *tag, *name, *id;
		int index;
	} rows[] = {
		{ "docker://busybox", TRANSPORT_REGISTRY, NULL, NULL, "docker.io/library/busybox:latest", NULL, -1 },
		{ "docker://localhost:5000/a/b:1", TRANSPORT_REGISTRY, NULL, NULL, "localhost:5000/a/b:1", NULL, -1 },
		{ "tare:busybox:1", TRANSPORT_STORE, NULL, NULL, "docker.io/library/busybox:1", "busybox:1", -1 },
		{ "tare:3f57d9401f8d", TRANSPORT_STORE, NULL, NULL, "docker.io/library/3f57d9401f8d:latest", "3f57d9401f8d", -1 },
		{ "containers-storage:x", TRANSPORT_STORE, NULL, NULL, "docker.io/library/x:latest", "x", -1 },
		{ "oci:/some/dir", TRANSPORT_OCI, "/some/dir", NULL, NULL, NULL, -1 },
		{ "oci:dir:v1:2", TRANSPORT_OCI, "dir", "v1:2", NULL, NULL, -1 },
		{ "oci:dir:", TRANSPORT_OCI, "dir", NULL, NULL, NULL, -1 },
		{ "oci-archive:a.tar:docker.io/library/x:1", TRANSPORT_OCI_ARCHIVE, "a.tar", "docker.io/library/x:1", NULL, NULL, -1 },
		{ "docker-archive:a.tar", TRANSPORT_DOCKER_ARCHIVE, "a.tar", NULL, NULL, NULL, -1 },
		{ "docker-archive:a.tar:x:1", TRANSPORT_DOCKER_ARCHIVE, "a.tar", "x:1", "docker.io/library/x:1", NULL, -1 },
		{ "docker-archive:a.tar:@0", TRANSPORT_DOCKER_ARCHIVE, "a.tar", "@0", NULL, NULL, 0 },
		{ "docker-archive:a.tar:@12", TRANSPORT_DOCKER_ARCHIVE, "a.tar", "@12", NULL, NULL, 12 },
		{ "dir:/d:x", TRANSPORT_DIR, "/d:x", NULL, NULL, NULL, -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct transport t;
		struct err e = { 0 };

		if (transport_parse(rows[i].text, &a, &t, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.msg);
		if (t.kind != rows[i].kind || t.index != rows[i].index || !streq(t.path, rows[i].path) || !streq(t.tag, rows[i].tag) || !streq(t.id, rows[i].id) ||
			!streq(t.name.host ? reference_print(&t.name, &a) : NULL, rows[i].name))
			fail_msg("%s: kind %d, path %s, tag %s, id %s, index %d", rows[i].text, (int)t.kind, t.path ? t.path : "-", t.tag ? t.tag : "-",
				t.id ? t.id : "-", t.index);
		assert_string_equal(t.text, rows[i].text);
	}
}

TEST(places_that_are_none_are_refused)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
		{ "", ERR_INVALID },
		{ "busybox", ERR_INVALID },
		{ "docker:busybox", ERR_INVALID },
		{ "docker://", ERR_INVALID },
		{ "docker://a/B", ERR_INVALID },
		{ "Docker://x", ERR_INVALID },
		{ "tare:", ERR_INVALID },
		{ "oci:", ERR_INVALID },
		{ "oci::tag", ERR_INVALID },
		{ "dir:", ERR_INVALID },
		{ "oci-archive::x", ERR_INVALID },
		{ "docker-archive:f:@", ERR_INVALID },
		{ "docker-archive:f:@-1", ERR_INVALID },
		{ "docker-archive:f:@1x", ERR_INVALID },
		{ "docker-archive:f:@2147483648", ERR_INVALID },
		{ "docker-archive:f:a/B", ERR_INVALID },
		{ "docker-daemon:x", ERR_UNSUPPORTED },
		{ "ostree:x", ERR_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct transport t;
		struct err e = { 0 };

		if (transport_parse(rows[i].text, &a, &t, &e) >= 0)
			fail_msg("taken: '%s'", rows[i].text);
		if (e.kind != rows[i].kind)
			fail_msg("'%s': %s", rows[i].text, e.msg);
	}
}

/* ---- documents ---- */

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define ENTRY(hex, annotations) "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:" hex "\",\"size\":2,\"annotations\":{" annotations "}}"
#define REF(name) "\"org.opencontainers.image.ref.name\":\"" name "\""
#define NAME(name) "\"io.containerd.image.name\":\"" name "\""
#define ONE "{\"schemaVersion\":2,\"manifests\":[" ENTRY(HEX_A, REF("1")) "]}"
#define TWO "{\"schemaVersion\":2,\"manifests\":[" ENTRY(HEX_A, REF("1")) "," ENTRY(HEX_B, REF("latest") "," NAME("docker.io/library/x:latest")) "]}"

TEST(entry_of_an_index_is_chosen_by_tag_name_or_number)
{
	static const struct {
		const char *index, *place;
		const char *hex;    /* NULL: … */
		enum err_kind kind; /* … this error */
	} rows[] = {
		{ ONE, "oci:d", HEX_A, 0 },
		{ ONE, "oci:d:1", HEX_A, 0 },
		{ ONE, "oci:d:2", NULL, ERR_NOT_FOUND },
		{ TWO, "oci:d", NULL, ERR_INVALID },
		{ TWO, "oci:d:latest", HEX_B, 0 },
		{ TWO, "docker-archive:d:x", HEX_B, 0 },
		{ TWO, "docker-archive:d:y", NULL, ERR_NOT_FOUND },
		{ TWO, "docker-archive:d:@1", HEX_B, 0 },
		{ TWO, "docker-archive:d:@2", NULL, ERR_NOT_FOUND },
		{ "{\"schemaVersion\":2,\"manifests\":[]}", "oci:d", NULL, ERR_NOT_FOUND },
		{ "[]", "oci:d", NULL, ERR_INVALID },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		const struct oci_descriptor *d;
		struct transport t;
		struct err e = { 0 };
		int r;

		assert_int_equal(transport_parse(rows[i].place, &a, &t, &e), 0);
		r = layout_index_choose(str_of(rows[i].index), &t, &a, &d, &e);
		if ((r == 0) != (rows[i].hex != NULL) || (r < 0 && e.kind != rows[i].kind) || (r == 0 && !str_ends(d->digest, rows[i].hex)))
			fail_msg("row %zu: %s", i, e.msg);
	}
}

TEST(image_of_an_archive_is_chosen_by_name_or_number)
{
	static const char text[] = "[{\"Config\":\"a.json\",\"RepoTags\":[\"x:1\",\"r.test/y:2\"],\"Layers\":[]},{\"Config\":\"b.json\",\"RepoTags\":null,\"Layers\":[]}]";
	static const struct {
		const char *place, *config; /* NULL: none */
	} rows[] = {
		{ "docker-archive:f:x:1", "a.json" },
		{ "docker-archive:f:docker.io/library/x:1", "a.json" },
		{ "docker-archive:f:r.test/y:2", "a.json" },
		{ "docker-archive:f:x", NULL },
		{ "docker-archive:f:@1", "b.json" },
		{ "docker-archive:f:@2", NULL },
		{ "docker-archive:f", NULL },
	};
	scoped_arena struct arena a = { 0 };
	struct docker_archive archive;
	struct err e = { 0 };

	assert_int_equal(docker_archive_decode(str_of(text), &a, &archive, &e), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct docker_archive_item *item = NULL;
		struct transport t;

		assert_int_equal(transport_parse(rows[i].place, &a, &t, &e), 0);
		if ((inlet_docker_choose(&archive, &t, &a, &item, &e) == 0) != (rows[i].config != NULL))
			fail_msg("%s", rows[i].place);
		if (item)
			assert_string_equal(item->config, rows[i].config);
	}
}

/* A shipment of one manifest whose digest is of C's. */
static struct shipment shipment_make(struct arena *a)
{
	static const char manifest[] = "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"sha256:" HEX_A "\",\"size\":2},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:" HEX_B "\",\"size\":3}]}";
	struct shipment s = { .arena = a };

	*vec_push(a, &s.documents) = (struct shipment_document){ .digest = "sha256:" HEX_C, .media_type = MANIFEST, .text = str_of(manifest) };
	return s;
}

/* index.json with an image added, as "hex-letter ref name|containerd's name" lines. */
static const char *index_with(const char *old, struct layout_image image, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct shipment s = shipment_make(a);
	const struct layout_images images = { &image, 1 };
	struct oci_index index;
	const char *text = "";
	struct err e = { 0 };

	image.digest = image.manifest = "sha256:" HEX_C;
	if (layout_index_text(old ? str_of(old) : (struct str){ 0 }, &s, &images, &b, &e) < 0 || oci_index_decode(buf_str(&b), a, &index, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < index.n_manifests; i++) {
		const struct pairs *annotations = &index.manifests[i].annotations;
		const char *ref = pairs_find(annotations, "org.opencontainers.image.ref.name"), *name = pairs_find(annotations, "io.containerd.image.name");

		text = arena_printf(a, "%s%c %s|%s\n", text, digest_hex(index.manifests[i].digest)[0], ref ? ref : "", name ? name : "");
	}
	return text;
}

TEST(index_gets_an_entry_for_each_name)
{
	static const char *const names[] = { "docker.io/library/x:1", "docker.io/library/x:2" };
	const struct strs two = { .v = (const char **)(uintptr_t)names, .n = 2 };
	scoped_arena struct arena a = { 0 };

	assert_string_equal(index_with(NULL, (struct layout_image){ 0 }, &a), "c |\n");
	assert_string_equal(index_with(NULL, (struct layout_image){ .ref_name = "v1", .names = two }, &a), "c v1|\n");
	assert_string_equal(index_with(NULL, (struct layout_image){ .names = two }, &a),
		"c docker.io/library/x:1|docker.io/library/x:1\nc docker.io/library/x:2|docker.io/library/x:2\n");
}

TEST(index_keeps_what_has_another_name)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(index_with(TWO, (struct layout_image){ .ref_name = "new" }, &a), "a 1|\nb latest|docker.io/library/x:latest\nc new|\n");
	assert_string_equal(index_with(TWO, (struct layout_image){ .ref_name = "1" }, &a), "b latest|docker.io/library/x:latest\nc 1|\n");
	/* Without a name an entry stands for its document. */
	assert_string_equal(index_with("{\"schemaVersion\":2,\"manifests\":[" ENTRY(HEX_C, "") "," ENTRY(HEX_A, "") "]}", (struct layout_image){ 0 }, &a), "a |\nc |\n");
}

TEST(index_of_what_is_no_index_or_not_there_is_refused)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct shipment s = shipment_make(&a);
	struct layout_image image = { .digest = "sha256:" HEX_C };
	const struct layout_images images = { &image, 1 };
	struct err e = { 0 };

	assert_true(layout_index_text(STR("x"), &s, &images, &b, &e) < 0);
	image.digest = "sha256:" HEX_A;
	assert_true(layout_index_text((struct str){ 0 }, &s, &images, &b, &e) < 0);
	assert_int_equal(e.kind, ERR_INTERNAL);
}

TEST(manifest_of_an_archive_names_members_of_a_layout)
{
	static const char *const names[] = { "docker.io/library/x:1", "r.test:5000/y:2", ("docker.io/library/x@sha256:" HEX_A) };
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf manifest = BUF(LIMIT_MANIFEST), repositories = BUF(LIMIT_MANIFEST);
	struct shipment s = shipment_make(&a);
	struct layout_image image = { .digest = "sha256:" HEX_C, .manifest = "sha256:" HEX_C, .names = { .v = (const char **)(uintptr_t)names, .n = 3 } };
	const struct layout_images images = { &image, 1 };
	struct docker_archive archive;
	struct err e = { 0 };

	if (layout_docker_text(&s, &images, &manifest, &repositories, &e) < 0 || docker_archive_decode(buf_str(&manifest), &a, &archive, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(archive.n_items, 1);
	assert_string_equal(archive.items[0].config, "blobs/sha256/" HEX_A);
	assert_string_equal(archive.items[0].layers.v[0], "blobs/sha256/" HEX_B);
	/* A digest is no tag. */
	assert_int_equal(archive.items[0].repo_tags.n, 2);
	assert_string_equal(buf_text(&repositories), "{\"docker.io/library/x\":{\"1\":\"" HEX_B "\"},\"r.test:5000/y\":{\"2\":\"" HEX_B "\"}}");
}

/* ---- what belongs to an image ---- */

struct answers {
	unsigned n;
};

/* Any digest leads to an index of entries that nobody has seen before. */
static int endless_read(void *arg, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	struct answers *x = arg;
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);

	buf_add_str(&b, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%s{\"mediaType\":\"" INDEX "\",\"digest\":\"sha256:%064x\",\"size\":2}", i ? "," : "", ++x->n);
	buf_add_str(&b, "]}");
	*ret = (struct str){ arena_strndup(a, b.p, b.n), b.n };
	return 0;
}

TEST(indexes_in_indexes_come_to_an_end)
{
	scoped_arena struct arena a = { 0 };
	struct shipment s = { .arena = &a };
	struct answers answers = { .n = 0 };
	struct err e = { 0 };

	assert_true(shipment_add(&s, "sha256:" HEX_A, endless_read, &answers, &e) < 0);
	assert_int_equal(e.kind, ERR_INVALID);
}

static void index_put(struct buf *b, unsigned from, unsigned n)
{
	buf_add_str(b, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[");
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "%s{\"mediaType\":\"x\",\"digest\":\"sha256:%064x\",\"size\":2}", i ? "," : "", from + i);
	buf_add_str(b, "]}");
}

/* HEX_A is an index of some indexes, each with as many manifests as one may have. */
static int wide_read(void *arg, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	const struct answers *x = arg;
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	unsigned long number = strtoul(digest + strlen(digest) - 8, NULL, 16);

	if (str_ends(digest, HEX_A))
		index_put(&b, 1, x->n);
	else if (number < 10)
		index_put(&b, (unsigned)number * 0x10000, LIMIT_INDEX_ENTRIES);
	else
		buf_add_str(&b, "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX_A "\",\"size\":2},\"layers\":[]}");
	*ret = (struct str){ arena_strndup(a, b.p, b.n), b.n };
	return 0;
}

TEST(documents_of_one_image_are_counted)
{
	scoped_arena struct arena a = { 0 };
	struct shipment s = { .arena = &a }, too_many = { .arena = &a };
	struct err e = { 0 };

	if (shipment_add(&s, "sha256:" HEX_A, wide_read, &(struct answers){ .n = 1 }, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(s.documents.n, LIMIT_INDEX_ENTRIES + 2);
	assert_int_equal(s.blobs.n, 1);
	assert_string_equal(s.documents.v[s.documents.n - 1].digest, "sha256:" HEX_A);
	assert_true(shipment_add(&too_many, "sha256:" HEX_A, wide_read, &(struct answers){ .n = 3 }, &e) < 0);
	assert_int_equal(e.kind, ERR_EXHAUSTED);
}

/* ---- files that appear when they are whole ---- */

TEST(outfile_appears_when_it_is_committed)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/out", dir.path);
	struct outfile f;
	struct stat st;
	struct err e = { 0 };
	char *text;

	assert_int_equal(file_create(dir.fd, "out", "old", 3, 0644), 0);
	assert_int_equal(outfile_open(&f, path, &e), 0);
	assert_int_equal(fd_write_all(f.fd, "new text", 8), 0);
	assert_int_equal(file_read(dir.fd, "out", 100, &a, &text, NULL), 0);
	assert_string_equal(text, "old");
	assert_int_equal(outfile_commit(&f, &e), 0);
	outfile_done(&f);
	assert_int_equal(file_read(dir.fd, "out", 100, &a, &text, NULL), 0);
	assert_string_equal(text, "new text");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(test_dir_count(dir.fd), 1);
}

TEST(outfile_that_is_not_committed_leaves_nothing)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	struct outfile f;
	struct err e = { 0 };

	assert_int_equal(outfile_open(&f, arena_printf(&a, "%s/out", dir.path), &e), 0);
	assert_int_equal(fd_write_all(f.fd, "half", 4), 0);
	outfile_done(&f);
	outfile_done(&f);
	assert_int_equal(test_dir_count(dir.fd), 0);
}

TEST(outfile_writes_pipes_as_they_are)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_fd int reader = -EBADF;
	char text[8] = "";
	struct outfile f;
	struct err e = { 0 };

	assert_int_equal(mkfifoat(dir.fd, "pipe", 0600), 0);
	reader = openat(dir.fd, "pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(outfile_open(&f, arena_printf(&a, "%s/pipe", dir.path), &e), 0);
	assert_int_equal(fd_write_all(f.fd, "bytes", 5), 0);
	assert_int_equal(outfile_commit(&f, &e), 0);
	outfile_done(&f);
	assert_int_equal(read(reader, text, sizeof text), 5);
	assert_string_equal(text, "bytes");
	assert_int_equal(test_dir_count(dir.fd), 1);
}

TEST(outfile_where_none_can_be_is_refused)
{
	static const struct {
		const char *rest;
		int r;
	} rows[] = { { "", -EISDIR }, { "/", -EISDIR }, { "/none/out", -ENOENT }, { "/file/out", -ENOTDIR } };
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };

	assert_int_equal(file_create(dir.fd, "file", "", 0, 0600), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct outfile f;
		struct err e = { 0 };

		assert_int_equal(outfile_open(&f, arena_printf(&a, "%s%s", dir.path, rows[i].rest), &e), rows[i].r);
		outfile_done(&f);
	}
	assert_int_equal(test_dir_count(dir.fd), 1);
}
