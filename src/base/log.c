/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
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
} sink = { .fd = 2, .format = LOG_FORMAT_PLAIN, .max = LOG_LEVEL_WARN, .program = "tare" };

void log_open(int fd, enum log_format format, enum log_level max, const char *program)
{
	sink.fd = fd;
	sink.format = format;
	sink.max = max;
	sink.program = program;
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

void log_write(enum log_level level, const char *fmt, ...)
{
	static const char *const words[] = { "error", "warning", "info", "debug" };
	char msg[LIMIT_LOG_RECORD], quoted[LIMIT_LOG_RECORD * 2], line[LIMIT_LOG_RECORD * 2 + 128], when[TEXT_TIME_SIZE];
	struct timespec now;
	va_list ap;
	int n = 0;

	if (!log_on(level))
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now, when);
	quote(msg, quoted, sizeof quoted);
	switch (sink.format) {
	case LOG_FORMAT_JSON:
		n = snprintf(line, sizeof line, "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", words[level], quoted, when);
		break;
	case LOG_FORMAT_TEXT:
		n = snprintf(line, sizeof line, "time=\"%s\" level=%s msg=\"%s\"\n", when, words[level], quoted);
		break;
	case LOG_FORMAT_PLAIN:
		n = level == LOG_LEVEL_ERROR ? snprintf(line, sizeof line, "%s: %s\n", sink.program, msg)
					     : snprintf(line, sizeof line, "%s: %s: %s\n", sink.program, words[level], msg);
		break;
	}
	if (write(sink.fd, line, (size_t)n) < 0)
		return; /* nobody is left to tell */
}
