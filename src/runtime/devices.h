/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * devices: the nodes and links in the container's /dev.
 *
 * Everything is made below the descriptor of the container's tree, never through a path of the host (CVE-2026-41579, CVE-2026-47766): an image whose
 * /dev is a link somewhere gets its nodes inside itself. In a user namespace nodes cannot be made, so the host's are bound, each
 * checked to be the device it should be on the very descriptor that is mounted (CVE-2025-31133).
 */
#include <stdbool.h>

#include "base/err.h"
#include "spec/oci_runtime.h"

/* Makes the default devices and those of the configuration. A node that is there must be the same device. The umask must be 0. */
int devices_make(int root, const struct oci_linux *l, bool bind, struct err *e);

/* Makes /dev/fd, stdin, stdout, stderr and ptmx where nothing is. */
int devices_link(int root, struct err *e);
