/* SPDX-License-Identifier: Apache-2.0 */
#include "image/endpoint.h"

int endpoint_find(const char *host, const char *repository, const struct endpoint_options *o, struct arena *a, struct endpoint *ret, struct err *e)
{
	struct endpoint p = { .host = host, .repository = repository, .no_tls_verify = o->no_tls_verify };
	int r = credentials_find(host, repository, o->credentials, o->authfile, a, &p.credentials, e);

	if (r == 0)
		*ret = p;
	return r;
}

struct transfer_message endpoint_task(const struct endpoint *p)
{
	return (struct transfer_message){ .source = SOURCE_REGISTRY, .host = p->host, .repository = p->repository, .user = p->credentials.user,
		.password = p->credentials.password, .identity_token = p->credentials.identity_token, .no_tls_verify = p->no_tls_verify };
}
