/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * headers: what registries say in HTTP headers, challenges (auth.h) aside. Text from outside in, values out; what cannot be read is as if it was not said.
 *
 * Ownership: results are copies in the arena given.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

/*
 * A quoted string, or what goes on up to one of @stops, at *s; moves past it. NULL if there is none, or the quotes are not closed: then *s stays. @stops must
 * hold the quote.
 */
const char *header_word(const char **s, const char *stops, struct arena *a);

/* The target of the first link that says rel=next (RFC 8288), as it is written there. NULL: there is none. */
const char *header_link_next(const char *value, struct arena *a);

/* Adds the texts of warnings 299 (RFC 7234, 5.5) while @ret has fewer than @max; others are of caches and say nothing about the image. */
void header_warnings(const char *value, size_t max, struct arena *a, struct strs *ret);

/* The Range of an upload session, "0-N": *ret bytes are there. False if that cannot be told: some say "0-0" of none. */
bool header_range(const char *value, uint64_t *ret);
