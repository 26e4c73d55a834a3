/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pty: pseudo terminals and window sizes.
 *
 * The slave is opened through the master (TIOCGPTPEER), never by a path inside a container (CVE-2016-4973-like swaps of /dev/pts/N).
 * Errors: -errno; -ENOTTY for what is no terminal. EINTR: retried where it can occur.
 */
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct pty_size {
	uint16_t rows, cols;
};

/* A new master from @ptmx_path below @dirfd (trusted: "/dev/ptmx", or "ptmx" of a devpts we mounted), unlocked. Returns owned. */
int pty_open(int dirfd, const char *ptmx_path);

/* The slave of a master. Returns owned; does not become the controlling terminal. */
int pty_peer(int master);

/* Makes the terminal @fd the controlling one of this session (which must have none). */
int pty_set_controlling(int fd);

/* Window size; setting it raises SIGWINCH in the foreground group. */
int pty_get_size(int fd, struct pty_size *ret);
int pty_set_size(int fd, struct pty_size size);

/* Switches to raw mode and keeps what was before in @ret_saved; puts it back. */
int pty_make_raw(int fd, struct termios *ret_saved);
int pty_restore(int fd, const struct termios *saved);

/* True if @fd is a terminal. */
bool pty_is_terminal(int fd);
