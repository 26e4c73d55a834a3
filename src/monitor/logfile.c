/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "os/fd.h"

enum { OUT_FLUSH = 16 * 1024, OUT_KEEP = 64 * 1024 };

static int open_file(const char *path, uint64_t *ret_size)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0)
		*ret_size = (uint64_t)st.st_size;
	return fd;
}

int logfile_open(struct logfile *l, const struct monitor_config *config, struct err *e)
{
	*l = LOGFILE_NONE;
	l->config = config;
	l->format = &logfmts[config->log_driver];
	l->out = BUF(OUT_FLUSH + LOGFMT_RECORD);
	if (!l->format->record)
		return 0;
	l->fd = open_file(config->log_path, &l->size);
	if (l->fd < 0)
		return err_sys(e, l->fd, "open log '%s'", config->log_path);
	return 0;
}

int logfile_reopen(struct logfile *l, struct err *e)
{
	uint64_t size = 0;
	int fd;

	if (!l->format->record)
		return 0;
	fd = open_file(l->config->log_path, &size);
	if (fd < 0)
		return err_sys(e, fd, "open log '%s'", l->config->log_path);
	fd_close(l->fd);
	l->fd = fd;
	l->size = size;
	return 0;
}

/* PATH.(n-2) becomes PATH.(n-1), …, PATH becomes PATH.1: a missing one is no error, and neither is a name too long for our buffer. */
static void rotate(struct logfile *l)
{
	char from[LIMIT_PATH + 16], to[LIMIT_PATH + 16];
	const char *path = l->config->log_path;
	struct err ignored;

	for (uint32_t i = l->config->log_max_files; i-- > 1;) {
		snprintf(to, sizeof to, "%s.%u", path, i);
		if (i > 1)
			snprintf(from, sizeof from, "%s.%u", path, i - 1);
		else
			snprintf(from, sizeof from, "%s", path);
		rename(from, to);
	}
	if (l->config->log_max_files <= 1)
		unlink(path);
	logfile_reopen(l, &ignored); /* failing, we go on in the renamed file: nothing is lost */
}

/* Writes the whole records that wait. A record that the disk did not take whole is cut off again. */
static void flush(struct logfile *l)
{
	int r;

	if (!l->out.n)
		return;
	if (l->config->log_max_size && l->size && l->size + l->out.n > l->config->log_max_size)
		rotate(l);
	r = fd_write_all(l->fd, l->out.p, l->out.n);
	if (r < 0) {
		l->lost++;
		if (ftruncate(l->fd, (off_t)l->size) < 0)
			l->lost++;
	} else {
		l->size += l->out.n;
	}
	if (l->out.size > OUT_KEEP)
		buf_done(&l->out);
	else
		buf_clear(&l->out);
}

struct feed {
	struct logfile *log;
	enum logfile_stream stream;
};

static void take_piece(void *arg, struct str piece, bool end)
{
	static const char *const words[] = { [LOGFILE_STDOUT] = "stdout", [LOGFILE_STDERR] = "stderr" };
	const struct feed *f = arg;

	f->log->format->record(&f->log->out, words[f->stream], piece, end, f->log->when);
	if (f->log->out.n >= OUT_FLUSH)
		flush(f->log);
}

void logfile_write(struct logfile *l, enum logfile_stream stream, struct str bytes, struct timespec now)
{
	struct feed f = { l, stream };

	if (l->fd < 0)
		return;
	text_time(now, l->when);
	line_feed(&l->lines[stream], bytes, take_piece, &f);
	flush(l);
}

void logfile_finish(struct logfile *l, enum logfile_stream stream, struct timespec now)
{
	struct feed f = { l, stream };

	if (l->fd < 0)
		return;
	text_time(now, l->when);
	line_finish(&l->lines[stream], take_piece, &f);
	flush(l);
}

void logfile_close(struct logfile *l)
{
	fd_done(&l->fd);
	buf_done(&l->out);
}
