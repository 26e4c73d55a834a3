/* SPDX-License-Identifier: Apache-2.0 */
/* What people type after --format, and what an image puts into the document it meets: the first line is the template, the rest the document. */
#include "fuzz.h"

#include <assert.h>

#include "base/arena.h"
#include "codec/template.h"

static const char usual[] = "{\"Name\":\"web\",\"State\":{\"Pid\":7,\"Running\":true},\"Tags\":[\"a\",\"b\"],\"Labels\":{\"k.x\":\"v\"},\"None\":[]}";

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(64 * 1024);
	struct str rest, text = str_cut((struct str){ (const char *)p, n }, '\n', &rest);
	const char *words = arena_strndup(&a, text.p, text.n);
	struct err e = { 0 };
	int r;

	if (!rest.p || rest.n == 0)
		rest = str_of(usual);
	r = template_render(words, rest, &out, &e);
	assert(r == 0 || (r < 0 && e.msg[0]));
	buf_clear(&out);
	r = template_render_row(words, rest, &out, &e);
	assert(r == 0 || (r < 0 && e.msg[0]));
	return 0;
}
