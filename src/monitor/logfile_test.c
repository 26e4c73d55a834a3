/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/logfile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/json.h"
#include "os/file.h"

static struct buf out;

static const char *record(enum monitor_log driver, const char *stream, struct str piece, bool end)
{
	buf_done(&out);
	out = BUF(LOGFMT_RECORD);
	logfmts[driver].record(&out, &(struct logfmt_piece){ .stream = stream, .text = piece, .end = end, .when = "T" });
	return buf_text(&out);
}

TEST(json_file_record_is_dockers)
{
	assert_string_equal(record(MONITOR_LOG_JSON_FILE, "stdout", STR("hi\n"), true),
		"{\"log\":\"hi\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n");
}

TEST(json_file_part_has_no_newline_and_an_empty_end_no_record)
{
	assert_string_equal(record(MONITOR_LOG_JSON_FILE, "stderr", STR("hi"), false),
		"{\"log\":\"hi\",\"stream\":\"stderr\",\"time\":\"T\"}\n");
	assert_string_equal(record(MONITOR_LOG_JSON_FILE, "stderr", STR(""), true), "");
}

TEST(json_file_escapes_control_bytes_and_replaces_what_is_no_utf8)
{
	assert_string_equal(record(MONITOR_LOG_JSON_FILE, "stdout", STR("\"\\\t\x1b[1m\x7f\n"), true),
		"{\"log\":\"\\\"\\\\\\t\\u001b[1m\\u007f\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n");
	assert_string_equal(record(MONITOR_LOG_JSON_FILE, "stdout", STR("a\xff\xc3z\xe2\x82\xac\xed\xa0\x80\n"), true),
		"{\"log\":\"a\xef\xbf\xbd\xef\xbf\xbdz\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n");
	assert_string_equal(record(MONITOR_LOG_JSON_FILE, "stdout", (struct str){ "a\0b\n", 4 }, true),
		"{\"log\":\"a\\u0000b\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n");
}

TEST(the_longest_record_fits_its_limit)
{
	static char zeros[LIMIT_LOG_LINE];

	record(MONITOR_LOG_JSON_FILE, "stderr", (struct str){ zeros, sizeof zeros }, false);
	assert_false(buf_is_full(&out));
	assert_true(out.n > 6 * sizeof zeros);
}

TEST(k8s_record_tells_parts_from_ends)
{
	assert_string_equal(record(MONITOR_LOG_K8S_FILE, "stdout", STR("hi\n"), true), "T stdout F hi\n");
	assert_string_equal(record(MONITOR_LOG_K8S_FILE, "stderr", STR("hi"), false), "T stderr P hi\n");
	assert_string_equal(record(MONITOR_LOG_K8S_FILE, "stderr", STR(""), true), "T stderr F \n");
}

static struct pair one_field[] = { { "tag", "a\"b" } };
static const struct pairs some_fields = { one_field, 1 };

TEST(what_every_record_carries_stands_between_stream_and_time)
{
	scoped_buf struct buf fields = BUF(LOGFMT_FIELDS);

	buf_done(&out);
	out = BUF(LOGFMT_RECORD);
	logfmts[MONITOR_LOG_JSON_FILE].fields(&fields, &some_fields);
	logfmts[MONITOR_LOG_JSON_FILE].record(&out, &(struct logfmt_piece){ "stdout", "T", STR("x\n"), true, buf_str(&fields) });
	assert_string_equal(buf_text(&out), "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"tag\":\"a\\\"b\"},\"time\":\"T\"}\n");
}

TEST(a_journal_record_has_the_length_of_its_message_and_no_line_end)
{
	record(MONITOR_LOG_JOURNALD, "stderr", STR("a\0b\n"), true);
	assert_int_equal(out.n, 11 + 8 + 8 + 3 + 1);
	assert_memory_equal(out.p, "PRIORITY=3\nMESSAGE\n\3\0\0\0\0\0\0\0a\0b\n", out.n);
	record(MONITOR_LOG_JOURNALD, "stdout", STR("a"), false);
	assert_non_null(strstr(out.p, "CONTAINER_PARTIAL_MESSAGE=true\n"));
	record(MONITOR_LOG_JOURNALD, "stdout", STR(""), true);
	assert_int_equal(out.n, 0);
}

struct log_dir {
	char path[64], file[80];
	struct monitor_config config;
};

