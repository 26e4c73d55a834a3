/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * oci_words: the words of config.json that stand for numbers of the kernel. One table each: it checks a document, applies it, and is printed by
 * `features`. (Words of small dense enums stand with their struct in oci_runtime.h; seccomp's flags and architectures, which are libseccomp's, in
 * runtime/seccomp.)
 */
#include "base/enumtab.h"

extern const struct numtab oci_scheduler_policies[];   /* "SCHED_BATCH" → sched_setattr(2) */
extern const struct numtab oci_scheduler_flags[];      /* "SCHED_FLAG_RESET_ON_FORK" */
extern const struct numtab oci_io_classes[];           /* "IOPRIO_CLASS_BE" → ioprio_set(2) */
extern const struct numtab oci_personality_domains[];  /* "LINUX32" → personality(2) */
extern const struct numtab oci_memory_policy_modes[];  /* "MPOL_BIND" → set_mempolicy(2) */
extern const struct numtab oci_memory_policy_flags[];  /* "MPOL_F_STATIC_NODES" */

/* The numbers that checks and callers name. */
enum { OCI_SCHED_OTHER, OCI_SCHED_FIFO, OCI_SCHED_RR, OCI_SCHED_BATCH, OCI_SCHED_ISO, OCI_SCHED_IDLE, OCI_SCHED_DEADLINE };
enum {
	OCI_MPOL_DEFAULT, OCI_MPOL_PREFERRED, OCI_MPOL_BIND, OCI_MPOL_INTERLEAVE, OCI_MPOL_LOCAL, OCI_MPOL_PREFERRED_MANY,
	OCI_MPOL_WEIGHTED_INTERLEAVE,
};
