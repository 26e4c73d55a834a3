/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: texts · the tables · block I/O, huge pages, processors · all of it
 */
#include "runtime/cgroup/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitlist.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "os/file.h"
#include "runtime/cgroup/driver.h"

/* ---- texts ------------------------------------------------------------------------------------------------------------------------------- */

/* Digits alone. "max" and anything else is @other. */
static uint64_t number(struct str s, uint64_t other)
{
	char text[24];
	uint64_t n;

	if (s.n >= sizeof text)
		return other;
	snprintf(text, sizeof text, STR_FMT, STR_ARG(s));
	return parse_u64(text, &n) == 0 ? n : other;
}

/* The next line, or p == NULL at the end. */
static struct str line_next(struct str *rest)
{
	return rest->p && rest->n ? str_cut(*rest, '\n', rest) : (struct str){ 0 };
}

uint64_t stats_flat_find(struct str text, const char *key)
{
	for (struct str line = line_next(&text), value; line.p; line = line_next(&text))
		if (str_is(str_cut(line, ' ', &value), key))
			return number(value, 0);
	return 0;
}

/* A key of the kernel: letters, digits, "_.:-". */
static bool is_key(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-", s.p[i]))
			return false;
	return s.n > 0;
}

struct str stats_flat_json(struct str text, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	buf_add_char(&b, '{');
	for (struct str line = line_next(&text), value; line.p; line = line_next(&text)) {
		struct str key = str_cut(line, ' ', &value);

		if (!is_key(key) || !value.p || number(value, 0) != number(value, 1))
			continue;
		if (b.n > 1)
			buf_add_char(&b, ',');
		json_encode_string(key, &b);
		buf_printf(&b, ":%" PRIu64, number(value, 0));
	}
	buf_add_char(&b, '}');
	return b.full || b.n <= 2 ? (struct str){ 0 } : (struct str){ arena_strndup(a, b.p, b.n), b.n };
}

/* "1.25": the kernel writes two decimals. */
static double decimal(struct str s)
{
	struct str fraction, whole = str_cut(s, '.', &fraction);
	double divisor = 1;

	for (size_t i = 0; i < fraction.n && fraction.n < 20; i++)
		divisor *= 10;
	return (double)number(whole, 0) + (fraction.p ? (double)number(fraction, 0) / divisor : 0);
}

static void pressure_line(struct str words, struct psi_line *ret)
{
	while (words.p) {
		struct str value, key = str_cut(str_cut(words, ' ', &words), '=', &value);

		if (str_is(key, "avg10"))
			ret->avg10 = decimal(value);
		else if (str_is(key, "avg60"))
			ret->avg60 = decimal(value);
		else if (str_is(key, "avg300"))
			ret->avg300 = decimal(value);
		else if (str_is(key, "total"))
			ret->total = number(value, 0);
	}
}

void stats_pressure(struct str text, struct psi_stats *ret)
{
	*ret = (struct psi_stats){ 0 };
	for (struct str line = line_next(&text), rest; line.p; line = line_next(&text)) {
		struct str kind = str_cut(line, ' ', &rest);

		if (str_is(kind, "some"))
			pressure_line(rest, &ret->some);
		else if (str_is(kind, "full"))
			pressure_line(rest, &ret->full);
	}
}

/* "8:16" */
static bool device(struct str s, struct blkio_entry *ret)
{
	struct str minor, major = str_cut(s, ':', &minor);

	ret->major = number(major, UINT64_MAX);
	ret->minor = number(minor, UINT64_MAX);
	return minor.p && ret->major != UINT64_MAX && ret->minor != UINT64_MAX;
}

void stats_blkio_v1(struct str text, struct arena *a, struct blkio_list *ret)
{
	for (struct str line = line_next(&text), rest, value; line.p; line = line_next(&text)) {
		struct blkio_entry x = { .op = "" };
		struct str op;

		if (!device(str_cut(line, ' ', &rest), &x))
			continue;
		op = str_cut(rest, ' ', &value);
		if (value.p)
			x.op = arena_strndup(a, op.p, op.n);
		x.value = number(value.p ? value : op, 0);
		*vec_push(a, ret) = x;
	}
}

