/* SPDX-License-Identifier: Apache-2.0 */
#include "base/step.h"
#include "base/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

struct tape {
	char text[64];
	int fail;
};

static void note(struct tape *t, char c)
{
	t->text[strlen(t->text)] = c;
}

static int apply_a(void *ctx, struct err *e)
{
	(void)e;
	note(ctx, 'a');
	return 0;
}

static int apply_b(void *ctx, struct err *e)
{
	struct tape *t = ctx;

	note(t, 'b');
	return t->fail ? err_set(e, ERR_DENIED, "no") : 0;
}

static void undo_a(void *ctx)
{
	note(ctx, 'A');
}

static bool never(const void *ctx)
{
	(void)ctx;
	return false;
}

static const struct step steps[] = {
	{ "test.first", NULL, apply_a, undo_a },
	{ "test.skipped", never, apply_b, undo_a },
	{ "test.second", NULL, apply_b, NULL },
};

TEST(steps_run_in_order_and_skip_what_does_not_apply)
{
	struct tape t = { 0 };
	struct err e = { 0 };

	assert_int_equal(steps_run(steps, ARRAY_LEN(steps), &t, &e), 0);
	assert_string_equal(t.text, "ab");
	steps_undo(steps, ARRAY_LEN(steps), &t);
	assert_string_equal(t.text, "abA");
}

TEST(a_failing_step_is_named_and_the_others_are_undone)
{
	struct tape t = { .fail = 1 };
	struct err e = { 0 };

	assert_int_equal(steps_run(steps, ARRAY_LEN(steps), &t, &e), -EPERM);
	assert_string_equal(t.text, "abA");
	assert_string_equal(e.msg, "test.second: no");
}

TEST(a_fault_can_be_injected_by_name)
{
	struct tape t = { 0 };
	struct err e = { 0 };

	setenv("TARE_FAULT", "step:test.second", 1);
	assert_int_equal(steps_run(steps, ARRAY_LEN(steps), &t, &e), -EIO);
	unsetenv("TARE_FAULT");
	assert_string_equal(t.text, "aA");
}
