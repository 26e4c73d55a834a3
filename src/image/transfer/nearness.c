/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/nearness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/scope.h"

/* The first row that fits says it (IANA's registries of special addresses). */
static const struct {
	const char *prefix;
	unsigned bits;
	enum nearness nearness;
} rows4[] = {
	{ "0.0.0.0", 8, NEAR_MACHINE },         /* Linux connects to itself there */
	{ "127.0.0.0", 8, NEAR_MACHINE },
	{ "169.254.0.0", 16, NEAR_LINK },
	{ "100.100.100.200", 32, NEAR_LINK },   /* metadata of Alibaba's cloud */
	{ "168.63.129.16", 32, NEAR_LINK },     /* metadata of Microsoft's cloud, beside 169.254.169.254 */
	{ "192.0.0.192", 32, NEAR_LINK },       /* metadata of Oracle's cloud, beside 169.254.169.254 */
	{ "224.0.0.0", 4, NEAR_NOTHING },
	{ "255.255.255.255", 32, NEAR_NOTHING },
}, rows6[] = {
	{ "::", 128, NEAR_MACHINE },
	{ "::1", 128, NEAR_MACHINE },
	{ "fe80::", 10, NEAR_LINK },
	{ "fd00:ec2::", 32, NEAR_LINK },        /* Amazon's cloud: metadata, credentials of pods */
	{ "fd20:ce::254", 128, NEAR_LINK },     /* metadata of Google's cloud */
	{ "ff00::", 8, NEAR_NOTHING },
};

/* Prefixes that are followed by an IPv4 address, and where. */
static const struct {
	const char *prefix;
	unsigned bits;
	size_t at;
} carriers[] = {
	{ "::ffff:0:0", 96, 12 },    /* mapped */
	{ "::", 96, 12 },            /* compatible, long out of use */
	{ "64:ff9b::", 96, 12 },     /* NAT64 */
	{ "2002::", 16, 2 },         /* 6to4 */
};

static bool prefix_matches(int family, const char *prefix, unsigned bits, const uint8_t *address)
{
	uint8_t want[16];
	unsigned whole = bits / 8, rest = bits % 8;

	return inet_pton(family, prefix, want) == 1 && memcmp(want, address, whole) == 0 &&
		(rest == 0 || (want[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static enum nearness nearness_of_4(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(rows4); i++)
		if (prefix_matches(AF_INET, rows4[i].prefix, rows4[i].bits, address))
			return rows4[i].nearness;
	return NEAR_WORLD;
}

static enum nearness nearness_of_6(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(rows6); i++)
		if (prefix_matches(AF_INET6, rows6[i].prefix, rows6[i].bits, address))
			return rows6[i].nearness;
	for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
		if (prefix_matches(AF_INET6, carriers[i].prefix, carriers[i].bits, address))
			return nearness_of_4(address + carriers[i].at);
	return NEAR_WORLD;
}

enum nearness nearness_of(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return nearness_of_4((const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
	if (address->sa_family == AF_INET6)
		return nearness_of_6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
	return NEAR_NOTHING;
}

const char *nearness_text(enum nearness n)
{
	static const char *const texts[NEARNESS_COUNT] = { "the world", "this machine's link", "this machine", "no machine" };

	return texts[n];
}
