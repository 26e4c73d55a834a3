/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "monitor/journal.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"

enum { OUT_FLUSH = 16 * 1024, OUT_KEEP = 64 * 1024, PATH_SIZE = LIMIT_PATH + 16 };

static bool is_file(const struct logfile *l)
{
	return l->config->log_driver == MONITOR_LOG_JSON_FILE || l->config->log_driver == MONITOR_LOG_K8S_FILE;
}

/* Never through a symbolic link, and never into a device or a fifo that somebody has put there. */
static int open_file(const char *path, uint64_t *ret_size)
{
	scoped_fd int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	*ret_size = (uint64_t)st.st_size;
	return take_fd(&fd);
}

static int queue_open(struct logfile *l, struct err *e);

int logfile_open(struct logfile *l, const struct monitor_config *config, struct err *e)
{
	*l = LOGFILE_NONE;
	l->config = config;
	l->format = &logfmts[config->log_driver];
	l->out = BUF(OUT_FLUSH + LOGFMT_RECORD);
	l->fields = BUF(LOGFMT_FIELDS);
	if (!l->format->record)
		return 0;
	if (l->format->fields)
		l->format->fields(&l->fields, &config->log_fields);
	if (buf_is_full(&l->fields))
		return err_set(e, ERR_EXHAUSTED, "labels, env and tag of the log have more than %d bytes", LOGFMT_FIELDS);
	if (!is_file(l))
		return journal_open(&l->fd, e);
	l->fd = open_file(config->log_path, &l->size);
	if (l->fd == -EBADF)
		return err_set(e, ERR_INVALID, "log '%s' is not a regular file", config->log_path);
	if (l->fd < 0)
		return err_sys(e, l->fd, "open log '%s'", config->log_path);
	return config->log_buffer ? queue_open(l, e) : 0;
}

int logfile_reopen(struct logfile *l, struct err *e)
{
	uint64_t size = 0;
	int fd;

	if (!is_file(l))
		return 0;
	if (l->queue.fd >= 0) {
		logqueue_reopen(&l->queue);
		return 0;
	}
	fd = open_file(l->config->log_path, &size);
	if (fd < 0)
		return err_sys(e, fd, "open log '%s'", l->config->log_path);
	fd_close(l->fd);
	l->fd = fd;
	l->size = size;
	return 0;
}

/* ---- turning over ---- */

static void name_of(const struct logfile *l, uint32_t i, char ret[PATH_SIZE])
{
	if (i)
		snprintf(ret, PATH_SIZE, "%s.%u", l->config->log_path, i);
	else
		snprintf(ret, PATH_SIZE, "%s", l->config->log_path);
}

/* How many files stand behind the live one. */
static uint32_t count(const struct logfile *l)
{
	char path[PATH_SIZE];
	uint32_t n = 0;

	do
		name_of(l, n + 1, path);
	while (access(path, F_OK) == 0 && ++n < UINT32_MAX);
	return n;
}

/* Removes an old file unless somebody reads it. The lock is taken first, so that a reader gets either it or the next. */
static bool drop(const struct logfile *l, uint32_t i, bool force)
{
	char path[PATH_SIZE];
	scoped_fd int fd = -EBADF;

	name_of(l, i, path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && lock_fd_try(fd, FILE_LOCK_EXCLUSIVE) == -EAGAIN && !force)
		return false;
	return unlink(path) == 0 || errno == ENOENT;
}

/* Removes the oldest until @keep stand behind the live one. Returns how many do: those that are read stay, and so do all newer ones. */
static uint32_t trim(const struct logfile *l, uint32_t keep, bool force)
{
	uint32_t n = count(l);

	while (n > keep && drop(l, n, force))
		n--;
	return n;
}

/* PATH.2 becomes PATH.3, PATH.1 PATH.2, PATH PATH.1: a missing one is no error, and neither is a name too long for our buffer. */
static void shift(const struct logfile *l, uint32_t n)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	for (uint32_t i = n + 1; i-- > 0;) {
		name_of(l, i, from);
		name_of(l, i + 1, to);
		rename(from, to);
	}
}

/* True if the file is as large as we think: others may have cut it (logrotate's copytruncate). */
static bool is_grown(struct logfile *l)
{
	struct stat st;

	if (fstat(l->fd, &st) == 0)
		l->size = (uint64_t)st.st_size;
	return l->size && l->size + l->out.n > l->config->log_max_size;
}

