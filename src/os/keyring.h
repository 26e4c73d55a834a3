/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * keyring: a session keyring of one's own, so that a container does not see the caller's keys.
 *
 * Errors: -errno; -ENOSYS or -EPERM where seccomp forbids; -EDQUOT when the user's quota of keys is spent. EINTR: does not occur.
 */
#include <stdbool.h>

/* Joins the session keyring named @name that this user may search, or a new one. Returns its serial. */
int keyring_join(const char *name);

/* Lets its owner search the keyring, so that he finds it by its name; in a user namespace, where he is somebody else, everybody. */
int keyring_permit(int serial, bool userns);
