/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns.h"

#include <string.h>

#include "network/addr.h"

/* What stands in when the host's own nameservers cannot be reached from a namespace: docker's choice, so images behave the same. */
static const char *const public_servers[] = { "8.8.8.8", "8.8.4.4" };

static const char resolved_stub[] = "127.0.0.53";

/* One line after another; blanks around it are gone. */
static bool next_line(struct str *text, struct str *ret)
{
	if (!text->p || text->n == 0)
		return false;
	*ret = str_cut(*text, '\n', text);
	while (ret->n && strchr(" \t\r", ret->p[ret->n - 1]))
		ret->n--;
	while (ret->n && strchr(" \t", ret->p[0]))
		*ret = (struct str){ ret->p + 1, ret->n - 1 };
	return true;
}

/* The rest of a line that begins with @word and a blank. */
static bool line_value(struct str line, const char *word, struct str *ret)
{
	size_t n = strlen(word);

	if (line.n <= n || memcmp(line.p, word, n) != 0 || !strchr(" \t", line.p[n]))
		return false;
	*ret = (struct str){ line.p + n, line.n - n };
	while (ret->n && strchr(" \t", ret->p[0]))
		*ret = (struct str){ ret->p + 1, ret->n - 1 };
	return ret->n > 0;
}

static bool server_is_loopback(struct str server)
{
	char text[ADDR_TEXT_SIZE];
	struct addr x;

	if (server.n >= sizeof text)
		return false;
	memcpy(text, server.p, server.n);
	text[server.n] = '\0';
	return addr_parse(text, &x) == 0 && addr_is_loopback(&x);
}

/* A word that may stand in a line of these files: one line, no blanks. */
static bool is_word(const char *s)
{
	return *s && !s[strcspn(s, " \t\r\n#;")];
}

static int check_words(const struct strs *list, const char *what, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!is_word(list->v[i]))
			return err_set(e, ERR_INVALID, "invalid %s '%s'", what, list->v[i]);
	}
	return 0;
}

static int finish(struct buf *b, const char *what, struct err *e)
{
	return buf_is_full(b) ? err_set(e, ERR_INVALID, "%s outgrows %zu bytes", what, b->max) : 0;
}

/* ---- resolv.conf --------------------------------------------------------------------------------------------------------------------- */

static int add_servers(const struct dns_request *q, const char *host_text, struct buf *ret, struct err *e)
{
	struct str text = str_of(host_text), line, value;
	size_t n = 0;

	for (size_t i = 0; i < q->servers.n; i++, n++) {
		struct addr x;

		if (addr_parse(q->servers.v[i], &x) < 0 || x.prefix != addr_bits(&x))
			return err_set(e, ERR_INVALID, "invalid nameserver '%s': an IP address is needed", q->servers.v[i]);
		buf_printf(ret, "nameserver %s\n", q->servers.v[i]);
	}
	while (q->servers.n == 0 && next_line(&text, &line)) {
		if (!line_value(line, "nameserver", &value) || (!q->host_network && server_is_loopback(value)))
			continue;
		buf_printf(ret, "nameserver " STR_FMT "\n", STR_ARG(value));
		n++;
	}
	if (n == 0 && q->forwarder) {
		buf_printf(ret, "nameserver %s\n", q->forwarder);
		return 0;
	}
	for (size_t i = 0; n == 0 && i < ARRAY_LEN(public_servers); i++)
		buf_printf(ret, "nameserver %s\n", public_servers[i]);
	return 0;
}

/* A line made of the given words, or the host's lines of that kind. */
static void add_words(const char *word, const struct strs *given, const char *host_text, struct buf *ret)
{
	struct str text = str_of(host_text), line, value;

	if (given->n == 1 && streq(given->v[0], "."))
		return;
	if (given->n > 0) {
		buf_add_str(ret, word);
		for (size_t i = 0; i < given->n; i++)
			buf_printf(ret, " %s", given->v[i]);
		buf_add_char(ret, '\n');
	}
	while (given->n == 0 && next_line(&text, &line)) {
		if (line_value(line, word, &value))
			buf_printf(ret, "%s " STR_FMT "\n", word, STR_ARG(value));
	}
}

