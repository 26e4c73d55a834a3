/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * secret: what we keep of a secret beside its contents, `<root>/secrets/<name>/secret.json`. The contents are `data`, 0600, and nothing else has them.
 */
#include <stdint.h>

#include "base/str.h"
#include "codec/json.h"

enum { SECRET_VERSION = 1, SECRET_ID_SIZE = 26 }; /* 25 hexadecimal digits, as long as docker's and podman's */

struct secret {
	uint32_t version;
	const char *id;
	const char *name;
	const char *created, *updated;   /* RFC 3339 */
	struct pairs labels;
};

extern const struct schema secret_schema;
