/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps a container within its size limit (image/snapshot/limit.h): root in it owns its files and could give them to another project, or have its
 * directories forget theirs. Those are two uses of ioctl, FS_IOC_FSSETXATTR and FS_IOC_SETFLAGS, which its seccomp profile is made to refuse.
 */
#include "engine/config.h"

#include "base/vec.h"

struct syscalls VEC(struct oci_seccomp_syscall);

/* By type and number alone: direction and size tell only programs of 32 and 64 bits apart. */
static const uint16_t project_calls[] = { 'X' << 8 | 32, 'f' << 8 | 2 };
enum { CALL_BITS = 16, CALL_MASK = 0xffff };

static void ioctl_rule(struct syscalls *out, enum oci_seccomp_action action, unsigned mask, unsigned value, struct arena *a)
{
	struct oci_seccomp_syscall *y = vec_push(a, out);

	*y = (struct oci_seccomp_syscall){ .action = action, .args = arena_new(a, struct oci_seccomp_arg), .n_args = 1 };
	*y->args = (struct oci_seccomp_arg){ .index = 1, .value = mask, .value_two = value, .op = OCI_SECCOMP_MASKED_EQ };
	strs_push(a, &y->names, "ioctl");
}

static bool leads_to_project_call(unsigned mask, unsigned value)
{
	for (size_t i = 0; i < ARRAY_LEN(project_calls); i++)
		if ((project_calls[i] & mask) == value)
			return true;
	return false;
}

/* All but those two: wherever their way through the bits, highest first, is left for good, there is a rule. */
static void ioctl_allow_others(struct syscalls *out, struct arena *a)
{
	for (unsigned n = 1; n <= CALL_BITS; n++) {
		unsigned mask = CALL_MASK << (CALL_BITS - n) & CALL_MASK, bit = 1u << (CALL_BITS - n), last = CALL_MASK + 1;

		for (size_t i = 0; i < ARRAY_LEN(project_calls); i++) {
			unsigned value = (project_calls[i] & mask) ^ bit;

			/* Of two calls that came the same way so far, once. */
			if (!leads_to_project_call(mask, value) && value != last)
				ioctl_rule(out, OCI_SECCOMP_ALLOW, mask, value, a);
			last = value;
		}
	}
}

static struct strs others(const struct strs *names, const char *name, struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < names->n; i++)
		if (!streq(names->v[i], name))
			strs_push(a, &list, names->v[i]);
	return list;
}

void config_keep_project(struct oci_seccomp *s, struct arena *a)
{
	struct syscalls out = { 0 };
	bool allowed = false;

	for (size_t i = 0; i < s->n_syscalls; i++) {
		struct oci_seccomp_syscall y = s->syscalls[i];

		if (y.action == OCI_SECCOMP_ALLOW && !y.n_args && strs_has(&y.names, "ioctl")) {
			allowed = true;
			y.names = others(&y.names, "ioctl", a);
		}
		if (y.names.n)
			*vec_push(a, &out) = y;
	}
	if (s->default_action == OCI_SECCOMP_ALLOW) {
		for (size_t i = 0; i < ARRAY_LEN(project_calls); i++)
			ioctl_rule(&out, OCI_SECCOMP_ERRNO, CALL_MASK, project_calls[i], a);
	} else if (allowed) {
		ioctl_allow_others(&out, a);
	}
	s->syscalls = out.v;
	s->n_syscalls = out.n;
}
