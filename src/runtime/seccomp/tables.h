/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tables: the specification's words for flags and architectures, with the kernel's and libseccomp's numbers.
 */
#include "base/enumtab.h"

/* "SECCOMP_FILTER_FLAG_LOG" → the flag of seccomp(2). */
extern const struct numtab filter_flags[];

/* "SCMP_ARCH_X86_64" → libseccomp's token, which is the kernel's AUDIT_ARCH_… for all but x32. */
extern const struct numtab filter_archs[];
