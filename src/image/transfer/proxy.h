/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * proxy: which proxy the environment names for a host, in both spellings that people use: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, upper or lower case
 * (lower wins, as with curl; curl alone would not see HTTP_PROXY). Addresses of this machine and its link (nearness.h) are never reached through one. A SOCKS
 * proxy looks names up itself.
 */
#include "image/transfer/auth.h"

struct proxy {
	const char *url;         /* "": none */
	const char *host, *port; /* of it; NULL if there is none, or it cannot be read */
	const char *except;      /* curl's grammar of NO_PROXY, or NULL */
};

struct proxy proxy_for(const struct auth_origin *where, struct arena *a);

/* "PORT HOST" of all proxies the environment names, for dialer_start(). */
void proxy_places(struct arena *a, struct strs *ret);
