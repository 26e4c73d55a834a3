/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/update.h"

#include "base/log.h"
#include "base/step.h"
#include "base/vec.h"
#include "os/facts.h"
#include "runtime/cgroup/update.h"

struct change {
	const struct control *c;
	const struct oci_resources *asked;
	struct cgroup *cgroup;        /* update.plan */
	struct cgroup_update *update; /* update.plan */
};

static int plan(void *ctx, struct err *e)
{
	struct change *x = ctx;
	struct host_facts *facts = arena_new(x->c->a, struct host_facts);
	const struct cgroup_host *host;
	struct oci_resources *kept;
	int r = state_load_resources(x->c->dir_fd, x->c->a, &kept, e);

	if (r == 0 && !x->c->state.cgroup.driver)
		r = err_set(e, ERR_UNSUPPORTED, "unsupported: container '%s' has no cgroup", x->c->state.id);
	if (r == 0)
		r = cgroup_open(&x->c->state.cgroup, x->c->a, &x->cgroup, e);
	if (r == 0)
		r = cgroup_host_probe(facts, x->c->a, &host, e);
	return r < 0 ? r : update_plan(x->cgroup, host, kept, x->asked, &x->update, e);
}

static int check(void *ctx, struct err *e)
{
	const struct change *x = ctx;

	return update_check(x->update, e);
}

static bool grows(const void *ctx)
{
	const struct change *x = ctx;

	return update_grows(x->update);
}

static int note(void *ctx, struct err *e)
{
	const struct change *x = ctx;
	struct state s = x->c->state;

	update_record(x->update, &s.cgroup);
	return state_save(x->c->dir_fd, &s, true, e);
}

static void forget(void *ctx)
{
	const struct change *x = ctx;
	struct err e = { 0 };

	if (state_save(x->c->dir_fd, &x->c->state, true, &e) < 0)
		log_warn("%s", e.msg);
}

static int grow(void *ctx, struct err *e)
{
	const struct change *x = ctx;

	return update_grow(x->update, e);
}

static void shrink(void *ctx)
{
	const struct change *x = ctx;

	update_shrink(x->update);
}

static int write_values(void *ctx, struct err *e)
{
	const struct change *x = ctx;

	return update_write(x->update, e);
}

static void write_back(void *ctx)
{
	const struct change *x = ctx;

	update_write_back(x->update);
}

static int keep(void *ctx, struct err *e)
{
	const struct change *x = ctx;

	return state_save_resources(x->c->dir_fd, update_result(x->update), e);
}

static int enter(void *ctx, struct err *e)
{
	const struct change *x = ctx;

	return update_enter(x->update, e);
}

/*
 * The order, with its reasons: what is about to be made is noted first, so that delete removes it whatever happens to us; values are written before
 * anybody is under them, the moving in takes itself back. What is in force is kept last: a kernel that said no leaves the old record true.
 */
static const struct step update_steps[] = {
	/* clang-format off */
	{ "update.plan",  NULL,  plan,         NULL       },
	{ "update.check", NULL,  check,        NULL       },
	{ "update.note",  grows, note,         forget     },
	{ "update.grow",  grows, grow,         shrink     },
	{ "update.write", NULL,  write_values, write_back },
	{ "update.enter", grows, enter,        NULL       },
	{ "update.keep",  NULL,  keep,         NULL       },
	/* clang-format on */
};

int control_update(const struct control *c, const struct oci_resources *asked, struct err *e)
{
	struct change x = { .c = c, .asked = asked };
	int r;

	if (c->status == STATE_STOPPED || c->status == STATE_CREATING)
		return err_set(e, ERR_CONFLICT, "container not running");
	r = steps_run(update_steps, ARRAY_LEN(update_steps), &x, e);
	cgroup_close(x.cgroup);
	return r;
}

static int new_class(const struct control *c, const struct oci_intel_rdt *asked, struct err *e)
{
	struct state state = c->state;
	const char *root;
	int r = resctrl_find_root(c->a, &root, e);

	if (r == 0)
		r = resctrl_plan(asked, root, state.id, c->a, &state.resctrl, e);
	if (r == 0)
		r = state_save(c->dir_fd, &state, true, e);
	if (r == 0)
		r = resctrl_make(state.resctrl, asked, e);
	return r < 0 ? r : resctrl_enter(state.resctrl, state.pid, e);
}

int control_update_classes(const struct control *c, const struct oci_intel_rdt *asked, struct err *e)
{
	int r = oci_intel_rdt_check(asked, e);

	if (r < 0)
		return r;
	return c->state.resctrl ? resctrl_update(c->state.resctrl, asked->l3_cache_schema, asked->mem_bw_schema, e) : new_class(c, asked, e);
}
