/* SPDX-License-Identifier: Apache-2.0 */
#include "network/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/str.h"

int addr_parse(const char *s, struct addr *ret)
{
	struct addr x = { 0 };
	char text[ADDR_TEXT_SIZE];
	struct str rest, host = str_cut(str_of(s), '/', &rest);
	uint32_t bits;

	if (host.n == 0 || host.n >= sizeof text)
		return -EINVAL;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(AF_INET, text, x.bytes) == 1)
		x.family = AF_INET;
	else if (inet_pton(AF_INET6, text, x.bytes) == 1)
		x.family = AF_INET6;
	else
		return -EINVAL;
	x.prefix = addr_bits(&x);
	if (rest.p) {
		/* The view ends where the string ends, so the rest is a C string. */
		if (parse_u32(rest.p, &bits) < 0 || bits > addr_bits(&x))
			return -EINVAL;
		x.prefix = (uint8_t)bits;
	}
	*ret = x;
	return 0;
}

int addr_parse_subnet(const char *s, struct addr *ret)
{
	return strchr(s, '/') ? addr_parse(s, ret) : -EINVAL;
}

void addr_print(const struct addr *x, char ret[ADDR_TEXT_SIZE])
{
	if (!inet_ntop(x->family, x->bytes, ret, ADDR_TEXT_SIZE))
		ret[0] = '\0';
}

void addr_print_prefix(const struct addr *x, char ret[ADDR_TEXT_SIZE])
{
	size_t n;

	addr_print(x, ret);
	n = strlen(ret);
	snprintf(ret + n, ADDR_TEXT_SIZE - n, "/%u", x->prefix);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, addr_size(a)) == 0;
}

/* True if the first @bits bits agree. */
static bool bits_equal(const struct addr *a, const struct addr *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (a->family != b->family || memcmp(a->bytes, b->bytes, bytes) != 0)
		return false;
	return rest == 0 || ((a->bytes[bytes] ^ b->bytes[bytes]) >> (8 - rest)) == 0;
}

bool addr_contains(const struct addr *net, const struct addr *x)
{
	return bits_equal(net, x, net->prefix);
}

bool addr_overlaps(const struct addr *a, const struct addr *b)
{
	return bits_equal(a, b, a->prefix < b->prefix ? a->prefix : b->prefix);
}

bool addr_is_loopback(const struct addr *x)
{
	static const uint8_t one[16] = { [15] = 1 };

	return x->family == AF_INET ? x->bytes[0] == 127 : memcmp(x->bytes, one, sizeof one) == 0;
}

bool addr_is_any(const struct addr *x)
{
	static const uint8_t zero[16];

	return memcmp(x->bytes, zero, addr_size(x)) == 0;
}

/* Sets every bit after the prefix to @ones. */
static struct addr host_bits(const struct addr *net, bool ones)
{
	struct addr x = *net;

	for (unsigned i = x.prefix; i < addr_bits(&x); i++) {
		uint8_t bit = (uint8_t)(0x80 >> (i % 8));

		x.bytes[i / 8] = (uint8_t)(ones ? x.bytes[i / 8] | bit : x.bytes[i / 8] & ~bit);
	}
	return x;
}

struct addr addr_first(const struct addr *net)
{
	return host_bits(net, false);
}

struct addr addr_last(const struct addr *net)
{
	return host_bits(net, true);
}

struct addr addr_nth(const struct addr *net, uint64_t n)
{
	struct addr x = addr_first(net);
	unsigned carry = 0;

	for (size_t i = addr_size(&x); i-- > 0;) {
		unsigned sum = x.bytes[i] + (unsigned)(n & 0xff) + carry;

		x.bytes[i] = (uint8_t)sum;
		carry = sum >> 8;
		n >>= 8;
	}
	return x;
}

uint64_t addr_index(const struct addr *net, const struct addr *x)
{
	struct addr first = addr_first(net);
	uint64_t n = 0;
	size_t size = addr_size(net);

	for (size_t i = 0; i < size; i++) {
		/* Inside the subnet a byte can only be larger than the network address's own: host bits there are zero. */
		unsigned diff = (unsigned)x->bytes[i] - first.bytes[i];

		if (diff > 0xff || n >> 56)
			return UINT64_MAX;
		n = n << 8 | diff;
	}
	return n;
}

uint64_t addr_count(const struct addr *net)
{
	unsigned host = addr_bits(net) - net->prefix;

	return host >= 63 ? (uint64_t)1 << 63 : (uint64_t)1 << host;
}

void addr_mac(const struct addr *x, uint8_t ret[MAC_SIZE])
{
	size_t size = addr_size(x);

	/* 02: locally administered, unicast; the second byte tells the family, so that both addresses of a container do not collide. */
	ret[0] = 0x02;
	ret[1] = x->family == AF_INET ? 0x74 : 0x76;
	memcpy(ret + 2, x->bytes + size - 4, 4);
}

void mac_print(const uint8_t mac[MAC_SIZE], char ret[MAC_TEXT_SIZE])
{
	snprintf(ret, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int mac_parse(const char *s, uint8_t ret[MAC_SIZE])
{
	uint8_t mac[MAC_SIZE];

	if (strlen(s) != MAC_TEXT_SIZE - 1)
		return -EINVAL;
	for (size_t i = 0; i < MAC_SIZE; i++, s += 3) {
		int high = hex_digit(s[0]), low = hex_digit(s[1]);

		if (high < 0 || low < 0 || (i < MAC_SIZE - 1 && s[2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, mac, sizeof mac);
	return 0;
}
