/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/digest.h"

/* The block functions, not EVP: linked statically they are all of libcrypto that a start of `tare` carries. */
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/sha.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

_Static_assert(sizeof(SHA256_CTX) <= HASH_STATE_SIZE && sizeof(SHA512_CTX) <= HASH_STATE_SIZE, "the state fits");

static const struct digest_algorithm {
	const char *prefix;
	size_t size;
} algorithms[DIGEST_KIND_COUNT] = {
	[DIGEST_SHA256] = { "sha256:", 32 },
	[DIGEST_SHA512] = { "sha512:", 64 },
};

size_t digest_size(enum digest_kind kind)
{
	return algorithms[kind].size;
}

static uint8_t hex_value(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

int digest_parse(const char *text, struct digest *ret)
{
	for (size_t k = 0; text && k < DIGEST_KIND_COUNT; k++) {
		const char *hex = str_after(text, algorithms[k].prefix);

		if (!hex)
			continue;
		if (!text_is_hex(str_of(hex), 2 * algorithms[k].size))
			return -EINVAL;
		*ret = (struct digest){ .kind = (enum digest_kind)k };
		for (size_t i = 0; i < algorithms[k].size; i++)
			ret->bytes[i] = (uint8_t)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
		return 0;
	}
	return text && strchr(text, ':') ? -EOPNOTSUPP : -EINVAL;
}

void digest_print_hex(const struct digest *d, char ret[DIGEST_TEXT_SIZE])
{
	text_hex(d->bytes, algorithms[d->kind].size, ret);
}

void digest_print(const struct digest *d, char ret[DIGEST_TEXT_SIZE])
{
	memcpy(ret, algorithms[d->kind].prefix, 7);
	text_hex(d->bytes, algorithms[d->kind].size, ret + 7);
}

bool digest_begins(const char *text, const char *prefix)
{
	return str_after(strchr(prefix, ':') ? text : digest_hex(text), prefix) != NULL;
}

const char *digest_hex(const char *text)
{
	const char *colon = strchr(text, ':');

	assert(colon);
	return colon + 1;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->kind == b->kind && memcmp(a->bytes, b->bytes, algorithms[a->kind].size) == 0;
}

void digest_of(enum digest_kind kind, const void *p, size_t n, struct digest *ret)
{
	struct hash h;

	hash_init(&h, kind);
	hash_add(&h, p, n);
	hash_finish(&h, ret);
}

void hash_init(struct hash *h, enum digest_kind kind)
{
	h->kind = kind;
	if (kind == DIGEST_SHA256)
		SHA256_Init((SHA256_CTX *)(void *)h->state);
	else
		SHA512_Init((SHA512_CTX *)(void *)h->state);
}

void hash_add(struct hash *h, const void *p, size_t n)
{
	if (h->kind == DIGEST_SHA256)
		SHA256_Update((SHA256_CTX *)(void *)h->state, p, n);
	else
		SHA512_Update((SHA512_CTX *)(void *)h->state, p, n);
}

void hash_finish(struct hash *h, struct digest *ret)
{
	*ret = (struct digest){ .kind = h->kind };
	if (h->kind == DIGEST_SHA256)
		SHA256_Final(ret->bytes, (SHA256_CTX *)(void *)h->state);
	else
		SHA512_Final(ret->bytes, (SHA512_CTX *)(void *)h->state);
}
