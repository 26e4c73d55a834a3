/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials, import's changes, records and names, without network or root. */
#include "image/image.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "base/test.h"
#include "base/vec.h"
#include "image/making/change.h"
#include "image/registries/authfile.h"
#include "image/registries/credentials.h"
#include "image/registries/helper.h"
#include "image/registries/login.h"
#include "image/store/content.h"
#include "image/store/remove.h"
#include <unistd.h>

#include "os/test_dir.h"

/* ---- credentials ---- */

#define AUTHS(entries) "{\"auths\":{" entries "}}"
#define ALICE "{\"auth\":\"YWxpY2U6c2VjcmV0\"}" /* alice:secret */
#define BOB "{\"auth\":\"Ym9iOmE6Yg==\"}"        /* bob:a:b */

TEST(credentials_are_found_by_host_and_most_specific_path)
{
	static const struct {
		const char *file, *host, *repository, *user; /* NULL: none */
	} rows[] = {
		{ AUTHS("\"r.test\":" ALICE), "r.test", "a/b", "alice" },
		{ AUTHS("\"r.test\":" ALICE), "r.test:5000", "a/b", NULL },
		{ AUTHS("\"r.test\":" ALICE), "evil.r.test", "a/b", NULL },
		{ AUTHS("\"r.test\":" ALICE ",\"r.test/a\":" BOB), "r.test", "a/b", "bob" },
		{ AUTHS("\"r.test/a/b\":" BOB ",\"r.test\":" ALICE), "r.test", "a/bc", "alice" },
		{ AUTHS("\"https://index.docker.io/v1/\":" ALICE), "docker.io", "library/x", "alice" },
		{ AUTHS("\"docker.io\":" ALICE), "docker.io", "library/x", "alice" },
		{ AUTHS("\"https://r.test/v2/\":" ALICE), "r.test", "x", "alice" },
		{ AUTHS(""), "r.test", "x", NULL },
		{ "{}", "r.test", "x", NULL },
		{ AUTHS("\"r.test\":{}"), "r.test", "x", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct authfile_answer c = { 0 };
		struct err e = { 0 };
		int r = authfile_parse(str_of(rows[i].file), false, rows[i].host, rows[i].repository, &a, &c, &e);

		if (r != (rows[i].user ? 1 : 0))
			fail_msg("row %zu: %d %s", i, r, e.msg);
		if (rows[i].user)
			assert_string_equal(c.credentials.user, rows[i].user);
	}
}

TEST(credentials_that_cannot_be_used_are_an_error_not_anonymity)
{
	static const char *const rows[] = {
		AUTHS("\"r.test\":{\"auth\":\"!!!\"}"), AUTHS("\"r.test\":{\"auth\":\"YWxpY2U=\"}"), AUTHS("\"r.test\":{\"auth\":\"YToAYg==\"}"),
		"{\"auths\":[]}", "[]", "{",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct authfile_answer c;
		struct err e = { 0 };

		if (authfile_parse(str_of(rows[i]), false, "r.test", "x", &a, &c, &e) >= 0)
			fail_msg("taken: %s", rows[i]);
	}
}

TEST(credentials_keep_colons_in_the_password)
{
	scoped_arena struct arena a = { 0 };
	struct authfile_answer answer;
	struct credentials c;
	struct err e = { 0 };

	assert_int_equal(authfile_parse(STR(AUTHS("\"h\":" BOB)), false, "h", "x", &a, &answer, &e), 1);
	assert_string_equal(answer.credentials.password, "a:b");
	assert_int_equal(credentials_find(&(struct credentials_query){ .host = "h", .given = "u:p:q" }, &a, &c, &e), 0);
	assert_string_equal(c.password, "p:q");
	assert_true(credentials_find(&(struct credentials_query){ .host = "h", .given = "no-colon" }, &a, &c, &e) < 0);
}

TEST(helpers_for_a_host_come_before_its_entry_and_the_store_for_all_after_it)
{
	static const struct {
		const char *file, *host, *helper, *server; /* helper NULL: the entry; "": nothing */
	} rows[] = {
		{ "{\"credHelpers\":{\"r.test\":\"pass\"},\"auths\":{\"r.test\":" ALICE "}}", "r.test", "pass", "r.test" },
		{ "{\"credHelpers\":{\"r.test\":\"pass\"}}", "other.test", "", NULL },
		{ "{\"credsStore\":\"desktop\",\"auths\":{\"r.test\":{}}}", "r.test", "desktop", "r.test" },
		{ "{\"credsStore\":\"desktop\"}", "r.test", "desktop", "r.test" },
		{ "{\"credsStore\":\"desktop\"}", "docker.io", "desktop", "https://index.docker.io/v1/" },
		{ "{\"credsStore\":\"desktop\",\"auths\":{\"r.test\":" ALICE "}}", "r.test", NULL, NULL },
		{ "{\"credHelpers\":{\"docker.io\":\"x\"}}", "docker.io", "x", "docker.io" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct authfile_answer got = { 0 };
		struct err e = { 0 };
		int r = authfile_parse(str_of(rows[i].file), false, rows[i].host, "a/b", &a, &got, &e);

		assert_int_equal(r, !rows[i].helper || *rows[i].helper);
		if (rows[i].helper && *rows[i].helper) {
			assert_string_equal(got.helper, rows[i].helper);
			assert_string_equal(got.server, rows[i].server);
		} else if (r) {
			assert_null(got.helper);
			assert_string_equal(got.credentials.user, "alice");
		}
	}
}

TEST(dockercfg_is_a_list_without_more)
{
	scoped_arena struct arena a = { 0 };
	struct authfile_answer got = { 0 };
	struct err e = { 0 };

	assert_int_equal(authfile_parse(STR("{\"https://r.test\":" ALICE "}"), true, "r.test", NULL, &a, &got, &e), 1);
	assert_string_equal(got.credentials.password, "secret");
}

TEST(helpers_answers_are_checked)
{
	scoped_arena struct arena a = { 0 };
	struct credentials c = { 0 };
	struct err e = { 0 };

	assert_int_equal(helper_parse(STR("{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"s\"}"), &a, &c, &e), 0);
	assert_string_equal(c.user, "u");
	assert_int_equal(helper_parse(STR("{\"Username\":\"<token>\",\"Secret\":\"t\"}"), &a, &c, &e), 0);
	assert_string_equal(c.identity_token, "t");
	assert_null(c.user);
	assert_true(helper_parse(STR("{\"Username\":\"u\"}"), &a, &c, &e) < 0);
	assert_true(helper_parse(STR("{\"Username\":\"\",\"Secret\":\"t\"}"), &a, &c, &e) < 0);
	assert_true(helper_parse(STR("no json"), &a, &c, &e) < 0);
}

TEST(helpers_have_plain_names)
{
	static const char *const names[] = { "../x", "a/b", "", ".", "a b", "x;y" };
	scoped_arena struct arena a = { 0 };
	struct credentials c;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(helper_get(names[i], "h", &a, &c, &e), -EINVAL);
		assert_non_null(strstr(e.msg, "plain name"));
	}
}

TEST(login_to_what_may_begin_an_image_name)
{
	static const char *const rows[][2] = { { "docker.io", "docker.io" }, { "https://index.docker.io/v1/", "docker.io" }, { "r.test:5000", "r.test:5000" },
		{ "https://r.test/v2/", "r.test" }, { "r.test/a/b/", "r.test/a/b" }, { "localhost", "localhost" }, { "plain", NULL }, { "", NULL },
		{ "r.test/UPPER", NULL }, { "a@b.test", NULL } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		const char *server = NULL;
		struct err e = { 0 };
		int r = login_server(rows[i][0], &a, &server, &e);

		if (!rows[i][1] && r >= 0)
			fail_msg("'%s' is taken as '%s'", rows[i][0], server);
		if (rows[i][1] && (r < 0 || strcmp(server, rows[i][1]) != 0))
			fail_msg("'%s' becomes '%s'", rows[i][0], r < 0 ? e.msg : server);
	}
}

/* ---- change ---- */

TEST(change_applies_dockerfile_words)
{
	static const char *const changes[] = { "CMD [\"echo\", \"a b\"]", "ENTRYPOINT run me", "ENV A=b C='d e' F=\"g\\\"h\"", "ENV A second value",
		"expose 80 53/udp 8000-8001", "LABEL k=v \"x y\"=z", "STOPSIGNAL SIGINT", "USER 1000:1000", "VOLUME /data /more", "VOLUME [\"/json\"]",
		"WORKDIR /srv" };
	scoped_arena struct arena a = { 0 };
	struct oci_run_config c = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		if (change_apply(changes[i], &a, &c, &e) < 0)
			fail_msg("%s: %s", changes[i], e.msg);
	assert_int_equal(c.cmd.n, 2);
	assert_string_equal(c.cmd.v[1], "a b");
	assert_int_equal(c.entrypoint.n, 3);
	assert_string_equal(c.entrypoint.v[2], "run me");
	assert_int_equal(c.env.n, 3);
	assert_string_equal(c.env.v[0], "A=second value");
	assert_string_equal(c.env.v[1], "C=d e");
	assert_string_equal(c.env.v[2], "F=g\"h");
	assert_int_equal(c.exposed_ports.n, 4);
	assert_string_equal(c.exposed_ports.v[1], "53/udp");
	assert_string_equal(c.exposed_ports.v[3], "8001/tcp");
	assert_string_equal(pairs_find(&c.labels, "x y"), "z");
	assert_int_equal(c.volumes.n, 3);
	assert_string_equal(c.working_dir, "/srv");
}

TEST(change_refuses_other_words_and_bad_arguments)
{
	static const char *const changes[] = { "RUN x", "CMD", "", "CMD [1]", "CMD [\"x\"", "ENV =x", "ENV A", "EXPOSE web", "EXPOSE 80/x", "WORKDIR rel",
		"LABEL x", "ONBUILD RUN x" };

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		scoped_arena struct arena a = { 0 };
		struct oci_run_config c = { 0 };
		struct err e = { 0 };

		if (change_apply(changes[i], &a, &c, &e) == 0)
			fail_msg("taken: %s", changes[i]);
	}
}

