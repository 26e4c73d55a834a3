/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small memory limits and the kernel's reserves (cgroup_empty_reserve of cgroup.h).
 *
 * The kernel charges CHARGE_BATCH pages at once if they fit below the limit, and keeps those that are not needed yet in a reserve of the processor
 * (mm/memcontrol.c, try_charge_memcg). A process that goes on on another processor, which execve does on purpose, may find the whole limit in the
 * reserve it left behind. It is killed unless that processor gives it back at once: of containers with 256 to 396 KB one in six did not start on a busy
 * machine, with 35 pages in use.
 *
 * A batch that does not fit leaves no reserve. So whoever enters takes so many pages that none will fit, and has the reserve emptied of the batch that
 * came before. The pages are given back by execve, which by then runs where the program will.
 */
#include "runtime/cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/vec.h"
#include "os/fd.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/plan.h"

enum { CHARGE_BATCH = 64 };

/* 0: none. */
static uint64_t limit_in_pages(const struct cgroup_plan *p)
{
	uint64_t bytes = 0;

	VEC_EACH(const struct cgroup_write, w, &p->writes)
		if ((streq(w->file, "memory.max") || streq(w->file, "memory.limit_in_bytes")) && parse_u64(w->value, &bytes) < 0)
			bytes = 0; /* "max", "-1" */
	return bytes / (uint64_t)sysconf(_SC_PAGESIZE);
}

/*
 * A limit below what is in use empties the reserves before it is judged. v1 then refuses the limit, v2 takes it, for memory.high kills nobody. Between
 * the two writes nothing may be charged: v2 would put us to sleep for it.
 */
static int empty(const struct cgroup_dir *memory, struct err *e)
{
	const char *file = memory->v2 ? "memory.high" : "memory.limit_in_bytes";
	scoped_fd int fd = openat(memory->fd, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	char before[32]; /* a number or "max" */
	ssize_t n = fd < 0 ? -1 : pread(fd, before, sizeof before, 0);

	/* Who may not do that does without. */
	if (n <= 0 || pwrite(fd, "0", 1, 0) < 0)
		return 0;
	return pwrite(fd, before, (size_t)n, 0) < 0 ? err_sys(e, -errno, "restore '%s/%s'", memory->path, file) : 0;
}

int cgroup_empty_reserve(const struct cgroup *c, struct err *e)
{
	const struct cgroup_dir *memory = cgroup_dir_of(c, CGROUP_MEMORY);
	uint64_t pages = memory ? limit_in_pages(c->plan) : 0;

	/* Below one batch there is no reserve; from two on there is room beside it. */
	if (pages < CHARGE_BATCH || pages >= 2 * CHARGE_BATCH)
		return 0;
	mmap(NULL, (pages - CHARGE_BATCH + 1) * (uint64_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return empty(memory, e);
}
