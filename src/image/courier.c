/* SPDX-License-Identifier: Apache-2.0 */
#include "image/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/mount.h"
#include "os/self.h"
#include "os/sock.h"

enum { CONTROL_FD = 3, END_MS = 500 };

/* Descriptors for one message. */
struct owned_fds {
	int v[TRANSFER_FDS];
	size_t n;
};

static void owned_fds_done(struct owned_fds *o)
{
	for (size_t i = 0; i < o->n; i++)
		fd_close(o->v[i]);
}

void courier_done(struct courier *l)
{
	l->layers_fd = fd_close(l->layers_fd);
	l->sock = fd_close(l->sock);
	/* It goes by itself, and takes its dialer along; who does not is killed. */
	if (l->proc.pidfd >= 0)
		(void)proc_wait_end(l->proc.pidfd, END_MS);
	proc_done(&l->proc);
}

/* Waits for a message, for the end of the program behind the link, or for the user's wish to stop. */
static int courier_wait(struct courier *l, int timeout_ms, struct err *e)
{
	struct pollfd fds[2] = { { .fd = l->sock, .events = POLLIN }, { .fd = l->cancel_fd > 0 ? l->cancel_fd : -1, .events = POLLIN } };
	int r;

	do
		r = poll(fds, 2, timeout_ms);
	while (r < 0 && errno == EINTR && l->cancel_fd <= 0);
	if (r > 0 && fds[1].revents)
		return err_set(e, ERR_CANCELED, "interrupted");
	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0 && errno != EINTR)
		return err_sys(e, -errno, "wait for tare-transfer");
	return r < 0 ? courier_wait(l, timeout_ms, e) : 0;
}

/* The program is gone: say how. */
static int courier_lost(struct courier *l, struct err *e)
{
	struct proc_exit x = { 0 };

	if (proc_wait(l->proc.pidfd, 1000, &x) < 0)
		return err_set(e, ERR_INTERNAL, "tare-transfer closed the connection");
	l->proc.pidfd = fd_close(l->proc.pidfd);
	l->proc = PROC_NONE;
	if (x.signal)
		return err_set(e, ERR_INTERNAL, "tare-transfer was killed by signal %d", x.signal);
	return err_set(e, ERR_INTERNAL, "tare-transfer ended with status %d", x.code);
}

/* Texts from outside: only what a terminal can show is shown, and not too much of it. */
static void notice_tell(const struct courier *l, const char *text)
{
	char line[512] = "registry: ";
	size_t n = strlen(line);

	if (!l->notice || !text)
		return;
	for (; *text && n < sizeof line - 1; text++)
		line[n++] = (char)(*text < 0x20 || *text > 0x7e ? '?' : *text);
	line[n] = 0;
	l->notice(l->arg, line);
}

static int courier_receive_fds(struct courier *l, int timeout_ms, struct arena *a, struct transfer_message *ret, int *fds, size_t *ret_n, struct err *e)
{
	for (;;) {
		int r = courier_wait(l, timeout_ms, e);

		if (r < 0)
			return r;
		r = transfer_receive(l->sock, a, ret, fds, ret_n, e);
		if (r <= 0)
			return r == 0 ? courier_lost(l, e) : r;
		if (ret->type != TRANSFER_NOTICE)
			return 0;
		notice_tell(l, ret->name);
		for (size_t i = 0; i < *ret_n; i++)
			fd_close(fds[i]);
	}
}

