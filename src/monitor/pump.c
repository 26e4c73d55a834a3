/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/pump.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "os/fd.h"

enum { HELD_MS = 20 }; /* how often a log that waits for its reader is asked */

/* What an ended container can have left in a stream: the largest pipe an unprivileged process may ask for. More comes from somebody who outlived it. */
enum { DRAIN_MAX = 1024 * 1024 };

static struct timespec now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

static void unwatch(struct pump_stream *s)
{
	loop_remove(s->pump->loop, &s->source);
	s->source.fd = -EBADF;
}

/* Paused streams leave the loop altogether: one that is hung up would be reported for ever. */
static void pause_output(struct pump *p)
{
	p->paused = true;
	for (size_t i = 0; i < LOGFILE_STREAMS; i++)
		unwatch(&p->streams[i]);
}

static int watch_output(struct pump *p)
{
	int r = 0;

	for (size_t i = 0; i < LOGFILE_STREAMS && r == 0; i++) {
		struct pump_stream *s = &p->streams[i];

		if (*s->fd < 0)
			continue;
		s->source.fd = *s->fd;
		s->source.events = EPOLLIN;
		r = loop_add(p->loop, &s->source);
	}
	return r;
}

static void end_stream(struct pump_stream *s)
{
	unwatch(s);
	fd_done(s->fd);
	logfile_finish(s->pump->log, s->log, now());
}

/* One read and where it goes. Returns the bytes read, 0 at the end of the stream, or a negative errno. */
static ssize_t move_output(struct pump_stream *s)
{
	struct pump *p = s->pump;
	ssize_t n = read(*s->fd, p->frame.payload, p->chunk);
	bool waited_for;

	if (n < 0)
		return errno == EIO ? 0 : -errno; /* a terminal whose last user left answers EIO */
	if (n == 0)
		return 0;
	logfile_write(p->log, s->log, (struct str){ p->frame.payload, (size_t)n }, now());
	p->frame.type = s->type;
	p->frame.length = (uint32_t)n;
	waited_for = clients_output(p->clients, &p->frame);
	if (waited_for || logfile_is_held(p->log))
		pause_output(p);
	if (logfile_is_held(p->log))
		loop_timer_set(p->loop, &p->held, HELD_MS);
	return n;
}

/* Now and then: has the reader of the log moved on? */
static int held_is_due(void *arg)
{
	struct pump *p = arg;

	if (logfile_release(p->log))
		loop_timer_set(p->loop, &p->held, HELD_MS);
	else
		pump_resume(p, NULL);
	return 0;
}

static int output_ready(void *arg, uint32_t events)
{
	struct pump_stream *s = arg;
	ssize_t n = move_output(s);

	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
		end_stream(s);
	return 0;
}

void pump_drain(struct pump *p)
{
	p->draining = true;
	for (size_t i = 0; i < LOGFILE_STREAMS; i++) {
		struct pump_stream *s = &p->streams[i];

		while (*s->fd >= 0 && !p->paused) {
			ssize_t n = move_output(s);

			if (n > 0)
				p->drained += (size_t)n;
			if (n <= 0 || p->drained > DRAIN_MAX * LOGFILE_STREAMS)
				end_stream(s);
		}
		if (p->paused)
			return;
	}
	p->dry(p->arg);
}

void pump_resume(struct pump *p, struct client *c)
{
	if (!p->paused || clients_resume(p->clients, c, &p->frame) || logfile_is_held(p->log))
		return;
	p->paused = false;
	if (p->draining) {
		pump_drain(p);
	} else if (watch_output(p) < 0) {
		end_stream(&p->streams[LOGFILE_STDOUT]);
		end_stream(&p->streams[LOGFILE_STDERR]);
	}
}

static void close_stdin(struct pump *p)
{
	loop_remove(p->loop, &p->in);
	fd_done(&p->stdio->in);
	p->in.fd = -EBADF;
	p->writer = NULL;
}

static void refuse_stdin(struct client *c)
{
	struct err e;

	buf_clear(&c->in);
	err_set(&e, ERR_PRECONDITION, "the container's stdin is closed");
	client_send_err(c, MONITOR_REFUSED, &e);
}

