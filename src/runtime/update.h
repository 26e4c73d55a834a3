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
