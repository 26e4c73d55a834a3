/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp/exact.h"

#include <endian.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* Where a jump goes, until the end of its rule is known. */
enum { TO_NEXT = 0, TO_FAIL = 0xff };

void filter_emit(struct arena *a, struct filter_code *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	*vec_push(a, p) = (struct sock_filter){ code, jt, jf, k };
}

bool exact_is_needed(const struct exact_rules *rules)
{
	bool simple = true;

	for (size_t i = 0; i < rules->n; i++) {
		const struct exact_rule *x = &rules->v[i];

		if (x->n == 0)
			return false;
		simple = simple && x->n == 1 && x->args[0].op == OCI_SECCOMP_EQ && x->args[0].index == rules->v[0].args[0].index;
	}
	return rules->n > 1 && !simple;
}

bool exact_is_only_way(const struct exact_rules *rules)
{
	bool several = false;

	for (size_t i = 0; i < rules->n; i++) {
		if (rules->v[i].n == 0)
			return true;
		for (size_t k = 0; k < rules->v[i].n; k++)
			several = several || rules->v[i].args[k].index != rules->v[0].args[0].index;
	}
	return rules->n > 1 && several;
}

static void load(struct arena *a, struct filter_code *p, uint32_t index, bool high)
{
	size_t half = high == (__BYTE_ORDER == __LITTLE_ENDIAN) ? 4 : 0;

	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + index * 8 + half), 0, 0);
}

static void test(struct arena *a, struct filter_code *p, unsigned op, uint32_t k, uint8_t jt, uint8_t jf)
{
	filter_emit(a, p, (uint16_t)(BPF_JMP | op | BPF_K), k, jt, jf);
}

/* Equal, or not: both halves. */
static void emit_equal(struct arena *a, struct filter_code *p, const struct oci_seccomp_arg *g, bool wide, bool equal)
{
	if (wide) {
		load(a, p, g->index, true);
		test(a, p, BPF_JEQ, (uint32_t)(g->value >> 32), TO_NEXT, equal ? TO_FAIL : 2);
	}
	load(a, p, g->index, false);
	test(a, p, BPF_JEQ, (uint32_t)g->value, equal ? TO_NEXT : TO_FAIL, equal ? TO_FAIL : TO_NEXT);
}

/* Greater; or @equal too. The upper halves decide unless they are the same. */
static void emit_greater(struct arena *a, struct filter_code *p, const struct oci_seccomp_arg *g, bool wide, bool equal)
{
	if (wide) {
		load(a, p, g->index, true);
		test(a, p, BPF_JGT, (uint32_t)(g->value >> 32), 3, TO_NEXT);
		test(a, p, BPF_JEQ, (uint32_t)(g->value >> 32), TO_NEXT, TO_FAIL);
	}
	load(a, p, g->index, false);
	test(a, p, equal ? BPF_JGE : BPF_JGT, (uint32_t)g->value, TO_NEXT, TO_FAIL);
}

static void emit_less(struct arena *a, struct filter_code *p, const struct oci_seccomp_arg *g, bool wide, bool equal)
{
	if (wide) {
		load(a, p, g->index, true);
		test(a, p, BPF_JGT, (uint32_t)(g->value >> 32), TO_FAIL, TO_NEXT);
		test(a, p, BPF_JEQ, (uint32_t)(g->value >> 32), TO_NEXT, 2);
	}
	load(a, p, g->index, false);
	test(a, p, equal ? BPF_JGT : BPF_JGE, (uint32_t)g->value, TO_FAIL, TO_NEXT);
}

static void emit_masked(struct arena *a, struct filter_code *p, const struct oci_seccomp_arg *g, bool wide)
{
	uint64_t wanted = g->value & g->value_two;

	if (wide) {
		load(a, p, g->index, true);
		filter_emit(a, p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(g->value >> 32), 0, 0);
		test(a, p, BPF_JEQ, (uint32_t)(wanted >> 32), TO_NEXT, TO_FAIL);
	}
	load(a, p, g->index, false);
	filter_emit(a, p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)g->value, 0, 0);
	test(a, p, BPF_JEQ, (uint32_t)wanted, TO_NEXT, TO_FAIL);
}

static void emit_condition(struct arena *a, struct filter_code *p, const struct oci_seccomp_arg *g, bool wide)
{
	switch (g->op) {
	case OCI_SECCOMP_EQ:
	case OCI_SECCOMP_NE:
		emit_equal(a, p, g, wide, g->op == OCI_SECCOMP_EQ);
		break;
	case OCI_SECCOMP_GT:
	case OCI_SECCOMP_GE:
		emit_greater(a, p, g, wide, g->op == OCI_SECCOMP_GE);
		break;
	case OCI_SECCOMP_LT:
	case OCI_SECCOMP_LE:
		emit_less(a, p, g, wide, g->op == OCI_SECCOMP_LE);
		break;
	case OCI_SECCOMP_MASKED_EQ:
	case OCI_SECCOMP_OP_COUNT:
		emit_masked(a, p, g, wide);
		break;
	}
}

/* Six conditions have at most 36 instructions, so every distance fits. */
static void emit_rule(struct arena *a, struct filter_code *p, const struct exact_rule *x, bool wide)
{
	size_t begin = p->n;

	for (size_t i = 0; i < x->n; i++)
		emit_condition(a, p, &x->args[i], wide);
	filter_emit(a, p, BPF_RET | BPF_K, x->action, 0, 0);
	for (size_t i = begin; i < p->n; i++) {
		uint8_t away = (uint8_t)(p->n - i - 1);

		if (p->v[i].jt == TO_FAIL)
			p->v[i].jt = away;
		if (p->v[i].jf == TO_FAIL)
			p->v[i].jf = away;
	}
}

void exact_emit(struct arena *a, struct filter_code *p, uint32_t number, bool wide, const struct exact_rules *rules, uint32_t otherwise)
{
	size_t over;

	test(a, p, BPF_JEQ, number, 1, 0);
	over = p->n;
	filter_emit(a, p, BPF_JMP | BPF_JA, 0, 0, 0);
	for (size_t i = 0; i < rules->n; i++)
		emit_rule(a, p, &rules->v[i], wide);
	filter_emit(a, p, BPF_RET | BPF_K, otherwise, 0, 0);
	p->v[over].k = (uint32_t)(p->n - over - 1);
}
