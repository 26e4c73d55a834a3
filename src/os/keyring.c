/* SPDX-License-Identifier: Apache-2.0 */
#include "os/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/internal.h"

/* Everything for whoever possesses it; view, read and search for its user. */
enum { PERMISSIONS = 0x3f0b0000 };

int keyring_join(const char *name)
{
	int serial = result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name));

	if (serial < 0)
		return serial;
	return syscall(SYS_keyctl, KEYCTL_SETPERM, serial, PERMISSIONS) < 0 ? -errno : serial;
}
