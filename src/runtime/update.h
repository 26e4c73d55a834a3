/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * update: other limits for a container that was created or runs.
 *
 * What @asked names is written, the rest stays; device rules are never touched. What is in force afterwards is kept beside the state
 * (STATE_RESOURCES), so that the next update knows it. On failure everything stands as before.
 * Errors: ERR_CONFLICT for a container that has ended.
 */
#include "runtime/control.h"

int control_update(const struct control *c, const struct oci_resources *asked, struct err *e);

/* Other shares of caches and memory bandwidth; a container that had no class of service of its own gets one. */
int control_update_classes(const struct control *c, const struct oci_intel_rdt *asked, struct err *e);