int dns_resolv_conf(const struct dns_request *q, const char *host_text, struct buf *ret, struct err *e)
{
	int r;

	r = check_words(&q->searches, "search domain", e);
	if (r == 0)
		r = check_words(&q->options, "resolver option", e);
	if (r == 0)
		r = add_servers(q, host_text, ret, e);
	if (r < 0)
		return r;
	add_words("search", &q->searches, host_text, ret);
	add_words("options", &q->options, host_text, ret);
	return finish(ret, "resolv.conf", e);
}

const char *dns_host_file(const char *etc_resolv_conf_text)
{
	struct str text = str_of(etc_resolv_conf_text), line, value;
	bool stub = false;

	while (next_line(&text, &line)) {
		if (!line_value(line, "nameserver", &value))
			continue;
		if (!str_is(value, resolved_stub))
			return "/etc/resolv.conf";
		stub = true;
	}
	return stub ? "/run/systemd/resolve/resolv.conf" : "/etc/resolv.conf";
}

/* ---- hosts and hostname --------------------------------------------------------------------------------------------------------------- */

static const char hosts_head[] =
	"127.0.0.1\tlocalhost\n"
	"::1\tlocalhost ip6-localhost ip6-loopback\n"
	"fe00::\tip6-localnet\n"
	"ff00::\tip6-mcastprefix\n"
	"ff02::1\tip6-allnodes\n"
	"ff02::2\tip6-allrouters\n";

static int add_host(const struct dns_request *q, const struct container_host *h, struct buf *ret, struct err *e)
{
	const char *ip = streq(h->ip, "host-gateway") ? q->gateway : h->ip;
	struct addr x;

	if (!ip)
		return err_set(e, ERR_INVALID, "host '%s': this network has no gateway to the host", h->name);
	if (!is_word(h->name) || addr_parse(ip, &x) < 0 || x.prefix != addr_bits(&x))
		return err_set(e, ERR_INVALID, "host '%s:%s': a name and an IP address are needed", h->name, ip);
	buf_printf(ret, "%s\t%s\n", ip, h->name);
	return 0;
}

int dns_hosts(const struct dns_request *q, const char *host_text, struct buf *ret, struct err *e)
{
	if ((q->hostname && !is_word(q->hostname)) || (q->domainname && *q->domainname && !is_word(q->domainname)))
		return err_set(e, ERR_INVALID, "invalid host name '%s'", q->hostname);
	buf_add_str(ret, q->host_network && host_text ? host_text : hosts_head);
	if (ret->n && ret->p[ret->n - 1] != '\n')
		buf_add_char(ret, '\n');
	for (size_t i = 0; i < q->n_hosts; i++) {
		int r = add_host(q, &q->hosts[i], ret, e);

		if (r < 0)
			return r;
	}
	if (q->names_gateway && q->gateway)
		buf_printf(ret, "%s\thost.containers.internal host.docker.internal\n", q->gateway);
	for (size_t i = 0; q->hostname && i < q->n_addresses; i++) {
		buf_printf(ret, "%s\t", q->addresses[i].ip);
		if (q->domainname && *q->domainname)
			buf_printf(ret, "%s.%s ", q->hostname, q->domainname);
		buf_printf(ret, "%s\n", q->hostname);
	}
	return finish(ret, "hosts file", e);
}

int dns_hostname(const struct dns_request *q, struct buf *ret, struct err *e)
{
	if (!q->hostname || !is_word(q->hostname))
		return err_set(e, ERR_INVALID, "invalid host name '%s'", q->hostname ? q->hostname : "");
	buf_printf(ret, "%s\n", q->hostname);
	return finish(ret, "hostname file", e);
}
