/* SPDX-License-Identifier: Apache-2.0 */
#include "network/reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "os/fd.h"
#include "os/file.h"

int reservation_take(int dirfd, const char *name, const char *text)
{
	scoped_fd int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char line[RESERVATION_SIZE];
	int n = snprintf(line, sizeof line, "%s\n", text), r;

	if (fd < 0)
		return -errno;
	r = (size_t)n < sizeof line ? fd_write_all(fd, line, (size_t)n) : -E2BIG;
	if (r < 0)
		unlinkat(dirfd, name, 0);
	return r;
}

int reservation_read(int dirfd, const char *name, char ret[RESERVATION_SIZE])
{
	return file_read_text(dirfd, name, ret, RESERVATION_SIZE);
}

_Bool reservation_is_of(const char *text, const char *owner)
{
	const char *rest = str_after(text, owner);

	return rest && *owner && (*rest == '\0' || *rest == ' ');
}

int reservation_drop(int dirfd, const char *name, const char *owner)
{
	char text[RESERVATION_SIZE];
	int r = reservation_read(dirfd, name, text);

	if (r == -ENOENT)
		return 0;
	if (r < 0 || !reservation_is_of(text, owner))
		return r < 0 ? r : 0;
	return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}