void stats_io_v2(struct str text, struct arena *a, struct blkio_list *ret_bytes, struct blkio_list *ret_serviced)
{
	static const struct {
		const char *key, *op;
		bool bytes;
	} rows[] = {
		{ "rbytes", "Read", true }, { "wbytes", "Write", true }, { "dbytes", "Discard", true },
		{ "rios", "Read", false }, { "wios", "Write", false }, { "dios", "Discard", false },
	};

	for (struct str line = line_next(&text), words; line.p; line = line_next(&text)) {
		struct blkio_entry x = { 0 };

		if (!device(str_cut(line, ' ', &words), &x))
			continue;
		while (words.p) {
			struct str value, key = str_cut(str_cut(words, ' ', &words), '=', &value);

			for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
				if (!str_is(key, rows[i].key))
					continue;
				x.op = rows[i].op;
				x.value = number(value, 0);
				*vec_push(a, rows[i].bytes ? ret_bytes : ret_serviced) = x;
			}
		}
	}
}

static void list_add(struct buf *b, uint64_t n)
{
	buf_printf(b, "%c%" PRIu64, b->n ? ',' : '[', n);
}

static struct str list_end(struct buf *b, struct arena *a)
{
	if (b->n == 0 || buf_add_char(b, ']') < 0)
		return (struct str){ 0 };
	return (struct str){ arena_strndup(a, b->p, b->n), b->n };
}

struct str stats_percpu(struct str text, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	text = str_trim(text);
	while (text.p && text.n) {
		struct str word = str_cut(text, ' ', &text);

		if (number(word, 0) == number(word, 1))
			list_add(&b, number(word, 0));
	}
	return list_end(&b, a);
}

struct str stats_percpu_column(struct str text, unsigned column, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	line_next(&text); /* "cpu user system" */
	for (struct str line = line_next(&text), rest; line.p; line = line_next(&text)) {
		struct str word = str_cut(line, ' ', &rest);

		for (unsigned i = 0; i < column; i++)
			word = str_cut(rest, ' ', &rest);
		if (word.p && number(word, 0) == number(word, 1))
			list_add(&b, number(word, 0));
	}
	return list_end(&b, a);
}

void stats_list(struct str text, struct arena *a, struct u32s *ret)
{
	struct bitlist b;
	struct str line = str_trim(text);

	*ret = (struct u32s){ 0 };
	if (line.n == 0 || bitlist_parse(arena_strndup(a, line.p, line.n), &b) < 0)
		return;
	ret->v = arena_array(a, uint32_t, b.n);
	for (size_t i = 0; i < b.n; i++)
		if (bitlist_has(&b, i))
			ret->v[ret->n++] = (uint32_t)i;
}

/* ---- the tables -------------------------------------------------------------------------------------------------------------------------- */

/* A file with one number. */
struct number_row {
	enum cgroup_ctl ctl;
	const char *v1, *v2; /* NULL: not there */
	size_t member;
	uint64_t other;      /* what "max" counts as */
};

/* A number in a file of "key value" lines. */
struct flat_row {
	enum cgroup_ctl ctl;
	const char *v1, *v1_key, *v2, *v2_key;
	size_t member;
	uint64_t v1_times, v2_times;
};

#define MEMBER(m) offsetof(struct event_stats, m)
enum { TICK_NS = 10000000, US_NS = 1000 };

