/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/proxy.h"

#include <stdlib.h>
#include <string.h>

static const char *variable(const char *lower, const char *upper)
{
	const char *v = getenv(lower);

	if (!v || !*v)
		v = getenv(upper);
	return v && *v ? v : NULL;
}

struct proxy proxy_for(const struct auth_origin *where)
{
	const char *url;

	if (auth_host_is_loopback(where->host))
		return (struct proxy){ .url = "" };
	url = streq(where->scheme, "https") ? variable("https_proxy", "HTTPS_PROXY") : variable("http_proxy", "HTTP_PROXY");
	if (!url)
		url = variable("all_proxy", "ALL_PROXY");
	return (struct proxy){ url ? url : "", variable("no_proxy", "NO_PROXY") };
}
