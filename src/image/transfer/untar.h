/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * untar: a stream of tar bytes -> entries (libarchive reads ustar, pax, GNU, sparse) -> whatever form the layer takes.
 *
 * The bytes are given as plain tar, decompressed before. Names are bytes, not text of a locale.
 */
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "image/transfer/unpack.h"

/* Hands out the next piece, valid until the next call. Returns its size, 0 at the end, or -errno with @e filled. */
typedef ssize_t (*untar_read_fn)(void *arg, const void **ret_p, struct err *e);

/* Gives the whole archive to the form @form as @self. Does not read past the end-of-archive mark: drain the rest yourself. */
int untar(untar_read_fn read, void *arg, const struct unpack_form *form, void *self, struct err *e);
