/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: other limits for a container: for its processes at once, by the OCI runtime, and for its next starts, by container.json.
 */
#include "engine/engine.h"

#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "base/step.h"
#include "engine/config.h"
#include "engine/events.h"
#include "engine/life.h"
#include "engine/program.h"
#include "engine/request.h"
#include "engine/store.h"
#include "engine/supervise.h"
#include "spec/isolation.h"

/* The members of a request that may change; zero is "not said" in all of them. */
static const struct {
	size_t offset, size;
} limits[] = {
#define ROW(member) { offsetof(struct container_request, member), sizeof(((struct container_request *)0)->member) }
	ROW(memory), ROW(memory_swap), ROW(memory_reservation), ROW(nano_cpus), ROW(cpu_shares), ROW(cpu_quota), ROW(cpu_period), ROW(cpuset_cpus),
	ROW(cpuset_mems), ROW(pids_limit), ROW(isolation.blkio_weight), ROW(isolation.cpu_rt_period), ROW(isolation.cpu_rt_runtime),
	ROW(isolation.swappiness),
#undef ROW
};

static void merge(struct container_request *into, const struct container_request *from)
{
	static const char zero[sizeof(struct opt_i64)];

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		const char *said = (const char *)from + limits[i].offset;

		if (memcmp(said, zero, limits[i].size) != 0)
			memcpy((char *)into + limits[i].offset, said, limits[i].size);
	}
}

/* A limit of a block device takes the place of an older one of its kind for that device. */
static void merge_blocks(struct container_isolation *into, const struct container_isolation *from, struct arena *a)
{
	struct isolation_block *v = arena_array(a, struct isolation_block, into->n_blocks + from->n_blocks);
	size_t n = 0;

	for (size_t i = 0; i < into->n_blocks; i++) {
		bool newer = false;

		for (size_t k = 0; k < from->n_blocks; k++)
			newer |= from->blocks[k].kind == into->blocks[i].kind && streq(from->blocks[k].path, into->blocks[i].path);
		if (!newer)
			v[n++] = into->blocks[i];
	}
	for (size_t k = 0; k < from->n_blocks; k++)
		v[n++] = from->blocks[k];
	into->blocks = v;
	into->n_blocks = n;
}

struct updating {
	struct holding h;            /* locked */
	struct container_info info;
	struct arena *a;
	struct container_request before, after;
	const struct container_request *asked;
};

static bool runs(const void *ctx)
{
	const struct updating *x = ctx;

	return container_is_up(x->info.status);
}

static int tell_runtime(struct updating *x, const struct container_request *q, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const struct container_state *s = x->info.state;
	struct oci_resources *resources;
	int r;

	if (!s)
		return err_set(e, ERR_CORRUPT, "container %s has lost its state", x->h.c.name);
	r = config_limits(q, x->a, &resources, e);
	if (r < 0)
		return r;
	r = json_encode(&oci_resources_schema, resources, JSON_INDENT_NONE, &b);
	return r < 0 ? err_sys(e, r, "encode the limits") : program_update(s->runtime, s->runtime_root, x->h.id, buf_str(&b), e);
}

static int apply(void *ctx, struct err *e)
{
	struct updating *x = ctx;

	return tell_runtime(x, x->asked, e);
}

/* What had no limit before gets the kernel's word for none. (There is none for a set of processors: that stays until the next start.) */
static void apply_back(void *ctx)
{
	static const struct container_request none = {
		.memory = -1, .memory_swap = -1, .memory_reservation = -1, .cpu_shares = 1024, .cpu_quota = -1, .cpu_period = 100000, .pids_limit = -1,
	};
	struct updating *x = ctx;
	struct container_request q = none, before = x->before;
	struct err ignored = { 0 };

	if (before.memory && !before.memory_swap)
		before.memory_swap = before.memory * 2;
	if (before.nano_cpus)
		q.cpu_quota = q.cpu_period = 0;
	merge(&q, &before);
	tell_runtime(x, &q, &ignored);
}

static int keep(void *ctx, struct err *e)
{
	struct updating *x = ctx;

	x->h.c.request = x->after;
	return store_write(&x->h.object, FILE_CONTAINER, &container_schema, &x->h.c, e);
}

static bool changes_policy(const void *ctx)
{
	const struct updating *x = ctx;

	return x->asked->supervision.restart_said && runs(x);
}

/* A container that runs is one that is wanted, from now on. */
static int policy_tell(void *ctx, struct err *e)
{
	struct updating *x = ctx;
	struct monitor_update u = { .restart = &x->after.supervision.restart };
	int r = supervise_set(&x->h, SUPERVISE_UP, e);

	return r == 0 ? life_tell_monitor(&x->h, &u, x->a, e) : r;
}

static const struct step update_steps[] = {
	{ "limits.apply", runs, apply, apply_back },
	{ "limits.keep", NULL, keep, NULL },
	{ "policy.tell", changes_policy, policy_tell, NULL },
};

int container_update(struct engine *en, const char *ref, const struct container_request *asked, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct updating x = { .h = HOLDING_NONE, .a = &a, .asked = asked };
	const char *id;
	int r = container_find(en, ref, &a, &id, e);

	if (r == 0)
		r = store_lock(en, id, true, &a, &x.h, e);
	if (r == 0)
		r = store_status(&x.h, &a, &x.info, e);
	if (r == 0) {
		x.before = x.after = x.h.c.request;
		merge(&x.after, asked);
		if (asked->supervision.restart_said)
			x.after.supervision.restart = asked->supervision.restart;
		merge_blocks(&x.after.isolation, &asked->isolation, &a);
		r = request_check(&x.after, e);
	}
	if (r == 0)
		r = steps_run(update_steps, ARRAY_LEN(update_steps), &x, e);
	if (r == 0)
		container_event(en, &x.h.c, "update", NULL);
	store_done(&x.h);
	return r < 0 ? err_wrap(e, "cannot update container %s", ref) : 0;
}
