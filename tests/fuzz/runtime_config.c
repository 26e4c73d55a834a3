/* SPDX-License-Identifier: Apache-2.0 */
/* config.json and the tables under it: any bytes decode or fail with a path; what was decoded encodes, and decodes again. */
#include "fuzz.h"

#include <assert.h>

#include "base/limits.h"
#include "codec/json.h"
#include "spec/oci_runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct str text = { arena_strndup(&a, (const char *)data, size), size };
	struct oci_config spec, again;
	struct err e = { 0 };

	if (json_decode(text, &oci_config_schema, 0, &a, &spec, &e) < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		return 0;
	}
	assert(json_encode(&oci_config_schema, &spec, JSON_INDENT_NONE, &b) == 0);
	if (json_decode(buf_str(&b), &oci_config_schema, 0, &a, &again, &e) < 0)
		assert(b.n > size && "what we wrote must be readable");
	return 0;
}
