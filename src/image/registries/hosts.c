/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/hosts.h"

#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "codec/toml.h"
#include "image/registries/config_file.h"

struct entry {
	const char *key;         /* the URL */
	struct strs capabilities;
	struct str capabilities_raw, ca, client, header;
	bool skip_verify, override_path;
};

struct document {
	const char *server;
	struct entry self;       /* the same members beside `server` are the server's */
	struct entry *hosts;
	size_t n_hosts;
};

/* clang-format off */
#define ENTRY_FIELDS(type, prefix)                                             \
	FIELD(type, prefix capabilities,     "capabilities",  STRS, 0),        \
	FIELD(type, prefix capabilities_raw, "capabilities",  RAW,  0),        \
	FIELD(type, prefix ca,               "ca",            RAW,  0),        \
	FIELD(type, prefix client,           "client",        RAW,  0),        \
	FIELD(type, prefix header,           "header",        RAW,  0),        \
	FIELD(type, prefix skip_verify,      "skip_verify",   BOOL, 0),        \
	FIELD(type, prefix override_path,    "override_path", BOOL, 0)
static const struct field entry_fields[] = { ENTRY_FIELDS(struct entry, ) };
static const struct schema entry_schema = SCHEMA("host", struct entry, entry_fields);
static const struct field document_fields[] = {
	FIELD(struct document, server, "server", STR, 0),
	FIELD_DICT(struct document, hosts, "host", &entry_schema, 0),
	ENTRY_FIELDS(struct document, self.),
};
static const struct schema document_schema = SCHEMA("hosts.toml", struct document, document_fields);

struct list { struct strs v; };
static const struct field list_fields[] = { FIELD(struct list, v, "v", STRS, 0) };
static const struct schema list_schema = SCHEMA("list", struct list, list_fields);
struct dict { struct pairs v; };
static const struct field dict_fields[] = { FIELD(struct dict, v, "v", PAIRS, 0) };
static const struct schema dict_schema = SCHEMA("table", struct dict, dict_fields);
/* clang-format on */

/* "x" or ["x", "y"]. */
static int strings_take(struct str raw, struct arena *a, struct strs *ret, struct err *e)
{
	struct list l = { 0 };
	const char *text;
	int r;

	if (!raw.p)
		return 0;
	text = arena_printf(a, *raw.p == '[' ? "{\"v\":" STR_FMT "}" : "{\"v\":[" STR_FMT "]}", STR_ARG(raw));
	r = json_decode(str_of(text), &list_schema, 0, a, &l, e);
	if (r == 0)
		*ret = l.v;
	return r;
}

static const char *path_in(const char *directory, const char *path, struct arena *a)
{
	return *path == '/' ? path : arena_printf(a, "%s/%s", directory, path);
}

/* "both.pem", ["both.pem"], [["cert", "key"]]: the first one counts. */
static int client_take(struct str raw, const char *directory, struct arena *a, struct host *h, struct err *e)
{
	struct strs files = { 0 };
	struct str inner = raw;
	int r;

	if (!raw.p)
		return 0;
	if (str_after(arena_strndup(a, raw.p, raw.n), "[[")) {
		const char *end = memchr(raw.p, ']', raw.n);

		inner = (struct str){ raw.p + 1, (size_t)(end - raw.p) };
	}
	r = strings_take(inner, a, &files, e);
	if (r < 0)
		return err_wrap(e, "client");
	if (files.n == 0)
		return 0;
	h->cert = path_in(directory, files.v[0], a);
	h->key = inner.p != raw.p && files.n > 1 && *files.v[1] ? path_in(directory, files.v[1], a) : h->cert;
	return 0;
}

/* Only printable text becomes a header. */
static int header_take(struct str raw, struct arena *a, struct pairs *ret, struct err *e)
{
	struct dict d = { 0 };
	int r;

	if (!raw.p)
		return 0;
	r = json_decode(str_of(arena_printf(a, "{\"v\":" STR_FMT "}", STR_ARG(raw))), &dict_schema, 0, a, &d, e);
	for (size_t i = 0; r == 0 && i < d.v.n; i++) {
		for (const char *p = d.v.v[i].key; *p; p++)
			if (*p <= 0x20 || *p > 0x7e || *p == ':')
				r = err_set(e, ERR_INVALID, "'%.100s' is no name of a header", d.v.v[i].key);
		for (const char *p = d.v.v[i].value; r == 0 && *p; p++)
			if (*p < 0x20 || *p > 0x7e)
				r = err_set(e, ERR_INVALID, "header '%.100s' has a value that is no printable text", d.v.v[i].key);
	}
	if (r == 0)
		*ret = d.v;
	return r < 0 ? err_wrap(e, "header") : 0;
}