/* clang-format off */
static const struct number_row numbers[] = {
	{ CGROUP_MEMORY,  "memory.limit_in_bytes",              "memory.max",          MEMBER(memory.usage.limit),        UINT64_MAX },
	{ CGROUP_MEMORY,  "memory.usage_in_bytes",              "memory.current",      MEMBER(memory.usage.usage),        0 },
	{ CGROUP_MEMORY,  "memory.max_usage_in_bytes",          "memory.peak",         MEMBER(memory.usage.max),          0 },
	{ CGROUP_MEMORY,  "memory.failcnt",                     NULL,                  MEMBER(memory.usage.failcnt),      0 },
	{ CGROUP_MEMORY,  "memory.memsw.limit_in_bytes",        "memory.swap.max",     MEMBER(memory.swap.limit),         UINT64_MAX },
	{ CGROUP_MEMORY,  "memory.memsw.usage_in_bytes",        "memory.swap.current", MEMBER(memory.swap.usage),         0 },
	{ CGROUP_MEMORY,  "memory.memsw.max_usage_in_bytes",    "memory.swap.peak",    MEMBER(memory.swap.max),           0 },
	{ CGROUP_MEMORY,  "memory.memsw.failcnt",               NULL,                  MEMBER(memory.swap.failcnt),       0 },
	{ CGROUP_MEMORY,  "memory.kmem.limit_in_bytes",         NULL,                  MEMBER(memory.kernel.limit),       0 },
	{ CGROUP_MEMORY,  "memory.kmem.usage_in_bytes",         NULL,                  MEMBER(memory.kernel.usage),       0 },
	{ CGROUP_MEMORY,  "memory.kmem.max_usage_in_bytes",     NULL,                  MEMBER(memory.kernel.max),         0 },
	{ CGROUP_MEMORY,  "memory.kmem.failcnt",                NULL,                  MEMBER(memory.kernel.failcnt),     0 },
	{ CGROUP_MEMORY,  "memory.kmem.tcp.limit_in_bytes",     NULL,                  MEMBER(memory.kernel_tcp.limit),   0 },
	{ CGROUP_MEMORY,  "memory.kmem.tcp.usage_in_bytes",     NULL,                  MEMBER(memory.kernel_tcp.usage),   0 },
	{ CGROUP_MEMORY,  "memory.kmem.tcp.max_usage_in_bytes", NULL,                  MEMBER(memory.kernel_tcp.max),     0 },
	{ CGROUP_MEMORY,  "memory.kmem.tcp.failcnt",            NULL,                  MEMBER(memory.kernel_tcp.failcnt), 0 },
	{ CGROUP_PIDS,    "pids.current",                       "pids.current",        MEMBER(pids.current),              0 },
	{ CGROUP_PIDS,    "pids.max",                           "pids.max",            MEMBER(pids.limit),                0 },
	{ CGROUP_CPUACCT, "cpuacct.usage",                      NULL,                  MEMBER(cpu.usage.total),           0 },
	{ CGROUP_CPUSET,  "cpuset.cpu_exclusive",               NULL,                  MEMBER(cpuset.cpu_exclusive),      0 },
	{ CGROUP_CPUSET,  "cpuset.mem_hardwall",                NULL,                  MEMBER(cpuset.mem_hardwall),       0 },
	{ CGROUP_CPUSET,  "cpuset.mem_exclusive",               NULL,                  MEMBER(cpuset.mem_exclusive),      0 },
	{ CGROUP_CPUSET,  "cpuset.memory_migrate",              NULL,                  MEMBER(cpuset.memory_migrate),     0 },
	{ CGROUP_CPUSET,  "cpuset.memory_spread_page",          NULL,                  MEMBER(cpuset.memory_spread_page), 0 },
	{ CGROUP_CPUSET,  "cpuset.memory_spread_slab",          NULL,                  MEMBER(cpuset.memory_spread_slab), 0 },
	{ CGROUP_CPUSET,  "cpuset.memory_pressure",             NULL,                  MEMBER(cpuset.memory_pressure),    0 },
	{ CGROUP_CPUSET,  "cpuset.sched_load_balance",          NULL,                  MEMBER(cpuset.sched_load_balance), 0 },
	{ CGROUP_CPUSET,  "cpuset.sched_relax_domain_level",    NULL,                  MEMBER(cpuset.sched_relax_domain_level), UINT64_MAX /* -1 */ },
};

static const struct flat_row flats[] = {
	{ CGROUP_CPU,     "cpu.stat",     "nr_periods",     "cpu.stat",    "nr_periods",     MEMBER(cpu.throttling.periods),           1,       1 },
	{ CGROUP_CPU,     "cpu.stat",     "nr_throttled",   "cpu.stat",    "nr_throttled",   MEMBER(cpu.throttling.throttled_periods), 1,       1 },
	{ CGROUP_CPU,     "cpu.stat",     "throttled_time", "cpu.stat",    "throttled_usec", MEMBER(cpu.throttling.throttled_time),    1,       US_NS },
	{ CGROUP_CPUACCT, NULL,           NULL,             "cpu.stat",    "usage_usec",     MEMBER(cpu.usage.total),                  0,       US_NS },
	{ CGROUP_CPUACCT, "cpuacct.stat", "user",           "cpu.stat",    "user_usec",      MEMBER(cpu.usage.user),                   TICK_NS, US_NS },
	{ CGROUP_CPUACCT, "cpuacct.stat", "system",         "cpu.stat",    "system_usec",    MEMBER(cpu.usage.kernel),                 TICK_NS, US_NS },
	{ CGROUP_MEMORY,  "memory.stat",  "cache",          "memory.stat", "file",           MEMBER(memory.cache),                     1,       1 },
};

