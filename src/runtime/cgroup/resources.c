/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: the values of a property · formats · the table of single values · lists (block I/O, huge pages, network, rdma, unified) · resources_plan
 */
#include "runtime/cgroup/resources.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- formats: a property's value → the text of a file ------------------------------------------------------------------------------------ */

struct knob_value {
	int64_t i;                     /* the number, or the truth of a bool */
	const char *s;                 /* the string */
	const struct oci_resources *r; /* for the few files made of two properties: all that is in force */
};

/* Sets *ret to the text, or leaves it NULL if there is nothing to write. */
typedef int (*knob_format_fn)(const struct knob_value *v, struct arena *a, const char **ret, struct err *e);

static int as_number(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	*ret = arena_printf(a, "%" PRId64, v->i);
	return 0;
}

static int as_nonzero(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	return v->i ? as_number(v, a, ret, e) : 0;
}

/* -1 is "max". */
static int as_max(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	*ret = v->i < 0 ? "max" : arena_printf(a, "%" PRId64, v->i);
	return 0;
}

static int as_nonzero_max(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	return v->i ? as_max(v, a, ret, e) : 0;
}

static int as_string(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	*ret = *v->s ? v->s : NULL;
	return 0;
}

/* v1 counts memory + swap, v2 swap alone. */
static int as_swap_alone(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	int64_t limit = v->r->memory->limit.set ? v->r->memory->limit.v : 0;

	if (v->i == 0)
		return 0;
	if (v->i < 0) {
		*ret = "max";
		return 0;
	}
	if (limit <= 0)
		return err_set(e, ERR_INVALID, "resources.memory.swap is memory plus swap and needs resources.memory.limit");
	if (v->i < limit)
		return err_set(e, ERR_INVALID, "resources.memory.swap %" PRId64 " is less than the memory limit %" PRId64, v->i, limit);
	*ret = arena_printf(a, "%" PRId64, v->i - limit);
	return 0;
}

static int as_weight(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	if (v->i)
		*ret = arena_printf(a, "%" PRIu64, resources_weight_of_shares((uint64_t)v->i));
	return 0;
}

/* 10 … 1000 → 1 … 10000 */
static int64_t io_weight(int64_t weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

static int as_io_weight(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	if (v->i)
		*ret = arena_printf(a, "default %" PRId64, io_weight(v->i));
	return 0;
}

enum { CPU_PERIOD_DEFAULT = 100000 };

/* cpu.max is "quota period". */
static int as_cpu_max(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	const struct oci_cpu *c = v->r->cpu;
	uint64_t period = c->period.set && c->period.v ? c->period.v : CPU_PERIOD_DEFAULT;

	if (c->quota.set && c->quota.v > 0)
		*ret = arena_printf(a, "%" PRId64 " %" PRIu64, c->quota.v, period);
	else if ((c->quota.set && c->quota.v < 0) || period != CPU_PERIOD_DEFAULT)
		*ret = arena_printf(a, "max %" PRIu64, period);
	return 0;
}

/* A period is written with its quota, if there is one. */
static int as_cpu_max_period(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	return v->r->cpu->quota.set ? 0 : as_cpu_max(v, a, ret, e);
}

/* What v2 is anyway, or cannot be: the text stays NULL if it holds, and the caller knows by the missing file. */
static int holds_if_true(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	*ret = v->i ? NULL : "";
	return 0;
}

static int holds_if_zero(const struct knob_value *v, struct arena *a, const char **ret, struct err *e)
{
	*ret = v->i ? "" : NULL;
	return 0;
}

uint64_t resources_weight_of_shares(uint64_t shares)
{
	double l, weight;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/* runc's curve: 10^((l² + 125 l) / 612 - 7/34); the epsilon keeps 1024 → 100 from becoming 101 by rounding. */
	l = log2((double)shares);
	weight = pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0);
	return (uint64_t)ceil(weight - 1e-9);
}

/* ---- single values ---------------------------------------------------------------------------------------------------------------------- */

enum knob_kind { KNOB_I64, KNOB_U64, KNOB_U32, KNOB_BOOL, KNOB_STR };

struct knob_side {
	const char *file; /* NULL: does not exist there */
	knob_format_fn format;
};

