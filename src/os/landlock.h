/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * landlock: confines this thread, for good, to the directories it is given.
 *
 * Rights the kernel does not know yet are left out, as the Landlock documentation advises; the ABI that was used is returned so that the caller may
 * insist. Needs no_new_privs (os/proc.h) or CAP_SYS_ADMIN.
 * Errors: -errno; -ENOSYS or -EOPNOTSUPP without Landlock. EINTR: does not occur.
 */
#include <stddef.h>
#include <stdint.h>

enum landlock_access {
	LANDLOCK_READ,     /* read files, list directories */
	LANDLOCK_EXECUTE,  /* … and execute */
	LANDLOCK_WRITE,    /* … read, write, create, remove, rename, truncate; device nodes excluded */
	LANDLOCK_WRITE_ANY, /* … and make device nodes */
};

/* What may be done below (or with) an open file or directory, borrowed. */
struct landlock_rule {
	int fd;
	enum landlock_access access;
};

/* ABI version of the running kernel. Errors: as above. */
int landlock_abi(void);

/* Denies everything on files but what the rules grant; signals and abstract sockets outward too (ABI 6), with
 * @no_network also TCP bind and connect (ABI 4). Returns the ABI used. */
int landlock_confine(const struct landlock_rule *rules, size_t n, int no_network);
