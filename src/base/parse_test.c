/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "base/test.h"

#include <errno.h>

TEST(ids_are_digits_or_an_error)
{
	/* CVE-2026-30892, CVE-2024-40635, CVE-2016-3697: the matrix of inputs that once became uid 0. */
	static const struct {
		const char *in;
		int r;
		uint32_t id;
	} rows[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "01", 0, 1 }, { "65534", 0, 65534 }, { "4294967294", 0, 4294967294u },
		{ "4294967295", -ERANGE, 0 }, { "4294967296", -ERANGE, 0 }, { "18446744073709551616", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "0x1", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1:2", -EINVAL, 0 }, { "name", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t id = 0;

		assert_int_equal(parse_id(rows[i].in, &id), rows[i].r);
		assert_int_equal(id, rows[i].id);
	}
}

TEST(sizes_take_suffixes_and_fractions)
{
	static const struct {
		const char *in;
		int r;
		int64_t bytes;
	} rows[] = {
		{ "512", 0, 512 }, { "1k", 0, 1024 }, { "512m", 0, 512 << 20 }, { "1.5g", 0, 1610612736 }, { "64MiB", 0, 64 << 20 },
		{ "7b", 0, 7 }, { "m", -EINVAL, 0 }, { "1.m", -EINVAL, 0 }, { "1.2.3m", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "9999999p", -ERANGE, 0 }, { "1x", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t v = 0;

		assert_int_equal(parse_size(rows[i].in, &v), rows[i].r);
		assert_int_equal(v, rows[i].bytes);
	}
}

TEST(durations_are_written_as_go_writes_them)
{
	static const struct {
		const char *in;
		int r;
		int64_t ns;
	} rows[] = {
		{ "10", 0, 10000000000 }, { "1h2m3s", 0, 3723000000000 }, { "1.5s", 0, 1500000000 }, { "300ms", 0, 300000000 },
		{ "0", 0, 0 }, { "", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { "ms", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t v = 0;

		assert_int_equal(parse_duration(rows[i].in, &v), rows[i].r);
		assert_int_equal(v, rows[i].ns);
	}
}

TEST(signed_numbers_keep_their_whole_range)
{
	int64_t v;
	int32_t w;

	assert_int_equal(parse_i64("-9223372036854775808", &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(parse_i64("9223372036854775808", &v), -ERANGE);
	assert_int_equal(parse_i32("-2147483649", &w), -ERANGE);
}

TEST(cpus_are_billionths)
{
	int64_t v;

	assert_int_equal(parse_nano("1.5", &v), 0);
	assert_int_equal(v, 1500000000);
	assert_int_equal(parse_nano("1.5x", &v), -EINVAL);
}

TEST(port_ranges_run_upwards)
{
	uint16_t a, b;

	assert_int_equal(parse_port_range("80", &a, &b), 0);
	assert_int_equal(b, 80);
	assert_int_equal(parse_port_range("80-90", &a, &b), 0);
	assert_int_equal(b, 90);
	assert_int_equal(parse_port_range("90-80", &a, &b), -ERANGE);
	assert_int_equal(parse_port_range("0", &a, &b), -ERANGE);
	assert_int_equal(parse_port_range("65536", &a, &b), -ERANGE);
}