int courier_receive(struct courier *l, int timeout_ms, struct arena *a, struct transfer_message *ret, struct err *e)
{
	int fds[TRANSFER_FDS];
	size_t n;
	int r = courier_receive_fds(l, timeout_ms, a, ret, fds, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		fd_close(fds[i]);
	return r;
}

int courier_directory_apart(int fd, bool read_only)
{
	scoped_fd int mount = mount_clone(fd, "", read_only);

	if (mount >= 0 && read_only)
		(void)mount_change(mount, true, MOUNT_ATTR_RDONLY, 0, 0);
	return dir_open(mount >= 0 ? mount : fd, ".");
}

int courier_layer_directory(const struct courier *l, const char *name)
{
	int fd = openat(l->layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What goes along with OPEN: for a source the layers' directory, then its own. Directories that are read are read-only. */
static int task_fds(struct courier *l, const struct image_store *s, const struct transfer_message *task, const int *fds, size_t n, struct owned_fds *ret)
{
	bool source = task->sink == SINK_NONE, place = source && task->source == SOURCE_PLACE;
	struct stat st;

	/* A tree that lives may be in a mount namespace of its own, which is apart enough (engine/inside.h); one of the host is put apart by who knows it. */
	if (source && !place) {
		l->layers_fd = courier_directory_apart(s->layer_ingest_fd, false);
		if (l->layers_fd < 0)
			return l->layers_fd;
		ret->v[ret->n++] = fd_dup_min(l->layers_fd, 3);
	}
	for (size_t i = 0; i < n; i++) {
		if (fstat(fds[i], &st) < 0)
			return -errno;
		ret->v[ret->n++] = S_ISDIR(st.st_mode) && !place ? courier_directory_apart(fds[i], source) : fd_dup_min(fds[i], 3);
		if (ret->v[ret->n - 1] < 0)
			return ret->v[ret->n - 1];
	}
	return 0;
}

static int courier_spawn(struct courier *l, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int ours = -EBADF, theirs = -EBADF;
	char *program;
	int pair[2], r;

	r = self_find_program("tare-transfer", &a, &program);
	if (r < 0)
		return err_sys(e, r, "find program 'tare-transfer'");
	r = sock_pair(SOCK_SEQPACKET, pair);
	if (r < 0)
		return err_sys(e, r, "make socket");
	ours = pair[0];
	theirs = pair[1];
	r = proc_spawn(&PROC_SPAWN(.path = program, .argv = (char *const[]){ (char[]){ "tare-transfer" }, NULL },
			       .fds = &(struct proc_fd){ theirs, CONTROL_FD }, .n_fds = 1, .death_signal = SIGKILL), &l->proc);
	if (r < 0)
		return err_sys(e, r, "start '%s'", program);
	l->sock = take_fd(&ours);
	return 0;
}

int courier_ask(struct courier *l, const struct transfer_message *ask, const int *fds, size_t n_fds, enum transfer_type answer, struct arena *a,
	struct transfer_message *ret, struct err *e)
{
	int r = transfer_send(l->sock, ask, fds, n_fds, e);

	while (r == 0) {
		r = courier_receive(l, -1, a, ret, e);
		if (r < 0 || ret->type == answer)
			return r;
		if (ret->type == TRANSFER_FAILED)
			return transfer_error(ret, e);
		if (ret->type != TRANSFER_PROGRESS)
			return err_set(e, ERR_INTERNAL, "expected message '%s', got '%s'", enumtab_name(&transfer_types, (int)answer),
				enumtab_name(&transfer_types, (int)ret->type));
	}
	return r;
}

int courier_open(struct courier *l, const struct image_store *s, struct transfer_message *task, const int *fds, size_t n_fds, int cancel_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message m;
	SCOPED(owned_fds_done) struct owned_fds all = { 0 };
	int r;

	*l = COURIER_NONE;
	l->cancel_fd = cancel_fd;
	r = courier_spawn(l, e);
	if (r < 0)
		return r;
	task->type = TRANSFER_OPEN;
	r = task_fds(l, s, task, fds, n_fds, &all);
	if (r < 0)
		err_sys(e, r, "set directories apart");
	else
		r = courier_ask(l, task, all.v, all.n, TRANSFER_OPENED, &a, &m, e);
	if (r < 0)
		courier_done(l);
	return r;
}

static const char *said(const char *text)
{
	return text && *text ? text : NULL;
}

/* "/v2/x" is called "//x" (registry.h). */
static const char *link_name(const char *link, struct arena *a)
{
	const char *rest = link ? str_after(link, "/v2/") : NULL;

	return rest ? arena_printf(a, "//%s", rest) : NULL;
}

int courier_get(struct courier *l, const char *name, const char *accept, uint64_t max, struct arena *a, struct document *ret, struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_GET, .name = name, .accept = accept, .max = max }, got;
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	int fds[TRANSFER_FDS], r;
	size_t n = 0;

	r = transfer_send(l->sock, &ask, NULL, 0, e);
	if (r == 0)
		r = courier_receive_fds(l, -1, a, &got, fds, &n, e);
	if (r < 0)
		return r;
	if (got.type == TRANSFER_FAILED)
		r = transfer_error(&got, e);
	else if (got.type != TRANSFER_GOT || n != 1)
		r = err_set(e, ERR_INTERNAL, "expected message 'got', got '%s'", enumtab_name(&transfer_types, (int)got.type));
	else if ((r = lseek(fds[0], 0, SEEK_SET) < 0 ? -errno : fd_read_buf(fds[0], &b)) < 0)
		r = err_sys(e, r, "read document");
	for (size_t i = 0; i < n; i++)
		fd_close(fds[i]);
	if (r < 0)
		return r;
	*ret = (struct document){ { arena_memdup(a, buf_text(&b), b.n + 1), b.n }, said(got.media_type), link_name(got.link, a) };
	return 0;
}

int courier_has(struct courier *l, const char *name, const char *accept, struct arena *a, struct presence *ret, struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_HAS, .name = name, .accept = accept }, got;
	int r = courier_ask(l, &ask, NULL, 0, TRANSFER_GOT, a, &got, e);

	if (r == 0)
		*ret = (struct presence){ said(got.digest), said(got.media_type), got.size > 0 ? (uint64_t)got.size : 0 };
	return r;
}

int courier_fetch(struct courier *l, const char *name, const char *digest, int64_t size, int fd, uint64_t have, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message ask = { .type = TRANSFER_FETCH, .name = name, .digest = digest, .size = size, .have = have }, got;

	return courier_ask(l, &ask, &fd, 1, TRANSFER_FETCHED, &a, &got, e);
}

int courier_put(struct courier *l, const char *name, const char *digest, const char *media_type, struct str text, struct arena *a, struct stored *ret,
	struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_PUT, .name = name, .digest = digest, .media_type = media_type, .size = (int64_t)text.n }, got;
	scoped_fd int fd = memfd_from_bytes("document", text.p, text.n);
	int r;

	if (fd < 0)
		return err_sys(e, fd, "memory for a document");
	r = courier_ask(l, &ask, &fd, 1, TRANSFER_STORED, a, &got, e);
	if (r == 0)
		*ret = (struct stored){ said(got.digest), said(got.subject) };
	return r;
}

