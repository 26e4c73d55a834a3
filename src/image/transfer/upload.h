/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * upload: one blob into a repository (distribution-spec 1.1, "Push").
 *
 *     HEAD blob -------- it is there ------------------------------------------------> existed
 *     POST ?mount&from - 201 --------------------------------------------------------> mounted
 *     POST ------------- 202 Location -> PUT ?digest with all of it ------- 201 -----> stored
 *         cut, 5xx, 429: HEAD; GET Location says how far it got -> PATCH the rest -> PUT ?digest
 *         413: once more from the beginning, in small pieces
 *
 * What the registry has of an upload that failed for good is cancelled, as far as it lets us.
 */
#include <stdint.h>

#include "image/protocol.h"
#include "image/transfer/registry.h"

struct upload_request {
	const char *digest;   /* checked */
	const char *from;     /* another repository of this registry that has it, or NULL */
	int fd;               /* the bytes; < 0: none, so it must be there or in @from */
	uint64_t size;
	void (*progress)(void *arg, uint64_t sent); /* may be NULL */
	void *arg;
};

/* Errors: as registry_call; ERR_NOT_FOUND if there are no bytes and it is not there. */
int upload_blob(struct registry_line *line, const struct upload_request *q, enum sink_outcome *ret, struct err *e);
