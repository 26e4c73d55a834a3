/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"

/* "4:cpuset,memory:/a/b" has the controller @name. */
static bool has_controller(struct str list, const char *name)
{
	while (list.n) {
		if (str_is(str_cut(list, ',', &list), name))
			return true;
	}
	return false;
}

struct str oom_cgroup(struct str text, bool *ret_v2)
{
	struct str v2 = { 0 };

	while (text.n) {
		struct str path = str_cut(text, '\n', &text), number = str_cut(path, ':', &path), list = str_cut(path, ':', &path);

		if (!path.p)
			continue;
		if (has_controller(list, "memory")) {
			*ret_v2 = false;
			return path;
		}
		if (str_is(number, "0") && !list.n)
			v2 = path;
	}
	*ret_v2 = true;
	return v2;
}

void oom_open(struct oom *o, pid_t pid)
{
	static const char *const v1[] = { "/sys/fs/cgroup/memory", NULL };
	static const char *const v2[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified", NULL };
	char name[32], text[LIMIT_PATH], path[LIMIT_PATH * 2];
	struct str cgroup;
	bool is_v2;

	*o = OOM_NONE;
	snprintf(name, sizeof name, "/proc/%d/cgroup", (int)pid);
	if (file_read_text(AT_FDCWD, name, text, sizeof text) < 0)
		return;
	cgroup = oom_cgroup(str_of(text), &is_v2);
	if (!cgroup.p)
		return;
	for (const char *const *mount = is_v2 ? v2 : v1; *mount && o->fd < 0; mount++) {
		snprintf(path, sizeof path, "%s" STR_FMT "/%s", *mount, STR_ARG(cgroup), is_v2 ? "memory.events" : "memory.oom_control");
		o->fd = open(path, O_RDONLY | O_CLOEXEC);
	}
}

bool oom_counted(struct str text)
{
	while (text.n) {
		struct str value = str_cut(text, '\n', &text), key = str_cut(value, ' ', &value);

		if (str_is(key, "oom_kill"))
			return value.n && !str_is(value, "0");
	}
	return false;
}

bool oom_happened(const struct oom *o)
{
	char text[1024];
	ssize_t n;

	if (o->fd < 0)
		return false;
	n = pread(o->fd, text, sizeof text, 0);
	return n > 0 && oom_counted((struct str){ text, (size_t)n });
}

void oom_close(struct oom *o)
{
	fd_done(&o->fd);
}