static void make_dir(struct log_dir *d, enum monitor_log driver)
{
	memset(d, 0, sizeof *d);
	snprintf(d->path, sizeof d->path, "/tmp/tare-logfile-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	snprintf(d->file, sizeof d->file, "%s/log", d->path);
	d->config = (struct monitor_config){ .log_driver = driver, .log_path = d->file };
}

static const char *contents(struct arena *a, const char *path)
{
	char *text = NULL;

	return file_read(AT_FDCWD, path, LIMIT_FILE, a, &text, NULL) < 0 ? NULL : text;
}

static struct logfile *logfile(void)
{
	static struct logfile l;

	memset(&l, 0, sizeof l);
	return &l;
}

static const struct timespec when = { .tv_sec = 0 };

TEST(streams_do_not_mix_within_a_line)
{
	scoped_arena struct arena a = { 0 };
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	assert_int_equal(logfile_open(l, &d.config, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("out "), when);
	logfile_write(l, LOGFILE_STDERR, STR("err\n"), when);
	logfile_write(l, LOGFILE_STDOUT, STR("put\nrest"), when);
	logfile_finish(l, LOGFILE_STDOUT, when);
	assert_string_equal(contents(&a, d.file),
		"1970-01-01T00:00:00.000000000Z stderr F err\n"
		"1970-01-01T00:00:00.000000000Z stdout F out put\n"
		"1970-01-01T00:00:00.000000000Z stdout F rest\n");
	logfile_close(l);
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

TEST(a_log_that_has_grown_moves_aside_and_the_oldest_goes)
{
	scoped_arena struct arena a = { 0 };
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	d.config.log_max_size = 100;
	d.config.log_max_files = 2;
	assert_int_equal(logfile_open(l, &d.config, &e), 0);
	for (int i = 0; i < 6; i++) {
		char text[8];

		snprintf(text, sizeof text, "%d\n", i);
		logfile_write(l, LOGFILE_STDOUT, str_of(text), when);
	}
	logfile_close(l);
	assert_string_equal(contents(&a, d.file),
		"1970-01-01T00:00:00.000000000Z stdout F 4\n1970-01-01T00:00:00.000000000Z stdout F 5\n");
	assert_string_equal(contents(&a, arena_printf(&a, "%s.1", d.file)),
		"1970-01-01T00:00:00.000000000Z stdout F 2\n1970-01-01T00:00:00.000000000Z stdout F 3\n");
	assert_null(contents(&a, arena_printf(&a, "%s.2", d.file)));
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

/* Five records, each a file. */
static void five_files(struct logfile *l)
{
	for (int i = 0; i < 5; i++)
		logfile_write(l, LOGFILE_STDOUT, STR("0123456789\n"), when);
}

TEST(a_file_that_is_read_stays_and_so_do_all_newer_ones)
{
	scoped_arena struct arena a = { 0 };
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;
	int reader;

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	d.config.log_max_size = 40;
	d.config.log_max_files = 1;
	assert_int_equal(logfile_open(l, &d.config, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("first\n"), when);
	reader = open(d.file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lock_fd_try(reader, FILE_LOCK_SHARED), 0);
	five_files(l);
	assert_non_null(strstr(contents(&a, arena_printf(&a, "%s.5", d.file)), "first"));
	assert_false(logfile_is_held(l));
	five_files(l);
	assert_true(logfile_is_held(l)); /* one and LOGFILE_HELD are there */
	assert_true(logfile_release(l));
	close(reader);
	assert_false(logfile_release(l));
	assert_null(contents(&a, arena_printf(&a, "%s.1", d.file)));
	logfile_close(l);
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

TEST(a_log_that_others_cut_does_not_turn_over_too_soon)
{
	scoped_arena struct arena a = { 0 };
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	d.config.log_max_size = 100;
	d.config.log_max_files = 3;
	assert_int_equal(logfile_open(l, &d.config, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("0\n"), when);
	logfile_write(l, LOGFILE_STDOUT, STR("1\n"), when);
	assert_int_equal(truncate(d.file, 0), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("2\n"), when);
	assert_null(contents(&a, arena_printf(&a, "%s.1", d.file)));
	logfile_close(l);
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

TEST(a_log_is_an_ordinary_file_or_an_error)
{
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;
	char other[80];

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	snprintf(other, sizeof other, "%s/other", d.path);
	assert_int_equal(file_create(AT_FDCWD, other, "x", 1, 0600), 0);
	assert_int_equal(symlink(other, d.file), 0);
	assert_true(logfile_open(l, &d.config, &e) < 0);
	assert_int_equal(unlink(d.file), 0);
	assert_int_equal(mkfifo(d.file, 0600), 0);
	assert_true(logfile_open(l, &d.config, &e) < 0);
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

TEST(a_renamed_log_is_begun_anew_on_request)
{
	scoped_arena struct arena a = { 0 };
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	assert_int_equal(logfile_open(l, &d.config, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("a\n"), when);
	assert_int_equal(rename(d.file, arena_printf(&a, "%s.old", d.file)), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("b\n"), when);
	assert_int_equal(logfile_reopen(l, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("c\n"), when);
	logfile_close(l);
	assert_string_equal(contents(&a, d.file), "1970-01-01T00:00:00.000000000Z stdout F c\n");
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

TEST(a_full_disk_costs_records_and_not_the_form_of_the_file)
{
	scoped_arena struct arena a = { 0 };
	struct logfile *l = logfile();
	struct log_dir d;
	struct err e;
	int full;

	make_dir(&d, MONITOR_LOG_K8S_FILE);
	assert_int_equal(logfile_open(l, &d.config, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("a\n"), when);
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (full < 0)
		skip();
	close(l->fd);
	l->fd = full;
	logfile_write(l, LOGFILE_STDOUT, STR("b\n"), when);
	assert_true(l->lost > 0);
	assert_int_equal(logfile_reopen(l, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("c\n"), when);
	logfile_close(l);
	assert_string_equal(contents(&a, d.file),
		"1970-01-01T00:00:00.000000000Z stdout F a\n1970-01-01T00:00:00.000000000Z stdout F c\n");
	assert_int_equal(dir_remove_tree(AT_FDCWD, d.path), 0);
}

TEST(driver_none_takes_everything_and_opens_nothing)
{
	struct monitor_config c = { .log_driver = MONITOR_LOG_NONE };
	struct logfile *l = logfile();
	struct err e;

	assert_int_equal(logfile_open(l, &c, &e), 0);
	logfile_write(l, LOGFILE_STDOUT, STR("a\n"), when);
	logfile_finish(l, LOGFILE_STDOUT, when);
	assert_int_equal(l->fd, -EBADF);
	logfile_close(l);
}
