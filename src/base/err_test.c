/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/test.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

TEST(err_chain_reads_from_the_outside_in)
{
	struct err e = { 0 };
	int r = err_sys(&e, -EACCES, "mkdir '%s'", "/x");

	assert_int_equal(r, -EACCES);
	assert_int_equal(err_wrap(&e, "cgroup.create"), -EACCES);
	assert_string_equal(e.msg, "cgroup.create: mkdir '/x': permission denied");
	assert_int_equal(e.kind, ERR_DENIED);
}

TEST(err_set_returns_the_errno_of_its_kind)
{
	struct err e = { 0 };

	assert_int_equal(err_set(&e, ERR_NOT_FOUND, "no such container: web"), -ENOENT);
	assert_int_equal(err_set(&e, ERR_INVALID, "bad"), -EINVAL);
}

TEST(err_overflow_keeps_outermost_and_innermost)
{
	struct err e = { 0 };

	err_set(&e, ERR_INTERNAL, "the innermost cause");
	for (int i = 0; i < 60; i++)
		err_wrap(&e, "a context of some length number %d", i);
	err_wrap(&e, "outermost");
	assert_int_equal(strncmp(e.msg, "outermost: ", 11), 0);
	assert_non_null(strstr(e.msg, "the innermost cause"));
	assert_non_null(strstr(e.msg, "…"));
}

TEST(err_fits_one_atomic_pipe_write)
{
	assert_true(sizeof(struct err) <= PIPE_BUF);
}

TEST(every_error_kind_has_a_word)
{
	for (int k = 0; k < ERR_KIND_COUNT; k++)
		assert_true(err_kind_name((enum err_kind)k)[0] != '\0');
	assert_int_equal(err_kind_of(-ENOSPC), ERR_EXHAUSTED);
	assert_int_equal(err_kind_of(ENOENT), ERR_NOT_FOUND);
}
