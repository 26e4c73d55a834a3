/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/sock.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define DAEMON_NAME "org.freedesktop.DBus"
#define DAEMON_PATH "/org/freedesktop/DBus"

/* How many ended jobs of one unit are remembered while we wait for one of them: there is one, or two if somebody else works on it. */
enum { BUS_JOBS_MAX = 64 };

struct bus_ended {
	const char *job, *result;
};

struct bus {
	struct arena *a;
	int fd;
	bool direct;          /* systemd's own socket: no daemon between */
	const char *where;    /* for messages */
	uint64_t deadline_ns;
	uint32_t serial;
	struct buf in;        /* bytes received; the first @used belong to the message given out last */
	size_t used;
	const char *unit;     /* bus_watch; its jobs that have ended: */
	struct VEC(struct bus_ended) ended;
};

/* ---- waiting ---------------------------------------------------------------------------------------------------------------------------------- */

static int left_ms(const struct bus *b)
{
	uint64_t now = proc_now_ns();

	return now >= b->deadline_ns ? 0 : (int)((b->deadline_ns - now) / 1000000) + 1;
}

static int timed_out(const struct bus *b, const char *what, struct err *e)
{
	return err_set(e, ERR_TIMEOUT, "%s: no answer from systemd at '%s' within %d s", what, b->where, BUS_TIMEOUT_MS / 1000);
}

/* Waits until @events are possible. */
static int ready(const struct bus *b, short events, const char *what, struct err *e)
{
	struct pollfd p = { .fd = b->fd, .events = events };
	int left = left_ms(b), r;

	if (left == 0)
		return timed_out(b, what, e);
	r = poll(&p, 1, left);
	if (r < 0 && errno != EINTR)
		return err_sys(e, -errno, "wait for '%s'", b->where);
	return r == 0 ? timed_out(b, what, e) : 0;
}

static int send_all(struct bus *b, const void *p, size_t n, const char *what, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		ssize_t sent = send(b->fd, (const char *)p + done, n - done, MSG_NOSIGNAL);
		int r = 0;

		if (sent >= 0)
			done += (size_t)sent;
		else if (errno == EAGAIN)
			r = ready(b, POLLOUT, what, e);
		else if (errno != EINTR)
			r = err_sys(e, -errno, "%s: send to '%s'", what, b->where);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Receives what is there, at least one byte. */
static int receive_some(struct bus *b, const char *what, struct err *e)
{
	for (;;) {
		char *room = buf_room(&b->in, 4096);
		ssize_t got = room ? recv(b->fd, room, 4096, 0) : 0;
		int r = 0;

		if (!room)
			return err_set(e, ERR_CORRUPT, "%s: '%s' sends too much", what, b->where);
		if (got > 0) {
			buf_grow(&b->in, (size_t)got);
			return 0;
		}
		if (got == 0)
			return err_set(e, ERR_UNAVAILABLE, "%s: '%s' closed the connection", what, b->where);
		if (errno == EAGAIN)
			r = ready(b, POLLIN, what, e);
		else if (errno != EINTR)
			r = err_sys(e, -errno, "%s: receive from '%s'", what, b->where);
		if (r < 0)
			return r;
	}
}

/* ---- connecting ------------------------------------------------------------------------------------------------------------------------------- */

/* A peer whose queue is full is waited for; the kernel has no event for that. */
static int connect_to(struct bus *b)
{
	for (;;) {
		b->fd = sock_connect_path(b->where, SOCK_STREAM | SOCK_NONBLOCK);
		if (b->fd != -EAGAIN)
			return b->fd < 0 ? b->fd : 0;
		if (left_ms(b) == 0)
			return -ETIMEDOUT;
		poll(NULL, 0, 10);
	}
}

/* The path in "unix:path=/run/user/1000/bus,guid=…;…", NULL if there is none. Escapes stand only for characters that such paths do not have. */
static const char *address_path(const char *address, struct arena *a)
{
	const char *at = address ? strstr(address, "unix:path=") : NULL;

	if (!at || (at != address && at[-1] != ';'))
		return NULL;
	at += strlen("unix:path=");
	return arena_strndup(a, at, strcspn(at, ",;"));
}

struct place {
	const char *path;
	bool direct;
};

static size_t places_of(bool user, struct arena *a, struct place ret[3])
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *bus = address_path(getenv("DBUS_SESSION_BUS_ADDRESS"), a);
	size_t n = 0;

	if (!user) {
		ret[n++] = (struct place){ "/run/systemd/private", true };
		ret[n++] = (struct place){ "/run/dbus/system_bus_socket", false };
		return n;
	}
	if (dir && *dir == '/')
		ret[n++] = (struct place){ arena_printf(a, "%s/systemd/private", dir), true };
	if (bus)
		ret[n++] = (struct place){ bus, false };
	else if (dir && *dir == '/')
		ret[n++] = (struct place){ arena_printf(a, "%s/bus", dir), false };
	return n;
}

