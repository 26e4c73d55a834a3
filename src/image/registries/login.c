/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/login.h"

#include <string.h>

#include "base/limits.h"
#include "image/courier.h"

static bool is_hub(const char *host)
{
	return strcmp(host, "index.docker.io") == 0 || strcmp(host, "registry-1.docker.io") == 0 || strcmp(host, "docker.io") == 0;
}

int login_server(const char *text, struct arena *a, const char **ret, struct err *e)
{
	const char *rest = str_after(text, "https://");
	struct reference ref;
	char *server, *end;
	size_t host;

	rest = rest ? rest : str_after(text, "http://");
	server = arena_strdup(a, rest ? rest : text);
	for (end = server + strlen(server); end > server && end[-1] == '/';)
		*--end = 0;
	host = strcspn(server, "/");
	if (is_hub(arena_strndup(a, server, host))) {
		*ret = "docker.io";
		return 0;
	}
	/* With a scheme it is a URL, of which the host is meant; otherwise it may be the beginning of image names. */
	if (rest)
		server[host] = 0;
	if (reference_parse(arena_printf(a, "%s/x", server), a, &ref, e) < 0 || strlen(ref.host) != host || strncmp(ref.host, server, host) != 0)
		return err_set(e, ERR_INVALID, "'%.200s' is no registry: its host has a dot or a port, or is localhost", text);
	*ret = server;
	return 0;
}

int login_check(struct image_store *s, const struct endpoint *p, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_courier struct courier courier = COURIER_NONE;
	struct transfer_message task = endpoint_task(p);
	struct document ignored;
	int r = courier_open(&courier, s, &task, NULL, 0, 0, e);

	if (r == 0)
		r = courier_get(&courier, "//", NULL, LIMIT_ERROR_BODY, &a, &ignored, e);
	return r;
}
