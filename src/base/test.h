/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * test: unit tests that are sentences and register themselves.
 *
 *     TEST(size_with_suffix_is_bytes) { int64_t v; assert_int_equal(parse_size("1k", &v), 0); assert_int_equal(v, 1024); }
 *
 * Assertions are cmocka's. test_main.c collects the section and prints TAP. Tests need no root, clock or network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct test_case {
	const char *name;
	void (*run)(void **state);
};

#define TEST(sentence)                                                                                     \
	static void test_##sentence(void **state);                                                         \
	__attribute__((used, section("unit_tests"), aligned(sizeof(void *)))) static const struct test_case \
		test_case_##sentence = { #sentence, test_##sentence };                                     \
	static void test_##sentence(void **state __attribute__((unused)))
