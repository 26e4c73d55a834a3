/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ferry: blobs from an inlet to an outlet, in parallel: first whether they are there, then into a nameless file, checked, then out. The bytes pass through two
 * confined programs and never through this one.
 */
#include "image/moving/inlet.h"
#include "image/moving/outlet.h"

struct ferry {
	struct inlet *from;
	struct outlet *to;
	const struct pull_options *options; /* progress, parallel, cancel */
	struct shipment *shipment;          /* its blobs, named */
};

/* Fetches the blobs that @wanted chooses into their .fd (owned by the caller: squeeze_done), checked, in parallel; nothing goes out. */
int ferry_fetch(const struct ferry *f, bool (*wanted)(void *arg, const struct deliver_blob *b), void *arg, struct err *e);

/* Returns when all of them are there. Errors name the blob. */
int ferry_run(const struct ferry *f, struct err *e);
