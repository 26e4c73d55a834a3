/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/reference.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "codec/digest.h"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* One path component: [a-z0-9]+ joined by one '.', one or two '_', or any number of '-'. */
static bool component_ok(struct str s)
{
	size_t i = 0;

	if (s.n == 0 || !is_lower_alnum(s.p[0]) || !is_lower_alnum(s.p[s.n - 1]))
		return false;
	while (i < s.n) {
		size_t start = i;

		if (is_lower_alnum(s.p[i])) {
			i++;
			continue;
		}
		while (i < s.n && s.p[i] == s.p[start])
			i++;
		if (!is_lower_alnum(s.p[i]))
			return false; /* two kinds of separator in a row; the last byte is no separator */
		if (!(s.p[start] == '-' || (s.p[start] == '_' && i - start <= 2) || (s.p[start] == '.' && i - start == 1)))
			return false;
	}
	return true;
}

static bool repository_ok(const char *s)
{
	struct str rest = str_of(s);

	do {
		if (!component_ok(str_cut(rest, '/', &rest)))
			return false;
	} while (rest.p);
	return true;
}

static bool tag_ok(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 128 || !(is_alnum(s[0]) || s[0] == '_'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!is_alnum(s[i]) && !strchr("._-", s[i]))
			return false;
	return true;
}

static bool port_ok(struct str s)
{
	if (s.n == 0 || s.n > 5)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* [a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])? joined by '.', or "[" IPv6 "]", then maybe ":" port. */
static bool host_ok(const char *s)
{
	struct str host, port = { 0 }, rest;

	if (s[0] == '[') {
		const char *end = strchr(s, ']');

		if (!end || end - s < 3 || strspn(s + 1, "0123456789abcdefABCDEF:") != (size_t)(end - s - 1))
			return false;
		return end[1] == 0 || (end[1] == ':' && port_ok(str_of(end + 2)));
	}
	host = str_cut(str_of(s), ':', &port);
	if (port.p && !port_ok(port))
		return false;
	rest = host;
	do {
		struct str label = str_cut(rest, '.', &rest);

		if (label.n == 0 || !is_alnum(label.p[0]) || !is_alnum(label.p[label.n - 1]))
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!is_alnum(label.p[i]) && label.p[i] != '-')
				return false;
	} while (rest.p);
	return true;
}

