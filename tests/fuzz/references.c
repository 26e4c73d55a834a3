/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images: what is taken prints to a text that is taken alike, and its file name has no way out of its directory. */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "spec/oci_image.h"
#include "spec/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	const char *text = arena_strndup(&a, (const char *)data, size), *name;
	struct oci_platform platform;
	struct reference r, again;
	struct err e = { 0 };

	(void)reference_may_be_id(text);
	(void)oci_platform_parse(text, &a, &platform, &e);
	(void)media_kind_of(text);
	(void)reference_unescape(text, &a);
	if (reference_parse(text, &a, &r, &e) < 0) {
		assert(e.kind == ERR_INVALID && e.msg[0]);
		return 0;
	}
	assert(reference_parse(reference_print(&r, &a), &a, &again, &e) == 0);
	assert(strcmp(reference_print(&r, &a), reference_print(&again, &a)) == 0);
	assert(reference_parse(reference_familiar(&r, &a), &a, &again, &e) == 0);
	assert(strcmp(reference_print(&r, &a), reference_print(&again, &a)) == 0);
	name = reference_escape(&r, &a);
	assert(!strchr(name, '/') && name[0] != '.' && strcmp(reference_unescape(name, &a), reference_print(&r, &a)) == 0);
	return 0;
}