static const struct {
	enum cgroup_ctl ctl;
	const char *file;
	size_t member;
} pressures[] = {
	{ CGROUP_CPU,    "cpu.pressure",    MEMBER(cpu.psi) },
	{ CGROUP_MEMORY, "memory.pressure", MEMBER(memory.psi) },
	{ CGROUP_BLKIO,  "io.pressure",     MEMBER(blkio.psi) },
};

/* v1: the first of the files that has a line tells. */
static const char *const blkio_v1[BLKIO_KIND_COUNT][3] = {
	[BLKIO_BYTES]        = { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes" },
	[BLKIO_SERVICED]     = { "blkio.bfq.io_serviced_recursive",      "blkio.throttle.io_serviced_recursive",      "blkio.throttle.io_serviced" },
	[BLKIO_QUEUED]       = { "blkio.bfq.io_queued_recursive",        "blkio.io_queued_recursive" },
	[BLKIO_SERVICE_TIME] = { "blkio.bfq.io_service_time_recursive",  "blkio.io_service_time_recursive" },
	[BLKIO_WAIT_TIME]    = { "blkio.bfq.io_wait_time_recursive",     "blkio.io_wait_time_recursive" },
	[BLKIO_MERGED]       = { "blkio.bfq.io_merged_recursive",        "blkio.io_merged_recursive" },
	[BLKIO_TIME]         = { "blkio.bfq.time_recursive",             "blkio.time_recursive" },
	[BLKIO_SECTORS]      = { "blkio.bfq.sectors_recursive",          "blkio.sectors_recursive" },
};
/* clang-format on */

/* ---- reading ----------------------------------------------------------------------------------------------------------------------------- */

struct reader {
	const struct cgroup *c;
	struct arena *a;
	struct event_stats *s;
};

/* The text of a file of the controller, on v1 and v2; p == NULL: not there. */
static struct str text_of(const struct reader *x, enum cgroup_ctl ctl, const char *v1, const char *v2)
{
	const struct cgroup_dir *d = cgroup_dir_of(x->c, ctl);
	const char *file = d ? (d->v2 ? v2 : v1) : NULL;
	char *text;
	size_t n;

	return file && file_read(d->fd, file, LIMIT_FILE, x->a, &text, &n) == 0 ? (struct str){ text, n } : (struct str){ 0 };
}

static void read_numbers(const struct reader *x)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const struct number_row *row = &numbers[i];
		struct str text = text_of(x, row->ctl, row->v1, row->v2);

		if (text.p)
			*(uint64_t *)((char *)x->s + row->member) = number(str_trim(text), row->other);
	}
	for (size_t i = 0; i < ARRAY_LEN(flats); i++) {
		const struct flat_row *row = &flats[i];
		const struct cgroup_dir *d = cgroup_dir_of(x->c, row->ctl);
		struct str text = text_of(x, row->ctl, row->v1, row->v2);

		if (text.p)
			*(uint64_t *)((char *)x->s + row->member) =
				stats_flat_find(text, d->v2 ? row->v2_key : row->v1_key) * (d->v2 ? row->v2_times : row->v1_times);
	}
}

static void read_pressures(const struct reader *x)
{
	for (size_t i = 0; i < ARRAY_LEN(pressures); i++) {
		struct str text = text_of(x, pressures[i].ctl, NULL, pressures[i].file);
		struct psi_stats *psi = arena_new(x->a, struct psi_stats);

		if (!text.p || !text.n)
			continue;
		stats_pressure(text, psi);
		*(struct psi_stats **)((char *)x->s + pressures[i].member) = psi;
	}
}

