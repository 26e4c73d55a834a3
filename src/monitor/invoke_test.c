/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/invoke.h"

#include <errno.h>

TEST(the_last_error_of_a_runtime_is_its_message)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(invoke_last_error(STR("{\"level\":\"error\",\"msg\":\"first\"}\n"
						  "{\"level\":\"error\",\"msg\":\"second\",\"time\":\"x\"}\n"
						  "{\"level\":\"warning\",\"msg\":\"third\"}\n"), &a), "second");
}

TEST(lines_that_are_no_records_are_passed_over)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(invoke_last_error(STR("{\"level\":\"error\",\"msg\":\"it\"}\nnot json\n[1]\n{\"level\":\"error\"}\n{\"msg\":"), &a), "it");
	assert_null(invoke_last_error(STR(""), &a));
	assert_null(invoke_last_error(STR("\n\n"), &a));
}

TEST(messages_about_the_program_become_what_a_shell_would_say)
{
	assert_int_equal(invoke_errno("runc create failed: unable to start container process: exec: \"x\": executable file not found in $PATH"), ENOENT);
	assert_int_equal(invoke_errno("runc create failed: unable to start container process: exec: \"/x\": stat /x: no such file or directory"), ENOENT);
	assert_int_equal(invoke_errno("executable file `x` not found in $PATH: No such file or directory"), ENOENT);
	assert_int_equal(invoke_errno("runc create failed: unable to start container process: exec: \"/etc\": is a directory"), EACCES);
	assert_int_equal(invoke_errno("open executable: Permission denied"), EACCES);
	assert_int_equal(invoke_errno("mount '/x': no such file or directory"), EIO);
	assert_int_equal(invoke_errno("something else"), EIO);
}
