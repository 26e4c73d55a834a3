/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * source_fd: the beginning and end of sources that are one descriptor kept open: a layout directory, a single tar, a file tree.
 *
 * What open returns (owned by the source, given back to close) points at an int: the descriptor.
 */
#include "image/transfer/source.h"

int source_fd_open(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e);
void source_fd_close(void *self);