struct knob {
	const char *property;
	enum cgroup_ctl ctl;
	enum knob_kind kind;
	size_t object, member; /* offsets: of the pointer in struct oci_resources, of the value in what it points to */
	struct knob_side v1, v2;
	unsigned flags;
};

#define KNOB(ctl_, object_, member_, kind_, name_)                                                                           \
	.property = name_, .ctl = CGROUP_##ctl_, .kind = KNOB_##kind_, .object = offsetof(struct oci_resources, object_), \
	.member = offsetof(__typeof__(*((struct oci_resources *)0)->object_), member_)

/* Order within a controller is the order of writing: a limit before what must not be below it, shares before idle, quota before burst. */
/* clang-format off */
static const struct knob knobs[] = {
	{ KNOB(MEMORY, memory, limit, I64, "memory.limit"),
	  { "memory.limit_in_bytes", as_nonzero }, { "memory.max", as_nonzero_max }, CGROUP_WRITE_SWAP },
	{ KNOB(MEMORY, memory, swap, I64, "memory.swap"),
	  { "memory.memsw.limit_in_bytes", as_nonzero }, { "memory.swap.max", as_swap_alone }, CGROUP_WRITE_UNLESS_MAX },
	{ KNOB(MEMORY, memory, reservation, I64, "memory.reservation"),
	  { "memory.soft_limit_in_bytes", as_nonzero }, { "memory.low", as_nonzero_max }, 0 },
	{ KNOB(MEMORY, memory, kernel, I64, "memory.kernel"),
	  { "memory.kmem.limit_in_bytes", as_nonzero }, { NULL, holds_if_zero }, 0 },
	{ KNOB(MEMORY, memory, kernel_tcp, I64, "memory.kernelTCP"),
	  { "memory.kmem.tcp.limit_in_bytes", as_nonzero }, { NULL, holds_if_zero }, 0 },
	{ KNOB(MEMORY, memory, swappiness, U64, "memory.swappiness"),
	  { "memory.swappiness", as_number }, { NULL, as_number }, 0 },
	{ KNOB(MEMORY, memory, disable_oom_killer, BOOL, "memory.disableOOMKiller"),
	  { "memory.oom_control", as_number }, { NULL, holds_if_zero }, 0 },
	{ KNOB(MEMORY, memory, use_hierarchy, BOOL, "memory.useHierarchy"),
	  { "memory.use_hierarchy", as_number }, { NULL, holds_if_true }, 0 },
	{ KNOB(CPU, cpu, shares, U64, "cpu.shares"),
	  { "cpu.shares", as_nonzero }, { "cpu.weight", as_weight }, CGROUP_WRITE_SWAP },
	{ KNOB(CPU, cpu, idle, I64, "cpu.idle"),
	  { "cpu.idle", as_number }, { "cpu.idle", as_number }, 0 },
	{ KNOB(CPU, cpu, period, U64, "cpu.period"),
	  { "cpu.cfs_period_us", as_nonzero }, { "cpu.max", as_cpu_max_period }, CGROUP_WRITE_SWAP },
	{ KNOB(CPU, cpu, quota, I64, "cpu.quota"),
	  { "cpu.cfs_quota_us", as_nonzero }, { "cpu.max", as_cpu_max }, CGROUP_WRITE_SWAP },
	{ KNOB(CPU, cpu, burst, U64, "cpu.burst"),
	  { "cpu.cfs_burst_us", as_number }, { "cpu.max.burst", as_number }, 0 },
	{ KNOB(CPU, cpu, realtime_period, U64, "cpu.realtimePeriod"),
	  { "cpu.rt_period_us", as_nonzero }, { NULL, holds_if_zero }, CGROUP_WRITE_SWAP },
	{ KNOB(CPU, cpu, realtime_runtime, I64, "cpu.realtimeRuntime"),
	  { "cpu.rt_runtime_us", as_nonzero }, { NULL, holds_if_zero }, 0 },
	{ KNOB(CPUSET, cpu, cpus, STR, "cpu.cpus"),
	  { "cpuset.cpus", as_string }, { "cpuset.cpus", as_string }, 0 },
	{ KNOB(CPUSET, cpu, mems, STR, "cpu.mems"),
	  { "cpuset.mems", as_string }, { "cpuset.mems", as_string }, 0 },
	{ KNOB(PIDS, pids, limit, I64, "pids.limit"),
	  { "pids.max", as_max }, { "pids.max", as_max }, 0 },
	{ KNOB(BLKIO, block_io, weight, U32, "blockIO.weight"),
	  { "blkio.bfq.weight", as_nonzero }, { "io.bfq.weight", as_nonzero }, CGROUP_WRITE_OR_NEXT },
	{ KNOB(BLKIO, block_io, weight, U32, "blockIO.weight"),
	  { "blkio.weight", as_nonzero }, { "io.weight", as_io_weight }, 0 },
	{ KNOB(BLKIO, block_io, leaf_weight, U32, "blockIO.leafWeight"),
	  { "blkio.leaf_weight", as_nonzero }, { NULL, holds_if_zero }, 0 },
	{ KNOB(NET_CLS, network, class_id, U32, "network.classID"),
	  { "net_cls.classid", as_nonzero }, { NULL, holds_if_zero }, 0 },
};
/* clang-format on */