/* In v1's words swap is memory and swap together. */
static void read_memory(const struct reader *x)
{
	const struct cgroup_dir *d = cgroup_dir_of(x->c, CGROUP_MEMORY);
	struct memory_stats *m = &x->s->memory;

	m->raw = stats_flat_json(text_of(x, CGROUP_MEMORY, "memory.stat", "memory.stat"), x->a);
	if (!d || !d->v2)
		return;
	m->swap.usage += m->usage.usage;
	m->swap.limit = m->swap.limit > UINT64_MAX - m->usage.limit ? UINT64_MAX : m->swap.limit + m->usage.limit;
}

static void read_processors(const struct reader *x)
{
	struct str all = text_of(x, CGROUP_CPUACCT, "cpuacct.usage_all", NULL);

	x->s->cpu.usage.percpu = stats_percpu(text_of(x, CGROUP_CPUACCT, "cpuacct.usage_percpu", NULL), x->a);
	x->s->cpu.usage.percpu_user = stats_percpu_column(all, 1, x->a);
	x->s->cpu.usage.percpu_kernel = stats_percpu_column(all, 2, x->a);
	stats_list(text_of(x, CGROUP_CPUSET, "cpuset.cpus", NULL), x->a, &x->s->cpuset.cpus);
	stats_list(text_of(x, CGROUP_CPUSET, "cpuset.mems", NULL), x->a, &x->s->cpuset.mems);
}

static void read_block_io(const struct reader *x)
{
	struct blkio_list lists[BLKIO_KIND_COUNT] = { 0 };

	for (size_t kind = 0; kind < BLKIO_KIND_COUNT; kind++)
		for (size_t i = 0; i < ARRAY_LEN(blkio_v1[kind]) && lists[kind].n == 0; i++)
			stats_blkio_v1(text_of(x, CGROUP_BLKIO, blkio_v1[kind][i], NULL), x->a, &lists[kind]);
	stats_io_v2(text_of(x, CGROUP_BLKIO, NULL, "io.stat"), x->a, &lists[BLKIO_BYTES], &lists[BLKIO_SERVICED]);
	for (size_t kind = 0; kind < BLKIO_KIND_COUNT; kind++) {
		x->s->blkio.kinds[kind].list = lists[kind].v;
		x->s->blkio.kinds[kind].n_list = lists[kind].n;
	}
}

/* ---- huge pages: the sizes are in the names of the files ---- */

struct sizes {
	const struct reader *x;
	struct VEC(struct hugetlb_stats) list;
};

static int page_size(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct sizes *sizes = arg;
	const struct reader *x = sizes->x;
	const char *rest = str_after(name, "hugetlb."), *dot = rest ? strchr(rest, '.') : NULL;
	struct hugetlb_stats h = { 0 };

	if (!dot || (!streq(dot, ".usage_in_bytes") && !streq(dot, ".current")))
		return 0;
	h.key = arena_strndup(x->a, rest, (size_t)(dot - rest));
#define FILE_OF(tail) arena_printf(x->a, "hugetlb.%s" tail, h.key)
	h.usage = number(str_trim(text_of(x, CGROUP_HUGETLB, FILE_OF(".usage_in_bytes"), FILE_OF(".current"))), 0);
	h.max = number(str_trim(text_of(x, CGROUP_HUGETLB, FILE_OF(".max_usage_in_bytes"), NULL)), 0);
	h.failcnt = number(str_trim(text_of(x, CGROUP_HUGETLB, FILE_OF(".failcnt"), NULL)), 0) +
		    stats_flat_find(text_of(x, CGROUP_HUGETLB, NULL, FILE_OF(".events")), "max");
#undef FILE_OF
	*vec_push(x->a, &sizes->list) = h;
	return 0;
}

int cgroup_stats(const struct cgroup *c, struct arena *a, struct event_stats *ret, struct err *e)
{
	const struct cgroup_dir *hugetlb = cgroup_dir_of(c, CGROUP_HUGETLB);
	struct reader x = { c, a, ret };
	struct sizes sizes = { .x = &x };
	int r;

	*ret = (struct event_stats){ 0 };
	read_numbers(&x);
	read_pressures(&x);
	read_memory(&x);
	read_processors(&x);
	read_block_io(&x);
	r = hugetlb ? dir_each(hugetlb->fd, page_size, &sizes) : 0;
	if (r < 0)
		return err_sys(e, r, "read '%s'", hugetlb->path);
	ret->hugetlb = sizes.list.v;
	ret->n_hugetlb = sizes.list.n;
	return 0;
}
