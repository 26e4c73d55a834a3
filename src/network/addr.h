/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * addr: an internet address of either family with its prefix length, as plain data. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADDR_TEXT_SIZE = 52 };        /* the longest IPv6 address, "/128" and a NUL */
enum { MAC_SIZE = 6, MAC_TEXT_SIZE = 18 };

struct addr {
	uint8_t family;              /* AF_INET, AF_INET6; 0: none */
	uint8_t prefix;              /* bits of the network */
	uint8_t bytes[16];           /* network order, the first 4 or all 16 */
};

/* Bytes and bits of the family. */
static inline size_t addr_size(const struct addr *x)
{
	return x->family == AF_INET ? 4 : 16;
}
static inline uint8_t addr_bits(const struct addr *x)
{
	return (uint8_t)(8 * addr_size(x));
}

/* "10.0.0.1", "fd00::1" (prefix: all bits) or with "/n". Whole string. Errors: -EINVAL. */
int addr_parse(const char *s, struct addr *ret);

/* The same, and refuses a missing "/n". */
int addr_parse_subnet(const char *s, struct addr *ret);

/* Without and with the prefix length. */
void addr_print(const struct addr *x, char ret[ADDR_TEXT_SIZE]);
void addr_print_prefix(const struct addr *x, char ret[ADDR_TEXT_SIZE]);

/* Same family and bytes. */
bool addr_equal(const struct addr *a, const struct addr *b);

/* True if @x lies in @net; if the two ranges share an address. */
bool addr_contains(const struct addr *net, const struct addr *x);
bool addr_overlaps(const struct addr *a, const struct addr *b);

bool addr_is_loopback(const struct addr *x);
bool addr_is_any(const struct addr *x);

/* The first (network) and last address of a subnet, and the @n-th of it (n counts from the network address). */
struct addr addr_first(const struct addr *net);
struct addr addr_last(const struct addr *net);
struct addr addr_nth(const struct addr *net, uint64_t n);

/* The distance of @x from the network address of @net; SIZE_MAX-like all-ones if it does not fit 64 bits. */
uint64_t addr_index(const struct addr *net, const struct addr *x);

/* How many addresses a subnet has, at most 2^63. */
uint64_t addr_count(const struct addr *net);

/* A locally administered unicast MAC that is a function of the address: whoever gets the address again gets the MAC again, so no neighbour
 * cache goes stale. */
void addr_mac(const struct addr *x, uint8_t ret[MAC_SIZE]);
void mac_print(const uint8_t mac[MAC_SIZE], char ret[MAC_TEXT_SIZE]);
int mac_parse(const char *s, uint8_t ret[MAC_SIZE]);
