/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * base64: the standard alphabet of RFC 4648, section 4.
 *
 * Decoding takes the whole text or fails: no blanks, no line ends, nothing after the padding. The padding itself may be missing, as some tools write it.
 */
#include "base/arena.h"
#include "base/str.h"

/* The text of these bytes, padded, in the arena. */
char *base64_encode(struct str bytes, struct arena *a);

/* The bytes of this text, followed by a NUL, in the arena. Errors: -EINVAL. */
int base64_decode(struct str text, struct arena *a, struct str *ret);
