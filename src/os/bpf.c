/* SPDX-License-Identifier: Apache-2.0 */
#include "os/bpf.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/internal.h"

enum { LOAD_TRIES = 5 };

static int call(int command, union bpf_attr *attr)
{
	return result(syscall(SYS_bpf, command, attr, sizeof *attr));
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int bpf_load_device(const struct bpf_insn *insns, size_t n, char *log, size_t log_size)
{
	union bpf_attr attr;
	int r = -EAGAIN;

	if (n > UINT32_MAX)
		return -E2BIG;
	memset(&attr, 0, sizeof attr); /* the kernel refuses non-zero bytes in the unused part of the union */
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = address(insns);
	attr.insn_cnt = (uint32_t)n;
	attr.license = address("Apache-2.0");
	for (int i = 0; i < LOAD_TRIES && r == -EAGAIN; i++)
		r = call(BPF_PROG_LOAD, &attr);
	if (r < 0 && log && log_size) {
		log[0] = 0;
		attr.log_buf = address(log);
		attr.log_size = (uint32_t)log_size;
		attr.log_level = 1;
		r = call(BPF_PROG_LOAD, &attr);
	}
	return r;
}

int bpf_attach_device(int cgroup, int prog, int replace)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replace >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replace;
	}
	return call(BPF_PROG_ATTACH, &attr);
}

int bpf_detach_device(int cgroup, int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)prog;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return call(BPF_PROG_DETACH, &attr);
}
