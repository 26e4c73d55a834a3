/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * joined_sysctls: kernel parameters of namespaces that are joined by path: one that is the runtime's own would be changed for the host (CVE-2022-0532).
 */
#include "base/err.h"
#include "spec/oci_runtime.h"

/* What sysctls_check() (spec/sysctls.h) cannot see. Opens the paths in question. Errors: ERR_INVALID naming the key and the path. */
int sysctls_check_joined(const struct oci_linux *l, struct err *e);
