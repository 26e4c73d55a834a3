/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attachment: one container in one network, for whoever answers names there.
 *
 *     <run>/attachments/<container id>@<network>      one JSON document; there from the moment the address answers until it is given back
 *
 * Only networks with name service have such files: those that people made, without --disable-dns. The default bridge has none, so a container
 * in it costs nothing here. A file is written whole under a name that begins with '.', then renamed (inotify: IN_MOVED_TO), also when names change; it is
 * removed (IN_DELETE) by the end of the container, by disconnect, or by network_heal() if the container was killed. Network names are
 * [A-Za-z0-9][A-Za-z0-9_.-]*, so the '@' is unique.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "codec/json.h"

enum { ATTACHMENT_VERSION = 1 };        /* newer than the program: skip the file */

struct attachment {
	uint32_t version;
	const char *network;         /* name */
	const char *container;       /* full id */
	struct strs names;           /* what it answers to: its name, its aliases in this network, its short id; the first is the answer of a reverse look-up */
	const char *ip;              /* "10.1.0.2"; NULL: no IPv4 */
	const char *ip6;             /* NULL: no IPv6 */
	const char *bridge;          /* link of the network on the host; NULL: it has none (macvlan, ipvlan) */
	const char *gateway;         /* the bridge's own addresses: where a server on the host is reached; NULL: none of that family */
	const char *gateway6;
	bool internal;               /* the network has no way out: names of the outside are refused (CVE-2024-29018) */
	struct strs upstreams;       /* nameservers for the outside: the container's --dns, else the network's; empty: the host's */
	bool own_upstreams;          /* they are the container's: a change of the network's does not touch them */
	struct strs searches;        /* --dns-search of the container */
};
extern const struct schema attachment_schema;
