/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/stats.h"

#include "base/limits.h"
#include "base/test.h"

#define TEXT(s) str_of(s)

static void assert_text(struct str got, const char *wanted)
{
	if (!str_is(got, wanted))
		fail_msg("wanted '%s', got '" STR_FMT "'", wanted, STR_ARG(got));
}

TEST(a_flat_file_gives_its_numbers)
{
	scoped_arena struct arena a = { 0 };
	const struct str text = TEXT("anon 4096\nfile 8192\nodd\nword x\nbig 18446744073709551615\n");

	assert_int_equal(stats_flat_find(text, "file"), 8192);
	assert_int_equal(stats_flat_find(text, "fil"), 0);
	assert_int_equal(stats_flat_find(text, "word"), 0);
	assert_text(stats_flat_json(text, &a), "{\"anon\":4096,\"file\":8192,\"big\":18446744073709551615}");
	assert_null(stats_flat_json(TEXT(""), &a).p);
	assert_text(stats_flat_json((struct str){ "a\0b 1\n\"q 2\nok 3\n", 16 }, &a), "{\"ok\":3}");
}

TEST(pressure_is_read_by_its_words)
{
	struct psi_stats p;

	stats_pressure(TEXT("some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\nfull avg10=0.01 avg60=0.00 avg300=99.99 total=1\nelse avg10=3.00\n"), &p);
	assert_true(p.some.avg10 > 1.499 && p.some.avg10 < 1.501);
	assert_int_equal(p.some.total, 12345);
	assert_true(p.full.avg300 > 99.98 && p.full.avg300 < 100);
}

TEST(block_io_of_v1_has_operations_or_none_and_its_total_is_left_out)
{
	scoped_arena struct arena a = { 0 };
	struct blkio_list l = { 0 };

	stats_blkio_v1(TEXT("8:0 Read 100\n8:0 Write 200\n8:16 300\nTotal 600\n8:x Read 3\n"), &a, &l);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[1].op, "Write");
	assert_int_equal(l.v[1].value, 200);
	assert_string_equal(l.v[2].op, "");
	assert_int_equal(l.v[2].minor, 16);
	assert_int_equal(l.v[2].value, 300);
}

TEST(block_io_of_v2_falls_into_bytes_and_operations)
{
	scoped_arena struct arena a = { 0 };
	struct blkio_list bytes = { 0 }, serviced = { 0 };

	stats_io_v2(TEXT("8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=3 dios=4 cost.usage=7\n259:1 \n"), &a, &bytes, &serviced);
	assert_int_equal(bytes.n, 3);
	assert_int_equal(serviced.n, 3);
	assert_string_equal(bytes.v[2].op, "Discard");
	assert_int_equal(serviced.v[1].value, 2);
}

TEST(processors_become_lists)
{
	scoped_arena struct arena a = { 0 };
	const struct str all = TEXT("cpu user system\n0 5 6\n1 7 8\n");
	struct u32s list;

	assert_text(stats_percpu(TEXT("11 22 \n"), &a), "[11,22]");
	assert_text(stats_percpu_column(all, 1, &a), "[5,7]");
	assert_text(stats_percpu_column(all, 2, &a), "[6,8]");
	assert_null(stats_percpu(TEXT(""), &a).p);
	stats_list(TEXT("0-1,4\n"), &a, &list);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.v[2], 4);
}

TEST(an_event_has_the_keys_of_runc)
{
	struct event_stats s = { .memory.usage.limit = 7, .pids.current = 1 };
	struct runtime_event event = { "stats", "x", &s };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	assert_int_equal(json_encode(&runtime_event_schema, &event, JSON_INDENT_NONE, &b), 0);
	assert_string_equal(buf_text(&b),
		"{\"type\":\"stats\",\"id\":\"x\",\"data\":{\"cpu\":{\"usage\":{\"kernel\":0,\"user\":0},\"throttling\":{}},"
		"\"cpuset\":{\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0,\"memory_migrate\":0,\"memory_spread_page\":0,"
		"\"memory_spread_slab\":0,\"memory_pressure\":0,\"sched_load_balance\":0,\"sched_relax_domain_level\":0},"
		"\"memory\":{\"usage\":{\"limit\":7,\"failcnt\":0},\"swap\":{\"limit\":0,\"failcnt\":0},\"kernel\":{\"limit\":0,\"failcnt\":0},"
		"\"kernelTCP\":{\"limit\":0,\"failcnt\":0}},\"pids\":{\"current\":1},\"blkio\":{},\"hugetlb\":{},\"intel_rdt\":{},"
		"\"network_interfaces\":null}}");
}
