/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull.h"

#include <errno.h>

#include "base/step.h"
#include "image/bring.h"
#include "image/content.h"
#include "image/courier.h"
#include "image/endpoint.h"

struct pull {
	struct reference ref;
	struct endpoint endpoint;       /* pull.credentials */
	struct courier courier;         /* pull.connect */
	struct bring bring;             /* pull.bring */
};

static void pull_done(struct pull *p)
{
	/* First nobody writes any more, then the locks go. */
	courier_done(&p->courier);
	bring_done(&p->bring);
}

static int pull_credentials(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	const struct pull_options *o = p->bring.options;

	const struct endpoint_options eo = { .no_tls_verify = o->no_tls_verify, .authfile = o->authfile, .credentials = o->credentials };

	return endpoint_find(p->ref.host, p->ref.repository, &eo, p->bring.arena, &p->endpoint, e);
}

static int pull_connect(void *ctx, struct err *e)
{
	struct pull *p = ctx;
	const struct pull_options *o = p->bring.options;
	struct transfer_message task = endpoint_task(&p->endpoint);

	task.parallel = o->parallel;
	return courier_open(&p->courier, p->bring.store, &task, NULL, 0, o->cancel_fd, e);
}

static int pull_bring(void *ctx, struct err *e)
{
	struct pull *p = ctx;

	return bring_run(&p->bring, e);
}

static const struct step steps[] = {
	{ "pull.credentials", NULL, pull_credentials, NULL },
	{ "pull.connect",     NULL, pull_connect,     NULL },
	{ "pull.bring",       NULL, pull_bring,       NULL },
};

int image_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct image *ret, bool *ret_changed,
	struct err *e)
{
	SCOPED(pull_done) struct pull p = { .courier = COURIER_NONE, .bring = BRING(.store = s, .options = o, .arena = a) };
	int r;

	r = reference_parse(name, a, &p.ref, e);
	if (r < 0)
		return r;
	/* With a digest the tag says nothing. */
	if (p.ref.digest)
		p.ref.tag = NULL;
	oci_platform_host(&p.bring.platform);
	if (o->platform)
		r = oci_platform_parse(o->platform, a, &p.bring.platform, e);
	if (r < 0)
		return r;
	p.bring.courier = &p.courier;
	p.bring.tag = p.ref.tag;
	p.bring.digest = p.ref.digest;
	p.bring.reference = reference_print(&p.ref, a);
	r = steps_run(steps, ARRAY_LEN(steps), &p, e);
	if (r < 0)
		return err_wrap(e, "pull '%s'", reference_familiar(&p.ref, a));
	if (o->message)
		o->message(o->arg, arena_printf(a, p.bring.known ? "%s is up to date" : "%s is here", reference_familiar(&p.ref, a)));
	*ret_changed = !p.bring.known;
	return content_image_load(s, &p.bring.record, a, ret, e);
}