static void rotate(struct logfile *l)
{
	uint32_t keep = l->config->log_max_files - 1, n;
	struct err ignored;

	n = trim(l, keep, false);
	if (n > keep + LOGFILE_HELD - 1) {
		if (!l->held_since)
			l->held_since = proc_now_ns();
		if (proc_now_ns() - l->held_since < (uint64_t)LOGFILE_PATIENCE_MS * 1000000)
			return;
		n = trim(l, keep, true);
	}
	l->held_since = 0;
	shift(l, n);
	logfile_reopen(l, &ignored); /* failing, we go on in the renamed file: nothing is lost */
	trim(l, keep, false);
}

bool logfile_release(struct logfile *l)
{
	if (l->held_since)
		rotate(l);
	return logfile_is_held(l);
}

/* ---- writing ---- */

/* Writes the whole records that wait. A record that the disk did not take whole is cut off again. */
static void flush_file(struct logfile *l)
{
	int r;

	if (l->config->log_max_size && l->size && l->size + l->out.n > l->config->log_max_size && is_grown(l))
		rotate(l);
	r = fd_write_all(l->fd, l->out.p, l->out.n);
	if (r < 0) {
		l->lost++;
		if (ftruncate(l->fd, (off_t)l->size) < 0)
			l->lost++;
	} else {
		l->size += l->out.n;
	}
}

/* ---- not waiting ---- */

/* In the writer: a batch as it was sent. A reader that is behind is waited for here. */
static void queue_write(void *arg, struct str batch)
{
	static const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	struct logfile *l = arg;

	buf_clear(&l->out);
	buf_add(&l->out, batch.p, batch.n);
	flush_file(l);
	while (logfile_release(l))
		nanosleep(&pause, NULL);
}

static void queue_reopen(void *arg)
{
	struct logfile *l = arg;
	struct err ignored; /* then the old file goes on */

	l->queue = LOGQUEUE_NONE;
	logfile_reopen(l, &ignored);
}

static int queue_open(struct logfile *l, struct err *e)
{
	const struct logqueue_writer w = { queue_write, queue_reopen, l, l->fd };

	return logqueue_open(&l->queue, l->config->log_buffer, OUT_FLUSH + LOGFMT_RECORD, &w, e);
}

/* Each record is a line of the file, and one datagram of the journal. */
static uint64_t count_records(const struct logfile *l)
{
	uint64_t n = 0;

	if (!is_file(l))
		return 1;
	for (size_t i = 0; i < l->out.n; i++)
		n += l->out.p[i] == '\n';
	return n;
}

static bool hand_over(struct logfile *l)
{
	return is_file(l) ? logqueue_send(&l->queue, buf_str(&l->out)) : journal_send(l->fd, buf_str(&l->out), true) == 0;
}

/* Before anything else goes out it is said how much did not. */
static void say_dropped(struct logfile *l)
{
	scoped_buf struct buf batch = l->out;
	char text[64];
	int n = snprintf(text, sizeof text, "tare: %llu records were dropped here\n", (unsigned long long)l->dropped);
	struct logfmt_piece p = { .stream = "stderr", .when = l->when, .text = { text, (size_t)n }, .end = true, .fields = buf_str(&l->fields) };

	l->out = BUF(OUT_FLUSH + LOGFMT_RECORD);
	l->format->record(&l->out, &p);
	if (hand_over(l))
		l->dropped = 0;
	buf_done(&l->out);
	l->out = batch;
	batch = BUF(0);
}

static void flush_queue(struct logfile *l)
{
	if (l->dropped)
		say_dropped(l);
	if (!l->dropped && hand_over(l))
		return;
	l->dropped += count_records(l);
	l->lost += count_records(l);
}

static void flush(struct logfile *l)
{
	if (!l->out.n)
		return;
	l->total += l->out.n;
	if (l->config->log_total_max && l->total > l->config->log_total_max)
		l->lost++;
	else if (l->config->log_buffer)
		flush_queue(l);
	else if (is_file(l))
		flush_file(l);
	else if (journal_send(l->fd, buf_str(&l->out), false) < 0)
		l->lost++;
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
	struct logfile *l = f->log;
	struct logfmt_piece p = { .stream = words[f->stream], .when = l->when, .text = piece, .end = end, .fields = buf_str(&l->fields) };

	l->format->record(&l->out, &p);
	if (!is_file(l) || l->out.n >= OUT_FLUSH || (!l->config->log_buffer && l->config->log_max_size && l->size + l->out.n >= l->config->log_max_size))
		flush(l);
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

void logfile_sync(struct logfile *l)
{
	if (l->queue.fd < 0)
		return;
	logqueue_sync(&l->queue);
	if (l->dropped)
		say_dropped(l);
	logqueue_sync(&l->queue);
}

void logfile_close(struct logfile *l)
{
	logqueue_close(&l->queue);
	fd_done(&l->fd);
	buf_done(&l->out);
	buf_done(&l->fields);
}
