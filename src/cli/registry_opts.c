/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry_opts.h"

#include "base/parse.h"

const struct opt registry_opts[] = {
	OPT(struct registry_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct registry_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct registry_options, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this command"),
	OPT(struct registry_options, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),
	OPT_END,
};

struct pull_options registry_options_pull(const struct registry_options *o)
{
	return (struct pull_options){ .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds, .cert_dir = o->cert_dir };
}

int content_trust_take(void *options, const char *value, struct arena *a, struct err *e)
{
	bool disable;

	if (parse_bool(value, &disable) < 0)
		return err_set(e, ERR_INVALID, "'%s' is not true or false", value);
	return disable ? 0 : err_set(e, ERR_UNSUPPORTED, "unsupported: --disable-content-trust=false: Notary v1 is no more; require signatures in policy.json");
}
