/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * scope: things that clean up after themselves when they leave scope.
 *
 * `scoped_free char *p = NULL;` frees p at the end of the block; take_ptr(&p) hands it over instead. Owners of kernel things add their
 * own word beside their type (os/fd.h: scoped_fd, os/file.h: scoped_dir, …). A cleaner accepts the null value, keeps errno and never
 * retries. Nothing scoped may live across a successful exec or in a CLONE_VM child.
 */
#include <errno.h>
#include <stdlib.h>

#define SCOPED(cleaner) __attribute__((cleanup(cleaner)))

static inline void scope_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	*(void **)p = NULL;
	errno = saved;
}
#define scoped_free SCOPED(scope_free)

/* Moves a pointer out of a scoped variable: `return take_ptr(&p);` */
#define take_ptr(pp)                         \
	({                                   \
		__typeof__(*(pp)) _p = *(pp); \
		*(pp) = NULL;                \
		_p;                          \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