/* ---- records ---- */


static const char config_text[] = "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";

static const char *config_put(struct image_store *s, struct arena *a, const char *text)
{
	char digest[DIGEST_TEXT_SIZE];
	struct digest d;
	struct err e = { 0 };

	digest_of(DIGEST_SHA256, text, strlen(text), &d);
	digest_print(&d, digest);
	assert_int_equal(content_blob_write(s, digest, str_of(text), &e), 0);
	return arena_strdup(a, digest);
}

TEST(image_is_found_by_name_and_id_and_keeps_a_nameless_record_when_its_name_moves)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record first = { .reference = "docker.io/library/x:1" }, second = first;
	struct image image;
	struct images images;
	struct err e = { 0 };
	char prefix[20];

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	first.id = first.manifest = config_put(s, &a, config_text);
	second.id = second.manifest = config_put(s, &a, arena_printf(&a, "%s ", config_text));
	assert_int_equal(content_record_place(s, &first, &e), 0);
	assert_int_equal(image_find(s, "x:1", &a, &image, &e), 0);
	assert_string_equal(image.config.config.cmd.v[0], "sh");
	snprintf(prefix, sizeof prefix, "%.12s", digest_hex(first.id));
	assert_int_equal(image_find(s, prefix, &a, &image, &e), 0);
	assert_int_equal(image_find(s, first.id, &a, &image, &e), 0);
	assert_int_equal(image_tag(s, "x:1", "y", &e), 0);
	assert_int_equal(image_find(s, "docker.io/library/y:latest", &a, &image, &e), 0);
	assert_int_equal(image_remove(s, "y", 0, NULL, NULL, &a, &(struct image_removal){ 0 }, &e), 0);
	assert_int_equal(content_record_place(s, &second, &e), 0);
	assert_int_equal(image_find(s, "x:1", &a, &image, &e), 0);
	assert_string_equal(image.id, second.id);
	assert_int_equal(image_find(s, prefix, &a, &image, &e), 0);
	assert_int_equal(image.names.n, 0);
	assert_int_equal(image_list(s, &a, &images, &e), 0);
	assert_int_equal(images.n, 2);
	assert_int_equal(image_find(s, "nothing", &a, &image, &e), -ENOENT);
	assert_true(image_find(s, "Bad Name", &a, &image, &e) < 0);
}

