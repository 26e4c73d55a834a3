/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/oci_words.h"

#include <sys/personality.h>

const struct numtab oci_scheduler_policies[] = {
	{ "SCHED_OTHER", OCI_SCHED_OTHER }, { "SCHED_FIFO", OCI_SCHED_FIFO }, { "SCHED_RR", OCI_SCHED_RR },
	{ "SCHED_BATCH", OCI_SCHED_BATCH }, { "SCHED_ISO", OCI_SCHED_ISO },   { "SCHED_IDLE", OCI_SCHED_IDLE },
	{ "SCHED_DEADLINE", OCI_SCHED_DEADLINE }, { 0 },
};

const struct numtab oci_scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },     { "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 },    { "SCHED_FLAG_KEEP_PARAMS", 0x10 }, { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { 0 },
};

const struct numtab oci_io_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 }, { "IOPRIO_CLASS_BE", 2 }, { "IOPRIO_CLASS_IDLE", 3 }, { 0 },
};

const struct numtab oci_personality_domains[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 }, { 0 } };

const struct numtab oci_memory_policy_modes[] = {
	{ "MPOL_DEFAULT", OCI_MPOL_DEFAULT },
	{ "MPOL_BIND", OCI_MPOL_BIND },
	{ "MPOL_INTERLEAVE", OCI_MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", OCI_MPOL_WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", OCI_MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", OCI_MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", OCI_MPOL_LOCAL },
	{ 0 },
};

const struct numtab oci_memory_policy_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 }, { "MPOL_F_RELATIVE_NODES", 1 << 14 }, { "MPOL_F_STATIC_NODES", 1 << 15 }, { 0 },
};
