/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/gpg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/proc.h"
#include "os/self.h"

enum { DEADLINE_MS = 30 * 1000, SIGN_DEADLINE_MS = 120 * 1000 /* a person may be asked by an agent */ };
enum { FD_STATUS = 3, FD_KEYRING = 4, FD_MESSAGE = 5 };

/* ---- keys ---- */

static bool is_blank_line(struct str line)
{
	return str_trim(line).n == 0;
}

/* The base64 between the headers of an armor and its checksum. */
static int armor_body(struct str text, struct buf *ret)
{
	struct str rest = text, line;
	bool inside = false, body = false;

	while (rest.p) {
		line = str_trim(str_cut(rest, '\n', &rest));
		if (line.n >= 10 && memcmp(line.p, "-----BEGIN", 10) == 0)
			inside = true;
		else if (line.n >= 8 && memcmp(line.p, "-----END", 8) == 0)
			return body ? 0 : -EINVAL;
		else if (inside && !body && is_blank_line(line))
			body = true;
		else if (body && line.n > 0 && *line.p != '=' && buf_add(ret, line.p, line.n) < 0)
			return -E2BIG;
	}
	return -EINVAL;
}

int gpg_dearmor(struct str text, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf body = BUF(LIMIT_CERTS);
	int r = 0;

	if (text.n == 0)
		return err_set(e, ERR_INVALID, "key is empty");
	/* A packet of OpenPGP begins with a byte whose highest bit is set. */
	if ((unsigned char)*text.p & 0x80) {
		*ret = text;
		return 0;
	}
	r = armor_body(text, &body);
	if (r == 0)
		r = base64_decode(buf_str(&body), a, ret);
	return r < 0 ? err_set(e, ERR_INVALID, "key is neither an OpenPGP key nor an armored one") : 0;
}

static int keyring_make(const struct str *keys, size_t n, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf ring = BUF(LIMIT_CERTS);
	int fd;

	for (size_t i = 0; i < n; i++) {
		struct str key;
		int r = gpg_dearmor(keys[i], &a, &key, e);

		if (r < 0)
			return r;
		if (buf_add(&ring, key.p, key.n) < 0)
			return err_set(e, ERR_EXHAUSTED, "keys are longer than %d bytes", LIMIT_CERTS);
	}
	fd = memfd_from_bytes("keyring", ring.p, ring.n);
	return fd < 0 ? err_sys(e, fd, "memory for a keyring") : fd;
}

/* ---- programs ---- */

struct channel {
	int fd;
	struct buf *out;
};

/* Reads both to their ends. */
static int channels_read(struct channel *c, size_t n, uint64_t deadline)
{
	struct pollfd p[2];
	size_t open_ = n;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = c[i].fd, .events = POLLIN };
	while (open_ > 0) {
		uint64_t now = proc_now_ns();
		int r = now < deadline ? poll(p, n, (int)((deadline - now) / 1000000) + 1) : 0;

		if (r == 0)
			return -ETIMEDOUT;
		for (size_t i = 0; r > 0 && i < n; i++) {
			char piece[4096];
			ssize_t got;

			if (p[i].fd < 0 || !p[i].revents)
				continue;
			got = read(p[i].fd, piece, sizeof piece);
			if (got > 0 && buf_add(c[i].out, piece, (size_t)got) < 0)
				return -E2BIG;
			if (got <= 0) {
				p[i].fd = -1;
				open_--;
			}
		}
	}
	return 0;
}

struct run {
	const char *program;
	char *const *argv;
	char *const *envp;
	const struct proc_fd *fds;   /* but stdout and the status channel */
	size_t n_fds;
	int deadline_ms;
	struct buf *out, *status;
};

