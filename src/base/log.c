/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"

static struct {
	int fd;
	enum log_format format;
	enum log_level max;
	const char *program;
	enum log_transport transport;
	char id[128]; /* cut: a record has its limits */
} sink = { .fd = 2, .format = LOG_FORMAT_PLAIN, .max = LOG_LEVEL_WARN, .program = "tare" };

void log_open(int fd, enum log_format format, enum log_level max, const char *program)
{
	sink.fd = fd;
	sink.format = format;
	sink.max = max;
	sink.program = program;
	sink.transport = LOG_TO_STREAM;
}

void log_speak(enum log_transport t, const char *id)
{
	sink.transport = t;
	snprintf(sink.id, sizeof sink.id, "%s", id);
}

int log_descriptor(void)
{
	return sink.fd;
}

bool log_on(enum log_level level)
{
	return level <= sink.max;
}

/* Copies @s into @out (of @size) with the escapes that both JSON and logfmt strings need. */
static void quote(const char *s, char *out, size_t size)
{
	size_t n = 0;

	for (; *s && n + 7 < size; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			n += (size_t)snprintf(out + n, size - n, "\\%c", c);
		else if (c == '\n')
			n += (size_t)snprintf(out + n, size - n, "\\n");
		else if (c < 0x20)
			n += (size_t)snprintf(out + n, size - n, "\\u%04x", c);
		else
			out[n++] = (char)c;
	}
	out[n] = '\0';
}

static const char *const words[] = { "error", "warning", "info", "debug" };

/* The text of a record. @when and @quoted are ready to be used. Returns its length. */
static int put_text(enum log_level level, const char *msg, const char *quoted, const char *when, char *out, size_t size)
{
	bool bare = sink.transport != LOG_TO_STREAM;

	if (sink.format == LOG_FORMAT_JSON)
		return snprintf(out, size, "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}", words[level], quoted, when);
	if (bare)
		return snprintf(out, size, "%s", msg);
	if (sink.format == LOG_FORMAT_TEXT)
		return snprintf(out, size, "time=\"%s\" level=%s msg=\"%s\"", when, words[level], quoted);
	if (level == LOG_LEVEL_ERROR)
		return snprintf(out, size, "%s: %s", sink.program, msg);
	return snprintf(out, size, "%s: %s: %s", sink.program, words[level], msg);
}

/* Severities of syslog. */
static int severity(enum log_level level)
{
	static const int of[] = { [LOG_LEVEL_ERROR] = 3, [LOG_LEVEL_WARN] = 4, [LOG_LEVEL_INFO] = 6, [LOG_LEVEL_DEBUG] = 7 };

	return of[level];
}

/*
 * The journal's native protocol: FIELD=value lines, and for a value that may hold a line end its name, its length in eight bytes of little
 * endian, and its bytes. Syslog: priority of the facility "user", tag, text; the time is put in by who receives it.
 */
static int put_record(enum log_level level, const char *text, int n, char *out, size_t size)
{
	int at;

	switch (sink.transport) {
	case LOG_TO_STREAM:
		return snprintf(out, size, "%s\n", text);
	case LOG_TO_SYSLOG:
		return snprintf(out, size, "<%d>%s[%d]: %s", 8 + severity(level), sink.id, (int)getpid(), text);
	case LOG_TO_JOURNAL:
		break;
	}
	at = snprintf(out, size, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nID=%s\nMESSAGE\n", severity(level), sink.program, sink.id);
	for (int i = 0; i < 8; i++)
		out[at++] = (char)((uint64_t)n >> 8 * i & 0xff);
	return at + snprintf(out + at, size - (size_t)at, "%s\n", text);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char msg[LIMIT_LOG_RECORD], quoted[LIMIT_LOG_RECORD * 2], text[LIMIT_LOG_RECORD * 2 + 128], record[LIMIT_LOG_RECORD * 2 + 512];
	char when[TEXT_TIME_SIZE];
	struct timespec now;
	va_list ap;
	int n;

	if (!log_on(level))
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	/* What may go to a terminal; the other formats have their own escapes. */
	if (sink.format == LOG_FORMAT_PLAIN && sink.transport == LOG_TO_STREAM)
		text_calm(msg);
	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now, when);
	quote(msg, quoted, sizeof quoted);
	n = put_text(level, msg, quoted, when, text, sizeof text);
	n = put_record(level, text, n, record, sizeof record);
	if (write(sink.fd, record, (size_t)n) < 0)
		return; /* nobody is left to tell */
}
