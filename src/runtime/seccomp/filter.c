/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/enumtab.h"
#include "base/scope.h"
#include "runtime/seccomp/tables.h"

int filter_load(const struct filter_program *p)
{
	struct sock_fprog prog = { .len = p->n, .filter = (struct sock_filter *)(uintptr_t)p->insns };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p->flags, &prog) == 0)
		return 0;
	return -errno;
}

const char *const *filter_known_flags(void)
{
	static const char *words[8];

	for (size_t i = 0; filter_flags[i].word && i + 1 < ARRAY_LEN(words); i++)
		words[i] = filter_flags[i].word;
	return words;
}

const char *const *filter_known_archs(void)
{
	static const char *words[32];

	for (size_t i = 0; filter_archs[i].word && i + 1 < ARRAY_LEN(words); i++)
		words[i] = filter_archs[i].word;
	return words;
}
