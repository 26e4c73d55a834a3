/* SPDX-License-Identifier: Apache-2.0 */
#include "os/cap.h"

#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"
#include "os/internal.h"

/* clang-format off */
const char *const cap_names[CAP_TABLE_COUNT] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
	"CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
	"CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};
/* clang-format on */

int cap_find(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i < CAP_TABLE_COUNT; i++)
		if (strcasecmp(name, cap_names[i] + 4) == 0)
			return i;
	return -EINVAL;
}

int cap_last(void)
{
	int low = 0, high = 63;

	/* The kernel knows 0 … last without a gap: look for the end by halves. */
	while (low < high) {
		int middle = (low + high + 1) / 2;

		if (prctl(PR_CAPBSET_READ, middle, 0, 0, 0) >= 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

uint64_t cap_all(void)
{
	return UINT64_MAX >> (63 - cap_last());
}

static uint64_t read_each(int option, int command)
{
	uint64_t set = 0;

	for (int i = 0; i < 64; i++) {
		int r = command < 0 ? prctl(option, i, 0, 0, 0) : prctl(option, command, i, 0, 0);

		if (r < 0)
			break;
		set |= (uint64_t)(r > 0) << i;
	}
	return set;
}

static int get_basic(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return result(syscall(SYS_capget, &head, data));
}

uint64_t cap_permitted(void)
{
	struct __user_cap_data_struct d[2];

	return get_basic(d) < 0 ? 0 : d[0].permitted | (uint64_t)d[1].permitted << 32;
}

int cap_get(struct cap_sets *ret)
{
	struct __user_cap_data_struct d[2];
	int r = get_basic(d);

	if (r < 0)
		return r;
	*ret = (struct cap_sets){
		.effective = d[0].effective | (uint64_t)d[1].effective << 32,
		.permitted = d[0].permitted | (uint64_t)d[1].permitted << 32,
		.inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32,
		.bounding = read_each(PR_CAPBSET_READ, -1),
		.ambient = read_each(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET),
	};
	return 0;
}

int cap_set(const struct cap_sets *s)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	for (int i = 0; i < 2; i++) {
		d[i].effective = (uint32_t)(s->effective >> (32 * i));
		d[i].permitted = (uint32_t)(s->permitted >> (32 * i));
		d[i].inheritable = (uint32_t)(s->inheritable >> (32 * i));
	}
	return result(syscall(SYS_capset, &head, d));
}

int cap_keep_bounding(uint64_t keep)
{
	for (int i = 0; i < 64; i++) {
		if (keep >> i & 1 || prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			return 0; /* past the last one */
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
			return -EPERM; /* we may not, and it matters */
	}
	return 0;
}

int cap_set_ambient(uint64_t set)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return errno == EINVAL && !set ? 0 : -errno;
	for (int i = 0; i < 64; i++)
		if (set >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return -errno;
	return 0;
}

int cap_keep_over_setuid(bool on)
{
	return result(prctl(PR_SET_KEEPCAPS, on, 0, 0, 0));
}

bool cap_has(int cap)
{
	struct __user_cap_data_struct d[2];

	return get_basic(d) == 0 && (d[cap / 32].effective >> (cap % 32) & 1);
}
