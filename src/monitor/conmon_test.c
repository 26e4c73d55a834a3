/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/conmon_files.h"
#include "monitor/conmon_options.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/vec.h"
#include "os/fd.h"

static struct arena arena;

#define MINIMUM "-c", "c1", "-u", "u1", "-r", "/bin/runc", "-l", "k8s-file:/var/log/c1"

static int parse(struct conmon_options *o, struct err *e, char *const *words, size_t n)
{
	return conmon_options_parse((int)n, words, &arena, o, e);
}
#define PARSE(o, e, ...)                                                          \
	({                                                                        \
		static const char *const _w[] = { "tare-monitor", __VA_ARGS__ };  \
		parse((o), (e), (char *const *)(uintptr_t)_w, ARRAY_LEN(_w));     \
	})

TEST(conmon_words_are_read_in_every_spelling)
{
	struct conmon_options o;
	struct err e;

	assert_int_equal(PARSE(&o, &e, MINIMUM, "--api-version", "1", "--runtime-arg=--root", "--runtime-arg", "/r", "-ti", "-b/bundle", "-T=5"), -EINVAL);
	assert_int_equal(PARSE(&o, &e, MINIMUM, "--api-version", "1", "--runtime-arg=--root", "--runtime-arg", "/r", "-ti", "-b/bundle", "-T5"), 0);
	assert_int_equal(o.api_version, 1);
	assert_int_equal(o.runtime_args.n, 2);
	assert_string_equal(o.runtime_args.v[0], "--root");
	assert_true(o.terminal && o.stdin_open);
	assert_string_equal(o.bundle, "/bundle");
	assert_int_equal(o.timeout, 5);
}

TEST(conmon_options_that_do_not_make_sense_are_errors)
{
	struct conmon_options o;
	struct err e;

	assert_true(PARSE(&o, &e, "-c", "c1") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "--nonsense") < 0);
	assert_non_null(strstr(e.msg, "--nonsense"));
	assert_true(PARSE(&o, &e, MINIMUM, "word") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "--timeout") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "--timeout", "1s") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "--sync=true") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "--exec") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "--exec", "--exec-process-spec", "/s", "--exec-attach") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "-c", "../x") < 0);
	assert_true(PARSE(&o, &e, MINIMUM, "-l", "journald") < 0);
}

TEST(conmon_names_of_options_are_unique)
{
	for (const struct conmon_option *x = conmon_option_table; x->name; x++)
		for (const struct conmon_option *y = conmon_option_table; y < x; y++)
			assert_true(strcmp(x->name, y->name) != 0 && (!x->letter || x->letter != y->letter));
}

static int log_of(const char *path, const char *directory, struct monitor_config *c)
{
	struct conmon_options o = { .id = "0123456789abcdef", .bundle = "/b" };
	struct err e;

	strs_push(&arena, &o.logs, path);
	if (directory)
		strs_push(&arena, &o.log_directories, directory);
	return conmon_options_config(&o, &arena, c, &e);
}

TEST(conmon_logs_are_drivers_with_paths_and_stay_in_their_directories)
{
	struct monitor_config c;

	assert_int_equal(log_of("k8s-file:/l/x", NULL, &c), 0);
	assert_int_equal(c.log_driver, MONITOR_LOG_K8S_FILE);
	assert_string_equal(c.log_path, "/l/x");
	assert_int_equal(log_of("/l/x", "/l", &c), 0);
	assert_int_equal(c.log_driver, MONITOR_LOG_K8S_FILE);
	assert_int_equal(log_of("journald:", NULL, &c), 0);
	assert_string_equal(pairs_find(&c.log_fields, "CONTAINER_ID"), "0123456789ab");
	assert_int_equal(log_of("off", NULL, &c), 0);
	assert_true(log_of("json-file:/l/x", NULL, &c) < 0);
	assert_true(log_of("k8s-file:relative", NULL, &c) < 0);
	assert_true(log_of("k8s-file:/lx/x", "/l", &c) < 0);
	assert_true(log_of("k8s-file:/l/../etc/x", "/l", &c) < 0);
}

static char heard[256];

static void hear(void *arg, const int *n, size_t count)
{
	size_t at = strlen(heard);

	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(heard + at, sizeof heard - at, "%d,", n[i]);
}

TEST(conmon_fifo_lines_are_numbers_or_nothing)
{
	static struct conmon_fifo f = { .line = hear };
	char nonsense[1000];

	memset(nonsense, 'x', sizeof nonsense);
	conmon_fifo_feed(&f, STR("1 24 "));
	conmon_fifo_feed(&f, STR("80\n2 0 0\n1 2 3 4\n-1 2 3\n1 1001 2\nabc\n\n"));
	conmon_fifo_feed(&f, (struct str){ nonsense, sizeof nonsense });
	conmon_fifo_feed(&f, STR("\n7 8\n"));
	assert_string_equal(heard, "1,24,80,2,0,0,7,8,");
}

TEST(conmon_passes_on_what_is_the_containers_to_say)
{
	static const struct str in = STR("READY=1\nMAINPID=1\nSTATUS=up\nFDSTORE=1\nWATCHDOG=1\nREADY=10\nNOTIFYACCESS=all");
	char out[128];
	size_t n = conmon_notify_allowed(in, out);

	assert_int_equal(n, strlen("READY=1\nSTATUS=up\nWATCHDOG=1"));
	assert_memory_equal(out, "READY=1\nSTATUS=up\nWATCHDOG=1", n);
}

TEST(conmon_reports_are_lines_of_json)
{
	char text[256] = "";
	int ends[2];

	assert_int_equal(fd_pipe(ends, 0), 0);
	conmon_report(ends[1], "data", -1, STR("a \"b\"\n"));
	conmon_report(ends[1], "pid", 7, (struct str){ 0 });
	assert_true(read(ends[0], text, sizeof text - 1) > 0);
	assert_string_equal(text, "{\"data\":-1,\"message\":\"a \\\"b\\\"\\n\"}\n{\"pid\":7}\n");
	close(ends[0]);
	close(ends[1]);
}
