/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/attach.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/signal.h"

enum { INPUT_CHUNK = 4096 };

/* What a person or a supervisor may send to a foreground `run` and mean the container. */
static const int proxied[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGWINCH };

/* ---- detach keys --------------------------------------------------------------------------------------------------------------------------- */

/* One key: a character, or ctrl- and one of a-z @ [ \ ] ^ _. */
static int key_parse(struct str word, unsigned char *ret)
{
	if (word.n == 1) {
		*ret = (unsigned char)word.p[0];
		return 0;
	}
	if (word.n == 6 && memcmp(word.p, "ctrl-", 5) == 0) {
		unsigned char c = (unsigned char)word.p[5];

		if (c >= 'a' && c <= 'z')
			*ret = (unsigned char)(c - 'a' + 1);
		else if (c == '@' || (c >= '[' && c <= '_'))
			*ret = (unsigned char)(c - '@');
		else
			return -EINVAL;
		return 0;
	}
	return -EINVAL;
}

int attach_keys_parse(const char *text, struct attach_keys *ret, struct err *e)
{
	struct str rest = str_of(text ? text : "ctrl-p,ctrl-q");

	*ret = (struct attach_keys){ 0 };
	if (rest.n == 0)
		return 0;
	while (rest.p) {
		struct str word = str_cut(rest, ',', &rest);

		if (ret->n == sizeof ret->keys || key_parse(word, &ret->keys[ret->n]) < 0)
			return err_set(e, ERR_INVALID, "'%s' is no sequence of detach keys", text);
		ret->n++;
	}
	return 0;
}

size_t attach_keys_filter(struct attach_keys *k, const unsigned char *in, size_t n, unsigned char *out, bool *ret_hit)
{
	size_t n_out = 0;

	for (size_t i = 0; i < n; i++) {
		if (k->n && in[i] == k->keys[k->matched]) {
			if (++k->matched == k->n) {
				*ret_hit = true;
				return n_out;
			}
			continue;
		}
		memcpy(out + n_out, k->keys, k->matched);
		n_out += k->matched;
		k->matched = 0;
		if (k->n && in[i] == k->keys[0] && k->n > 1)
			k->matched = 1;
		else
			out[n_out++] = in[i];
	}
	return n_out;
}

/* ---- frames from the monitor ------------------------------------------------------------------------------------------------------------------ */

/* Output to whoever reads us; one who went away is no reason to end the container. */
static void output(struct attach *at, int *fd)
{
	if (*fd >= 0 && fd_write_all(*fd, at->frame->payload, at->frame->length) < 0)
		*fd = -EBADF;
}

static int frame_handle(struct attach *at, struct err *e)
{
	switch ((enum monitor_msg)at->frame->type) {
	case MONITOR_STDOUT:
		output(at, &at->io.out);
		return 0;
	case MONITOR_STDERR:
		output(at, &at->io.err);
		return 0;
	case MONITOR_STDIN_DONE:
		at->in_busy = false;
		return 0;
	case MONITOR_STARTED:
		at->started = true;
		return 0;
	case MONITOR_EXITED:
		at->exited = true;
		return monitor_frame_exit(at->frame, at->a, &at->exit, e);
	case MONITOR_FAILED:
		return monitor_frame_err(at->frame, e);
	case MONITOR_REFUSED:
		at->in_open = at->in_busy = false;      /* the only thing we ask for that can be refused: no stdin there */
		return 0;
	case MONITOR_NONE:
	case MONITOR_START:
	case MONITOR_ATTACH:
	case MONITOR_STDIN:
	case MONITOR_STDIN_EOF:
	case MONITOR_RESIZE:
	case MONITOR_SIGNAL:
	case MONITOR_RELEASE:
	case MONITOR_LOG_REOPEN:
	case MONITOR_STAY_DOWN:
	case MONITOR_UPDATE:
	case MONITOR_CHECK:
	case MONITOR_CHECKED:
	case MONITOR_RESTARTING:
	case MONITOR_CREATED:
	case MONITOR_ATTACHED:
	case MONITOR_MSG_COUNT:
		break;
	}
	return 0;
}

/* One frame. Returns 0 at end of file, 1 otherwise. */
static int frame_next(struct attach *at, struct err *e)
{
	int r = monitor_receive(at->control, at->frame, e);

	if (r <= 0)
		return r;
	r = frame_handle(at, e);
	return r < 0 ? r : 1;
}

/* ---- from us to the monitor --------------------------------------------------------------------------------------------------------------------- */

static int resize_send(struct attach *at, struct err *e)
{
	struct pty_size size;

	if (pty_get_size(at->io.out >= 0 ? at->io.out : at->io.in, &size) < 0)
		return 0;
	return monitor_send_size(at->control, size.rows, size.cols, e);
}

