/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/endorse.h"

bool endorse_is_wanted(const struct sign_options *o)
{
	return o->gpg_key || o->sigstore_key;
}

int endorse(const struct endorse *x, struct arena *a, struct err *e)
{
	const struct sign_registry g = { .store = x->store, .sink = x->sink, .source = endpoint_task(x->endpoint), .cancel_fd = x->cancel_fd };
	const struct sign_options *o = x->options;
	struct lookaside lookaside = { 0 };
	const char *passphrase;
	int r = sign_passphrase(o, a, &passphrase, e);

	if (r == 0 && o->gpg_key)
		r = lookaside_load(a, &lookaside, e);
	VEC_EACH(const struct shipment_document, d, &x->shipment->documents) {
		if (r == 0 && o->gpg_key)
			r = sign_simple(&lookaside, x->to, d->digest, o->gpg_key, passphrase, a, e);
		if (r == 0 && o->sigstore_key)
			r = sign_sigstore(&g, x->to, d->digest, o->sigstore_key, passphrase, a, e);
	}
	return r;
}