static bool always_in_use(void *arg, const char *id, char *ret_who, size_t size)
{
	snprintf(ret_who, size, "web");
	return true;
}

TEST(image_in_use_or_pinned_is_not_removed)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1" };
	struct image_removal removal;
	struct image image;
	struct err e = { 0 };
	int pin;

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	assert_int_equal(content_record_place(s, &record, &e), 0);
	assert_true(image_remove(s, "x:1", 0, always_in_use, NULL, &a, &removal, &e) < 0);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_int_equal(image_pin(s, record.id, &pin, &e), 0);
	assert_true(image_remove(s, "x:1", IMAGE_REMOVE_FORCE, NULL, NULL, &a, &removal, &e) < 0);
	fd_close(pin);
	assert_int_equal(image_remove(s, "x:1", IMAGE_REMOVE_FORCE, always_in_use, NULL, &a, &removal, &e), 0);
	assert_int_equal(image_find(s, record.id, &a, &image, &e), 0);
	assert_int_equal(image_prune(s, &(struct image_prune_options){ 0 }, NULL, NULL, &a, &removal, &e), 0);
	assert_int_equal(removal.deleted.n, 1);
	assert_int_equal(image_find(s, record.id, &a, &image, &e), -ENOENT);
	assert_true(image_pin(s, record.id, &pin, &e) < 0);
}

