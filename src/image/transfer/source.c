/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/source.h"

static const struct source_driver *const drivers[SOURCE_KIND_COUNT] = {
	[SOURCE_REGISTRY] = &source_registry,
	[SOURCE_ARCHIVE] = &source_archive,
	[SOURCE_LAYOUT] = &source_layout,
	[SOURCE_TAR] = &source_tar,
	[SOURCE_TREE] = &source_tree,
	[SOURCE_PLACE] = &source_none,
	[SOURCE_NONE] = &source_none,
};

int source_open(const struct transfer_message *m, const int *fds, size_t n_fds, struct source *ret, struct err *e)
{
	struct source s = { .driver = drivers[m->source] };
	int r = s.driver->open(m, fds, n_fds, &s.self, e);

	if (r == 0)
		*ret = s;
	return r;
}

void source_close(struct source *s)
{
	if (s->driver)
		s->driver->close(s->self);
	*s = (struct source){ 0 };
}
