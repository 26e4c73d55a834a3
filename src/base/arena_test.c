/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "base/vec.h"

TEST(arena_memory_is_zeroed_and_aligned)
{
	scoped_arena struct arena a = { 0 };

	for (size_t n = 1; n < 100; n++) {
		char *p = arena_alloc(&a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
}

TEST(arena_reset_gives_memory_back)
{
	scoped_arena struct arena a = { 0 };
	struct arena_mark m;
	char *before, *again;

	arena_strdup(&a, "kept");
	m = arena_mark(&a);
	before = arena_alloc(&a, 100);
	arena_alloc(&a, 100000);
	arena_reset(&a, m);
	again = arena_alloc(&a, 100);
	assert_ptr_equal(before, again);
}

TEST(arena_printf_formats_any_length)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	assert_int_equal(strlen(arena_printf(&a, "%050000d", 1)), 50000);
}

TEST(vec_push_keeps_every_element)
{
	scoped_arena struct arena a = { 0 };
	struct VEC(int) list = { 0 };
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		*vec_push(&a, &list) = i;
	assert_int_equal(list.n, 1000);
	VEC_EACH(int, item, &list)
		sum += *item;
	assert_int_equal(sum, 499500);
}

TEST(pairs_set_replaces_an_existing_key)
{
	scoped_arena struct arena a = { 0 };
	struct pairs p = { 0 };

	pairs_set(&a, &p, "a", "1");
	pairs_set(&a, &p, "b", "2");
	pairs_set(&a, &p, "a", "3");
	assert_int_equal(p.n, 2);
	assert_string_equal(pairs_find(&p, "a"), "3");
	assert_null(pairs_find(&p, "c"));
}

TEST(strs_argv_ends_with_null)
{
	scoped_arena struct arena a = { 0 };
	struct strs s = { 0 };
	char **argv;

	for (int i = 0; i < 5; i++)
		strs_push(&a, &s, "x");
	argv = strs_argv(&a, &s);
	assert_string_equal(argv[4], "x");
	assert_null(argv[5]);
	assert_true(strs_has(&s, "x"));
}

TEST(arena_knows_what_it_holds)
{
	struct arena a = { 0 };
	struct arena_mark mark;
	size_t held;

	assert_int_equal(arena_held(&a), 0);
	arena_alloc(&a, 1);
	held = arena_held(&a);
	assert_true(held > 0);
	mark = arena_mark(&a);
	arena_alloc(&a, 1000000);
	assert_int_equal(arena_held(&a), held + 1000000);
	arena_reset(&a, mark);
	assert_int_equal(arena_held(&a), held);
	arena_done(&a);
	assert_int_equal(arena_held(&a), 0);
}

TEST(what_an_arena_takes_lives_as_long_as_it)
{
	struct arena a = { 0 }, b = { 0 }, none = { 0 };
	struct arena_mark mark;
	const char *mine = arena_strdup(&a, "mine"), *theirs = arena_strdup(&b, "theirs");
	size_t held = arena_held(&a) + arena_held(&b);

	arena_alloc(&b, 1000000);
	held += 1000000;
	mark = arena_mark(&a);
	arena_take(&a, &b);
	arena_take(&a, &none);
	assert_int_equal(arena_held(&a), held);
	assert_int_equal(arena_held(&b), 0);
	assert_string_equal(theirs, "theirs");
	arena_done(&b);
	assert_string_equal(theirs, "theirs");
	arena_reset(&a, mark);
	assert_string_equal(mine, "mine");
	arena_done(&a);
}

TEST(an_arena_on_borrowed_room_asks_for_more_when_that_is_used_up)
{
	_Alignas(max_align_t) char room[512];
	struct arena a = arena_on(room, sizeof room);
	const char *small = arena_strdup(&a, "small");
	struct arena_mark mark = arena_mark(&a);
	char *large = arena_alloc(&a, 100000);

	assert_true(small > room && small < room + sizeof room);
	assert_true(large < room || large > room + sizeof room);
	assert_int_equal(large[99999], 0);
	arena_reset(&a, mark);
	assert_string_equal(small, "small");
	assert_true(arena_held(&a) < sizeof room);
	arena_done(&a);
	assert_int_equal(arena_held(&a), 0);
}
