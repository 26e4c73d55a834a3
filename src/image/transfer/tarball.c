/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/tarball.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "image/transfer/tar_header.h"

struct tarball {
	tarball_sink_fn sink;
	void *arg;
	struct buf header; /* of the entry that begins */
	uint64_t left;     /* content that is to come */
	size_t padding;    /* after it */
};

struct tarball *tarball_new(tarball_sink_fn sink, void *arg)
{
	struct tarball *t = alloc_or_die(sizeof *t);

	*t = (struct tarball){ .sink = sink, .arg = arg, .header = BUF(LIMIT_DOCUMENT) };
	return t;
}

void tarball_free(struct tarball *t)
{
	if (!t)
		return;
	buf_done(&t->header);
	free(t);
}

static int zeros_write(struct tarball *t, uint64_t n, struct err *e)
{
	static const char zeros[64 * TAR_BLOCK];
	int r = 0;

	while (r == 0 && n > 0) {
		size_t piece = n < sizeof zeros ? (size_t)n : sizeof zeros;

		r = t->sink(t->arg, zeros, piece, e);
		n -= piece;
	}
	return r;
}

static int entry_end(struct tarball *t, struct err *e)
{
	uint64_t rest = t->left + t->padding;

	t->left = t->padding = 0;
	return zeros_write(t, rest, e);
}

int tarball_entry(struct tarball *t, const struct layer_entry *entry, struct err *e)
{
	int r = entry_end(t, e);

	buf_clear(&t->header);
	if (r == 0)
		r = tar_header(entry, &t->header, e);
	if (r < 0)
		return r;
	t->left = tar_content(entry);
	t->padding = tar_padding(t->left);
	return t->sink(t->arg, t->header.p, t->header.n, e);
}

int tarball_data(struct tarball *t, const void *p, size_t n, struct err *e)
{
	if (n > t->left)
		return err_set(e, ERR_INVALID, "more content than the entry has room for");
	t->left -= n;
	return t->sink(t->arg, p, n, e);
}

/* Two blocks of zeros (POSIX.1-2017, pax, "ustar Interchange Format"). */
int tarball_finish(struct tarball *t, struct err *e)
{
	int r = entry_end(t, e);

	return r < 0 ? r : zeros_write(t, 2 * TAR_BLOCK, e);
}
