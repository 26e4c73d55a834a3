/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * keyring: a session keyring of one's own, so that a container does not see the caller's keys.
 *
 * Errors: -errno; -ENOSYS or -EPERM where seccomp forbids; -EDQUOT when the user's quota of keys is spent. EINTR: does not occur.
 */

/* Joins a new session keyring named @name and lets its owner search it. Returns its serial. */
int keyring_join(const char *name);
