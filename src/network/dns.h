/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * dns: the three small files that tell a container its names: /etc/hosts, /etc/resolv.conf, /etc/hostname. Text in, text out; the engine
 * writes them into <run>/containers/<id>/ and bind-mounts them.
 */
#include "base/buf.h"
#include "base/err.h"
#include "spec/container.h"

struct dns_request {
	const char *hostname;
	const char *domainname;              /* NULL or the part after the first dot */
	const struct container_address *addresses;
	size_t n_addresses;                  /* 0: "none" network */
	const struct container_host *hosts;  /* --add-host; an ip of "host-gateway" becomes @gateway */
	size_t n_hosts;
	const char *gateway;                 /* address under which the container reaches its host, or NULL */
	bool names_gateway;                  /* as podman: host.containers.internal is that address */
	const char *forwarder;               /* asks the host's nameservers on loopback for the container; NULL: nobody does */
	struct strs servers, searches, options; /* --dns, --dns-search ("." alone: none), --dns-option */
	bool host_network;                   /* shares the host's stack: nameservers on loopback work and the host's own hosts file is kept */
};

/* /etc/hosts. @host_text: the host's own file, read only with host_network; may be NULL. Errors: ERR_INVALID (bad name or address). */
int dns_hosts(const struct dns_request *q, const char *host_text, struct buf *ret, struct err *e);

/*
 * /etc/resolv.conf from the host's. Nameservers on loopback are dropped unless host_network; if none is left, public resolvers stand in (as
 * docker does). Any of servers, searches, options given replaces the host's of that kind.
 */
int dns_resolv_conf(const struct dns_request *q, const char *host_text, struct buf *ret, struct err *e);

/* The file of the host worth reading: systemd-resolved's real list if /etc/resolv.conf names only its stub, else /etc/resolv.conf. */
const char *dns_host_file(const char *etc_resolv_conf_text);

/* /etc/hostname. */
int dns_hostname(const struct dns_request *q, struct buf *ret, struct err *e);