/* The first place where somebody listens. */
static int find(struct bus *b, bool user, struct err *e)
{
	struct place places[3];
	size_t n = places_of(user, b->a, places);
	int r = -ENOENT;

	if (n == 0)
		return err_set(e, ERR_UNAVAILABLE, "no systemd of this user is known: neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS is set");
	for (size_t i = 0; i < n; i++) {
		b->where = places[i].path;
		b->direct = places[i].direct;
		r = connect_to(b);
		if (r != -ENOENT && r != -ECONNREFUSED && r != -EACCES)
			break;
	}
	if (r == -ETIMEDOUT)
		return timed_out(b, "connect", e);
	return r < 0 ? err_sys(e, r, "connect to systemd at '%s'", b->where) : 0;
}

/*
 * SASL EXTERNAL without a name: we are who the kernel says we are. Naming a uid fails in a user namespace, where ours is not the peer's.
 * Answers: "DATA", then "OK <guid>". BEGIN goes along at once, as in sd-bus: systemd 252 forgets a message that it reads together with BEGIN until more comes.
 */
static int authenticate(struct bus *b, struct err *e)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	int r = send_all(b, hello, sizeof hello - 1, "authenticate", e);

	while (r == 0) {
		const char *text = buf_text(&b->in), *end = strstr(text, "\r\n");

		if (end) {
			bool data = str_after(text, "DATA") != NULL, ok = str_after(text, "OK ") != NULL;

			if (!data && !ok)
				return err_set(e, ERR_DENIED, "authenticate: '%s' answers '%.*s'", b->where, (int)strcspn(text, "\r\n") % 80, text);
			buf_drop(&b->in, (size_t)(end - text) + 2);
			if (ok)
				return 0;
			continue;
		}
		if (b->in.n > LIMIT_DBUS_LINE)
			return err_set(e, ERR_CORRUPT, "authenticate: '%s' does not speak D-Bus", b->where);
		r = receive_some(b, "authenticate", e);
	}
	return r;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------------------------- */

/* The next whole message; borrowed until the next call. */
static int next_message(struct bus *b, const char *what, struct dbus_message *ret, struct err *e)
{
	size_t size = DBUS_HEAD_SIZE;
	bool sized = false;
	int r;

	/* Who sends without end never lets us wait. */
	if (left_ms(b) == 0)
		return timed_out(b, what, e);
	buf_drop(&b->in, b->used);
	b->used = 0;
	for (;;) {
		if (!sized && b->in.n >= DBUS_HEAD_SIZE) {
			if (dbus_message_size(b->in.p, &size) < 0)
				return err_set(e, ERR_CORRUPT, "%s: '%s' does not speak D-Bus", what, b->where);
			sized = true;
		}
		if (sized && b->in.n >= size)
			break;
		r = receive_some(b, what, e);
		if (r < 0)
			return r;
	}
	b->used = size;
	if (dbus_message_decode((struct str){ b->in.p, size }, ret) < 0)
		return err_set(e, ERR_CORRUPT, "%s: '%s' does not speak D-Bus", what, b->where);
	return 0;
}

/* JobRemoved(u id, o job, s unit, s result): kept if it is of the unit watched. */
static void note_signal(struct bus *b, struct dbus_message *m)
{
	const char *job, *unit, *result;

	if (!b->unit || !streq(m->member, "JobRemoved") || !streq(m->interface, SYSTEMD_MANAGER) || !streq(m->signature, "uoss"))
		return;
	dbus_get_u32(&m->body);
	job = dbus_get_str(&m->body);
	unit = dbus_get_str(&m->body);
	result = dbus_get_str(&m->body);
	if (!m->body.bad && streq(unit, b->unit) && b->ended.n < BUS_JOBS_MAX)
		*vec_push(b->a, &b->ended) = (struct bus_ended){ arena_strdup(b->a, job), arena_strdup(b->a, result) };
}

/* How a job ended, or NULL if it has not. */
static const char *result_of(const struct bus *b, const char *job)
{
	VEC_EACH(const struct bus_ended, x, &b->ended)
		if (streq(x->job, job))
			return x->result;
	return NULL;
}

/* clang-format off */
static const struct error_row {
	const char *name;
	enum err_kind kind;
} error_rows[] = {
	{ "org.freedesktop.systemd1.UnitExists",          ERR_EXISTS      },
	{ "org.freedesktop.systemd1.NoSuchUnit",          ERR_NOT_FOUND   },
	{ "org.freedesktop.DBus.Error.AccessDenied",      ERR_DENIED      },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", ERR_DENIED },
	{ "org.freedesktop.DBus.Error.InvalidArgs",       ERR_INVALID     },
	{ "org.freedesktop.DBus.Error.PropertyReadOnly",  ERR_UNSUPPORTED },
	{ "org.freedesktop.DBus.Error.UnknownProperty",   ERR_UNSUPPORTED },
	{ "org.freedesktop.DBus.Error.ServiceUnknown",    ERR_UNAVAILABLE },
	{ "org.freedesktop.DBus.Error.Timeout",           ERR_TIMEOUT     },
	{ "org.freedesktop.DBus.Error.NoReply",           ERR_TIMEOUT     },
};
/* clang-format on */

