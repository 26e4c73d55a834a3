/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf by tables, on the two messages of criu: any bytes decode or fail with a reason; what was decoded encodes, decodes again, and is then the same. */
#include "fuzz.h"

#include <assert.h>

#include "base/limits.h"
#include "spec/criu.h"

static void round_trip(const struct proto_schema *s, struct str bytes, void *msg, void *again)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf first = BUF(LIMIT_DOCUMENT), second = BUF(LIMIT_DOCUMENT);
	struct err e = { 0 };

	if (proto_decode(bytes, s, &a, msg, &e) < 0) {
		assert(e.kind == ERR_INVALID && e.msg[0]);
		return;
	}
	assert(proto_encode(s, msg, &first) == 0);
	assert(proto_decode(buf_str(&first), s, &a, again, &e) == 0);
	assert(proto_encode(s, again, &second) == 0);
	assert(str_eq(buf_str(&first), buf_str(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct criu_req req[2];
	struct criu_resp resp[2];

	round_trip(&criu_req_message, bytes, &req[0], &req[1]);
	round_trip(&criu_resp_message, bytes, &resp[0], &resp[1]);
	return 0;
}
