/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * device_machine: the smallest machine that runs our device programs, with the meaning the kernel gives each instruction. For tests: the unit tests
 * and the fuzzer compare what it answers with the plain meaning of the rules; tests/runtime/device_tool.c compares the kernel.
 *
 * Returns 1 or 0 as the program does, -1 for what the kernel's verifier would not load: an unknown instruction, a jump or a run out of the program,
 * a read beyond the context.
 */
#include "runtime/cgroup/devices.h"

static inline int device_machine_run(const struct device_program *p, uint32_t type, uint32_t major, uint32_t minor, uint32_t bits)
{
	const uint32_t ctx[3] = { bits << 16 | type, major, minor };
	uint64_t reg[16] = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		const struct bpf_insn *x = &p->v[i];
		uint64_t operand = BPF_SRC(x->code) == BPF_X ? reg[x->src_reg] : (uint64_t)(int64_t)x->imm;
		uint64_t *dst = &reg[x->dst_reg];

		if (x->off < 0)
			return -1;
		switch (x->code & ~BPF_X) {
		case BPF_LDX | BPF_W | BPF_MEM:
			if (x->off > 8)
				return -1;
			*dst = ctx[x->off / 4];
			break;
		case BPF_ALU | BPF_MOV:
			*dst = (uint32_t)operand;
			break;
		case BPF_ALU64 | BPF_MOV:
			*dst = operand;
			break;
		case BPF_ALU | BPF_AND:
			*dst = (uint32_t)(*dst & operand);
			break;
		case BPF_ALU | BPF_RSH:
			*dst = (uint32_t)*dst >> operand;
			break;
		case BPF_JMP32 | BPF_JNE:
			i += (uint32_t)*dst != (uint32_t)operand ? (size_t)x->off : 0;
			break;
		case BPF_JMP32 | BPF_JEQ:
			i += (uint32_t)*dst == (uint32_t)operand ? (size_t)x->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0] == 0 || reg[0] == 1 ? (int)reg[0] : -1;
		default:
			return -1;
		}
	}
	return -1;
}
