/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"

const char *const certs_directories[] = { "/etc/tare/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d", NULL };

const char *certs_file(void)
{
	const char *path = getenv("SSL_CERT_FILE");

	return path && *path ? path : NULL;
}

struct reading {
	struct buf ca;
	struct arena *a;
	struct certs *certs;
	int r;
};

/* Readers of one file of the directory; the client's certificate and key belong together by name, and the first pair wins. */
static int file_take(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct reading *c = arg;
	char *text;
	size_t n;

	if (str_ends(name, ".crt")) {
		c->r = file_read_buf(dirfd, name, &c->ca);
		if (c->r == 0)
			c->r = buf_add_char(&c->ca, '\n');
	} else if (str_ends(name, ".cert") && !c->certs->cert.p) {
		char *key_name = arena_strndup(c->a, name, strlen(name) - 1);

		memcpy(key_name + strlen(name) - 5, ".key", 5);
		c->r = file_read(dirfd, name, LIMIT_CERTS, c->a, &text, &n);
		if (c->r == 0)
			c->certs->cert = (struct str){ text, n };
		if (c->r == 0)
			c->r = file_read(dirfd, key_name, LIMIT_CERTS, c->a, &text, &n);
		if (c->r == 0)
			c->certs->key = (struct str){ text, n };
	}
	return c->r;
}

int certs_load(const char *host, struct arena *a, struct certs *ret, struct err *e)
{
	scoped_buf struct buf ca = BUF(LIMIT_CERTS);
	struct certs certs = { 0 };
	struct reading c = { .ca = ca, .a = a, .certs = &certs };

	for (size_t i = 0; certs_directories[i]; i++) {
		scoped_fd int base = dir_open(AT_FDCWD, certs_directories[i]);
		scoped_fd int dir = base < 0 ? base : dir_open(base, host);

		if (dir == -ENOENT || dir == -ENOTDIR)
			continue;
		if (dir >= 0)
			dir_each(dir, file_take, &c);
		else
			c.r = dir;
		if (c.r < 0) {
			ca = c.ca;
			return err_sys(e, c.r, "read certificates in '%s/%s'", certs_directories[i], host);
		}
	}
	ca = c.ca;
	if (ca.n > 0)
		certs.ca = (struct str){ arena_memdup(a, ca.p, ca.n), ca.n };
	*ret = certs;
	return 0;
}
