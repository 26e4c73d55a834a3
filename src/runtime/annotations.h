/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * annotations: which annotations of a config.json mean something to this runtime, as one table.
 *
 * Those that change what the runtime does are "potentially unsafe" in the words of the specification: an engine must not let whoever made an image
 * set them. `features` lists them from here. Those that ask for what is not built (crun's handlers of other machines) are refused.
 */
#include "base/err.h"
#include "spec/oci_runtime.h"

struct annotation {
	const char *name; /* ends with a dot: everything that begins so */
	/* Refuses a value that asks for what is not built; NULL: obeyed where it is used. */
	int (*check)(const struct oci_config *c, const char *value, struct err *e);
};

/* Ends with an empty row. */
extern const struct annotation annotations[];

/* Errors: ERR_UNSUPPORTED, naming annotation and value. */
int annotations_check(const struct oci_config *c, struct err *e);