TEST(image_blob_that_changed_is_corrupt)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1" };
	struct image image;
	struct err e = { 0 };
	char path[200];

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	assert_int_equal(content_record_place(s, &record, &e), 0);
	snprintf(path, sizeof path, "blobs/%s", content_blob_name(record.id).s);
	assert_int_equal(unlinkat(dir.fd, path, 0), 0);
	assert_int_equal(file_create(dir.fd, path, "{}", 2, 0644), 0);
	assert_true(image_find(s, "x:1", &a, &image, &e) < 0);
	assert_int_equal(e.kind, ERR_CORRUPT);
}

TEST(document_that_is_damaged_is_written_again)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct err e = { 0 };
	struct str text;
	const char *digest;
	char path[200];

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	digest = config_put(s, &a, config_text);
	snprintf(path, sizeof path, "blobs/%s", content_blob_name(digest).s);
	assert_int_equal(unlinkat(dir.fd, path, 0), 0);
	assert_int_equal(file_create(dir.fd, path, arena_printf(&a, "%*s", (int)strlen(config_text), ""), strlen(config_text), 0644), 0);
	assert_true(content_blob_read(s, digest, &a, &text, &e) < 0);
	config_put(s, &a, config_text);
	assert_int_equal(content_blob_read(s, digest, &a, &text, &e), 0);
}

/* ---- several at once ---- */

enum { WRITERS = 3, DOCUMENTS = 400 };

struct writer {
	struct image_store *s;
	pthread_barrier_t *together;
	int n_failed;
};

static void *documents_write(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < DOCUMENTS; i++) {
		char digest[DIGEST_TEXT_SIZE];
		struct err e = { 0 };

		snprintf(digest, sizeof digest, "sha256:%064x", i);
		pthread_barrier_wait(w->together);
		w->n_failed += content_blob_write(w->s, digest, str_of(config_text), &e) < 0;
	}
	return NULL;
}

TEST(document_is_written_by_several_pulls_at_once)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_image_store struct image_store *s = NULL;
	struct writer writers[WRITERS];
	pthread_barrier_t together;
	pthread_t threads[WRITERS];
	struct err e = { 0 };

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	pthread_barrier_init(&together, NULL, WRITERS);
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ s, &together, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, documents_write, &writers[i]), 0);
	}
	for (size_t i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(writers[i].n_failed, 0);
	}
	pthread_barrier_destroy(&together);
}

TEST(content_that_somebody_relies_on_or_a_record_needs_is_not_removed)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1" };
	struct strs none = { 0 }, blobs = { 0 }, deleted = { 0 };
	struct err e = { 0 };
	const char *relied;
	char digest[DIGEST_TEXT_SIZE];
	struct digest d;
	int lock;

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	assert_int_equal(content_record_place(s, &record, &e), 0);
	relied = arena_printf(&a, "%s ", config_text);
	digest_of(DIGEST_SHA256, relied, strlen(relied), &d);
	digest_print(&d, digest);
	assert_int_equal(content_blob_keep(s, digest, str_of(relied), &lock, &e), 0);
	strs_push(&a, &blobs, record.id);
	strs_push(&a, &blobs, digest);
	assert_int_equal(remove_unneeded(s, &none, &blobs, &a, &deleted, &e), 0);
	assert_true(content_blob_has(s, record.id, -1));
	assert_true(content_blob_has(s, digest, -1));
	content_unlock(s, CONTENT_LOCK_BLOB, digest, lock);
	assert_int_equal(remove_unneeded(s, &none, &blobs, &a, &deleted, &e), 0);
	assert_true(content_blob_has(s, record.id, -1));
	assert_false(content_blob_has(s, digest, -1));
}

/* ---- two at once ---- */

/* Somebody else, who has begun when this returns, and waits for our @lock if he must. */
static pid_t beside(void (*work)(const char *root, const char *arg), const char *root, const char *arg, int lock)
{
	enum { BEGUN_MS = 200 };
	pid_t pid = fork();

	if (pid == 0) {
		fd_close(lock); /* else it were his, too */
		work(root, arg);
		_exit(0);
	}
	usleep(BEGUN_MS * 1000);
	return pid;
}

