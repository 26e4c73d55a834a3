/* SPDX-License-Identifier: Apache-2.0 */
#include "os/landlock.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"
#include "os/fd.h"
#include "os/internal.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* The kernel's bits and structures, spelled out: the headers of the build machine may be older than the running kernel. */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_SOCK = 1 << 9,
	FS_MAKE_FIFO = 1 << 10,
	FS_MAKE_BLOCK = 1 << 11,
	FS_MAKE_SYM = 1 << 12,
	FS_REFER = 1 << 13,    /* ABI 2 */
	FS_TRUNCATE = 1 << 14, /* ABI 3 */
	FS_IOCTL_DEV = 1 << 15, /* ABI 5 */

	FS_FILE_ONLY = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV, /* what a rule on a file may grant */
	READ = FS_READ_FILE | FS_READ_DIR,
	WRITE = READ | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_FIFO |
		FS_MAKE_SYM | FS_REFER | FS_TRUNCATE,

	NET_ALL = 3,   /* ABI 4: bind and connect TCP */
	SCOPE_ALL = 3, /* ABI 6: abstract unix sockets, signals */

	CREATE_VERSION = 1,
	RULE_PATH_BENEATH = 1,
};

struct ruleset_attr {
	uint64_t handled_fs, handled_net, scoped;
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* clang-format off */
static const uint64_t granted[] = {
	[LANDLOCK_READ]      = READ,
	[LANDLOCK_EXECUTE]   = READ | FS_EXECUTE,
	[LANDLOCK_WRITE]     = WRITE,
	[LANDLOCK_WRITE_ANY] = WRITE | FS_MAKE_CHAR | FS_MAKE_BLOCK,
};

/* What each version of the interface can handle, and how much of the structure it takes. */
static const struct {
	uint64_t fs;
	size_t size;
} known[] = {
	[0] = { 0, 0 },
	[1] = { FS_REFER - 1, 8 },
	[2] = { FS_TRUNCATE - 1, 8 },
	[3] = { FS_IOCTL_DEV - 1, 8 },
	[4] = { FS_IOCTL_DEV - 1, 16 },
	[5] = { (FS_IOCTL_DEV << 1) - 1, 16 },
	[6] = { (FS_IOCTL_DEV << 1) - 1, 24 },
};
/* clang-format on */

int landlock_abi(void)
{
	return result(syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION));
}

static int add_rule(int ruleset, const struct landlock_rule *rule, uint64_t handled)
{
	struct path_beneath_attr attr = { .allowed = granted[rule->access] & handled, .fd = rule->fd };
	struct stat s;

	if (fstat(rule->fd, &s) < 0)
		return -errno;
	if (!S_ISDIR(s.st_mode))
		attr.allowed &= FS_FILE_ONLY;
	return result(syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0));
}

int landlock_confine(const struct landlock_rule *rules, size_t n, int no_network)
{
	scoped_fd int ruleset = -EBADF;
	struct ruleset_attr attr = { 0 };
	int abi = landlock_abi(), known_abi, r;

	if (abi < 0)
		return abi;
	known_abi = abi < (int)ARRAY_LEN(known) ? abi : (int)ARRAY_LEN(known) - 1;
	attr.handled_fs = known[known_abi].fs;
	if (no_network && known_abi >= 4)
		attr.handled_net = NET_ALL;
	if (known_abi >= 6)
		attr.scoped = SCOPE_ALL;
	ruleset = result(syscall(SYS_landlock_create_ruleset, &attr, known[known_abi].size, 0));
	if (ruleset < 0)
		return ruleset;
	for (size_t i = 0; i < n; i++) {
		r = add_rule(ruleset, &rules[i], attr.handled_fs);
		if (r < 0)
			return r;
	}
	r = result(syscall(SYS_landlock_restrict_self, ruleset, 0));
	return r < 0 ? r : known_abi;
}
