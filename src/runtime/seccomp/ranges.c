/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp/ranges.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>

/* A jump goes at most 255 instructions on: the tree, one instruction per border of a range, and what stands behind it. */
enum { BORDERS_MAX = 250 };

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool begins_range(const struct call_numbers *numbers, size_t i)
{
	return i == 0 || numbers->v[i] > numbers->v[i - 1] + 1;
}

static bool ends_range(const struct call_numbers *numbers, size_t i)
{
	return i + 1 == numbers->n || numbers->v[i + 1] > numbers->v[i] + 1;
}

bool ranges_fit(struct call_numbers *numbers)
{
	size_t n = 0;

	if (numbers->n)
		qsort(numbers->v, numbers->n, sizeof *numbers->v, compare);
	for (size_t i = 0; i < numbers->n; i++)
		n += begins_range(numbers, i);
	return n <= BORDERS_MAX / 2;
}

/* Where ranges begin and, one behind their last, end: numbers at or above an odd count of borders are allowed. */
static size_t borders_of(const struct call_numbers *numbers, uint32_t ret[BORDERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < numbers->n; i++) {
		if (begins_range(numbers, i))
			ret[n++] = numbers->v[i];
		if (ends_range(numbers, i))
			ret[n++] = numbers->v[i] + 1;
	}
	return n;
}

/* The tree over @n borders, of which @below lie left of it, at @at; the answers stand at @allow and, behind it, @allow + 1. A leaf is no instruction. */
static void tree_fill(struct sock_filter *v, size_t at, const uint32_t *borders, size_t n, size_t below, size_t allow)
{
	size_t left = n / 2, right = n - left - 1;
	size_t to_left = left ? at + 1 : allow + !(below & 1);
	size_t to_right = right ? at + 1 + left : allow + !((below + left + 1) & 1);

	v[at] = (struct sock_filter){ BPF_JMP | BPF_JGE | BPF_K, (uint8_t)(to_right - at - 1), (uint8_t)(to_left - at - 1), borders[left] };
	if (left)
		tree_fill(v, to_left, borders, left, below, allow);
	if (right)
		tree_fill(v, to_right, borders + left + 1, right, below + left + 1, allow);
}

void ranges_emit(struct arena *a, struct filter_code *p, uint32_t audit_arch, const struct call_numbers *numbers)
{
	uint32_t borders[BORDERS_MAX];
	size_t n = borders_of(numbers, borders), at;

	if (n == 0)
		return;
	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	filter_emit(a, p, BPF_JMP | BPF_JEQ | BPF_K, audit_arch, 1, 0);
	filter_emit(a, p, BPF_JMP | BPF_JA, (uint32_t)n + 2, 0, 0);
	filter_emit(a, p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	at = p->n;
	for (size_t i = 0; i < n; i++)
		filter_emit(a, p, 0, 0, 0, 0);
	tree_fill(p->v, at, borders, n, 0, at + n);
	filter_emit(a, p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}
