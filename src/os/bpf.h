/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bpf: loading and attaching device programs of cgroup v2.
 *
 * Errors: -errno; -EPERM without CAP_BPF/CAP_SYS_ADMIN. EINTR: BPF_PROG_LOAD answers -EAGAIN under signals and is retried a few times.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* Loads a BPF_PROG_TYPE_CGROUP_DEVICE program. Returns its descriptor, owned. @log (may be NULL) receives the verifier's words on failure. */
int bpf_load_device(const struct bpf_insn *insns, size_t n, char *log, size_t log_size);

/* Attaches to a cgroup v2 directory with BPF_F_ALLOW_MULTI; with @replace (else negative) that program is replaced in one step. */
int bpf_attach_device(int cgroup, int prog, int replace);
int bpf_detach_device(int cgroup, int prog);
