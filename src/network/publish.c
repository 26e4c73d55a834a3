/* SPDX-License-Identifier: Apache-2.0 */
#include "network/publish.h"

#include <sys/socket.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "network/addr.h"

static const char *const protocols[] = { "tcp", "udp", "sctp" };

/* The parts of one -p, cut but not judged. */
struct publish_parts {
	const char *ip, *host, *port, *protocol;
};

static const char *find_protocol(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		if (streq(protocols[i], word))
			return protocols[i];
	}
	return NULL;
}

/* Cuts "[ip:][host:]port[/protocol]" from the right; @text is ours to change. */
static int cut_parts(char *text, struct publish_parts *ret)
{
	char *slash = strchr(text, '/'), *colon;

	*ret = (struct publish_parts){ .protocol = "tcp" };
	if (slash) {
		*slash = '\0';
		ret->protocol = find_protocol(slash + 1);
	}
	colon = strrchr(text, ':');
	ret->port = colon ? colon + 1 : text;
	if (!colon)
		return 0;
	*colon = '\0';
	colon = strrchr(text, ':');
	ret->host = colon ? colon + 1 : text;
	if (!colon)
		return 0;
	*colon = '\0';
	ret->ip = text;
	if (text[0] == '[') {
		size_t n = strlen(text);

		if (text[n - 1] != ']')
			return -EINVAL;
		text[n - 1] = '\0';
		ret->ip = text + 1;
	}
	return 0;
}

/* NULL if none is said. */
static int parse_ip(const char *ip, struct arena *a, const char **ret)
{
	struct addr x;
	char *text;

	*ret = NULL;
	if (!ip || !*ip)
		return 0;
	if (strchr(ip, '/') || addr_parse(ip, &x) < 0)
		return -EINVAL;
	text = arena_alloc(a, ADDR_TEXT_SIZE);
	addr_print(&x, text);
	*ret = text;
	return 0;
}

static struct container_port *push_port(struct arena *a, struct container_port **ports, size_t *n_ports)
{
	if (vec_at_power(*n_ports)) {
		struct container_port *v = arena_array(a, struct container_port, *n_ports ? *n_ports * 2 : 1);

		if (*n_ports)
			memcpy(v, *ports, *n_ports * sizeof *v);
		*ports = v;
	}
	return &(*ports)[(*n_ports)++];
}

int publish_parse(const char *text, struct arena *a, struct container_port **ports, size_t *n_ports, struct err *e)
{
	struct publish_parts parts;
	uint16_t first, last, host_first = 0, host_last = 0;
	const char *ip;

	if (cut_parts(arena_strdup(a, text), &parts) < 0 || parse_ip(parts.ip, a, &ip) < 0)
		return err_set(e, ERR_INVALID, "port '%s': invalid host address", text);
	if (!parts.protocol)
		return err_set(e, ERR_INVALID, "port '%s': the protocol must be tcp, udp or sctp", text);
	if (parse_port_range(parts.port, &first, &last) < 0)
		return err_set(e, ERR_INVALID, "port '%s': invalid container port '%s'", text, parts.port);
	if (parts.host && *parts.host && !streq(parts.host, "0")) {
		if (parse_port_range(parts.host, &host_first, &host_last) < 0)
			return err_set(e, ERR_INVALID, "port '%s': invalid host port '%s'", text, parts.host);
		if (host_last - host_first != last - first && first != last)
			return err_set(e, ERR_INVALID, "port '%s': host and container ranges have different lengths", text);
	}
	if (*n_ports + last - first >= LIMIT_NETWORK_PORTS)
		return err_set(e, ERR_INVALID, "port '%s': more than %d published ports", text, LIMIT_NETWORK_PORTS);
	for (uint32_t i = 0; i <= (uint32_t)last - first; i++)
		*push_port(a, ports, n_ports) = (struct container_port){
			.host_ip = ip,
			.host_port = host_first ? host_first + i : 0,
			.host_port_last = first == last && host_last > host_first ? host_last : 0,
			.port = first + i,
			.protocol = parts.protocol,
		};
	return 0;
}

static bool is_published(const char *exposed, const struct container_port *ports, size_t n_ports)
{
	char text[32];

	for (size_t i = 0; i < n_ports; i++) {
		snprintf(text, sizeof text, "%u/%s", ports[i].port, ports[i].protocol);
		if (streq(text, exposed))
			return true;
	}
	return false;
}

const char *publish_print(const struct container_port *ports, size_t n_ports, const struct strs *exposed, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	for (size_t i = 0; i < n_ports; i++) {
		const struct container_port *p = &ports[i];
		const char *ip = p->host_ip ? p->host_ip : "0.0.0.0";
		bool six = strchr(ip, ':');

		buf_printf(&b, "%s%s%s%s:%u->%u/%s", b.n ? ", " : "", six ? "[" : "", ip, six ? "]" : "", p->host_port, p->port, p->protocol);
	}
	for (size_t i = 0; exposed && i < exposed->n; i++) {
		if (!is_published(exposed->v[i], ports, n_ports))
			buf_printf(&b, "%s%s", b.n ? ", " : "", exposed->v[i]);
	}
	return arena_strdup(a, buf_text(&b));
}
