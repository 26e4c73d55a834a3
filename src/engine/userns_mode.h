/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * userns_mode: the words of --userns, --uidmap and --gidmap. Pure.
 *
 *     host                        the ids of whoever runs tare
 *     private                     a namespace with the rows of --uidmap, --gidmap or --subuidname, --subgidname
 *     auto[:size=N,uidmapping=C:H:N,gidmapping=C:H:N]   ids that no other container has
 *     keep-id[:uid=N,gid=N,size=N]                      an ordinary user is himself inside, too
 *     nomap                       an ordinary user's own id does not exist inside
 *     container:NAME              the namespace of another container
 */
#include <stdbool.h>

#include "base/err.h"
#include "spec/container.h"

enum userns_kind { USERNS_HOST, USERNS_PRIVATE, USERNS_AUTO, USERNS_KEEP_ID, USERNS_NOMAP, USERNS_CONTAINER };

struct userns_mode {
	enum userns_kind kind;
	const char *container;                   /* USERNS_CONTAINER */
	struct opt_u64 uid, gid, size;
	struct container_ids ids;                /* rows that were asked for: of auto, or of the two flags */
};

/* The rows of --uidmap and --gidmap, each for both if only one is there, belong to it. Errors: ERR_INVALID, ERR_UNSUPPORTED. */
int userns_mode_parse(const struct container_userns *u, struct arena *a, struct userns_mode *ret, struct err *e);

/* One row "INSIDE:OUTSIDE[:COUNT]". Errors: ERR_INVALID, ERR_UNSUPPORTED (podman's "@" and "+"). */
int userns_row_parse(const char *text, struct arena *a, struct container_id_row **rows, size_t *n, struct err *e);

/* Errors: ERR_INVALID: rows that overlap on either side, none at all. @what: "uid". */
int userns_rows_check(const struct container_id_row *rows, size_t n, const char *what, struct err *e);
