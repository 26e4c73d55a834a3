/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/certs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "os/file.h"

const char *certs_file(void)
{
	const char *path = getenv("SSL_CERT_FILE");

	return path && *path ? path : NULL;
}

static int pem_read(const char *path, struct arena *a, struct str *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_CERTS, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read certificate '%s'", path);
	*ret = (struct str){ text, n };
	return 0;
}

int certs_load(const struct strs *ca, const char *cert, const char *key, struct arena *a, struct certs *ret, struct err *e)
{
	scoped_buf struct buf all = BUF(LIMIT_CERTS);
	struct certs certs = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ca->n; i++) {
		r = file_read_buf(AT_FDCWD, ca->v[i], &all);
		if (r == 0)
			r = buf_add_char(&all, '\n');
		if (r < 0)
			return err_sys(e, r, "read certificate '%s'", ca->v[i]);
	}
	if (cert && key)
		r = pem_read(cert, a, &certs.cert, e);
	if (r == 0 && cert && key)
		r = pem_read(key, a, &certs.key, e);
	if (r < 0)
		return r;
	if (all.n > 0)
		certs.ca = (struct str){ arena_memdup(a, all.p, all.n), all.n };
	*ret = certs;
	return 0;
}