/* Everything a planning function needs. */
struct planner {
	const struct oci_resources *r;     /* what is to be written */
	const struct oci_resources *whole; /* what will be in force */
	const struct cgroup_host *h;
	struct arena *a;
	struct cgroup_writes *out;
};

static int add(const struct planner *p, enum cgroup_ctl ctl, const char *property, const char *file, const char *value,
	       unsigned flags, struct err *e)
{
	if (cgroup_host_version(p->h, ctl) == 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.%s: this host has no cgroup controller '%s'", property,
			       cgroup_ctls[ctl].v1);
	if (!file)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.%s: cgroup v%d has no such limit", property,
			       cgroup_host_version(p->h, ctl));
	*vec_push(p->a, p->out) = (struct cgroup_write){ ctl, property, file, value, flags };
	return 0;
}

/* Loads the value of a knob; false if it is absent. */
static bool knob_load(const struct knob *k, const struct planner *p, struct knob_value *ret)
{
	const char *object = *(const char *const *)((const char *)p->r + k->object);
	const void *m;

	if (!object)
		return false;
	m = object + k->member;
	*ret = (struct knob_value){ .r = p->whole };
	switch (k->kind) {
	case KNOB_I64:
		ret->i = ((const struct opt_i64 *)m)->v;
		return ((const struct opt_i64 *)m)->set;
	case KNOB_U64:
		ret->i = (int64_t)((const struct opt_u64 *)m)->v;
		return ((const struct opt_u64 *)m)->set && ret->i >= 0;
	case KNOB_U32:
		ret->i = ((const struct opt_u32 *)m)->v;
		return ((const struct opt_u32 *)m)->set;
	case KNOB_BOOL:
		ret->i = ((const struct opt_bool *)m)->v;
		return ((const struct opt_bool *)m)->set;
	case KNOB_STR:
		ret->s = *(const char *const *)m;
		return ret->s != NULL;
	}
	return false;
}

