/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/test.h"

/* The linker provides these two for any section whose name is a C identifier. */
extern const struct test_case __start_unit_tests[], __stop_unit_tests[];

int main(void)
{
	size_t n = (size_t)(__stop_unit_tests - __start_unit_tests);
	struct CMUnitTest *tests = alloc_or_die(n * sizeof *tests);
	int failed;

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = __start_unit_tests[i].name, .test_func = __start_unit_tests[i].run };
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests("unit", tests, n, NULL, NULL);
	free(tests);
	return failed > 0;
}
