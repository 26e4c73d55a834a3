/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/conmon_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/parse.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/sock.h"

enum { NUMBERS = 3, NUMBER_MAX = 1000, NOTIFY_MESSAGE = 4096, REPORT_MAX = 64 * 1024 };

/* ---- pipes ---- */

int conmon_pipe(const char *name)
{
	const char *text = getenv(name);
	int fd;

	if (!text || parse_i32(text, &fd) < 0 || fd < 3 || fd_set_cloexec(fd, true) < 0)
		return -EBADF;
	unsetenv(name);
	return fd;
}

void conmon_pipe_wait(int fd)
{
	char bytes[8192];

	while (fd >= 0 && read(fd, bytes, sizeof bytes) < 0 && errno == EINTR)
		;
}

void conmon_report(int fd, const char *key, int64_t number, struct str message)
{
	scoped_buf struct buf b = BUF(REPORT_MAX);

	if (fd < 0)
		return;
	buf_printf(&b, "{\"%s\":%lld", key, (long long)number);
	if (message.n) {
		buf_add_str(&b, ",\"message\":");
		json_encode_string(message, &b);
	}
	buf_add_str(&b, "}\n");
	fd_write_all(fd, b.p, b.n); /* a caller that left wants to hear nothing */
}

/* ---- fifos ---- */

static void take_line(struct conmon_fifo *f, struct str line)
{
	int numbers[NUMBERS];
	size_t n = 0;

	while (line.p) {
		struct str word = str_cut(line, ' ', &line);
		char text[8];
		int value = -1;

		if (!word.n)
			continue;
		if (n == NUMBERS || word.n >= sizeof text)
			return;
		memcpy(text, word.p, word.n);
		text[word.n] = '\0';
		if (parse_i32(text, &value) < 0 || value < 0 || value > NUMBER_MAX)
			return;
		numbers[n++] = value;
	}
	if (n)
		f->line(f->arg, numbers, n);
}

void conmon_fifo_feed(struct conmon_fifo *f, struct str bytes)
{
	while (bytes.n) {
		char *end;
		size_t take = sizeof f->held - f->n;

		take = take < bytes.n ? take : bytes.n;
		memcpy(f->held + f->n, bytes.p, take);
		f->n += take;
		bytes = (struct str){ bytes.p + take, bytes.n - take };
		while ((end = memchr(f->held, '\n', f->n))) {
			size_t n = (size_t)(end - f->held);

			take_line(f, (struct str){ f->held, n });
			f->n -= n + 1;
			memmove(f->held, end + 1, f->n);
		}
		if (f->n == sizeof f->held)
			f->n = 0; /* no line of ours is so long */
	}
}

static int fifo_ready(void *arg, uint32_t events)
{
	struct conmon_fifo *f = arg;
	char bytes[sizeof f->held];
	ssize_t n = read(f->source.fd, bytes, sizeof bytes);

	if (n > 0)
		conmon_fifo_feed(f, (struct str){ bytes, (size_t)n });
	return 0;
}

int conmon_fifo_open(struct conmon_fifo *f, struct loop *loop, int dirfd, const char *name, void (*line)(void *, const int *, size_t), void *arg, struct err *e)
{
	int fd, r;

	unlinkat(dirfd, name, 0);
	if (mkfifoat(dirfd, name, 0660) < 0)
		return err_sys(e, -errno, "make the fifo '%s'", name);
	/* For writing, too: it never ends, whoever comes and goes. */
	fd = openat(dirfd, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(e, -errno, "open the fifo '%s'", name);
	*f = (struct conmon_fifo){ .loop = loop, .line = line, .arg = arg };
	f->source = (struct loop_source){ .fd = fd, .events = EPOLLIN, .ready = fifo_ready, .arg = f };
	r = loop_add(loop, &f->source);
	return r < 0 ? err_sys(e, r, "watch the fifo '%s'", name) : 0;
}

void conmon_fifo_close(struct conmon_fifo *f)
{
	if (f->source.fd < 0)
		return;
	loop_remove(f->loop, &f->source);
	fd_done(&f->source.fd);
}

/* ---- what the container tells its service manager ---- */

size_t conmon_notify_allowed(struct str text, char *ret)
{
	static const char *const whole[] = { "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger" };
	static const char *const begin[] = { "STATUS=", "ERRNO=", "BUSERROR=", "MONOTONIC_USEC=" };
	size_t n = 0;

	while (text.p) {
		struct str line = str_cut(text, '\n', &text);
		bool allowed = false;

		for (size_t i = 0; i < ARRAY_LEN(whole); i++)
			allowed |= str_is(line, whole[i]);
		for (size_t i = 0; i < ARRAY_LEN(begin); i++)
			allowed |= line.n >= strlen(begin[i]) && memcmp(line.p, begin[i], strlen(begin[i])) == 0;
		if (!allowed)
			continue;
		if (n)
			ret[n++] = '\n';
		memcpy(ret + n, line.p, line.n);
		n += line.n;
	}
	return n;
}

static int notify_ready(void *arg, uint32_t events)
{
	struct conmon_notify *t = arg;
	char text[NOTIFY_MESSAGE], allowed[NOTIFY_MESSAGE];
	ssize_t n = recv(t->source.fd, text, sizeof text, MSG_DONTWAIT);
	size_t n_allowed = n > 0 ? conmon_notify_allowed((struct str){ text, (size_t)n }, allowed) : 0;
	scoped_fd int fd = -EBADF;

	if (!n_allowed)
		return 0;
	fd = sock_connect_path(t->target, SOCK_DGRAM);
	if (fd >= 0)
		sock_send(fd, allowed, n_allowed, NULL, 0);
	return 0;
}

int conmon_notify_open(struct conmon_notify *t, struct loop *loop, int dirfd, const char *target, struct err *e)
{
	scoped_fd int dir = dir_ensure(dirfd, "notify", 0755);
	int fd, r;

	if (dir < 0)
		return err_sys(e, dir, "make the directory 'notify'");
	fd = sock_bind_datagram(dir, "notify.sock", 0777);
	if (fd < 0)
		return err_sys(e, fd, "make 'notify/notify.sock'");
	*t = (struct conmon_notify){ .loop = loop, .target = target };
	t->source = (struct loop_source){ .fd = fd, .events = EPOLLIN, .ready = notify_ready, .arg = t };
	r = loop_add(loop, &t->source);
	return r < 0 ? err_sys(e, r, "watch 'notify/notify.sock'") : 0;
}

void conmon_notify_close(struct conmon_notify *t)
{
	if (t->source.fd < 0)
		return;
	loop_remove(t->loop, &t->source);
	fd_done(&t->source.fd);
}

/* ---- ends ---- */

int conmon_write(const char *dir, const char *name, const char *text, struct err *e)
{
	scoped_fd int fd = dir_open(AT_FDCWD, dir);
	int r = fd < 0 ? fd : file_replace(fd, name, text, strlen(text), 0600, 0);

	return r < 0 ? err_sys(e, r, "write '%s/%s'", dir, name) : 0;
}
