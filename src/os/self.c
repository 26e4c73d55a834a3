/* SPDX-License-Identifier: Apache-2.0 */
#include "os/self.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "os/internal.h"

int self_path(struct arena *a, char **ret)
{
	char path[LIMIT_PATH];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof path)
		return -ENAMETOOLONG;
	*ret = arena_strndup(a, path, (size_t)n);
	return 0;
}

/* Takes "dir/name" if it is a program. */
static int try_dir(struct str dir, const char *name, struct arena *a, char **ret)
{
	char *path;

	if (!dir.n)
		return -ENOENT;
	path = arena_printf(a, STR_FMT "/%s", STR_ARG(dir), name);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -errno;
	*ret = path;
	return 0;
}

int self_find_in_path(const char *name, struct arena *a, char **ret)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	if (strchr(name, '/')) {
		*ret = arena_strdup(a, name);
		return 0;
	}
	while (rest.p)
		if (try_dir(str_cut(rest, ':', &rest), name, a, ret) == 0)
			return 0;
	return -ENOENT;
}

int self_find_program(const char *name, struct arena *a, char **ret)
{
	const char *libexec = getenv("TARE_LIBEXEC");
	char *self;
	struct str dir;

	if (strchr(name, '/'))
		return self_find_in_path(name, a, ret);
	if (libexec && try_dir(str_of(libexec), name, a, ret) == 0)
		return 0;
	if (self_path(a, &self) == 0 && self[0] == '/') {
		dir = (struct str){ self, (size_t)(strrchr(self, '/') - self) };
		if (try_dir(dir, name, a, ret) == 0)
			return 0;
		dir = str_of(arena_printf(a, STR_FMT "/../libexec/tare", STR_ARG(dir)));
		if (try_dir(dir, name, a, ret) == 0)
			return 0;
	}
	return self_find_in_path(name, a, ret);
}
