/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/secret.h"

#include <stddef.h>

#include "base/err.h"

/* clang-format off */
static const struct field secret_fields[] = {
	FIELD(struct secret, version, "version", U32,   FIELD_REQUIRED),
	FIELD(struct secret, id,      "id",      STR,   FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct secret, name,    "name",    STR,   FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct secret, created, "created", STR,   FIELD_REQUIRED),
	FIELD(struct secret, updated, "updated", STR,   FIELD_REQUIRED),
	FIELD(struct secret, labels,  "labels",  PAIRS, FIELD_OMIT_EMPTY),
};
/* clang-format on */

static int secret_check(const void *obj, struct err *e)
{
	const struct secret *s = obj;

	return s->version > SECRET_VERSION ? err_set(e, ERR_UNSUPPORTED, "format %u is newer than this program", s->version) : 0;
}

const struct schema secret_schema = SCHEMA_CHECKED("secret", struct secret, secret_fields, secret_check);
