/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/scope.h"
#include "base/vec.h"
#include "image/transfer/nearness.h"

static const char *variable(const char *lower, const char *upper)
{
	const char *v = getenv(lower);

	if (!v || !*v)
		v = getenv(upper);
	return v && *v ? v : NULL;
}

/* curl's defaults: without a scheme it is http, without a port 1080, or 443 for https. */
static void proxy_read(struct proxy *p, struct arena *a)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;

	if (curl_url_set(u, CURLUPART_URL, p->url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
		bool by_name = strcmp(scheme, "socks5") == 0 || strcmp(scheme, "socks4") == 0;

		if (curl_url_get(u, CURLUPART_PORT, &port, 0) != CURLUE_OK)
			port = NULL;
		p->host = auth_host_bare(arena_strdup(a, host), a);
		p->port = arena_strdup(a, port ? port : strcmp(scheme, "https") == 0 ? "443" : "1080");
		if (by_name)
			p->url = arena_printf(a, "%s%s", strcmp(scheme, "socks5") == 0 ? "socks5h" : "socks4a", p->url + strlen(scheme));
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}

/* "localhost", and names below it (RFC 6761), with or without the dot of the root. */
static bool name_is_local(struct str host)
{
	static const char local[] = "localhost";
	size_t n = sizeof local - 1;

	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	return host.n >= n && strncasecmp(host.p + host.n - n, local, n) == 0 && (host.n == n || host.p[host.n - n - 1] == '.');
}

/* To a proxy it would mean the proxy's machine. That may be this one, and then it would connect where the dialer does not. */
static bool host_is_near(const char *host, struct arena *a)
{
	const char *bare = auth_host_bare(host, a);
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, bare, &v4.sin_addr) == 1)
		return nearness_of((struct sockaddr *)&v4) != NEAR_WORLD;
	if (inet_pton(AF_INET6, bare, &v6.sin6_addr) == 1)
		return nearness_of((struct sockaddr *)&v6) != NEAR_WORLD;
	return name_is_local(str_of(bare));
}

static const char *const variables[][2] = { { "https_proxy", "HTTPS_PROXY" }, { "http_proxy", "HTTP_PROXY" }, { "all_proxy", "ALL_PROXY" } };
enum { FOR_HTTPS, FOR_HTTP, FOR_ALL };

struct proxy proxy_for(const struct auth_origin *where, struct arena *a)
{
	struct proxy p = { .url = "" };
	const char *url;
	int row = streq(where->scheme, "https") ? FOR_HTTPS : FOR_HTTP;

	if (host_is_near(where->host, a))
		return p;
	url = variable(variables[row][0], variables[row][1]);
	if (!url)
		url = variable(variables[FOR_ALL][0], variables[FOR_ALL][1]);
	if (!url)
		return p;
	p.url = url;
	p.except = variable("no_proxy", "NO_PROXY");
	proxy_read(&p, a);
	return p;
}

void proxy_places(struct arena *a, struct strs *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		struct proxy p = { .url = variable(variables[i][0], variables[i][1]) };

		if (p.url)
			proxy_read(&p, a);
		if (p.host)
			strs_push(a, ret, arena_printf(a, "%s %s", p.port, p.host));
	}
}
