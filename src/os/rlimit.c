/* SPDX-License-Identifier: Apache-2.0 */
#include "os/rlimit.h"

#include <strings.h>

#include "os/internal.h"

/* clang-format off */
const char *const rlimit_names[RLIMIT_TABLE_COUNT] = {
	[RLIMIT_CPU] = "RLIMIT_CPU", [RLIMIT_FSIZE] = "RLIMIT_FSIZE", [RLIMIT_DATA] = "RLIMIT_DATA", [RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE", [RLIMIT_RSS] = "RLIMIT_RSS", [RLIMIT_NPROC] = "RLIMIT_NPROC", [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK", [RLIMIT_AS] = "RLIMIT_AS", [RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING", [RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE", [RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO", [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};
/* clang-format on */

int rlimit_find(const char *name)
{
	if (strncasecmp(name, "RLIMIT_", 7) == 0)
		name += 7;
	for (int i = 0; i < RLIMIT_TABLE_COUNT; i++)
		if (strcasecmp(name, rlimit_names[i] + 7) == 0)
			return i;
	return -EINVAL;
}

int rlimit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit l = { .rlim_cur = soft, .rlim_max = hard };

	return result(prlimit(pid, resource, &l, NULL));
}

int rlimit_get(pid_t pid, int resource, uint64_t *ret_soft, uint64_t *ret_hard)
{
	struct rlimit l;

	if (prlimit(pid, resource, NULL, &l) < 0)
		return -errno;
	*ret_soft = l.rlim_cur;
	*ret_hard = l.rlim_max;
	return 0;
}
