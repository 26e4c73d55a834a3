/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/attachment.h"

#include "base/err.h"

#define O FIELD_OMIT_EMPTY
#define R FIELD_REQUIRED

static int attachment_check(const void *obj, struct err *e)
{
	const struct attachment *at = obj;

	return at->version > ATTACHMENT_VERSION ? err_set(e, ERR_UNSUPPORTED, "written by a newer tare (version %u)", at->version) : 0;
}

/* clang-format off */
static const struct field attachment_fields[] = {
	FIELD(struct attachment, version,   "version",   U32,  R),
	FIELD(struct attachment, network,   "network",   STR,  R | FIELD_NONEMPTY),
	FIELD(struct attachment, container, "container", STR,  R | FIELD_NONEMPTY),
	FIELD(struct attachment, names,     "names",     STRS, O),
	FIELD(struct attachment, ip,        "ip",        STR,  O),
	FIELD(struct attachment, ip6,       "ip6",       STR,  O),
	FIELD(struct attachment, bridge,    "bridge",    STR,  O),
	FIELD(struct attachment, gateway,   "gateway",   STR,  O),
	FIELD(struct attachment, gateway6,  "gateway6",  STR,  O),
	FIELD(struct attachment, internal,  "internal",  BOOL, O),
	FIELD(struct attachment, upstreams, "upstreams", STRS, O),
	FIELD(struct attachment, own_upstreams, "ownUpstreams", BOOL, O),
	FIELD(struct attachment, searches,  "searches",  STRS, O),
};
/* clang-format on */
const struct schema attachment_schema = SCHEMA_CHECKED("attachment", struct attachment, attachment_fields, attachment_check);