static int signal_forward(struct attach *at, struct err *e)
{
	struct signalfd_siginfo info;

	while (signal_fd_read(at->signals, &info) == 0) {
		int r;

		if (info.ssi_signo == SIGWINCH)
			r = at->io.tty ? resize_send(at, e) : 0;
		else
			r = at->io.sig_proxy ? monitor_send_number(at->control, MONITOR_SIGNAL, (int32_t)info.ssi_signo, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int input_forward(struct attach *at, struct err *e)
{
	unsigned char typed[INPUT_CHUNK], passed[INPUT_CHUNK + sizeof at->keys.keys];
	ssize_t n = read(at->io.in, typed, sizeof typed);
	size_t n_passed;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		at->in_open = false;
		return monitor_send(at->control, MONITOR_STDIN_EOF, NULL, 0, e);
	}
	n_passed = attach_keys_filter(&at->keys, typed, (size_t)n, passed, &at->detached);
	if (n_passed == 0)
		return 0;
	at->in_busy = true;
	return monitor_send(at->control, MONITOR_STDIN, passed, n_passed, e);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------ */

int attach_begin(struct attach *at, const struct engine_io *io, int control, struct arena *a, struct err *e)
{
	int r;

	*at = (struct attach){ .io = *io, .control = control, .signals = -EBADF, .a = a, .frame = arena_new(a, struct monitor_frame) };
	if (io->tty) {
		r = attach_keys_parse(io->detach_keys, &at->keys, e);
		if (r < 0)
			return r;
	}
	at->in_open = io->in >= 0;
	pthread_sigmask(SIG_SETMASK, NULL, &at->old_mask);
	at->signals = signal_fd(proxied, ARRAY_LEN(proxied));
	if (at->signals < 0)
		return err_sys(e, at->signals, "catch signals");
	if (io->tty && io->in >= 0 && pty_make_raw(io->in, &at->saved) == 0)
		at->raw = true;
	return 0;
}

int attach_request(struct attach *at, bool is_starter, struct err *e)
{
	uint32_t flags = MONITOR_ATTACH_OUTPUT | (is_starter ? MONITOR_ATTACH_WAIT : 0) | (at->io.in >= 0 ? MONITOR_ATTACH_STDIN : 0);

	return monitor_send_attach(at->control, flags, e);
}

int attach_until_started(struct attach *at, struct err *e)
{
	while (!at->started && !at->exited) {
		int r = frame_next(at, e);

		if (r < 0)
			return r;
		if (r == 0)
			return err_set(e, ERR_UNAVAILABLE, "the monitor ended without an answer");
	}
	return 0;
}

static int attach_round(struct attach *at, struct err *e)
{
	struct pollfd p[] = {
		{ .fd = at->control, .events = POLLIN },
		{ .fd = at->signals, .events = POLLIN },
		{ .fd = at->in_open && !at->in_busy ? at->io.in : -1, .events = POLLIN },
	};
	int r = 0;

	if (poll(p, ARRAY_LEN(p), -1) < 0)
		return errno == EINTR ? 1 : err_sys(e, -errno, "wait for the container");
	if (p[1].revents)
		r = signal_forward(at, e);
	if (r == 0 && p[2].revents)
		r = input_forward(at, e);
	/* A monitor that is ending may refuse our frames while its last words are still to be read. */
	if (r == -EPIPE)
		r = 0;
	if (r < 0)
		return r;
	return p[0].revents ? frame_next(at, e) : 1;
}

/* The end of our input, and the container has all of it. */
static bool has_said_all(const struct attach *at)
{
	return !at->in_open && !at->in_busy;
}

int attach_run(struct attach *at, struct engine_outcome *ret, struct err *e)
{
	bool speaks_only = at->io.out < 0 && at->io.err < 0 && at->in_open;
	int r = at->io.tty ? resize_send(at, e) : 0;

	r = r == 0 || r == -EPIPE ? 1 : r;
	while (r > 0 && !at->detached && !at->exited) {
		r = attach_round(at, e);
		at->detached |= speaks_only && has_said_all(at);
	}
	if (r < 0)
		return r;
	if (!at->detached && !at->exited)
		return err_set(e, ERR_UNAVAILABLE, "lost the monitor: it was killed, or output was not read fast enough (the logs have all of it)");
	*ret = (struct engine_outcome){ .code = at->exit.code, .detached = at->detached && !at->exited, .oom = at->exit.oom,
		.comes_again = at->exit.restarting };
	return 0;
}

void attach_done(struct attach *at)
{
	if (at->raw)
		pty_restore(at->io.in, &at->saved);
	at->raw = false;
	if (at->signals >= 0) {
		struct signalfd_siginfo drop;

		while (signal_fd_read(at->signals, &drop) == 0)
			;       /* late ones were meant for a container that is gone */
		pthread_sigmask(SIG_SETMASK, &at->old_mask, NULL);
	}
	fd_done(&at->signals);
}
