/* SPDX-License-Identifier: Apache-2.0 */
/* tree_form: extract.h as a form of a layer. */
#include "image/transfer/extract.h"
#include "image/transfer/unpack.h"

static void *tree_open(int dirfd)
{
	return extract_new(dirfd);
}

static void tree_close(void *self)
{
	extract_free(self);
}

static int tree_begin(void *self, const struct layer_entry *entry, struct err *e)
{
	return extract_begin(self, entry, e);
}

static int tree_data(void *self, const void *p, size_t n, uint64_t offset, struct err *e)
{
	return extract_data(self, p, n, offset, e);
}

static int tree_end(void *self, struct err *e)
{
	return extract_end(self, e);
}

static int tree_finish(void *self, struct unpacked *ret, struct err *e)
{
	return extract_finish(self, ret, e);
}

const struct unpack_form unpack_tree = {
	.name = "tree", .open = tree_open, .close = tree_close, .begin = tree_begin, .data = tree_data, .end = tree_end, .finish = tree_finish,
};
