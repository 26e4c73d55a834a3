/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/sink.h"

static const struct sink_driver *const drivers[SINK_KIND_COUNT] = {
	[SINK_REGISTRY] = &sink_registry,
};

int sink_open(const struct transfer_message *m, const int *fds, size_t n_fds, struct sink *ret, struct err *e)
{
	struct sink s = { .driver = drivers[m->sink] };
	int r = s.driver->open(m, fds, n_fds, &s.self, e);

	if (r == 0)
		*ret = s;
	return r;
}

void sink_close(struct sink *s)
{
	if (s->driver)
		s->driver->close(s->self);
	*s = (struct sink){ 0 };
}
