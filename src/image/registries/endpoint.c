/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/endpoint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "image/registries/config_file.h"
#include "image/registries/credentials.h"
#include "image/registries/hosts.h"

/* "host/path" in its two parts. */
static struct endpoint endpoint_at(const char *location, struct arena *a)
{
	size_t host = strcspn(location, "/");

	return (struct endpoint){ .host = arena_strndup(a, location, host), .repository = location[host] ? arena_strdup(a, location + host + 1) : NULL };
}

/* ---- registries.conf ---- */

static int by_rule(const struct registry_rule *rule, const struct reference *ref, enum endpoint_use use, struct arena *a, struct endpoints *ret, struct err *e)
{
	if (rule->blocked)
		return err_set(e, ERR_DENIED, "registry '%s' is blocked by '%s'", rule->prefix, rule->file);
	for (size_t i = 0; use == ENDPOINT_PULL && i < rule->n_mirrors; i++) {
		const struct registry_mirror *m = &rule->mirrors[i];
		struct endpoint p = endpoint_at(registries_rewrite(rule, m->location, ref, a), a);

		p.no_tls_verify = m->insecure;
		p.mirror_of = ref->host;
		if (registries_mirror_fits(rule, m, ref))
			*vec_push(a, ret) = p;
	}
	*vec_push(a, ret) = endpoint_at(registries_rewrite(rule, rule->location, ref, a), a);
	ret->v[ret->n - 1].no_tls_verify = rule->insecure;
	return 0;
}

/* ---- hosts.toml ---- */

static void by_hosts(const struct hosts *h, const struct reference *ref, enum endpoint_use use, struct arena *a, struct endpoints *ret)
{
	/* Whoever may not resolve cannot be asked what a tag is. */
	unsigned needed = use == ENDPOINT_PUSH ? HOST_PUSH : ref->digest ? HOST_PULL : HOST_PULL | HOST_RESOLVE;

	for (size_t i = 0; i < h->n; i++) {
		const struct host *host = &h->v[i];
		bool server = i + 1 == h->n;

		if (!server && (use == ENDPOINT_PUSH || (host->capabilities & needed) != needed))
			continue;
		*vec_push(a, ret) = (struct endpoint){ .host = server ? ref->host : host->name, .repository = ref->repository, .base = host->base,
			.mirror_of = server ? NULL : ref->host, .no_tls_verify = host->skip_verify, .certs = { host->ca, host->cert, host->key },
			.headers = host->headers };
	}
}

/* ---- daemon.json ---- */

struct daemon {
	struct strs mirrors, insecure;
};
/* clang-format off */
static const struct field daemon_fields[] = {
	FIELD(struct daemon, mirrors,  "registry-mirrors",    STRS, 0),
	FIELD(struct daemon, insecure, "insecure-registries", STRS, 0),
};
static const struct schema daemon_schema = SCHEMA("daemon.json", struct daemon, daemon_fields);
/* clang-format on */

/* "10.0.0.0/8" and an address in it; names are not resolved for this. */
static bool network_has(const char *network, const char *host, struct arena *a)
{
	const char *slash = strchr(network, '/');
	struct in_addr net, address;
	uint32_t bits;

	if (!slash || parse_u32(slash + 1, &bits) < 0 || bits > 32 || inet_pton(AF_INET, arena_strndup(a, network, (size_t)(slash - network)), &net) != 1 ||
		inet_pton(AF_INET, arena_strndup(a, host, strcspn(host, ":")), &address) != 1)
		return false;
	return bits == 0 || (ntohl(net.s_addr) ^ ntohl(address.s_addr)) >> (32 - bits) == 0;
}

