/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * digest: content addresses ("sha256:<64 hex>"), their grammar and their streaming computation.
 *
 * The grammar is checked before a digest from outside is used for anything: two known algorithms, lower-case hex, exact length. A text that
 * passed digest_parse() is safe as part of a path or a URL (CVE-2024-3727 is what happens otherwise).
 * Life cycle: `struct hash h; hash_init(&h, DIGEST_SHA256); hash_add(…); hash_finish(&h, &d);`
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum digest_kind { DIGEST_SHA256, DIGEST_SHA512, DIGEST_KIND_COUNT };

enum {
	DIGEST_BYTES_MAX = 64,
	DIGEST_TEXT_SIZE = 7 + 2 * DIGEST_BYTES_MAX + 1, /* "sha512:" + hex + NUL */
};

struct digest {
	enum digest_kind kind;
	uint8_t bytes[DIGEST_BYTES_MAX]; /* digest_size(kind) of them */
};

/* 32 or 64. */
size_t digest_size(enum digest_kind kind);

/* The whole text must be "<algorithm>:<lower-case hex of the right length>". Errors: -EINVAL; -EOPNOTSUPP for another algorithm. */
int digest_parse(const char *text, struct digest *ret);

/* "sha256:…"; and only the hex part. */
void digest_print(const struct digest *d, char ret[DIGEST_TEXT_SIZE]);
void digest_print_hex(const struct digest *d, char ret[DIGEST_TEXT_SIZE]);

/* The hex part of a text that passed digest_parse (borrowed). */
const char *digest_hex(const char *text);

/* Whether such a text begins with @prefix, which has the algorithm or is hex alone. */
bool digest_begins(const char *text, const char *prefix);

bool digest_eq(const struct digest *a, const struct digest *b);

/* The digest of one block of memory. */
void digest_of(enum digest_kind kind, const void *p, size_t n, struct digest *ret);

/* Streaming. The state is plain memory, nothing to free. */
enum { HASH_STATE_SIZE = 224 };

struct hash {
	enum digest_kind kind;
	_Alignas(8) uint8_t state[HASH_STATE_SIZE];
};

void hash_init(struct hash *h, enum digest_kind kind);
void hash_add(struct hash *h, const void *p, size_t n);
void hash_finish(struct hash *h, struct digest *ret);