static int peer_error(const struct bus *b, struct dbus_message *m, const char *what, struct err *e)
{
	const char *text = m->signature && *m->signature == 's' ? dbus_get_str(&m->body) : "";
	enum err_kind kind = ERR_INTERNAL;

	for (size_t i = 0; i < ARRAY_LEN(error_rows); i++)
		if (streq(error_rows[i].name, m->error))
			kind = error_rows[i].kind;
	return err_set(e, kind, "%s: systemd at '%s' answers %.80s%s%.200s", what, b->where, m->error, *text ? ": " : "", text);
}

struct method {
	const char *destination, *path, *interface, *member;
};

static int call(struct bus *b, const struct method *to, const char *signature, const struct buf *body, struct dbus_message *ret, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_DBUS_MESSAGE), none = BUF(0);
	struct dbus_message m = {
		.type = DBUS_CALL, .serial = ++b->serial, .path = to->path, .interface = to->interface, .member = to->member,
		.destination = b->direct ? NULL : to->destination, .signature = signature,
	};
	int r = dbus_message_encode(&m, body ? body : &none, &out);

	if (r < 0)
		return err_sys(e, r, "%s: build the message", to->member);
	r = send_all(b, out.p, out.n, to->member, e);
	while (r == 0) {
		r = next_message(b, to->member, &m, e);
		if (r == 0 && m.type == DBUS_SIGNAL)
			note_signal(b, &m);
		else if (r == 0 && m.reply_serial == b->serial && m.type == DBUS_ERROR)
			return peer_error(b, &m, to->member, e);
		else if (r == 0 && m.reply_serial == b->serial && m.type == DBUS_RETURN) {
			if (ret)
				*ret = m;
			return 0;
		}
	}
	return r;
}

static int call_with_text(struct bus *b, const struct method *to, const char *text, struct err *e)
{
	scoped_buf struct buf body = BUF(1024);

	dbus_put_str(&body, text);
	return call(b, to, "s", &body, NULL, e);
}

/* ---- what others see -------------------------------------------------------------------------------------------------------------------------- */

int bus_open(bool user, struct arena *a, struct bus **ret, struct err *e)
{
	static const struct method hello = { DAEMON_NAME, DAEMON_PATH, DAEMON_NAME, "Hello" };
	scoped_bus struct bus *b = arena_new(a, struct bus);
	int r;

	*b = (struct bus){ .a = a, .fd = -EBADF, .in = BUF(2 * LIMIT_DBUS_MESSAGE), .deadline_ns = proc_now_ns() + BUS_TIMEOUT_MS * 1000000ull };
	r = find(b, user, e);
	if (r == 0)
		r = authenticate(b, e);
	if (r == 0 && !b->direct)
		r = call(b, &hello, NULL, NULL, NULL, e);
	if (r < 0)
		return r;
	*ret = take_ptr(&b);
	return 0;
}

void bus_close(struct bus *b)
{
	if (!b)
		return;
	fd_done(&b->fd);
	buf_done(&b->in);
}

/* systemd tells its direct peers everything; over a daemon one asks systemd to speak, and the daemon to pass it on. */
int bus_watch(struct bus *b, const char *unit, struct err *e)
{
	static const struct method match = { DAEMON_NAME, DAEMON_PATH, DAEMON_NAME, "AddMatch" };
	static const struct method subscribe = { SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe" };
	int r;

	b->unit = unit;
	if (b->direct)
		return 0;
	r = call_with_text(b, &match, "type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH "',interface='" SYSTEMD_MANAGER "',member='JobRemoved'", e);
	return r < 0 ? r : call(b, &subscribe, NULL, NULL, NULL, e);
}

int bus_call(struct bus *b, const char *member, const char *signature, const struct buf *body, struct dbus_message *ret, struct err *e)
{
	return call(b, &(struct method){ SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, member }, signature, body, ret, e);
}

/* The end of a job may be told before the call that began it is answered. */
int bus_job(struct bus *b, const char *member, const char *signature, const struct buf *body, struct err *e)
{
	struct dbus_message m;
	const char *job, *result;
	int r;

	b->ended.n = 0;
	r = bus_call(b, member, signature, body, &m, e);
	if (r < 0)
		return r;
	job = streq(m.signature, "o") ? arena_strdup(b->a, dbus_get_str(&m.body)) : "";
	if (!*job)
		return err_set(e, ERR_CORRUPT, "%s: '%s' answers without a job", member, b->where);
	while (!(result = result_of(b, job))) {
		r = next_message(b, "wait for the job", &m, e);
		if (r < 0)
			return r;
		if (m.type == DBUS_SIGNAL)
			note_signal(b, &m);
	}
	if (!streq(result, "done"))
		return err_set(e, ERR_CONFLICT, "%s: systemd's job for '%s' ended with '%.60s'", member, b->unit, result);
	return 0;
}
