/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * squeeze: brings layers of a shipment into another compression on their way out, in parallel. What is made here is in files without a name, and the same layer
 * gives the same bytes the next time. The documents are rewrite's to change.
 */
#include "image/moving/shipment.h"

struct squeeze_how {
	enum pack_kind kind;
	uint32_t level; /* 0: the usual */
	bool all;       /* all layers that are not of this kind already; else those that are plain tar */
	bool spare;     /* what the other side has already stays as it is; blobs must have their names then */
};

/* "gzip", "zstd". @level 0: the usual. Errors: ERR_UNSUPPORTED; ERR_INVALID for a level it does not have. */
int squeeze_parse(const char *format, int64_t level, struct squeeze_how *ret, struct err *e);

/* Whether a layer may be changed. Layers that may not be handed on stay what they are, for others look for those bytes elsewhere. */
bool squeeze_wants(const struct squeeze_how *how, const struct deliver_blob *b);

/*
 * Changes those layers whose bytes are in their .fd (owned by the shipment from now on: squeeze_done) or in the store, and notes it in the shipment. @l is an
 * open courier without jobs; to spare, the one to where it all goes.
 */
int squeeze(struct shipment *s, const struct image_store *store, struct courier *l, const struct squeeze_how *how, struct err *e);

/* The part of it that asks what is there, for those who have to fetch the rest first. */
int squeeze_spare(struct shipment *s, struct courier *l, const struct squeeze_how *how, struct err *e);

/* Closes the files. */
void squeeze_done(struct shipment *s);