/* Returns the exit status. */
static int program_run(const struct run *q, struct err *e)
{
	scoped_fd int out = -EBADF, out_w = -EBADF, status = -EBADF, status_w = -EBADF;
	uint64_t deadline = proc_now_ns() + (uint64_t)q->deadline_ms * 1000000;
	scoped_proc struct proc proc = PROC_NONE;
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct proc_fd fds[6];
	struct proc_exit x = { 0 };
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return err_sys(e, r, "pipe");
	out = pipe[0];
	out_w = pipe[1];
	r = fd_pipe(pipe, 0);
	if (r < 0)
		return err_sys(e, r, "pipe");
	status = pipe[0];
	status_w = pipe[1];
	fds[0] = (struct proc_fd){ out_w, 1 };
	fds[1] = (struct proc_fd){ status_w, FD_STATUS };
	fds[2] = (struct proc_fd){ null, 2 }; /* what it says for people would come among ours */
	memcpy(fds + 3, q->fds, q->n_fds * sizeof *fds);
	r = proc_spawn(&PROC_SPAWN(.path = q->program, .argv = q->argv, .envp = q->envp, .fds = fds, .n_fds = q->n_fds + 3, .death_signal = SIGKILL), &proc);
	if (r < 0)
		return err_sys(e, r, "start '%s'", q->program);
	out_w = fd_close(out_w);
	status_w = fd_close(status_w);
	r = channels_read((struct channel[]){ { out, q->out }, { status, q->status } }, 2, deadline);
	if (r == 0)
		r = proc_wait(proc.pidfd, q->deadline_ms, &x);
	if (r < 0)
		return err_sys(e, r, "'%s'", q->program);
	proc.pidfd = fd_close(proc.pidfd);
	proc = PROC_NONE;
	return proc_exit_number(&x);
}

static int program_find(const char *name, struct arena *a, char **ret, struct err *e)
{
	int r = self_find_in_path(name, a, ret);

	return r < 0 ? err_sys(e, r, "find program '%s' (Debian package '%s')", name, name) : 0;
}

/* ---- the status channel ---- */

/* Words that may appear any number of times, the ones that must appear once, and all others are refusals. */
static const char *const harmless[] = { "NEWSIG", "KEY_CONSIDERED", "SIG_ID", "PLAINTEXT", "PLAINTEXT_LENGTH", "VERIFICATION_COMPLIANCE_MODE", "TRUST_UNDEFINED",
	"KEYEXPIRED", "KEYREVOKED", "TRUST_NEVER", "TRUST_MARGINAL", "TRUST_FULLY", "TRUST_ULTIMATE" };

static const struct {
	const char *word, *reason;
} refusals[] = {
	{ "BADSIG", "signature does not fit what it signs" },
	{ "ERRSIG", "signature is by none of the keys that count" },
	{ "NO_PUBKEY", "signature is by none of the keys that count" },
	{ "EXPSIG", "signature has expired" },
	{ "EXPKEYSIG", "signature is by a key that has expired" },
	{ "REVKEYSIG", "signature is by a key that was revoked" },
	{ "NODATA", "there is no signature in it" },
};

struct counts {
	int newsig, goodsig, validsig, plaintext;
};

