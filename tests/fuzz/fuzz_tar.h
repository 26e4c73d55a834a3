/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fuzz_tar: what targets that read tars share.
 */
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "base/err.h"

struct tar_input {
	const uint8_t *data;
	size_t size;
};

/* An untar_read_fn over a struct tar_input. */
static inline ssize_t tar_input_read(void *arg, const void **ret_p, struct err *e)
{
	struct tar_input *in = arg;
	size_t n = in->size < 700 ? in->size : 700; /* odd pieces, so that headers straddle them */

	*ret_p = in->data;
	in->data += n;
	in->size -= n;
	return (ssize_t)n;
}

/* Makes the checksum of every header right: otherwise hardly any change would get past the first line of the reader. */
static inline void tar_checksums_mend(uint8_t *p, size_t size)
{
	for (; size >= 512; p += 512, size -= 512) {
		unsigned sum = 0;

		if (memcmp(p + 257, "ustar", 5) != 0)
			continue;
		memset(p + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += p[i];
		snprintf((char *)p + 148, 8, "%06o", sum);
	}
}
