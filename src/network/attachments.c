/* SPDX-License-Identifier: Apache-2.0 */
#include "network/attachments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"

enum { FILE_NAME_SIZE = 256 };

static int file_name(const char *container, const char *network, char ret[FILE_NAME_SIZE], struct err *e)
{
	int n = snprintf(ret, FILE_NAME_SIZE, "%s@%s", container, network);

	return n >= FILE_NAME_SIZE ? err_set(e, ERR_INVALID, "network name '%s' is too long", network) : 0;
}

int attachments_write(int run_fd, const struct attachment *at, struct err *e)
{
	scoped_fd int dir = dir_ensure(run_fd, ATTACHMENTS_DIR, 0700);
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	char name[FILE_NAME_SIZE];
	int r = file_name(at->container, at->network, name, e);

	if (r < 0)
		return r;
	r = dir < 0 ? dir : json_encode(&attachment_schema, at, JSON_INDENT_NONE, &b);
	if (r == 0)
		r = file_replace(dir, name, b.p, b.n, 0600, 0);
	return r < 0 ? err_sys(e, r, "write '" ATTACHMENTS_DIR "/%s'", name) : 0;
}

int attachments_read(int run_fd, const char *container, const char *network, struct arena *a, struct attachment *ret, struct err *e)
{
	scoped_fd int dir = dir_open(run_fd, ATTACHMENTS_DIR);
	char name[FILE_NAME_SIZE], *text;
	size_t size;
	int r = file_name(container, network, name, e);

	if (r < 0)
		return r;
	*ret = (struct attachment){ 0 };
	r = dir < 0 ? dir : file_read(dir, name, LIMIT_DOCUMENT, a, &text, &size);
	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "container %s is not in network '%s'", container, network);
	if (r < 0)
		return err_sys(e, r, "read '" ATTACHMENTS_DIR "/%s'", name);
	r = json_decode((struct str){ text, size }, &attachment_schema, 0, a, ret, e);
	return r < 0 ? err_wrap(e, "'" ATTACHMENTS_DIR "/%s'", name) : 0;
}

int attachments_drop(int run_fd, const char *container, const char *network, struct err *e)
{
	char name[FILE_NAME_SIZE], path[FILE_NAME_SIZE + sizeof ATTACHMENTS_DIR];
	int r = file_name(container, network, name, e);

	if (r < 0)
		return r;
	snprintf(path, sizeof path, ATTACHMENTS_DIR "/%s", name);
	return unlinkat(run_fd, path, 0) < 0 && errno != ENOENT ? err_sys(e, -errno, "remove '%s'", path) : 0;
}

struct sweep {
	attachments_dead_fn is_dead;
	void *arg;
	int n;
};

static int sweep_one(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct sweep *s = arg;
	char text[FILE_NAME_SIZE], *at;

	if (name[0] == '.') {
		if (tmp_file_is_abandoned(dirfd, name))
			unlinkat(dirfd, name, 0);
		return 0;
	}
	snprintf(text, sizeof text, "%s", name);
	at = strchr(text, '@');
	if (at)
		*at++ = '\0';
	if (at && !s->is_dead(s->arg, text, at))
		return 0;
	s->n++;
	return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int attachments_sweep(int run_fd, attachments_dead_fn is_dead, void *arg, struct err *e)
{
	scoped_fd int dir = dir_open(run_fd, ATTACHMENTS_DIR);
	struct sweep s = { is_dead, arg, 0 };
	int r;

	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : dir_each(dir, sweep_one, &s);
	return r < 0 ? err_sys(e, r, "look through '" ATTACHMENTS_DIR "'") : s.n;
}
