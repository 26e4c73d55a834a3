/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/dial.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "image/transfer/confine.h"
#include "image/transfer/nearness.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/sock.h"

enum {
	CONNECT_MS = 20000,
	STAGGER_MS = 250,  /* before the next address is tried beside the last (RFC 8305) */
	LOOK_MS = 100,     /* how soon a wish to stop is seen */
	STACK = 256 * 1024, /* the resolver takes some 100 */
};

/* A request is "port host" with one end of a socket pair; the answer to it a struct err, with the connection if that is no error. */

/* A host the user named; where it was found at first. */
struct named {
	const char *host;
	const char *port; /* of a proxy; NULL: any */
	bool known;
	unsigned found; /* bits of enum nearness */
};

struct dialing {
	pthread_mutex_t mutex;
	struct named *v; /* the first is the registry */
	size_t n, calls;
};

struct call {
	struct dialing *d;
	char host[LIMIT_HOST_NAME + 1], port[8];
	int answer_fd;
};

/* ---- the rule ---- */

static struct named *named_find(struct dialing *d, const struct call *c)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcasecmp(d->v[i].host, c->host) == 0 && (!d->v[i].port || strcmp(d->v[i].port, c->port) == 0))
			return &d->v[i];
	return NULL;
}

/* A name that is both far and near is far: whoever answers there may have added this machine to the answer for DNS. */
static unsigned farthest(unsigned found)
{
	found &= ~(1u << NEAR_NOTHING);
	return found & -found;
}

/* Takes out of @list what may not be reached. Returns how many are left; *nearest says what was taken out. */
static size_t addresses_judge(const struct call *c, const struct addrinfo **list, size_t n, enum nearness *nearest)
{
	struct dialing *d = c->d;
	struct named *named;
	unsigned found = 0, allowed = 1u << NEAR_WORLD;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		found |= 1u << nearness_of(list[i]->ai_addr);
	pthread_mutex_lock(&d->mutex);
	named = named_find(d, c);
	if (named && !named->known) {
		named->known = true;
		named->found = farthest(found);
	}
	allowed |= (named ? named->found : 0) | d->v[0].found;
	pthread_mutex_unlock(&d->mutex);
	for (size_t i = 0; i < n; i++) {
		enum nearness near = nearness_of(list[i]->ai_addr);

		if (allowed & 1u << near)
			list[kept++] = list[i];
		else
			*nearest = near;
	}
	return kept;
}

/* ---- connecting ---- */

struct attempts {
	struct pollfd v[LIMIT_ADDRESSES];
	size_t n;
	int sys; /* of the last that failed */
};

static void attempts_done(struct attempts *t)
{
	for (size_t i = 0; i < t->n; i++)
		fd_close(t->v[i].fd);
}

static void attempt_begin(struct attempts *t, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
		t->v[t->n++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
		return;
	}
	t->sys = errno;
	fd_close(fd);
}

/* The first that is connected, taken out; -EAGAIN: none yet. Those that failed are out, too. */
static int attempts_look(struct attempts *t, int timeout_ms)
{
	if (poll(t->v, t->n, timeout_ms) <= 0)
		return -EAGAIN;
	for (size_t i = 0; i < t->n; i++) {
		int error = 0, fd = t->v[i].fd;

		if (!t->v[i].revents)
			continue;
		t->v[i--] = t->v[--t->n];
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error });
		if (error == 0)
			return fd;
		t->sys = error;
		fd_close(fd);
	}
	return -EAGAIN;
}

/* One address after the other, each while those before it may still answer. Returns an owned socket. */
static int addresses_connect(const struct addrinfo *const *list, size_t n)
{
	SCOPED(attempts_done) struct attempts t = { .sys = ETIMEDOUT };
	uint64_t end = proc_now_ns() + UINT64_C(1000000) * CONNECT_MS;
	size_t next = 0;

	while (proc_now_ns() < end && (next < n || t.n > 0)) {
		int fd;

		if (next < n)
			attempt_begin(&t, list[next++]);
		if (t.n == 0)
			continue;
		fd = attempts_look(&t, STAGGER_MS);
		if (fd >= 0)
			return fd;
	}
	return -(t.n > 0 ? ETIMEDOUT : t.sys);
}

static int call_connect(struct call *c, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list[LIMIT_ADDRESSES];
	struct addrinfo *found = NULL;
	enum nearness near = NEAR_NOTHING;
	size_t n = 0, kept;
	int r = getaddrinfo(c->host, c->port, &hints, &found);

	if (r != 0)
		return err_set(e, r == EAI_AGAIN ? ERR_UNAVAILABLE : ERR_NOT_FOUND, "look up '%s': %s", c->host, gai_strerror(r));
	for (const struct addrinfo *i = found; i && n < LIMIT_ADDRESSES; i = i->ai_next)
		list[n++] = i;
	kept = addresses_judge(c, list, n, &near);
	r = kept > 0 ? addresses_connect(list, kept) :
		err_set(e, ERR_DENIED, "'%s' is on %s, where a registry elsewhere may not lead us", c->host, nearness_text(near));
	if (kept > 0 && r < 0)
		err_sys(e, r, "connect to '%s' port %s", c->host, c->port);
	freeaddrinfo(found);
	return r;
}

