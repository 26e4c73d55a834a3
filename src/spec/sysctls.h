/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sysctls: which kernel parameters a container may set: those that belong to a namespace of its own (CVE-2022-0811, CVE-2022-0532). Pure.
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/oci_runtime.h"

/* "net.ipv4.ip_forward", "net/ipv4/conf/eth0.1/mtu" → the path below /proc: the first separator decides which one a key uses. */
const char *sysctl_path(const char *key, struct arena *a);

/* The namespace that owns the parameter at @path (of sysctl_path). Errors: -EINVAL if it is the host's, or no plain path. */
int sysctl_namespace(const char *path);

/* Errors: ERR_INVALID naming the key, if it is no plain path, unknown, or the host's. */
int sysctls_check(const struct oci_linux *l, struct err *e);
