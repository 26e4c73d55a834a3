/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * journal: the way to systemd's journal: one datagram per record to its socket (systemd.io/JOURNAL_NATIVE_PROTOCOL).
 *
 * Each datagram names the socket anew, so a journal that was restarted is found again. A journal that is slow is waited for, at most JOURNAL_WAIT_S a record.
 */
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum { JOURNAL_WAIT_S = 2 };

/* Opens a socket (owned). Errors: -ENOENT, -ECONNREFUSED there is no journal. */
int journal_open(int *ret_fd, struct err *e);

/* Sends one record; @now: or not, if it would have to wait. Errors: -errno; it is lost. */
int journal_send(int fd, struct str record, bool now);