static void *call_run(void *arg)
{
	struct call *c = arg;
	struct err e = { 0 };
	scoped_fd int fd = call_connect(c, &e);

	/* What the calls share may be gone once this one is answered. */
	pthread_mutex_lock(&c->d->mutex);
	c->d->calls--;
	pthread_mutex_unlock(&c->d->mutex);
	/* Nobody is there to hear of it any more: nothing to do. */
	(void)sock_send(c->answer_fd, &e, sizeof e, &fd, fd >= 0 ? 1 : 0);
	fd_close(c->answer_fd);
	free(c);
	return NULL;
}

/* ---- requests ---- */

/* "port host"; the sender is not trusted. */
static bool request_parse(char *text, size_t n, struct call *ret)
{
	char *space;
	uint64_t port;

	text[n] = 0;
	space = strchr(text, ' ');
	if (!space || strlen(text) != n)
		return false;
	*space = 0;
	if (parse_u64(text, &port) < 0 || port < 1 || port > 65535 || !space[1] || strlen(space + 1) > LIMIT_HOST_NAME)
		return false;
	for (const char *p = space + 1; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	snprintf(ret->port, sizeof ret->port, "%u", (unsigned)port);
	snprintf(ret->host, sizeof ret->host, "%s", space + 1);
	return true;
}

static void call_begin(struct dialing *d, const struct call *request)
{
	struct call *c = alloc_or_die(sizeof *c);
	pthread_attr_t attr;
	pthread_t thread;
	bool begun = false;

	*c = *request;
	c->d = d;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_mutex_lock(&d->mutex);
	if (d->calls < LIMIT_DIALS && pthread_create(&thread, &attr, call_run, c) == 0) {
		d->calls++;
		begun = true;
	}
	pthread_mutex_unlock(&d->mutex);
	pthread_attr_destroy(&attr);
	if (!begun) {
		fd_close(c->answer_fd);
		free(c);
	}
}

void dialer_serve(int sock, const struct strs *named)
{
	scoped_arena struct arena a = { 0 };
	struct dialing d = { .v = arena_array(&a, struct named, named->n), .n = named->n };

	for (size_t i = 0; i < d.n; i++) {
		const char *space = strchr(named->v[i], ' ');

		d.v[i].host = space ? space + 1 : named->v[i];
		d.v[i].port = space ? arena_strndup(&a, named->v[i], (size_t)(space - named->v[i])) : NULL;
	}
	pthread_mutex_init(&d.mutex, NULL);
	for (;;) {
		char text[LIMIT_HOST_NAME + 16];
		struct call c = { 0 };
		size_t n_fds = 0;
		ssize_t n = sock_recv(sock, text, sizeof text - 1, &c.answer_fd, 1, &n_fds);

		if (n == 0 || (n < 0 && n != -EMSGSIZE && n != -E2BIG))
			return; /* what still runs ends with the process */
		if (n > 0 && n_fds == 1 && request_parse(text, (size_t)n, &c))
			call_begin(&d, &c);
		else if (n > 0 && n_fds == 1)
			fd_close(c.answer_fd);
	}
}

/* ---- the side of who asks ---- */

int dialer_start(const struct strs *named, struct dialer *ret, struct err *e)
{
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair);
	struct err unheard;

	if (r < 0)
		return err_sys(e, r, "make socket");
	ret->pid = fork();
	if (ret->pid < 0) {
		r = -errno;
		fd_close(pair[0]);
		fd_close(pair[1]);
		return err_sys(e, r, "fork");
	}
	if (ret->pid == 0) {
		/* Where it cannot be confined nobody gets a connection. */
		if (fd_close_others(3, &pair[1], 1) == 0 && confine_dialer(&unheard) == 0)
			dialer_serve(pair[1], named);
		_exit(0);
	}
	fd_close(pair[1]);
	ret->sock = pair[0];
	return 0;
}

void dialer_stop(struct dialer *d)
{
	if (d->sock < 0)
		return;
	shutdown(d->sock, SHUT_RDWR); /* others may be using it */
	while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*d = DIALER_NONE;
}

int dial(int dialer, const char *host, const char *port, const atomic_bool *stop, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *request = arena_printf(&a, "%s %s", port, host);
	scoped_fd int ours = -EBADF, theirs = -EBADF;
	struct err answer;
	int pair[2], fd, r = sock_pair(SOCK_SEQPACKET, pair);
	size_t n_fds = 0;
	ssize_t n;

	if (r < 0)
		return err_sys(e, r, "make socket");
	ours = pair[0];
	theirs = pair[1];
	n = sock_send(dialer, request, strlen(request), &theirs, 1);
	theirs = fd_close(theirs);
	if (n < 0)
		return err_sys(e, (int)n, "ask for a connection to '%s'", host);
	while ((r = sock_wait(ours, LOOK_MS)) == -ETIMEDOUT)
		if (atomic_load(stop))
			return err_set(e, ERR_CANCELED, "stopped");
	n = r < 0 ? r : sock_recv(ours, &answer, sizeof answer, &fd, 1, &n_fds);
	if (n == sizeof answer && n_fds == 1)
		return fd;
	if (n >= 0 && n_fds == 1)
		fd_close(fd);
	/* It has read what name servers said: its word is checked, too. */
	if (n != sizeof answer || answer.kind <= ERR_NONE || answer.kind >= ERR_KIND_COUNT || answer.sys <= 0 || answer.msg[sizeof answer.msg - 1])
		return err_set(e, ERR_INTERNAL, "connect to '%s': no answer", host);
	*e = answer;
	return -e->sys;
}