/* Whether the part before the first '/' is meant as a host. */
static bool looks_like_host(const char *s)
{
	return strpbrk(s, ".:[") || strcmp(s, "localhost") == 0 || strpbrk(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static int reference_bad(const char *text, const char *why, struct err *e)
{
	return err_set(e, ERR_INVALID, "image name '%.200s': %s", text, why);
}

/* Splits off "@digest" and ":tag" from the writable @name. */
static int suffixes_take(char *name, const char *text, struct reference *ref, struct err *e)
{
	char *at = strchr(name, '@'), *colon, *slash;
	struct digest d;

	if (at) {
		*at = 0;
		if (digest_parse(at + 1, &d) < 0)
			return reference_bad(text, "the digest is not sha256: or sha512: with lower-case hex of the right length", e);
		ref->digest = at + 1;
	}
	slash = strrchr(name, '/');
	colon = strrchr(slash ? slash : name, ':');
	/* "[::1]" has no slash to hide behind, but then there is no repository either. */
	if (colon) {
		*colon = 0;
		if (!tag_ok(colon + 1))
			return reference_bad(text, "a tag is up to 128 of letters, digits, '_', '.' and '-', not beginning with '.' or '-'", e);
		ref->tag = colon + 1;
	}
	return 0;
}

int reference_parse(const char *text, struct arena *a, struct reference *ret, struct err *e)
{
	struct reference ref = { .host = "docker.io" };
	char *name, *slash;
	int r;

	if (!text || !*text)
		return err_set(e, ERR_INVALID, "image name is empty");
	if (strlen(text) > LIMIT_REFERENCE_NAME + 129 + DIGEST_TEXT_SIZE)
		return reference_bad(text, "too long", e);
	name = arena_strdup(a, text);
	r = suffixes_take(name, text, &ref, e);
	if (r < 0)
		return r;
	if (!strchr(name, '/') && text_is_hex(str_of(name), 64))
		return reference_bad(text, "64 hex digits are an image id, not a name", e);
	slash = strchr(name, '/');
	if (slash)
		*slash = 0;
	if (slash && looks_like_host(name)) {
		ref.host = name;
		name = slash + 1;
		if (!host_ok(ref.host))
			return reference_bad(text, "the host is not well-formed", e);
		if (strcmp(ref.host, "index.docker.io") == 0 || strcmp(ref.host, "registry-1.docker.io") == 0)
			ref.host = "docker.io";
	} else if (slash) {
		*slash = '/';
	}
	if (!repository_ok(name))
		return reference_bad(text, "a repository is lower-case letters and digits, joined by '.', '_', '__' or '-', in parts divided by '/'", e);
	if (strcmp(ref.host, "docker.io") == 0 && !strchr(name, '/'))
		name = arena_printf(a, "library/%s", name);
	if (strlen(ref.host) + 1 + strlen(name) > LIMIT_REFERENCE_NAME)
		return reference_bad(text, "host and repository have more than 255 characters", e);
	ref.repository = name;
	if (!ref.tag && !ref.digest)
		ref.tag = "latest";
	*ret = ref;
	return 0;
}

static const char *print_with(const char *name, const struct reference *r, struct arena *a)
{
	return arena_printf(a, "%s%s%s%s%s", name, r->tag ? ":" : "", r->tag ? r->tag : "", r->digest ? "@" : "",
		r->digest ? r->digest : "");
}

const char *reference_print(const struct reference *r, struct arena *a)
{
	return print_with(arena_printf(a, "%s/%s", r->host, r->repository), r, a);
}

/* What is left out must come back when the short text is read: "docker.io/a.b/c" would become a host, 64 digits an id. */
const char *reference_familiar_name(const struct reference *r, struct arena *a)
{
	const char *official = str_after(r->repository, "library/"), *slash = strchr(r->repository, '/');

	if (strcmp(r->host, "docker.io") != 0 || (slash && looks_like_host(arena_strndup(a, r->repository, (size_t)(slash - r->repository)))))
		return arena_printf(a, "%s/%s", r->host, r->repository);
	if (!official || strchr(official, '/') || text_is_hex(str_of(official), 64))
		return r->repository;
	return official;
}

const char *reference_familiar(const struct reference *r, struct arena *a)
{
	return print_with(reference_familiar_name(r, a), r, a);
}

const char *reference_escape(const struct reference *r, struct arena *a)
{
	const char *text = reference_print(r, a);
	char *out = arena_alloc(a, 3 * strlen(text) + 1), *p = out;

	for (const char *s = text; *s; s++) {
		if (*s == '/' || *s == '%' || (*s == '.' && s == text)) {
			*p++ = '%';
			text_hex(s, 1, p); /* two digits and a NUL */
			if (p[1] >= 'a')
				p[1] = (char)(p[1] - 'a' + 'A');
			p += 2;
		} else {
			*p++ = *s;
		}
	}
	*p = 0;
	return out;
}

const char *reference_unescape(const char *name, struct arena *a)
{
	static const struct pair codes[] = { { "%2F", "/" }, { "%25", "%" }, { "%2E", "." } };
	char *out = arena_alloc(a, strlen(name) + 1), *p = out;
	struct reference check;
	struct err e;

	while (*name) {
		const char *rest = NULL;

		for (size_t i = 0; *name == '%' && i < ARRAY_LEN(codes) && !rest; i++) {
			rest = str_after(name, codes[i].key);
			if (rest)
				*p++ = codes[i].value[0];
		}
		if (*name == '%' && !rest)
			return NULL;
		if (rest)
			name = rest;
		else
			*p++ = *name++;
	}
	*p = 0;
	if (reference_parse(out, a, &check, &e) < 0 || strcmp(reference_print(&check, a), out) != 0)
		return NULL;
	return out;
}

bool reference_is_short(const char *text)
{
	const char *slash = strchr(text, '/');
	char host[LIMIT_REFERENCE_NAME + 1];

	if (!slash || slash == text)
		return true;
	if ((size_t)(slash - text) >= sizeof host)
		return false;
	snprintf(host, sizeof host, "%.*s", (int)(slash - text), text);
	return !looks_like_host(host);
}

bool reference_may_be_id(const char *text)
{
	const char *hex = str_after(text, "sha256:");
	size_t n;

	hex = hex ? hex : str_after(text, "sha512:");
	hex = hex ? hex : text;
	n = strlen(hex);
	return n >= 2 && n <= 128 && text_is_hex(str_of(hex), n);
}

bool reference_is_bare(const char *text)
{
	const char *slash = strrchr(text, '/');

	return !strchr(text, '@') && !strchr(slash ? slash : text, ':');
}
