/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "spec/monitor.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codec/json.h"
#include "os/fd.h"

static struct monitor_frame frame;

TEST(every_monitor_message_has_a_row_with_a_name_and_fitting_sizes)
{
	for (int i = 0; i < MONITOR_MSG_COUNT; i++) {
		assert_non_null(monitor_msgs[i].name);
		assert_true(monitor_msgs[i].min <= monitor_msgs[i].max && monitor_msgs[i].max <= LIMIT_MONITOR_PAYLOAD);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(monitor_msgs[i].name, monitor_msgs[k].name);
	}
	assert_true(enumtab_check(&monitor_logs));
}

TEST(monitor_field_tables_obey_the_laws)
{
	const struct schema *const all[] = { &monitor_config_schema, &monitor_state_schema, &monitor_exit_schema };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(schema_check(all[i], &e), 0);
}

static void pair(int *a, int *b)
{
	struct err e;

	assert_int_equal(monitor_pair(a, b, &e), 0);
}

TEST(a_frame_arrives_as_it_was_sent)
{
	scoped_fd int a = -EBADF, b = -EBADF;
	struct err e;

	pair(&a, &b);
	assert_int_equal(monitor_send(a, MONITOR_STDIN, "hello", 5, &e), 0);
	assert_int_equal(monitor_send_number(a, MONITOR_SIGNAL, 15, &e), 0);
	assert_int_equal(monitor_receive(b, &frame, &e), 1);
	assert_int_equal(frame.type, MONITOR_STDIN);
	assert_int_equal(frame.length, 5);
	assert_memory_equal(frame.payload, "hello", 5);
	assert_int_equal(monitor_receive(b, &frame, &e), 1);
	assert_int_equal(monitor_frame_number(&frame), 15);
	a = fd_close(a);
	assert_int_equal(monitor_receive(b, &frame, &e), 0);
	assert_int_equal(monitor_send(b, MONITOR_START, NULL, 0, &e), -EPIPE);
}

TEST(last_words_are_heard_even_from_one_that_did_not_listen)
{
	scoped_fd int a = -EBADF, b = -EBADF;
	struct err e;

	pair(&a, &b);
	assert_int_equal(monitor_send(b, MONITOR_RELEASE, NULL, 0, &e), 0);
	assert_int_equal(monitor_send_number(a, MONITOR_CREATED, 42, &e), 0);
	a = fd_close(a);
	assert_int_equal(monitor_receive(b, &frame, &e), 1);
	assert_int_equal(monitor_frame_number(&frame), 42);
	assert_int_equal(monitor_receive(b, &frame, &e), 0);
}

TEST(a_packet_that_is_no_frame_is_corrupt)
{
	static const struct {
		uint32_t words[4];
		size_t size;
	} bad[] = {
		{ { MONITOR_START }, 4 },                         /* shorter than a header */
		{ { MONITOR_START, 4 }, 8 },                      /* promises more than it has */
		{ { MONITOR_START, 0, 7 }, 12 },                  /* has more than it says */
		{ { MONITOR_START, 4, 7 }, 12 },                  /* a message without payload, with one */
		{ { MONITOR_MSG_COUNT, 0 }, 8 },                  /* no such message */
		{ { MONITOR_NONE, 0 }, 8 },
		{ { MONITOR_SIGNAL, 2, 7 }, 10 },                 /* half a number */
	};
	scoped_fd int a = -EBADF, b = -EBADF;
	struct err e;

	pair(&a, &b);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(send(a, bad[i].words, bad[i].size, 0), bad[i].size);
		assert_int_equal(monitor_receive(b, &frame, &e), -EBADMSG);
	}
}

TEST(what_does_not_fit_a_frame_is_not_sent)
{
	static char big[LIMIT_MONITOR_PAYLOAD + 1];
	scoped_fd int a = -EBADF, b = -EBADF;
	struct err e;

	pair(&a, &b);
	assert_int_equal(monitor_send(a, MONITOR_STDIN, big, sizeof big, &e), -E2BIG);
	assert_int_equal(monitor_send(a, MONITOR_STDIN, big, 0, &e), -EINVAL);
	assert_int_equal(monitor_send(a, MONITOR_STDIN, big, sizeof big - 1, &e), 0);
	assert_int_equal(monitor_receive(b, &frame, &e), 1);
	assert_int_equal(frame.length, LIMIT_MONITOR_PAYLOAD);
}

TEST(expecting_skips_output_and_turns_failed_into_its_error)
{
	scoped_fd int a = -EBADF, b = -EBADF;
	struct err sent, e;

	pair(&a, &b);
	err_sys(&sent, -ENOENT, "exec 'x'");
	assert_int_equal(monitor_send(a, MONITOR_STDOUT, "x", 1, &e), 0);
	assert_int_equal(monitor_send_number(a, MONITOR_CREATED, 42, &e), 0);
	assert_int_equal(monitor_send(a, MONITOR_FAILED, &sent, sizeof sent, &e), 0);
	assert_int_equal(monitor_expect(b, MONITOR_CREATED, &frame, &e), 0);
	assert_int_equal(monitor_frame_number(&frame), 42);
	assert_int_equal(monitor_expect(b, MONITOR_STARTED, &frame, &e), -ENOENT);
	assert_string_equal(e.msg, "exec 'x': no such file or directory");
	a = fd_close(a);
	assert_int_equal(monitor_expect(b, MONITOR_STARTED, &frame, &e), -EPIPE);
}

TEST(monitor_configuration_survives_encoding_and_decoding)
{
	static const char *const argv[] = { "--root", "/r" };
	struct monitor_config c = {
		.id = "x", .bundle = "/b", .run_dir = "/run/x", .runtime = "runc",
		.runtime_args = { (const char **)(uintptr_t)argv, 2 }, .terminal = true, .log_driver = MONITOR_LOG_JSON_FILE, .log_path = "/l",
		.log_max_size = 1 << 20, .log_max_files = 3,
	}, d;
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf text = BUF(LIMIT_DOCUMENT);
	struct err e;

	assert_int_equal(json_encode(&monitor_config_schema, &c, JSON_INDENT_NONE, &text), 0);
	assert_int_equal(json_decode(buf_str(&text), &monitor_config_schema, JSON_EXACT, &a, &d, &e), 0);
	assert_string_equal(d.runtime_args.v[1], "/r");
	assert_true(d.terminal);
	assert_int_equal(d.log_driver, MONITOR_LOG_JSON_FILE);
	assert_int_equal(d.log_max_size, 1 << 20);
}

TEST(monitor_configuration_with_relative_paths_or_no_log_file_is_refused)
{
	static const char *const bad[] = {
		"{\"id\":\"x\",\"bundle\":\"b\",\"runDir\":\"/r\",\"runtime\":\"runc\",\"logDriver\":\"none\"}",
		"{\"id\":\"x\",\"bundle\":\"/b\",\"runDir\":\"/r\",\"runtime\":\"runc\",\"logDriver\":\"json-file\"}",
		"{\"id\":\"x\",\"bundle\":\"/b\",\"runDir\":\"/r\",\"runtime\":\"runc\",\"logDriver\":\"syslog\"}",
		"{\"id\":\"\",\"bundle\":\"/b\",\"runDir\":\"/r\",\"runtime\":\"runc\"}",
	};
	scoped_arena struct arena a = { 0 };
	struct monitor_config c;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(json_decode(str_of(bad[i]), &monitor_config_schema, JSON_EXACT, &a, &c, &e), -EINVAL);
}
