/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/volume.h"

#include <stddef.h>

#include "base/err.h"

#define O FIELD_OMIT_EMPTY
#define R FIELD_REQUIRED

/* clang-format off */
static const struct field volume_fields[] = {
	FIELD(struct volume, version,   "version",   U32,   R),
	FIELD(struct volume, name,      "name",      STR,   R | FIELD_NONEMPTY),
	FIELD(struct volume, created,   "created",   STR,   R),
	FIELD(struct volume, driver,    "driver",    STR,   R),
	FIELD(struct volume, labels,    "labels",    PAIRS, O),
	FIELD(struct volume, options,   "options",   PAIRS, O),
	FIELD(struct volume, anonymous, "anonymous", BOOL,  O),
	FIELD(struct volume, shared,    "shared",    BOOL,  O),
	FIELD(struct volume, filled,    "filled",    BOOL,  O),
};
/* clang-format on */

static int volume_check(const void *obj, struct err *e)
{
	const struct volume *v = obj;

	return v->version > VOLUME_VERSION ? err_set(e, ERR_UNSUPPORTED, "format %u is newer than this program", v->version) : 0;
}

const struct schema volume_schema = SCHEMA_CHECKED("volume", struct volume, volume_fields, volume_check);
