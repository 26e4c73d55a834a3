/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/pull.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/step.h"
#include "base/vec.h"
#include "image/courier.h"
#include "image/moving/bring.h"
#include "image/registries/endpoint.h"
#include "image/store/content.h"
#include "image/store/leftover.h"
#include "spec/event.h"

/* One image from one endpoint. */
struct pull {
	const struct endpoint *endpoint;
	struct courier courier;         /* pull.connect */
	struct bring bring;             /* pull.bring */
};

static void pull_done(struct pull *p)
{
	/* First nobody writes any more, then the locks go. */
	courier_done(&p->courier);
	bring_done(&p->bring);
}

static int pull_connect(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	const struct pull_options *o = p->bring.options;
	struct transfer_message task = endpoint_task(p->endpoint);
	int r;

	task.parallel = o->parallel;
	r = courier_open(&p->courier, p->bring.store, &task, NULL, 0, o->cancel_fd, e);
	p->courier.notice = o->message;
	p->courier.arg = o->arg;
	return r;
}

static int pull_bring(void *ctx, struct err *e)
{
	struct pull *p = ctx;

	return bring_run(&p->bring, e);
}

static const struct step steps[] = {
	{ "pull.connect", NULL, pull_connect, NULL },
	{ "pull.bring",   NULL, pull_bring,   NULL },
};

/* ---- one name, several places ---- */

struct pulling {
	struct image_store *store;
	const struct pull_options *options;
	struct endpoint_options endpoint_options;
	struct registries registries;
	struct trust trust;
	struct oci_platform platform;
	struct arena *a;
};

static void say(const struct pulling *g, const char *line)
{
	if (g->options->message)
		g->options->message(g->options->arg, line);
}

static int pull_from(const struct pulling *g, const struct reference *ref, const struct endpoint *endpoint, struct image *ret, bool *ret_known, struct err *e)
{
	SCOPED(pull_done) struct pull p = { .endpoint = endpoint, .courier = COURIER_NONE,
		.bring = BRING(.store = g->store, .options = g->options, .arena = g->a, .platform = g->platform) };
	int r;

	p.bring.courier = &p.courier;
	p.bring.tag = ref->tag;
	p.bring.digest = ref->digest;
	p.bring.reference = reference_print(ref, g->a);
	p.bring.trust = &g->trust;
	p.bring.trust_name = ref;
	r = steps_run(steps, ARRAY_LEN(steps), &p, e);
	if (r < 0)
		return r;
	*ret_known = p.bring.known;
	/* As long as nobody can remove it. */
	return content_image_load(g->store, &p.bring.record, g->a, ret, e);
}

/* Whether another place may do better: not if the user or this machine is the reason. */
static bool is_worth_another(const struct err *e)
{
	return e->kind != ERR_CANCELED && e->sys != ENOSPC && e->sys != EDQUOT && e->sys != EROFS;
}

/* Mirrors in their order, then the registry. The record carries the name that was asked for, wherever the image came from. */
static int pull_reference(const struct pulling *g, const struct reference *ref, struct image *ret, bool *ret_known, struct err *e)
{
	struct endpoints places;
	int r = endpoints_find(&g->registries, ref, ENDPOINT_PULL, &g->endpoint_options, g->a, &places, e);

	for (size_t i = 0; r == 0 && i < places.n; i++) {
		struct endpoint *p = &places.v[i];

		r = endpoint_authorize(&g->registries, &g->endpoint_options, g->a, p, e);
		if (r == 0)
			r = pull_from(g, ref, p, ret, ret_known, e);
		if (r == 0 || i + 1 == places.n || !is_worth_another(e))
			break;
		say(g, arena_printf(g->a, "mirror '%s': %s; trying the next", endpoint_print(p, g->a), e->msg));
		r = 0;
	}
	return r < 0 ? err_wrap(e, "pull '%s'", reference_familiar(ref, g->a)) : 0;
}

/* ---- what a name stands for ---- */

static int choose(const struct pulling *g, const char *name, struct strs *io, bool *ret_chosen, struct err *e)
{
	int chosen;

	if (io->n < 2 || g->registries.mode == SHORT_NAME_DISABLED)
		return 0;
	if (!g->options->choose)
		return g->registries.mode == SHORT_NAME_ENFORCING ? err_set(e, ERR_INVALID, "'%.200s' may be an image of %zu registries, and short-name-mode is enforcing: "
				"give it a host", name, io->n) : 0;
	chosen = g->options->choose(g->options->arg, name, io);
	if (chosen < 0 || (size_t)chosen >= io->n)
		return err_set(e, ERR_CANCELED, "no registry was chosen for '%.200s'", name);
	*io = (struct strs){ io->v + chosen, 1 };
	*ret_chosen = true;
	return 0;
}

/* The names to try, in order; *ret_chosen: a person has chosen the one. */
static int names_of(const struct pulling *g, const char *name, struct strs *ret, bool *ret_chosen, struct err *e)
{
	bool alias;
	int r;

	*ret = (struct strs){ 0 };
	if (!reference_is_short(name)) {
		strs_push(g->a, ret, name);
		return 0;
	}
	r = registries_resolve(&g->registries, name, g->a, ret, &alias, e);
	if (r == 0 && alias)
		say(g, arena_printf(g->a, "Resolved '%s' as an alias of '%s'", name, ret->v[0]));
	return r == 0 ? choose(g, name, ret, ret_chosen, e) : r;
}

static int pull_name(const struct pulling *g, const char *name, struct reference *ret_ref, struct image *ret, bool *ret_known, struct err *e)
{
	struct strs names;
	bool chosen = false;
	int r = names_of(g, name, &names, &chosen, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		r = reference_parse(names.v[i], g->a, ret_ref, e);
		if (r < 0)
			return r;
		/* With a digest the tag says nothing. */
		if (ret_ref->digest)
			ret_ref->tag = NULL;
		r = pull_reference(g, ret_ref, ret, ret_known, e);
		if (r == 0 || i + 1 == names.n || !is_worth_another(e))
			break;
		say(g, e->msg);
		r = 0;
	}
	if (r == 0 && chosen)
		r = registries_alias_keep(arena_strndup(g->a, name, strcspn(name, ":@")), arena_printf(g->a, "%s/%s", ret_ref->host, ret_ref->repository), e);
	return r;
}

int image_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct image *ret, bool *ret_changed,
	struct err *e)
{
	struct pulling g = { .store = s, .options = o, .a = a,
		.endpoint_options = { .no_tls_verify = o->no_tls_verify, .authfile = o->authfile, .credentials = o->credentials, .cert_dir = o->cert_dir } };
	struct reference ref;
	bool known = false;
	int r = reference_parse(name, a, &ref, e);

	oci_platform_host(&g.platform);
	leftovers_expire(s);
	if (r == 0 && o->platform)
		r = oci_platform_parse(o->platform, a, &g.platform, e);
	if (r == 0)
		r = registries_load(a, &g.registries, e);
	if (r == 0)
		r = trust_load(o->signature_policy, a, &g.trust, e);
	if (r == 0)
		r = pull_name(&g, name, &ref, ret, &known, e);
	if (r < 0)
		return r;
	say(&g, arena_printf(a, known ? "%s is up to date" : "%s is here", reference_familiar(&ref, a)));
	event_note(s->root, EVENT_IMAGE, "pull", reference_familiar(&ref, a), "name", reference_familiar_name(&ref, a), NULL);
	*ret_changed = !known;
	return 0;
}