static int knob_plan(const struct planner *p, const struct knob *k, struct err *e)
{
	const struct knob_side *side = cgroup_host_version(p->h, k->ctl) == 2 ? &k->v2 : &k->v1;
	struct knob_value v;
	const char *text = NULL;
	int r;

	if (!knob_load(k, p, &v))
		return 0;
	r = side->format(&v, p->a, &text, e);
	if (r < 0 || !text)
		return r;
	if (k->flags & CGROUP_WRITE_UNLESS_MAX && (streq(text, "max") || streq(text, "-1")))
		return add(p, k->ctl, k->property, side->file, text, k->flags | CGROUP_WRITE_IF_EXISTS, e);
	return add(p, k->ctl, k->property, side->file, text, k->flags, e);
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------------------- */

struct throttle {
	const char *property;
	size_t list, n;
	const char *v1, *v2_key;
};

#define THROTTLE(member, name, v1_, key)                                                                   \
	{ "blockIO." name, offsetof(struct oci_block_io, member), offsetof(struct oci_block_io, n_##member), \
	  "blkio.throttle." v1_, key }

static const struct throttle throttles[] = {
	THROTTLE(throttle_read_bps, "throttleReadBpsDevice", "read_bps_device", "rbps"),
	THROTTLE(throttle_write_bps, "throttleWriteBpsDevice", "write_bps_device", "wbps"),
	THROTTLE(throttle_read_iops, "throttleReadIOPSDevice", "read_iops_device", "riops"),
	THROTTLE(throttle_write_iops, "throttleWriteIOPSDevice", "write_iops_device", "wiops"),
};

static int throttle_plan(const struct planner *p, const struct throttle *t, struct err *e)
{
	const char *base = (const char *)p->r->block_io;
	const struct oci_throttle_device *d = *(struct oci_throttle_device *const *)(base + t->list);
	size_t n = *(const size_t *)(base + t->n);
	bool v2 = cgroup_host_version(p->h, CGROUP_BLKIO) == 2;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const char *rate = v2 && d[i].rate == 0 ? "max" : arena_printf(p->a, "%" PRIu64, d[i].rate); /* 0 takes a limit away */
		const char *text = arena_printf(p->a, "%" PRId64 ":%" PRId64 " %s%s%s", d[i].major, d[i].minor,
						v2 ? t->v2_key : "", v2 ? "=" : "", rate);

		r = add(p, CGROUP_BLKIO, t->property, v2 ? "io.max" : t->v1, text, 0, e);
	}
	return r;
}

/* The weight of the scheduler BFQ where the kernel has that, the general one otherwise: io.weight has another scale. */
static int weight_plan(const struct planner *p, const struct oci_weight_device *d, struct err *e)
{
	bool v2 = cgroup_host_version(p->h, CGROUP_BLKIO) == 2;
	const char *device = arena_printf(p->a, "%" PRId64 ":%" PRId64, d->major, d->minor), *property = "blockIO.weightDevice";
	int64_t general = v2 ? io_weight(d->weight.v) : d->weight.v;
	int r = add(p, CGROUP_BLKIO, property, v2 ? "io.bfq.weight" : "blkio.bfq.weight_device",
		    arena_printf(p->a, "%s %u", device, d->weight.v), CGROUP_WRITE_OR_NEXT, e);

	if (r < 0)
		return r;
	return add(p, CGROUP_BLKIO, property, v2 ? "io.weight" : "blkio.weight_device", arena_printf(p->a, "%s %" PRId64, device, general), 0, e);
}

static int weight_devices_plan(const struct planner *p, struct err *e)
{
	const struct oci_block_io *b = p->r->block_io;
	bool v2 = cgroup_host_version(p->h, CGROUP_BLKIO) == 2;
	int r = 0;

	for (size_t i = 0; i < b->n_weight_device && r == 0; i++) {
		const struct oci_weight_device *d = &b->weight_device[i];

		if (d->weight.set && d->weight.v)
			r = weight_plan(p, d, e);
		if (r == 0 && d->leaf_weight.set && d->leaf_weight.v)
			r = add(p, CGROUP_BLKIO, "blockIO.weightDevice", v2 ? NULL : "blkio.leaf_weight_device",
				arena_printf(p->a, "%" PRId64 ":%" PRId64 " %u", d->major, d->minor, d->leaf_weight.v), 0, e);
	}
	return r;
}

static int block_io_plan(const struct planner *p, struct err *e)
{
	int r;

	if (!p->r->block_io)
		return 0;
	r = weight_devices_plan(p, e);
	for (size_t i = 0; i < ARRAY_LEN(throttles) && r == 0; i++)
		r = throttle_plan(p, &throttles[i], e);
	return r;
}

/* "2MB" and the like: it becomes part of a file name. */
static bool page_size_is_valid(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits > 0 && *s != '0' && strchr("KMG", s[digits]) && s[digits] && streq(s + digits + 1, "B");
}

static int hugepages_plan(const struct planner *p, struct err *e)
{
	bool v2 = cgroup_host_version(p->h, CGROUP_HUGETLB) == 2;
	const char *tail = v2 ? "max" : "limit_in_bytes";
	int r = 0;

	for (size_t i = 0; i < p->r->n_hugepage_limits && r == 0; i++) {
		const struct oci_hugepage_limit *l = &p->r->hugepage_limits[i];
		const char *text;

		if (!l->page_size || !page_size_is_valid(l->page_size))
			return err_set(e, ERR_INVALID, "resources.hugepageLimits[%zu].pageSize '%s' is not a size like '2MB'", i,
				       l->page_size ? l->page_size : "");
		text = arena_printf(p->a, "%" PRIu64, l->limit);
		r = add(p, CGROUP_HUGETLB, "hugepageLimits", arena_printf(p->a, "hugetlb.%s.rsvd.%s", l->page_size, tail), text,
			CGROUP_WRITE_IF_EXISTS, e);
		if (r == 0)
			r = add(p, CGROUP_HUGETLB, "hugepageLimits", arena_printf(p->a, "hugetlb.%s.%s", l->page_size, tail), text,
				0, e);
	}
	return r;
}

static int net_priorities_plan(const struct planner *p, struct err *e)
{
	const struct oci_network_resources *n = p->r->network;
	int r = 0;

	for (size_t i = 0; n && i < n->n_priorities && r == 0; i++)
		r = add(p, CGROUP_NET_PRIO, "network.priorities", "net_prio.ifpriomap",
			arena_printf(p->a, "%s %u", n->priorities[i].name, n->priorities[i].priority), 0, e);
	return r;
}

static int rdma_plan(const struct planner *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->r->n_rdma && r == 0; i++) {
		const struct oci_rdma *d = &p->r->rdma[i];
		const char *text = d->key;

		if (d->hca_handles.set)
			text = arena_printf(p->a, "%s hca_handle=%u", text, d->hca_handles.v);
		if (d->hca_objects.set)
			text = arena_printf(p->a, "%s hca_object=%u", text, d->hca_objects.v);
		if (text != d->key)
			r = add(p, CGROUP_RDMA, "rdma", "rdma.max", text, 0, e);
	}
	return r;
}

