/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/pages.h"

#include "base/limits.h"
#include "image/courier.h"

int pages_read(struct courier *l, const char *name, const char *type, page_fn fn, void *arg, struct arena *a, struct err *e)
{
	size_t bytes = 0;
	int r = 0;

	for (int page = 0; r == 0 && name; page++) {
		struct document d;

		if (page >= LIMIT_PAGES || bytes > LIMIT_LIST)
			return err_set(e, ERR_EXHAUSTED, "the list has more than %d pages or %d bytes", LIMIT_PAGES, LIMIT_LIST);
		r = courier_get(l, name, type, LIMIT_MANIFEST, a, &d, e);
		if (r < 0)
			return r;
		r = fn(arg, d.text, e);
		bytes += d.text.n;
		name = d.link;
	}
	return r < 0 ? r : 0;
}
