/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/auth.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/transfer/headers.h"

/* ---- challenges: scheme SP name=value *(, name=value), several of them divided by commas ---- */

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *blanks_skip(const char *s)
{
	return s + strspn(s, " \t");
}

static const char *lower_dup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_strndup(a, s, n);

	for (size_t i = 0; i < n; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return copy;
}

/* One "name=value"; false if what follows is the next challenge or the end. */
static int parameter_take(const char **s, struct arena *a, struct auth_challenge *c)
{
	const char *p = blanks_skip(*s), *name = p, *value;
	size_t n = 0;

	while (is_token_char(p[n]))
		n++;
	p = blanks_skip(p + n);
	if (n == 0 || *p != '=')
		return 0;
	p = blanks_skip(p + 1);
	value = header_word(&p, " \t,\"", a);
	if (!value)
		return -1;
	if (c->parameters.n >= LIMIT_AUTH_PARAMETERS)
		return -1;
	pairs_set(a, &c->parameters, lower_dup(a, name, n), value);
	*s = p;
	return 1;
}

int auth_challenge_parse(const char *header, struct arena *a, struct auth_challenges *ret, struct err *e)
{
	const char *s = header;

	if (strlen(header) > LIMIT_AUTH_HEADER)
		return err_set(e, ERR_INVALID, "authentication challenge is too long");
	while (*(s = s + strspn(s, " \t,"))) {
		struct auth_challenge *c;
		size_t n = 0;
		int r;

		while (is_token_char(s[n]))
			n++;
		if (n == 0 || (s[n] && !strchr(" \t,", s[n])) || ret->n >= LIMIT_AUTH_PARAMETERS)
			return err_set(e, ERR_INVALID, "authentication challenge '%.100s' is not well-formed", header);
		c = vec_push(a, ret);
		c->scheme = lower_dup(a, s, n);
		s += n;
		while ((r = parameter_take(&s, a, c)) > 0) {
			const char *next = blanks_skip(s);

			if (*next != ',')
				break;
			/* A comma divides parameters and challenges alike; what follows tells. */
			next += strspn(next, " \t,");
			if (!*next)
				break;
			s = next;
		}
		if (r < 0)
			return err_set(e, ERR_INVALID, "authentication challenge '%.100s' is not well-formed", header);
	}
	return 0;
}

const struct auth_challenge *auth_challenge_find(const struct auth_challenges *list, const char *scheme)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].scheme, scheme) == 0)
			return &list->v[i];
	return NULL;
}

/* ---- origins ---- */

static void url_done(CURLU **u)
{
	curl_url_cleanup(*u);
}

static const char *url_part(CURLU *u, CURLUPart part, struct arena *a)
{
	char *text = NULL;
	const char *copy;

	if (curl_url_get(u, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) != CURLUE_OK)
		return NULL;
	copy = lower_dup(a, text, strlen(text));
	curl_free(text);
	return copy;
}

int auth_origin_parse(const char *url, struct arena *a, struct auth_origin *ret, struct err *e)
{
	SCOPED(url_done) CURLU *u = curl_url();
	struct auth_origin o;

	if (strlen(url) > LIMIT_URL || curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK)
		return err_set(e, ERR_INVALID, "'%.200s' is not a URL we use", url);
	o.scheme = url_part(u, CURLUPART_SCHEME, a);
	o.host = url_part(u, CURLUPART_HOST, a);
	o.port = url_part(u, CURLUPART_PORT, a);
	if (!o.scheme || !o.host || !*o.host || !o.port || (strcmp(o.scheme, "https") != 0 && strcmp(o.scheme, "http") != 0))
		return err_set(e, ERR_INVALID, "'%.200s' is not an http or https URL", url);
	*ret = o;
	return 0;
}

bool auth_origin_eq(const struct auth_origin *a, const struct auth_origin *b)
{
	return streq(a->scheme, b->scheme) && streq(a->host, b->host) && streq(a->port, b->port);
}

const char *auth_host_bare(const char *host, struct arena *a)
{
	size_t n = strlen(host);

	return n > 2 && host[0] == '[' && host[n - 1] == ']' ? arena_strndup(a, host + 1, n - 2) : host;
}

bool auth_host_is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

struct auth_redirect auth_redirect_judge(const struct auth_origin *from, const struct auth_origin *to)
{
	if (streq(from->scheme, "https") && !streq(to->scheme, "https"))
		return (struct auth_redirect){ false, false };
	return (struct auth_redirect){ true, auth_origin_eq(from, to) };
}

static bool host_is_address(const char *host)
{
	struct in_addr v4;

	return host[0] == '[' || inet_pton(AF_INET, host, &v4) == 1;
}

/* The part of a name that one owner has: the last two labels, or three under the likes of "co.uk". */
static const char *domain_of(const char *host)
{
	const char *p = host + strlen(host);
	size_t labels = 2, last = 0, len = 0;

	for (size_t n = 0; p > host; p--, len++) {
		if (p[-1] != '.')
			continue;
		n++;
		if (n == 1)
			last = len;
		if (n == 2 && last == 2 && len - last - 1 <= 3)
			labels = 3;
		if (n == labels)
			return p;
	}
	return host;
}

int auth_realm_judge(const struct auth_origin *registry, const struct auth_origin *realm, struct err *e)
{
	if (!streq(realm->scheme, "https") && !streq(registry->scheme, "http"))
		return err_set(e, ERR_DENIED, "registry '%s' wants the password sent in the clear to '%s'; not doing that", registry->host, realm->host);
	if (streq(registry->host, realm->host))
		return 0;
	if (!host_is_address(registry->host) && !host_is_address(realm->host) && strchr(registry->host, '.') &&
		streq(domain_of(registry->host), domain_of(realm->host)))
		return 0;
	return err_set(e, ERR_DENIED, "registry '%s' wants the password sent to the foreign host '%s'; not doing that", registry->host, realm->host);
}

/* ---- header values ---- */

bool auth_text_is_safe(const char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

const char *auth_basic(const char *user, const char *password, struct arena *a)
{
	const char *text = arena_printf(a, "%s:%s", user, password);

	return arena_printf(a, "Basic %s", base64_encode(str_of(text), a));
}