/* One file of v2, line by line: a file of many devices takes one at a time. */
static void unified_add(const struct planner *p, const char *file, const char *value)
{
	struct str rest = str_of(value);

	do {
		struct str line = str_cut(rest, '\n', &rest);

		if (line.n || !rest.p)
			*vec_push(p->a, p->out) =
				(struct cgroup_write){ CGROUP_CTL_COUNT, "unified", file, arena_strndup(p->a, line.p, line.n), 0 };
	} while (rest.p && rest.n);
}

/* Files of v2 written word for word; the part before the first dot is the controller, which must exist ("cgroup." is v2's own). */
static int unified_plan(const struct planner *p, struct err *e)
{
	for (size_t i = 0; i < p->r->unified.n; i++) {
		const char *file = p->r->unified.v[i].key, *dot = strchr(file, '.');
		char controller[32];

		if (!dot || dot == file || strchr(file, '/') || (size_t)(dot - file) >= sizeof controller)
			return err_set(e, ERR_INVALID, "resources.unified: '%s' is not a cgroup file", file);
		if (!p->h->facts->v2_mount)
			return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.unified: this host has no cgroup v2");
		memcpy(controller, file, (size_t)(dot - file));
		controller[dot - file] = '\0';
		if (!streq(controller, "cgroup") && !strs_has(&p->h->facts->v2_controllers, controller))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: resources.unified: '%s': cgroup v2 has no controller '%s' here", file,
				       controller);
		unified_add(p, file, p->r->unified.v[i].value);
	}
	return 0;
}

int resources_plan_part(const struct oci_resources *part, const struct oci_resources *whole, const struct cgroup_host *h, struct arena *a,
			struct cgroup_writes *ret, struct err *e)
{
	static int (*const lists[])(const struct planner *, struct err *) = {
		block_io_plan, hugepages_plan, net_priorities_plan, rdma_plan, unified_plan,
	};
	struct planner p = { part, whole, h, a, ret };
	int rc = 0;

	if (!part)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(knobs) && rc == 0; i++)
		rc = knob_plan(&p, &knobs[i], e);
	for (size_t i = 0; i < ARRAY_LEN(lists) && rc == 0; i++)
		rc = lists[i](&p, e);
	return rc;
}

int resources_plan(const struct oci_resources *r, const struct cgroup_host *h, struct arena *a, struct cgroup_writes *ret,
		   struct err *e)
{
	return resources_plan_part(r, r, h, a, ret, e);
}
