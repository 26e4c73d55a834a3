/* SPDX-License-Identifier: Apache-2.0 */
#include "network/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/vec.h"
#include "network/helper.h"
#include "network/link.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/self.h"

/* pasta writes the second one, beside the mount, and we make the first of it. */
static const char file_name[] = "outside", pid_name[] = "home.pid";

enum { WORDS_MAX = 4096, READY_MS = 10000 };

/* ---- what programs say ---- */

/* The first line of sense: pasta complains of a missing system log before every word of its own. */
static void last_words(const char *program, const char *text, struct err *e)
{
	struct str rest = str_of(text), line = { 0 };

	while (rest.p && rest.n) {
		line = str_cut(rest, '\n', &rest);
		if (line.n && strncmp(line.p, "Failed to send", strlen("Failed to send")) != 0)
			break;
		line.n = 0;
	}
	if (line.n)
		err_set(e, ERR_UNAVAILABLE, "%s: " STR_FMT, program, STR_ARG(line));
	else
		err_set(e, ERR_UNAVAILABLE, "%s failed and did not say why", program);
}

static int tun_check(struct err *e)
{
	scoped_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "an ordinary user's network needs /dev/net/tun: %s (modprobe tun; chmod 666 /dev/net/tun; or use --network none or host)",
		strerror(errno));
}

/* ---- pasta ---- */

/* Without a way out there is no interface to learn from: then loopback, which is no worse, and works again when there is one. */
static bool has_default_route(void)
{
	scoped_arena struct arena a = { 0 };
	char *text;
	struct str rest;

	if (file_read(AT_FDCWD, "/proc/net/route", 1 << 20, &a, &text, NULL) < 0)
		return true;
	for (rest = str_of(text); rest.p && rest.n;) {
		struct str line = str_cut(rest, '\n', &rest), fields;

		str_cut(line, '\t', &fields);
		if (fields.p && fields.n > 9 && strncmp(fields.p, "00000000\t", 9) == 0)
			return true;
	}
	return false;
}

static void pasta_words(struct arena *a, const char *path, const char *netns, const char *pid_file, struct strs *ret)
{
	/* Nothing of the host's loopback inside, no port by itself in either direction. */
	static const char *const words[] = { "--config-net", "--quiet", "--no-map-gw", "--no-netns-quit", "--ns-ifname", OUTSIDE_LINK,
		"--address", OUTSIDE_ADDRESS, "--netmask", "24", "--gateway", OUTSIDE_GATEWAY, "--dns-forward", OUTSIDE_DNS,
		"--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none" };

	strs_push(a, ret, path);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		strs_push(a, ret, words[i]);
	if (!has_default_route()) {
		strs_push(a, ret, "--interface");
		strs_push(a, ret, "lo");
		strs_push(a, ret, "--mac-addr");
		strs_push(a, ret, "02:00:00:00:00:01");
	}
	strs_push(a, ret, "--pid");
	strs_push(a, ret, pid_file);
	strs_push(a, ret, "--netns");
	strs_push(a, ret, netns);
}

/* Starts it and hears it out: it goes into the background when all is set up. */
static int pasta_begin(int dir, const char *path, const char *netns, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_proc struct proc child = PROC_NONE;
	scoped_fd int in = -EBADF, out = -EBADF, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	scoped_buf struct buf said = BUF(WORDS_MAX);
	struct proc_fd fds[] = { { null, 0 }, { null, 1 }, { -EBADF, 2 } };
	struct proc_exit x = { 0 };
	struct strs argv = { 0 };
	char text[16];
	uint32_t pid;
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return err_sys(e, r, "make a pipe");
	in = pipe[0];
	fds[2].fd = out = pipe[1];
	pasta_words(&a, path, netns, arena_printf(&a, "%s.pid", netns), &argv);
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = strs_argv(&a, &argv), .fds = fds, .n_fds = ARRAY_LEN(fds)), &child);
	if (r < 0)
		return err_sys(e, r, "start '%s'", path);
	fd_done(&out);
	fd_read_buf(in, &said);
	r = proc_wait(child.pidfd, -1, &x);
	child.pid = 0;
	if (r < 0 || proc_exit_number(&x) != 0) {
		last_words("pasta", buf_text(&said), e);
		return -e->sys;
	}
	r = file_read_text(dir, pid_name, text, sizeof text);
	if (r == 0)
		r = parse_u32(text, &pid);
	if (r == 0)
		r = helper_note(dir, file_name, (pid_t)pid);
	unlinkat(dir, pid_name, 0);
	return r < 0 ? err_sys(e, r, "note the process of pasta") : 0;
}

/* ---- slirp4netns ---- */

static int slirp_begin(int dir, const char *path, const char *netns, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int in = -EBADF, out = -EBADF, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *words[] = { path, "--configure", "--mtu=65520", "--disable-host-loopback", "--ready-fd=3", "--netns-type=path", netns, OUTSIDE_LINK };
	struct proc_fd fds[] = { { null, 0 }, { null, 1 }, { null, 2 }, { -EBADF, 3 } };
	struct proc child = PROC_NONE;
	char ready;
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return err_sys(e, r, "make a pipe");
	in = pipe[0];
	fds[3].fd = out = pipe[1];
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = strs_argv(&a, &(struct strs){ words, ARRAY_LEN(words) }), .fds = fds, .n_fds = ARRAY_LEN(fds),
			.setsid = true), &child);
	if (r < 0)
		return err_sys(e, r, "start '%s'", path);
	fd_done(&out);
	r = fd_read_all(in, &ready, 1) == 1 ? helper_note(dir, file_name, child.pid) : -EIO;
	if (r < 0)
		proc_done(&child);
	fd_done(&child.pidfd); /* it outlives us */
	return r < 0 ? err_set(e, ERR_UNAVAILABLE, "slirp4netns failed") : 0;
}

/* ---- the interface ---- */

int outside_begin(int dir, const char *netns, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	char *path;
	int r = tun_check(e);

	if (r < 0)
		return r;
	outside_end(dir);
	if (self_find_in_path("pasta", &a, &path) == 0)
		return pasta_begin(dir, path, netns, e);
	if (self_find_in_path("slirp4netns", &a, &path) == 0)
		return slirp_begin(dir, path, netns, e);
	return err_set(e, ERR_UNSUPPORTED, "an ordinary user's network needs pasta (package passt) or slirp4netns: install one, or use --network none or host");
}

bool outside_is_there(int dir)
{
	return helper_is_there(dir, file_name);
}

/* One whose starter was killed before it could note it. Its number may be somebody else's by now: the name must be right, too. */
static void end_unnoted(int dir)
{
	char text[16], path[48], name[32];
	uint32_t pid;
	scoped_fd int pidfd = -EBADF;

	if (file_read_text(dir, pid_name, text, sizeof text) < 0)
		return;
	if (parse_u32(text, &pid) == 0)
		pidfd = proc_open((pid_t)pid);
	snprintf(path, sizeof path, "/proc/%s/comm", text);
	if (pidfd >= 0 && file_read_text(AT_FDCWD, path, name, sizeof name) == 0 && (str_after(name, "passt") || str_after(name, "pasta")))
		proc_signal(pidfd, SIGKILL);
	unlinkat(dir, pid_name, 0);
}

void outside_end(int dir)
{
	helper_end(dir, file_name);
	end_unnoted(dir);
}