static int signature_ask(struct courier *l, struct transfer_message *ask, enum transfer_type answer, struct str text, struct str pem, struct arena *a,
	struct transfer_message *ret, struct err *e)
{
	scoped_fd int text_fd = memfd_from_bytes("text", text.p, text.n), key_fd = memfd_from_bytes("key", pem.p, pem.n);

	if (text_fd < 0 || key_fd < 0)
		return err_sys(e, text_fd < 0 ? text_fd : key_fd, "memory for what is signed");
	return courier_ask(l, ask, (const int[]){ text_fd, key_fd }, 2, answer, a, ret, e);
}

int courier_verify(struct courier *l, struct str text, const char *signature, struct str pem, struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_VERIFY, .signature = signature }, got;
	scoped_arena struct arena a = { 0 };

	return signature_ask(l, &ask, TRANSFER_VERIFIED, text, pem, &a, &got, e);
}

int courier_sign(struct courier *l, struct str text, struct str pem, const char *passphrase, struct arena *a, const char **ret, struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_SIGN, .password = passphrase }, got;
	int r = signature_ask(l, &ask, TRANSFER_SIGNED, text, pem, a, &got, e);

	if (r == 0)
		*ret = got.signature;
	return r;
}

int courier_drop(struct courier *l, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message ask = { .type = TRANSFER_DROP, .name = name }, got;

	return courier_ask(l, &ask, NULL, 0, TRANSFER_DROPPED, &a, &got, e);
}

int courier_close(struct courier *l, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message ask = { .type = TRANSFER_CLOSE }, got;

	return courier_ask(l, &ask, NULL, 0, TRANSFER_CLOSED, &a, &got, e);
}
