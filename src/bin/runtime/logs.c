/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/runtime/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "base/str.h"
#include "os/sock.h"

#define PROGRAM "tare-runtime"

void logs_begin(void)
{
	log_open(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, PROGRAM);
}

static int find_level(const struct logs *l, enum log_level *ret, struct err *e)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warning", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug",
	};

	*ret = l->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	if (l->debug || !l->level)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (streq(words[i], l->level)) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "--log-level: '%s' is not error, warning, info or debug", l->level);
}

static int find_format(const struct logs *l, enum log_format *ret, struct err *e)
{
	*ret = LOG_FORMAT_TEXT;
	if (!l->format || !*l->format || streq(l->format, "text"))
		return 0;
	if (!streq(l->format, "json"))
		return err_set(e, ERR_INVALID, "invalid log-format: '%s' is not text or json", l->format);
	*ret = LOG_FORMAT_JSON;
	return 0;
}

static const struct way {
	const char *prefix, *socket; /* NULL: a file */
	enum log_transport transport;
} ways[] = {
	{ "journald:", "/run/systemd/journal/socket", LOG_TO_JOURNAL },
	{ "syslog:", "/dev/log", LOG_TO_SYSLOG },
	{ "file:", NULL, LOG_TO_STREAM },
	{ "", NULL, LOG_TO_STREAM },
};

static const struct way *find_way(const char *to, const char **ret_rest)
{
	const struct way *w = ways;

	while (!(*ret_rest = str_after(to, w->prefix)))
		w++;
	return w;
}

int logs_open(struct logs *l, struct err *e)
{
	enum log_format format;
	enum log_level level;
	const struct way *w;
	const char *rest;
	int fd, r = find_level(l, &level, e);

	if (r == 0)
		r = find_format(l, &format, e);
	if (r < 0)
		return r;
	log_open(STDERR_FILENO, format, level, PROGRAM);
	if (!l->to || !*l->to)
		return 0;
	w = find_way(l->to, &rest);
	fd = w->socket ? sock_connect_path(w->socket, SOCK_DGRAM) : open(rest, O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, w->socket ? fd : -errno, "open the log '%s'", l->to);
	log_open(fd, format, level, PROGRAM);
	log_speak(w->transport, *rest ? rest : PROGRAM);
	l->elsewhere = true;
	return 0;
}

void logs_report(const struct logs *l, const struct err *e)
{
	log_error("%s", e->msg);
	if (l->elsewhere)
		dprintf(STDERR_FILENO, "%s\n", e->msg);
}
