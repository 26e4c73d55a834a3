/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes over a bus, and what annotations say in the text of GVariant. Any bytes decode or are refused; what decoded can be passed over inside its
 * bounds; what a text gave is a variant.
 */
#include "fuzz.h"

#include <assert.h>

#include "base/arena.h"
#include "base/limits.h"
#include "codec/dbus.h"
#include "codec/gvariant.h"

static void read_message(struct str bytes)
{
	struct dbus_message m;

	if (dbus_message_decode(bytes, &m) < 0)
		return;
	for (const char *s = m.signature ? m.signature : ""; s && *s;)
		s = dbus_skip(&m.body, s);
	assert(m.body.at <= m.body.n);
}

static void read_text(const char *text)
{
	scoped_buf struct buf b = BUF(LIMIT_DBUS_MESSAGE);
	struct dbus_reader r;

	if (gvariant_put(&b, text, false) < 0 || buf_is_full(&b))
		return;
	r = (struct dbus_reader){ .p = (const uint8_t *)b.p, .n = b.n };
	assert(dbus_skip(&r, "v") && r.at == r.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size);

	read_message((struct str){ text, size });
	read_text(text);
	return 0;
}
