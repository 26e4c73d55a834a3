/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * endorse: signs what has arrived at a registry, every document of it, so that each platform of an image can be checked alone.
 */
#include "image/moving/shipment.h"
#include "image/registries/endpoint.h"
#include "image/trust/sign.h"

struct endorse {
	const struct image_store *store;
	struct courier *sink;            /* open on the repository */
	const struct endpoint *endpoint; /* the same, for reading */
	const struct shipment *shipment;
	const struct reference *to;      /* the name it has there */
	const struct sign_options *options;
	int cancel_fd;
};

/* Whether anybody wants that. */
bool endorse_is_wanted(const struct sign_options *o);

/* Errors: as sign.h. */
int endorse(const struct endorse *x, struct arena *a, struct err *e);
