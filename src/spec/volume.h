/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * volume: what we keep of a volume, `<root>/volumes/<name>/volume.json`, beside its directory `_data`. A volume without that file is from before it: a plain
 * one, without labels.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "codec/json.h"

enum { VOLUME_VERSION = 1 };    /* format of volume.json; newer than the program: refuse */

struct volume {
	uint32_t version;
	const char *name;
	const char *created;     /* RFC 3339 */
	const char *driver;      /* "local" */
	struct pairs labels;
	struct pairs options;    /* of the driver: type, device, o */
	bool anonymous;          /* nobody named it: a prune takes it, and it goes with the container it came with */
	bool shared;             /* … unless others had it, too: then who has it still must be looked up */
	bool filled;             /* it was offered what an image has at its place: that happens once */
};

extern const struct schema volume_schema;
