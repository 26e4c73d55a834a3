/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * request_list: how the parsers of flags append to the lists of a struct container_request. For request.c and request_isolation.c only.
 */
#include <string.h>

#include "base/vec.h"

/* Appends a zeroed element to a plain list of struct container_request (x, n_x). */
#define list_push(a, list, n)                                                            \
	({                                                                               \
		if (vec_at_power(n)) {                                                   \
			__typeof__(list) _v = arena_alloc_n((a), (n) ? (n) * 2 : 1, sizeof *(list)); \
			if (n)                                                           \
				memcpy(_v, (list), (n) * sizeof *(list));                \
			(list) = _v;                                                     \
		}                                                                        \
		&(list)[(n)++];                                                          \
	})
