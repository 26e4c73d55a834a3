/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attachments: the files that tell the name server who is in which network: <run>/attachments/<id>@<network>, see spec/attachment.h.
 *
 * The directory is made when the first file is. @run_fd is <run>.
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/attachment.h"

#define ATTACHMENTS_DIR "attachments"

int attachments_write(int run_fd, const struct attachment *at, struct err *e);

/* Errors: ERR_NOT_FOUND; ERR_CORRUPT. */
int attachments_read(int run_fd, const char *container, const char *network, struct arena *a, struct attachment *ret, struct err *e);

/* One that is not there is no error. */
int attachments_drop(int run_fd, const char *container, const char *network, struct err *e);

/* Drops those that @is_dead names and returns how many. */
typedef bool (*attachments_dead_fn)(void *arg, const char *container, const char *network);
int attachments_sweep(int run_fd, attachments_dead_fn is_dead, void *arg, struct err *e);
