/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/source.h"

static const struct source_driver *const drivers[SOURCE_KIND_COUNT] = {
	[SOURCE_REGISTRY] = &source_registry,
};

int source_open(const struct transfer_message *m, const int *fds, size_t n_fds, struct source *ret, struct err *e)
{
	struct source s = { .driver = drivers[m->source] };
	int r;

	if (!s.driver)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: image source '%s'", enumtab_name(&source_kinds, (int)m->source));
	r = s.driver->open(m, fds, n_fds, &s.self, e);

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
