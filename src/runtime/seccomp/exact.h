/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * exact: several conditional rules about one system call, answered as they read.
 *
 * libseccomp merges the rules of a call into one tree and never leaves the branch of a first condition again: a call that one rule kills can pass
 * because another rule looks at the same argument; and about several arguments it may not come back at all (tests/fuzz/seccomp_filter.c finds
 * such profiles in seconds; crun and runc have them too). So calls with more than one conditional rule, unless all of them compare one argument for
 * equality, get a straight program in front of libseccomp's: rule by rule in the order of the profile, the first that matches answers, and if none does
 * the default. A rule without conditions makes all others of its call meaningless, as in libseccomp.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"
#include "spec/oci_runtime.h"

struct sock_filter;

/* A program being made. */
struct filter_code {
	struct sock_filter *v;
	size_t n, cap;
};

void filter_emit(struct arena *a, struct filter_code *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf);

/* One rule about one call: all conditions must hold. */
struct exact_rule {
	uint32_t action;
	const struct oci_seccomp_arg *args;
	size_t n;
};
struct exact_rules {
	struct exact_rule *v;
	size_t n, cap;
};

/* Would libseccomp perhaps answer otherwise than they read? */
bool exact_is_needed(const struct exact_rules *rules);

/* Must libseccomp not be given them: about several arguments, or meaningless? */
bool exact_is_only_way(const struct exact_rules *rules);

/*
 * Appends: if the accumulator holds @number, answers by @rules or with @otherwise; else goes on behind it with the accumulator as it was. @wide: the
 * architecture has arguments of 64 bits; else only the lower halves count.
 */
void exact_emit(struct arena *a, struct filter_code *p, uint32_t number, bool wide, const struct exact_rules *rules, uint32_t otherwise);
