/* SPDX-License-Identifier: Apache-2.0 */
#include "network/helper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"
#include "os/file.h"
#include "os/proc.h"

enum { TEXT_SIZE = 48, END_MS = 5000 };

int helper_note(int dir, const char *name, pid_t pid)
{
	struct proc_stat s;
	char text[TEXT_SIZE];
	int r = proc_stat_read(pid, &s);

	if (r < 0)
		return r;
	snprintf(text, sizeof text, "%d %llu\n", (int)pid, (unsigned long long)s.start_ticks);
	return file_replace(dir, name, text, strlen(text), 0600, 0);
}

/* Returns a pidfd, owned. */
static int helper_open(int dir, const char *name)
{
	char text[TEXT_SIZE];
	char *space;
	uint64_t start;
	uint32_t pid;
	int r = file_read_text(dir, name, text, sizeof text);

	if (r < 0)
		return r;
	space = strchr(text, ' ');
	if (!space)
		return -EBADMSG;
	*space = '\0';
	if (parse_u32(text, &pid) < 0 || parse_u64(space + 1, &start) < 0)
		return -EBADMSG;
	return proc_open_checked((pid_t)pid, start);
}

bool helper_is_there(int dir, const char *name)
{
	scoped_fd int pidfd = helper_open(dir, name);

	/* One that has ended may wait for its parent for a while. */
	return pidfd >= 0 && proc_wait_end(pidfd, 0) == -ETIMEDOUT;
}

void helper_end(int dir, const char *name)
{
	scoped_fd int pidfd = helper_open(dir, name);

	if (pidfd >= 0 && proc_signal(pidfd, SIGKILL) == 0)
		proc_wait_end(pidfd, END_MS);
	unlinkat(dir, name, 0);
}
