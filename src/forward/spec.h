/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * spec: one line of what is to be forwarded.
 *
 *     tcp * 8080 172.30.0.2 80
 *     udp 127.0.0.1 5353 172.30.0.2 53
 *
 * "*" is every address of both families. Pure.
 */
#include <netinet/in.h>
#include <stdbool.h>

union forward_addr {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct forward_spec {
	bool udp;
	bool every;                  /* "*": @host is [::] for both families */
	union forward_addr host, to;
};

/* Errors: -EINVAL. */
int forward_spec_parse(const char *line, struct forward_spec *ret);
