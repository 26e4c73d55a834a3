/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/vec.h"

enum { CPU_PERIOD = 100000, NANO = 1000000000 };

/* ---- memory, CPU ------------------------------------------------------------------------------------------------------------------------------ */

static void memory_fill(const struct container_request *q, struct arena *a, struct oci_resources *r)
{
	struct oci_memory *m;
	const struct opt_i64 *swappiness = &q->isolation.swappiness;

	if (!q->memory && !q->memory_swap && !q->memory_reservation && !q->oom_kill_disable && !swappiness->set)
		return;
	m = arena_new(a, struct oci_memory);
	if (q->memory)
		m->limit = (struct opt_i64){ true, q->memory };
	if (q->memory_swap)
		m->swap = (struct opt_i64){ true, q->memory_swap };
	else if (q->memory)
		m->swap = (struct opt_i64){ true, q->memory * 2 };   /* docker's rule: as much swap as memory */
	if (q->memory_reservation)
		m->reservation = (struct opt_i64){ true, q->memory_reservation };
	if (q->oom_kill_disable)
		m->disable_oom_killer = (struct opt_bool){ true, true };
	if (swappiness->set && swappiness->v >= 0)
		m->swappiness = (struct opt_u64){ true, (uint64_t)swappiness->v };
	r->memory = m;
}

static void cpu_fill(const struct container_request *q, struct arena *a, struct oci_resources *r)
{
	const struct container_isolation *s = &q->isolation;
	struct oci_cpu *u;

	if (!q->nano_cpus && !q->cpu_shares && !q->cpu_quota && !q->cpu_period && !q->cpuset_cpus && !q->cpuset_mems && !s->cpu_rt_period &&
	    !s->cpu_rt_runtime)
		return;
	u = arena_new(a, struct oci_cpu);
	if (q->nano_cpus) {
		u->period = (struct opt_u64){ true, CPU_PERIOD };
		u->quota = (struct opt_i64){ true, q->nano_cpus / (NANO / CPU_PERIOD) };
	}
	if (q->cpu_period)
		u->period = (struct opt_u64){ true, (uint64_t)q->cpu_period };
	if (q->cpu_quota)
		u->quota = (struct opt_i64){ true, q->cpu_quota };
	if (q->cpu_shares)
		u->shares = (struct opt_u64){ true, (uint64_t)q->cpu_shares };
	if (s->cpu_rt_period)
		u->realtime_period = (struct opt_u64){ true, (uint64_t)s->cpu_rt_period };
	if (s->cpu_rt_runtime)
		u->realtime_runtime = (struct opt_i64){ true, s->cpu_rt_runtime };
	u->cpus = q->cpuset_cpus;
	u->mems = q->cpuset_mems;
	r->cpu = u;
}

/* ---- block devices ---------------------------------------------------------------------------------------------------------------------------- */

static int block_number(const char *path, struct oci_throttle_device *ret, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, -errno, "block device '%s'", path);
	if (!S_ISBLK(st.st_mode))
		return err_set(e, ERR_INVALID, "'%s' is not a block device", path);
	ret->major = major(st.st_rdev);
	ret->minor = minor(st.st_rdev);
	return 0;
}

/* The list of @io that limits of that kind are kept in. */
static struct oci_throttle_device **throttle_list(struct oci_block_io *io, enum isolation_block_kind kind, size_t **ret_n)
{
	struct {
		struct oci_throttle_device **list;
		size_t *n;
	} rows[ISOLATION_BLOCK_COUNT] = {
		[ISOLATION_READ_BPS] = { &io->throttle_read_bps, &io->n_throttle_read_bps },
		[ISOLATION_WRITE_BPS] = { &io->throttle_write_bps, &io->n_throttle_write_bps },
		[ISOLATION_READ_IOPS] = { &io->throttle_read_iops, &io->n_throttle_read_iops },
		[ISOLATION_WRITE_IOPS] = { &io->throttle_write_iops, &io->n_throttle_write_iops },
	};

	*ret_n = rows[kind].n;
	return rows[kind].list;
}

static int block_add(const struct isolation_block *b, size_t max, struct arena *a, struct oci_block_io *io, struct err *e)
{
	struct oci_throttle_device d = { .rate = b->value };
	struct oci_throttle_device **list;
	size_t *n;
	int r = block_number(b->path, &d, e);

	if (r < 0)
		return r;
	if (b->kind == ISOLATION_WEIGHT) {
		if (!io->weight_device)
			io->weight_device = arena_array(a, struct oci_weight_device, max);
		io->weight_device[io->n_weight_device++] = (struct oci_weight_device){ .major = d.major, .minor = d.minor,
			.weight = { true, (uint32_t)b->value } };
		return 0;
	}
	list = throttle_list(io, b->kind, &n);
	if (!*list)
		*list = arena_array(a, struct oci_throttle_device, max);
	(*list)[(*n)++] = d;
	return 0;
}

static int block_fill(const struct container_isolation *s, struct arena *a, struct oci_resources *r, struct err *e)
{
	int status = 0;

	if (!s->blkio_weight && !s->n_blocks)
		return 0;
	r->block_io = arena_new(a, struct oci_block_io);
	if (s->blkio_weight)
		r->block_io->weight = (struct opt_u32){ true, s->blkio_weight };
	for (size_t i = 0; status == 0 && i < s->n_blocks; i++)
		status = block_add(&s->blocks[i], s->n_blocks, a, r->block_io, e);
	return status;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------------- */

int config_limits(const struct container_request *q, struct arena *a, struct oci_resources **ret, struct err *e)
{
	struct oci_resources *r = *ret = arena_new(a, struct oci_resources);

	memory_fill(q, a, r);
	cpu_fill(q, a, r);
	if (q->pids_limit) {
		r->pids = arena_new(a, struct oci_pids);
		r->pids->limit = (struct opt_i64){ true, q->pids_limit };
	}
	r->unified = q->isolation.cgroup_conf;
	return block_fill(&q->isolation, a, r, e);
}

int config_resources(const struct config_input *in, struct arena *a, struct oci_linux *l, struct err *e)
{
	const struct container_isolation *s = &in->c->request.isolation;
	int r;

	if (s->rdt_class) {
		l->intel_rdt = arena_new(a, struct oci_intel_rdt);
		l->intel_rdt->clos_id = s->rdt_class;
	}
	if (s->personality) {
		l->personality = arena_new(a, struct oci_personality);
		l->personality->domain = s->personality;
	}
	r = config_limits(&in->c->request, a, &l->resources, e);
	/* No limit is what an ordinary user without a cgroup has anyway. */
	if (r == 0 && l->resources->pids && l->resources->pids->limit.v < 0 && !in->by_systemd && !facts_initial_userns(in->facts))
		l->resources->pids = NULL;
	return r;
}