/* Writes what it can of the client's bytes. */
static void write_stdin(struct pump *p, struct client *c)
{
	ssize_t n = write(p->stdio->in, c->in.p, c->in.n);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_stdin(p);
		refuse_stdin(c);
		return;
	}
	if (n > 0)
		buf_drop(&c->in, (size_t)n);
	if (c->in.n) {
		p->writer = c;
		return;
	}
	p->writer = NULL;
	client_send_simple(c, MONITOR_STDIN_DONE);
	if (c->stdin_eof)
		pump_stdin_eof(p, c);
}

/* The next client with bytes to write, after the current one is done: they take turns in the order of their connections. */
static struct client *next_writer(struct pump *p)
{
	for (struct client *c = p->clients->first; c; c = c->next)
		if (c->in.n)
			return c;
	return NULL;
}

static void watch_stdin(struct pump *p)
{
	uint32_t events = p->writer ? EPOLLOUT : 0;

	if (p->stdio->in < 0)
		return;
	if (p->in.fd < 0) {
		/* A terminal without users would report EPOLLHUP for ever: watch it only while bytes wait. */
		if (p->stdio->terminal && !events)
			return;
		p->in.fd = p->stdio->in;
		p->in.events = events;
		if (loop_add(p->loop, &p->in) < 0)
			p->in.fd = -EBADF;
	} else if (p->stdio->terminal && !events) {
		loop_remove(p->loop, &p->in);
		p->in.fd = -EBADF;
	} else {
		loop_change(p->loop, &p->in, events);
	}
}

static int stdin_ready(void *arg, uint32_t events)
{
	struct pump *p = arg;
	struct client *c = p->writer ? p->writer : next_writer(p);

	if (c)
		write_stdin(p, c);
	else if (events & (EPOLLERR | EPOLLHUP))
		close_stdin(p); /* the container has closed it */
	if (!p->writer && p->stdio->in >= 0)
		p->writer = next_writer(p);
	watch_stdin(p);
	return 0;
}

void pump_stdin(struct pump *p, struct client *c, struct str bytes)
{
	if (c->in.n) {
		clients_drop(c);
		return;
	}
	if (p->stdio->in < 0 || c->stdin_eof) {
		refuse_stdin(c);
		return;
	}
	buf_add(&c->in, bytes.p, bytes.n);
	if (!p->writer)
		write_stdin(p, c);
	watch_stdin(p);
}

void pump_stdin_eof(struct pump *p, struct client *c)
{
	c->stdin_eof = true;
	if (p->writer == c && c->source.fd < 0)
		p->writer = next_writer(p); /* it left: the rest of its bytes goes with it */
	if (c->source.fd >= 0 && c->in.n)
		return; /* write_stdin comes back when they are in */
	if ((c->attach & MONITOR_ATTACH_STDIN) && p->stdin_once && !p->stdio->terminal && p->stdio->in >= 0)
		close_stdin(p);
}

void pump_init(struct pump *p, struct loop *loop, struct stdio *stdio, bool stdin_once, struct logfile *log, struct clients *clients,
	void (*dry)(void *), void *arg)
{
	p->loop = loop;
	p->stdio = stdio;
	p->log = log;
	p->clients = clients;
	p->dry = dry;
	p->arg = arg;
	p->stdin_once = stdin_once;
	p->chunk = sizeof p->frame.payload;
	p->in = (struct loop_source){ .fd = -EBADF, .ready = stdin_ready, .arg = p };
	p->held = (struct loop_timer){ .expired = held_is_due, .arg = p };
	p->streams[LOGFILE_STDOUT] = (struct pump_stream){ .pump = p, .fd = &stdio->out, .type = MONITOR_STDOUT, .log = LOGFILE_STDOUT };
	p->streams[LOGFILE_STDERR] = (struct pump_stream){ .pump = p, .fd = &stdio->err, .type = MONITOR_STDERR, .log = LOGFILE_STDERR };
	for (size_t i = 0; i < LOGFILE_STREAMS; i++)
		p->streams[i].source = (struct loop_source){ .fd = -EBADF, .ready = output_ready, .arg = &p->streams[i] };
}

void pump_reset(struct pump *p)
{
	loop_remove(p->loop, &p->in);
	p->in.fd = -EBADF;
	for (size_t i = 0; i < LOGFILE_STREAMS; i++)
		unwatch(&p->streams[i]);
	p->writer = NULL;
	p->paused = p->draining = false;
	p->drained = 0;
}

int pump_start(struct pump *p, struct err *e)
{
	int r = watch_output(p);

	if (r < 0)
		return err_sys(e, r, "watch the container's output");
	watch_stdin(p);
	return 0;
}