static void beside_end(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void untag(const char *root, const char *name)
{
	scoped_arena struct arena a = { 0 };
	struct strs names = { 0 }, untagged;
	struct image_store *s;
	struct err e = { 0 };

	strs_push(&a, &names, name);
	if (image_store_open(root, &s, &e) < 0 || image_untag(s, name, &names, &a, &untagged, &e) < 0)
		_exit(1);
}

static void sweep(const char *root, const char *arg)
{
	scoped_arena struct arena a = { 0 };
	struct image_removal removal;
	struct image_store *s;
	struct err e = { 0 };

	if (image_store_open(root, &s, &e) < 0 || image_sweep(s, &a, &removal, &e) < 0)
		_exit(1);
}

TEST(image_whose_last_two_names_go_at_once_keeps_a_record)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1" };
	struct image image;
	struct err e = { 0 };
	pid_t first, second;
	int lock;

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	assert_int_equal(content_record_place(s, &record, &e), 0);
	assert_int_equal(image_tag(s, "x:1", "y:1", &e), 0);
	lock = content_lock_all(s, CONTENT_RECORDS);
	first = beside(untag, dir.path, "x:1", lock);
	second = beside(untag, dir.path, "y:1", lock);
	fd_close(lock);
	beside_end(first);
	beside_end(second);
	assert_int_equal(image_find(s, record.id, &a, &image, &e), 0);
	assert_int_equal(image.names.n, 0);
}

TEST(image_keeps_a_record_when_one_of_two_names_moves_while_the_other_goes)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1" }, other = record;
	struct image image;
	struct err e = { 0 };
	pid_t child;
	int lock;

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	other.id = other.manifest = config_put(s, &a, arena_printf(&a, "%s ", config_text));
	assert_int_equal(content_record_place(s, &record, &e), 0);
	assert_int_equal(image_tag(s, "x:1", "y:1", &e), 0);
	lock = content_lock_all(s, CONTENT_RECORDS);
	child = beside(untag, dir.path, "y:1", lock);
	/* What content_record_place() does under the lock: of two names one is left, so no nameless record is needed. */
	assert_int_equal(content_record_write(s, &other, &e), 0);
	fd_close(lock);
	beside_end(child);
	assert_int_equal(image_find(s, record.id, &a, &image, &e), 0);
	assert_int_equal(image.names.n, 0);
}

TEST(content_of_an_image_whose_record_moves_is_not_removed)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1" };
	struct err e = { 0 };
	pid_t child;
	int lock;

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	lock = content_lock_all(s, CONTENT_RECORDS);
	/* Who lists a directory may see neither the old name nor the new one. */
	child = beside(sweep, dir.path, NULL, lock);
	assert_int_equal(content_record_write(s, &record, &e), 0);
	fd_close(lock);
	beside_end(child);
	assert_true(content_blob_has(s, record.id, -1));
}

TEST(image_that_was_given_a_name_is_not_removed_for_having_none)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { 0 };
	struct image_removal removal = { 0 };
	struct images list;
	struct image image;
	struct err e = { 0 };

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = config_put(s, &a, config_text);
	assert_int_equal(content_record_place(s, &record, &e), 0);
	assert_int_equal(image_list(s, &a, &list, &e), 0);
	assert_int_equal(image_tag(s, record.id, "x:1", &e), 0);
	image_remove_unused(s, &list.v[0], NULL, NULL, &a, &removal);
	assert_int_equal(removal.untagged.n + removal.deleted.n, 0);
	assert_int_equal(image_find(s, "x:1", &a, &image, &e), 0);
}

/* ---- what an index needs ---- */

TEST(indexes_that_name_each_other_over_and_over_are_read_once)
{
	enum { TIMES = 1000 };
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct image_record record = { .reference = "docker.io/library/x:1", .all = true };
	struct strs blobs = { 0 }, layers = { 0 };
	const char *child;
	struct err e = { 0 };

	assert_int_equal(image_store_open(dir.path, &s, &e), 0);
	record.id = record.manifest = child = config_put(s, &a, config_text);
	for (int depth = 0; depth < 3; depth++) {
		scoped_buf struct buf b = BUF(LIMIT_MANIFEST);

		buf_printf(&b, "{\"schemaVersion\":2,\"manifests\":[");
		for (int i = 0; i < TIMES; i++)
			buf_printf(&b, "%s{\"mediaType\":\"application/vnd.oci.image.%s.v1+json\",\"digest\":\"%s\",\"size\":1}", i ? "," : "", depth ? "index" : "manifest", child);
		buf_printf(&b, "]}");
		record.index = child = config_put(s, &a, buf_text(&b));
	}
	alarm(60); /* a billion times it was */
	(void)remove_needs(s, &record, &a, &blobs, &layers);
	alarm(0);
	assert_int_equal(blobs.n, 4);
}
