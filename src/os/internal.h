/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * internal: the two idioms every wrapper of this folder is made of. Not for other folders.
 *
 * Files are opened with openat(AT_FDCWD, …): the open() of musl adds an fcntl for kernels older than O_CLOEXEC.
 */
#include <errno.h>

/* Repeats a call that answers -1/EINTR. */
#define RETRY(call)                                  \
	({                                           \
		__typeof__(call) _res;               \
		do                                   \
			_res = (call);               \
		while (_res == -1 && errno == EINTR); \
		_res;                                \
	})

/* The result of a call, or -errno. */
static inline int result(long res)
{
	return res < 0 ? -errno : (int)res;
}
