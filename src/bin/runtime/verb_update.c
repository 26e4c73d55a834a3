/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: changes the limits of a container that lives.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/parse.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "os/file.h"
#include "runtime/update.h"

struct update_options {
	const char *file;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_pids pids;
	struct oci_block_io block_io;
	struct oci_intel_rdt rdt;
};

/* ---- values ------------------------------------------------------------------------------------------------------------------------------ */

static int bad(struct err *e, const char *value, const char *what)
{
	return err_set(e, ERR_INVALID, "invalid value '%s': not %s", value, what);
}

/* "512m", "1g", or "-1" for no limit. */
static int take_size(struct opt_i64 *m, const char *value, struct err *e)
{
	m->set = true;
	if (streq(value, "-1"))
		m->v = -1;
	else if (parse_size(value, &m->v) < 0)
		return bad(e, value, "a size or -1");
	return 0;
}

static int take_unsigned(struct opt_u64 *m, const char *value, struct err *e)
{
	m->set = true;
	return parse_u64(value, &m->v) < 0 ? bad(e, value, "a number") : 0;
}

#define TAKE(name, type, member)                                                                 \
	static int take_##name(void *options, const char *value, struct arena *a, struct err *e) \
	{                                                                                        \
		struct update_options *o = options;                                              \
                                                                                                 \
		return take_##type(&o->member, value, e);                                        \
	}

TAKE(limit, size, memory.limit)
TAKE(reservation, size, memory.reservation)
TAKE(swap, size, memory.swap)
TAKE(kernel, size, memory.kernel)
TAKE(kernel_tcp, size, memory.kernel_tcp)
TAKE(period, unsigned, cpu.period)
TAKE(burst, unsigned, cpu.burst)
TAKE(shares, unsigned, cpu.shares)
TAKE(rt_period, unsigned, cpu.realtime_period)

static int take_weight(void *options, const char *value, struct arena *a, struct err *e)
{
	struct update_options *o = options;

	o->block_io.weight.set = true;
	return parse_u32(value, &o->block_io.weight.v) < 0 ? bad(e, value, "a number") : 0;
}

/* clang-format off */
static const struct opt update_opts[] = {
	OPT(struct update_options, file,      "resources",          'r', STR,     "FILE", "Read a resources object from FILE (- is standard input) and ignore the other options"),
	OPT_CALL("blkio-weight", 0, take_weight, "N", "Share of block I/O, 10 to 1000"),
	OPT_CALL("cpu-period", 0, take_period, "US", "Period of the processor quota"),
	OPT(struct update_options, cpu.quota, "cpu-quota",          0,   OPT_I64, "US",   "Processor time per period; -1: no limit"),
	OPT_CALL("cpu-burst", 0, take_burst, "US", "What may be saved up for later periods"),
	OPT_CALL("cpu-share", 0, take_shares, "N", "Share of processor time; 1024 is the default"),
	OPT_CALL("cpu-rt-period", 0, take_rt_period, "US", "Period of the real-time quota"),
	OPT(struct update_options, cpu.realtime_runtime, "cpu-rt-runtime", 0, OPT_I64, "US", "Real-time processor time per period"),
	OPT(struct update_options, cpu.cpus,  "cpuset-cpus",        0,   STR,     "LIST", "Processors it may use: 0-2,7"),
	OPT(struct update_options, cpu.mems,  "cpuset-mems",        0,   STR,     "LIST", "Memory nodes it may use"),
	OPT(struct update_options, cpu.idle,  "cpu-idle",           0,   OPT_I64, "0|1",  "1: runs only when nobody else wants to"),
	OPT_CALL("memory", 'm', take_limit, "BYTES", "Most memory; -1: no limit"),
	OPT_CALL("memory-reservation", 0, take_reservation, "BYTES", "Memory it is left under pressure"),
	OPT_CALL("memory-swap", 0, take_swap, "BYTES", "Most memory and swap together; -1: no limit on swap"),
	OPT_CALL("kernel-memory", 0, take_kernel, "BYTES", NULL),
	OPT_CALL("kernel-memory-tcp", 0, take_kernel_tcp, "BYTES", NULL),
	OPT(struct update_options, pids.limit, "pids-limit",        0,   OPT_I64, "N",    "Most processes and threads; -1: no limit"),
	OPT(struct update_options, rdt.l3_cache_schema, "l3-cache-schema", 0, STR, "SCHEMA", "Its part of the L3 caches: L3:0=7f0;1=1f"),
	OPT(struct update_options, rdt.mem_bw_schema, "mem-bw-schema", 0, STR,     "SCHEMA", "Its memory bandwidth: MB:0=20;1=70"),
	OPT_END,
};
/* clang-format on */

/* ---- the request ------------------------------------------------------------------------------------------------------------------------- */

static int read_resources(const char *path, struct arena *a, struct oci_resources *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = streq(path, "-") ? fd_read_buf(STDIN_FILENO, &b) : file_read_buf(AT_FDCWD, path, &b);

	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	r = json_decode(buf_str(&b), &oci_resources_schema, 0, a, ret, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

static void of_line(const struct update_options *o, struct arena *a, struct oci_resources *ret)
{
	*ret = (struct oci_resources){
		.memory = arena_memdup(a, &o->memory, sizeof o->memory), .cpu = arena_memdup(a, &o->cpu, sizeof o->cpu),
		.pids = arena_memdup(a, &o->pids, sizeof o->pids), .block_io = arena_memdup(a, &o->block_io, sizeof o->block_io),
	};
}

/* The kernel has given up on limits for its own memory; runc warns and goes on, and so do we. */
static void drop_kernel_memory(struct oci_resources *r, struct arena *a)
{
	struct oci_memory *m = r->memory;

	if (!m || !((m->kernel.set && m->kernel.v) || (m->kernel_tcp.set && m->kernel_tcp.v)))
		return;
	log_warn("kernel memory settings are ignored");
	m = arena_memdup(a, m, sizeof *m);
	m->kernel = m->kernel_tcp = (struct opt_i64){ 0 };
	r->memory = m;
}

static int update_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct update_options *o = options;
	scoped_control struct control c = CONTROL_NONE;
	struct oci_resources asked;
	int r = 0;

	if (o->file)
		r = read_resources(o->file, rt->a, &asked, e);
	else
		of_line(o, rt->a, &asked);
	if (r == 0)
		r = control_open_locked(rt->root, rt->args->v[0], rt->a, &c, e);
	if (r < 0)
		return r;
	drop_kernel_memory(&asked, rt->a);
	r = control_update(&c, &asked, e);
	return r < 0 || o->file || (!o->rdt.l3_cache_schema && !o->rdt.mem_bw_schema) ? r : control_update_classes(&c, &o->rdt, e);
}

const struct verb update_verb = {
	.command = { .names = { "update" }, .summary = "Change the limits of a container", .args = "ID", .min_args = 1, .max_args = 1,
		.opts = { update_opts }, .options_size = sizeof(struct update_options) },
	.run = update_run,
};