static int capabilities_take(const struct entry *in, unsigned *ret, struct err *e)
{
	static const struct {
		const char *word;
		unsigned flag;
	} words[] = { { "pull", HOST_PULL }, { "resolve", HOST_RESOLVE }, { "push", HOST_PUSH }, { "referrers", 0 } };

	*ret = in->capabilities_raw.p ? 0 : HOST_PULL | HOST_RESOLVE | HOST_PUSH;
	for (size_t i = 0; i < in->capabilities.n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(words) && strcmp(words[k].word, in->capabilities.v[i]) != 0)
			k++;
		if (k == ARRAY_LEN(words))
			return err_set(e, ERR_INVALID, "unknown capability '%.60s'", in->capabilities.v[i]);
		*ret |= words[k].flag;
	}
	return 0;
}

/* "https://host/path" as what repositories are below: with "/v2" unless the path is to be taken as it is. */
static int url_take(const char *url, bool as_it_is, struct arena *a, struct host *h, struct err *e)
{
	const char *scheme = "https", *rest = str_after(url, "https://"), *path;
	size_t host, n;

	if (!rest && (rest = str_after(url, "http://")))
		scheme = "http";
	if (!rest && !strstr(url, "://"))
		rest = url;
	host = rest ? strcspn(rest, "/") : 0;
	if (host == 0 || strpbrk(rest, "@?# \t\r\n\"\\"))
		return err_set(e, ERR_INVALID, "'%.200s' is no http or https URL of a host", url);
	h->name = arena_strndup(a, rest, host);
	path = rest + host;
	for (n = strlen(path); n > 0 && path[n - 1] == '/';)
		n--;
	path = arena_strndup(a, path, n);
	h->base = arena_printf(a, "%s://%s%s%s", scheme, h->name, path, as_it_is || str_ends(path, "/v2") ? "" : "/v2");
	return 0;
}

static int entry_take(const struct entry *in, const char *directory, struct arena *a, struct host *ret, struct err *e)
{
	struct host h = { .skip_verify = in->skip_verify };
	struct strs ca = { 0 };
	int r = url_take(in->key, in->override_path, a, &h, e);

	if (r == 0)
		r = capabilities_take(in, &h.capabilities, e);
	if (r == 0)
		r = strings_take(in->ca, a, &ca, e);
	for (size_t i = 0; r == 0 && i < ca.n; i++)
		strs_push(a, &h.ca, path_in(directory, ca.v[i], a));
	if (r == 0)
		r = client_take(in->client, directory, a, &h, e);
	if (r == 0)
		r = header_take(in->header, a, &h.headers, e);
	if (r < 0)
		return err_wrap(e, "'%.100s'", in->key);
	*ret = h;
	return 0;
}

int hosts_parse(struct str json, const char *host, const char *directory, struct arena *a, struct hosts *ret, struct err *e)
{
	struct document d;
	struct hosts all = { 0 };
	int r = json_decode(json, &document_schema, 0, a, &d, e);

	if (r < 0)
		return r;
	all.v = arena_array(a, struct host, d.n_hosts + 1);
	for (size_t i = 0; r == 0 && i < d.n_hosts; i++)
		r = entry_take(&d.hosts[i], directory, a, &all.v[all.n++], e);
	d.self.key = d.server && *d.server ? d.server : strcmp(host, "docker.io") == 0 ? "https://registry-1.docker.io" : arena_printf(a, "https://%s", host);
	if (r == 0)
		r = entry_take(&d.self, directory, a, &all.v[all.n++], e);
	/* A server that is not named is the registry itself, which may be one on loopback without TLS. */
	if (r == 0 && (!d.server || !*d.server))
		all.v[all.n - 1].base = NULL;
	if (r == 0)
		*ret = all;
	return r;
}

int hosts_load(const char *host, struct arena *a, struct hosts *ret, struct err *e)
{
	const char *colon = strrchr(host, ':'), *names[3] = { host, NULL, "_default" };

	*ret = (struct hosts){ 0 };
	if (colon)
		names[1] = arena_printf(a, "%.*s_%s_", (int)(colon - host), host, colon + 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *directory = names[i] ? arena_printf(a, "/etc/containerd/certs.d/%s", names[i]) : NULL;
		const char *path = directory ? arena_printf(a, "%s/hosts.toml", directory) : NULL;
		scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
		int r = path ? config_file_toml(path, &json, a, e) : 0;

		if (r == 0)
			continue;
		if (r > 0)
			r = hosts_parse(buf_str(&json), host, directory, a, ret, e);
		if (r < 0)
			return err_wrap(e, "%s", path);
		ret->file = path;
		return 0;
	}
	return 0;
}