static int by_daemon(const struct reference *ref, enum endpoint_use use, struct arena *a, struct endpoints *ret, struct err *e)
{
	struct endpoint self = { .host = ref->host, .repository = ref->repository };
	bool hub = strcmp(ref->host, "docker.io") == 0;
	struct daemon d = { 0 };
	int r = config_file_json("/etc/docker/daemon.json", &daemon_schema, 0, a, &d, e);

	if (r < 0)
		return r;
	for (size_t i = 0; hub && use == ENDPOINT_PULL && i < d.mirrors.n; i++) {
		const char *url = d.mirrors.v[i], *rest = str_after(url, "https://");
		size_t n;

		rest = rest ? rest : str_after(url, "http://");
		if (!rest || !*rest || strpbrk(rest, "@?# \"\\"))
			return err_set(e, ERR_INVALID, "/etc/docker/daemon.json: mirror '%.200s' is no http or https URL", url);
		for (n = strlen(url); url[n - 1] == '/';)
			n--;
		*vec_push(a, ret) = (struct endpoint){ .host = arena_strndup(a, rest, strcspn(rest, "/")), .repository = ref->repository, .mirror_of = ref->host,
			.base = arena_printf(a, "%.*s/v2", (int)n, url) };
	}
	for (size_t i = 0; i < d.insecure.n; i++)
		self.no_tls_verify |= strcmp(d.insecure.v[i], ref->host) == 0 || network_has(d.insecure.v[i], ref->host, a);
	*vec_push(a, ret) = self;
	return 0;
}

/* ---- all of them ---- */

static int certs_add(struct endpoint *p, const char *cert_dir, struct arena *a, struct err *e)
{
	struct cert_files found;
	int r = cert_files_find(p->host, p->mirror_of ? NULL : cert_dir, a, &found, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < found.ca.n; i++)
		strs_push(a, &p->certs.ca, found.ca.v[i]);
	if (found.cert && !p->certs.cert) {
		p->certs.cert = found.cert;
		p->certs.key = found.key;
	}
	return 0;
}

int endpoints_find(const struct registries *r, const struct reference *ref, enum endpoint_use use, const struct endpoint_options *o, struct arena *a,
	struct endpoints *ret, struct err *e)
{
	const struct registry_rule *rule = registries_match(r, ref, a);
	struct endpoints all = { 0 };
	struct hosts hosts = { 0 };
	int code = rule ? by_rule(rule, ref, use, a, &all, e) : hosts_load(ref->host, a, &hosts, e);

	if (code == 0 && hosts.file)
		by_hosts(&hosts, ref, use, a, &all);
	else if (code == 0 && !rule)
		code = by_daemon(ref, use, a, &all, e);
	for (size_t i = 0; code == 0 && i < all.n; i++) {
		all.v[i].no_tls_verify |= o->no_tls_verify && !all.v[i].mirror_of;
		code = certs_add(&all.v[i], o->cert_dir, a, e);
	}
	if (code == 0)
		*ret = all;
	return code;
}

int endpoint_authorize(const struct registries *r, const struct endpoint_options *o, struct arena *a, struct endpoint *io, struct err *e)
{
	const struct credentials_query q = { .host = io->host, .repository = io->repository, .given = io->mirror_of ? NULL : o->credentials,
		.authfile = o->authfile, .helpers = r->helpers };

	if (o->credentials && !*o->credentials) {
		io->credentials = (struct credentials){ 0 };
		return 0;
	}
	return credentials_find(&q, a, &io->credentials, e);
}

int endpoint_find(const char *host, const char *repository, const struct endpoint_options *o, struct arena *a, struct endpoint *ret, struct err *e)
{
	const struct reference ref = { .host = host, .repository = repository ? repository : "", .tag = "x" };
	struct registries registries;
	struct endpoints all;
	int r = registries_load(a, &registries, e);

	if (r == 0)
		r = endpoints_find(&registries, &ref, ENDPOINT_PUSH, o, a, &all, e);
	if (r == 0 && !repository)
		all.v[all.n - 1].repository = NULL;
	if (r == 0)
		r = endpoint_authorize(&registries, o, a, &all.v[all.n - 1], e);
	if (r == 0)
		*ret = all.v[all.n - 1];
	return r;
}

const char *endpoint_print(const struct endpoint *p, struct arena *a)
{
	return arena_printf(a, "%s%s%s", p->base ? p->base : p->host, p->repository ? "/" : "", p->repository ? p->repository : "");
}

struct transfer_message endpoint_task(const struct endpoint *p)
{
	return (struct transfer_message){ .source = SOURCE_REGISTRY, .host = p->host, .repository = p->repository, .base = p->base, .mirror_of = p->mirror_of,
		.user = p->credentials.user, .password = p->credentials.password, .identity_token = p->credentials.identity_token,
		.no_tls_verify = p->no_tls_verify, .ca = p->certs.ca, .client_cert = p->certs.cert, .client_key = p->certs.key, .headers = p->headers };
}