static int word_take(struct str word, struct counts *c, struct err *e)
{
	if (str_is(word, "GOODSIG"))
		c->goodsig++;
	else if (str_is(word, "VALIDSIG"))
		c->validsig++;
	else if (str_is(word, "NEWSIG"))
		c->newsig++;
	else if (str_is(word, "PLAINTEXT"))
		c->plaintext++;
	else
		for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
			if (str_is(word, refusals[i].word))
				return err_set(e, ERR_DENIED, "%s", refusals[i].reason);
	if (str_is(word, "GOODSIG") || str_is(word, "VALIDSIG"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (str_is(word, harmless[i]))
			return 0;
	return err_set(e, ERR_DENIED, "gpgv says '" STR_FMT "'", (int)(word.n < 40 ? word.n : 40), word.p);
}

int gpg_status_check(struct str status, struct err *e)
{
	struct counts c = { 0 };
	struct str rest = status, line, word;

	while (rest.p) {
		int r;

		line = str_cut(rest, '\n', &rest);
		if (line.n == 0)
			continue;
		word = str_cut(line, ' ', &line);
		if (!str_is(word, "[GNUPG:]"))
			return err_set(e, ERR_DENIED, "gpgv's status is not understood");
		r = word_take(str_cut(line, ' ', &line), &c, e);
		if (r < 0)
			return r;
	}
	if (c.goodsig != 1 || c.validsig != 1 || c.newsig > 1 || c.plaintext != 1)
		return err_set(e, ERR_DENIED, "expected exactly one good signature of one text");
	return 0;
}

/* ---- verify and sign ---- */

int gpg_verify(struct str message, const struct str *keys, size_t n_keys, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_SIGNATURE), status = BUF(LIMIT_SIGNATURE);
	scoped_fd int keyring = -EBADF, text = -EBADF;
	char *program;
	int r = program_find("gpgv", a, &program, e);

	if (r < 0)
		return r;
	/* Only a message that has its text in it, neither armored nor detached. */
	if (message.n == 0 || !((unsigned char)*message.p & 0x80))
		return err_set(e, ERR_DENIED, "signature is no OpenPGP message");
	keyring = keyring_make(keys, n_keys, e);
	if (keyring < 0)
		return keyring;
	text = memfd_from_bytes("signature", message.p, message.n);
	if (text < 0)
		return err_sys(e, text, "memory for a signature");
	r = program_run(&(struct run){ .program = program, .deadline_ms = DEADLINE_MS, .out = &out, .status = &status,
				.argv = (char *const[]){ (char[]){ "gpgv" }, (char[]){ "--quiet" }, (char[]){ "--status-fd" }, (char[]){ "3" },
					(char[]){ "--homedir" }, (char[]){ "/nonexistent" }, (char[]){ "--keyring" }, (char[]){ "/proc/self/fd/4" },
					(char[]){ "--output" }, (char[]){ "-" }, (char[]){ "/proc/self/fd/5" }, NULL },
				.envp = (char *const[]){ (char[]){ "LC_ALL=C" }, (char[]){ "PATH=/usr/bin:/bin" }, NULL },
				.fds = (struct proc_fd[]){ { keyring, FD_KEYRING }, { text, FD_MESSAGE } }, .n_fds = 2 }, e);
	if (r < 0)
		return r;
	if (gpg_status_check(buf_str(&status), e) < 0)
		return -e->sys;
	if (r != 0)
		return err_set(e, ERR_DENIED, "gpgv refuses the signature (exit %d)", r);
	*ret = (struct str){ arena_strndup(a, buf_text(&out), out.n), out.n };
	return 0;
}

int gpg_sign(struct str text, const char *who, const char *passphrase, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_SIGNATURE), status = BUF(LIMIT_SIGNATURE);
	scoped_fd int input = -EBADF, secret = -EBADF;
	struct strs argv = { 0 };
	struct proc_fd fds[2];
	char *program;
	int r = program_find("gpg", a, &program, e);

	if (r < 0)
		return r;
	input = memfd_from_bytes("payload", text.p, text.n);
	secret = passphrase ? memfd_from_bytes("passphrase", passphrase, strlen(passphrase)) : memfd_from_bytes("passphrase", "", 0);
	if (input < 0 || secret < 0)
		return err_sys(e, input < 0 ? input : secret, "memory for a payload");
	fds[0] = (struct proc_fd){ input, 0 };
	fds[1] = (struct proc_fd){ secret, FD_KEYRING };
	for (const char *const *w = (const char *const[]){ "gpg", "--batch", "--no-tty", "--quiet", "--yes", "--status-fd", "3", NULL }; *w; w++)
		strs_push(a, &argv, *w);
	for (const char *const *w = (const char *const[]){ "--pinentry-mode", "loopback", "--passphrase-fd", "4", NULL }; passphrase && *w; w++)
		strs_push(a, &argv, *w);
	for (const char *const *w = (const char *const[]){ "--local-user", who, "--sign", "--output", "-", NULL }; *w; w++)
		strs_push(a, &argv, *w);
	r = program_run(&(struct run){ .program = program, .deadline_ms = SIGN_DEADLINE_MS, .out = &out, .status = &status, .argv = strs_argv(a, &argv),
				.fds = fds, .n_fds = 2 }, e);
	if (r > 0 || (r == 0 && out.n == 0))
		return err_set(e, ERR_INVALID, "gpg does not sign with the key '%.100s' (exit %d)", who, r);
	if (r == 0)
		*ret = (struct str){ arena_strndup(a, buf_text(&out), out.n), out.n };
	return r;
}
