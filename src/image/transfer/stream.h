/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * stream: a file or pipe from its current place to its end, decompressed where asked. In this process, without helper programs.
 */
#include <stddef.h>

#include "base/err.h"

typedef int (*stream_sink_fn)(void *arg, const void *p, size_t n, struct err *e);

enum stream_decompress {
	STREAM_RARE,  /* bzip2 and xz only: what layer.h does not read itself */
	STREAM_ALL,   /* gzip and zstd too */
};

int stream_copy(int fd, enum stream_decompress what, stream_sink_fn sink, void *arg, struct err *e);
