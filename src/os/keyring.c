/* SPDX-License-Identifier: Apache-2.0 */
#include "os/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/internal.h"

/* Everything for whoever possesses it; view, read, search and link for its user; search for others. */
enum { PERMISSIONS = 0x3f1b0000, OTHERS_SEARCH = 0x08 };

int keyring_join(const char *name)
{
	return result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name));
}

int keyring_permit(int serial, bool userns)
{
	return result(syscall(SYS_keyctl, KEYCTL_SETPERM, serial, PERMISSIONS | (userns ? OTHERS_SEARCH : 0)));
}
