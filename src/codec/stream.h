/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * stream: the two windows a streaming codec moves through; the caller owns both buffers.
 */
#include <stddef.h>

struct stream_io {
	const unsigned char *in; /* advanced past what was used */
	size_t n_in;
	unsigned char *out;      /* advanced past what was made */
	size_t n_out;
};
