/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/spec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

enum { WORD_SIZE = 64, WORDS = 5 };

static int read_place(const char *address, const char *port, union forward_addr *ret)
{
	uint32_t n;

	if (parse_u32(port, &n) < 0 || n == 0 || n > UINT16_MAX)
		return -EINVAL;
	*ret = (union forward_addr){ 0 };
	if (inet_pton(AF_INET, address, &ret->in.sin_addr) == 1) {
		ret->in.sin_family = AF_INET;
		ret->in.sin_port = htons((uint16_t)n);
		return 0;
	}
	if (inet_pton(AF_INET6, address, &ret->in6.sin6_addr) != 1)
		return -EINVAL;
	ret->in6.sin6_family = AF_INET6;
	ret->in6.sin6_port = htons((uint16_t)n);
	return 0;
}

int forward_spec_parse(const char *line, struct forward_spec *ret)
{
	char words[WORDS][WORD_SIZE];
	struct str rest = str_of(line);
	struct forward_spec s = { 0 };
	int r;

	for (size_t i = 0; i < WORDS; i++) {
		struct str word = rest.p ? str_cut(rest, ' ', &rest) : (struct str){ 0 };

		if (word.n == 0 || word.n >= WORD_SIZE)
			return -EINVAL;
		memcpy(words[i], word.p, word.n);
		words[i][word.n] = '\0';
	}
	if (rest.p || (!streq(words[0], "tcp") && !streq(words[0], "udp")))
		return -EINVAL;
	s.udp = streq(words[0], "udp");
	s.every = streq(words[1], "*");
	r = read_place(s.every ? "::" : words[1], words[2], &s.host);
	if (r == 0)
		r = read_place(words[3], words[4], &s.to);
	if (r == 0)
		*ret = s;
	return r;
}
