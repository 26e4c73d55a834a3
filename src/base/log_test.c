/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one record looks like to whoever reads the descriptor. Returns its length. */
static size_t record(enum log_format format, enum log_transport transport, const char *msg, char *ret, size_t size)
{
	int pair[2];
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	log_open(pair[1], format, LOG_LEVEL_WARN, "tare-runtime");
	log_speak(transport, "web");
	log_error("%s", msg);
	log_info("nobody asked for this");
	n = recv(pair[0], ret, size - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	ret[n] = 0;
	assert_int_equal(recv(pair[0], ret + n, size - (size_t)n, MSG_DONTWAIT), -1);
	close(pair[0]);
	close(pair[1]);
	log_open(2, LOG_FORMAT_PLAIN, LOG_LEVEL_WARN, "tare");
	return (size_t)n;
}

TEST(log_records_are_lines_as_runc_writes_them)
{
	char got[512];

	record(LOG_FORMAT_TEXT, LOG_TO_STREAM, "say \"no\"", got, sizeof got);
	assert_non_null(strstr(got, "level=error msg=\"say \\\"no\\\"\"\n"));
	record(LOG_FORMAT_JSON, LOG_TO_STREAM, "one\ntwo", got, sizeof got);
	assert_ptr_equal(strstr(got, "{\"level\":\"error\",\"msg\":\"one\\ntwo\",\"time\":\"20"), got);
	assert_string_equal(got + strlen(got) - 3, "\"}\n");
}

TEST(plain_log_records_do_nothing_to_a_terminal)
{
	char got[512];

	record(LOG_FORMAT_PLAIN, LOG_TO_STREAM, "'\x1b]0;x\a\r\nfake' \xc3\xa9 \xc2\x9b" "1m", got, sizeof got);
	assert_string_equal(got, "tare-runtime: '?]0;x?  fake' \xc3\xa9 ??1m\n");
}

TEST(log_speaks_the_journals_protocol)
{
	static const char want[] = "PRIORITY=3\nSYSLOG_IDENTIFIER=tare-runtime\nID=web\nMESSAGE\n\7\0\0\0\0\0\0\0one\ntwo\n";
	char got[512];

	assert_int_equal(record(LOG_FORMAT_TEXT, LOG_TO_JOURNAL, "one\ntwo", got, sizeof got), sizeof want - 1);
	assert_memory_equal(got, want, sizeof want - 1);
}

TEST(log_speaks_syslog)
{
	char got[512], want[64];

	record(LOG_FORMAT_TEXT, LOG_TO_SYSLOG, "one", got, sizeof got);
	snprintf(want, sizeof want, "<11>web[%d]: one", (int)getpid());
	assert_string_equal(got, want);
}
