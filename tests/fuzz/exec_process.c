/* SPDX-License-Identifier: Apache-2.0 */
/* The process object that `exec --process` reads: decodes and passes the check, or one sentence with its path; written and read again it is accepted again. */
#include "fuzz.h"

#include <assert.h>

#include "base/limits.h"
#include "codec/json.h"
#include "spec/oci_runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct oci_process *p, *again;
	struct err e = { 0 };

	if (oci_process_decode((struct str){ arena_strndup(&a, (const char *)data, size), size }, &a, &p, &e) < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		return 0;
	}
	assert(p->args.n > 0 && p->cwd && p->cwd[0] == '/' && p->user.uid != UINT32_MAX && p->user.gid != UINT32_MAX);
	assert(json_encode(&oci_process_schema, p, JSON_INDENT_NONE, &b) == 0);
	assert(oci_process_decode(buf_str(&b), &a, &again, &e) == 0);
	assert(again->args.n == p->args.n && again->env.n == p->env.n && again->user.uid == p->user.uid && again->user.gid == p->user.gid);
	return 0;
}
