/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/document.h"

#include <stdio.h>

#include "base/limits.h"
#include "codec/template.h"

int document_print_text(struct str json, const char *format, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT);
	int r = 0;

	if (streq(format, "json"))
		printf("%.*s\n", (int)json.n, json.p);
	else
		r = template_render(format, json, &out, e);
	if (r == 0 && !streq(format, "json"))
		printf("%s\n", buf_text(&out));
	return r;
}

int document_print(const struct schema *schema, const void *obj, const char *format, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
	int r = json_encode(schema, obj, JSON_INDENT_NONE, &json);

	return r < 0 ? err_sys(e, r, "print the document") : document_print_text(buf_str(&json), format, e);
}
