/* SPDX-License-Identifier: Apache-2.0 */
#include "os/loop.h"
#include "os/fd.h"
#include "base/test.h"

#include <unistd.h>

struct story {
	struct loop *l;
	struct loop_source a, b;
	struct loop_timer t;
	int calls;
};

static int remove_both(void *arg, uint32_t events)
{
	struct story *s = arg;

	assert_true(events & EPOLLIN);
	s->calls++;
	loop_remove(s->l, &s->a);
	loop_remove(s->l, &s->b);
	return 0;
}

static int stop(void *arg)
{
	struct story *s = arg;

	loop_stop(s->l, 7);
	return 0;
}

static int fail_now(void *arg)
{
	(void)arg;
	return -EIO;
}

TEST(loop_does_not_call_what_was_removed_in_the_same_round)
{
	scoped_loop struct loop l = LOOP_NONE;
	struct story s = { .l = &l };
	int pipe[2];
	scoped_fd int in = -EBADF, out = -EBADF, copy = -EBADF;

	assert_int_equal(fd_pipe(pipe, 0), 0);
	in = pipe[0];
	out = pipe[1];
	copy = fd_dup_min(in, 3);
	assert_int_equal(write(out, "x", 1), 1);
	assert_int_equal(loop_open(&l), 0);
	s.a = (struct loop_source){ .fd = in, .events = EPOLLIN, .ready = remove_both, .arg = &s };
	s.b = (struct loop_source){ .fd = copy, .events = EPOLLIN, .ready = remove_both, .arg = &s };
	s.t = (struct loop_timer){ .expired = stop, .arg = &s };
	assert_int_equal(loop_add(&l, &s.a), 0);
	assert_int_equal(loop_add(&l, &s.b), 0);
	loop_timer_set(&l, &s.t, 0);
	assert_int_equal(loop_run(&l), 7);
	assert_int_equal(s.calls, 1);
}

TEST(loop_runs_timers_in_order_and_returns_their_error)
{
	scoped_loop struct loop l = LOOP_NONE;
	struct story s = { .l = &l };
	struct loop_timer bad = { .expired = fail_now };

	assert_int_equal(loop_open(&l), 0);
	s.t = (struct loop_timer){ .expired = stop, .arg = &s };
	loop_timer_set(&l, &s.t, 1000000);
	loop_timer_set(&l, &bad, 1);
	assert_ptr_equal(l.timers, &bad);
	assert_int_equal(loop_run(&l), -EIO);
	loop_timer_clear(&l, &s.t);
	assert_null(l.timers);
}
