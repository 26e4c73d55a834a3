/* SPDX-License-Identifier: Apache-2.0 */
/* `tare logout` forgets the credentials for a registry, in every file and in the helpers they name. */
#include "cli/commands.h"

#include <stdio.h>

#include "image/registries/credentials.h"
#include "image/registries/login.h"

struct logout_options {
	bool all;
	const char *authfile;
};

static const struct opt logout_opts[] = {
	OPT(struct logout_options, all, "all", 'a', FLAG, NULL, "Of all registries"),
	OPT(struct logout_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct logout_options, authfile, "compat-auth-file", 0, STR, "FILE", "The same"),
	OPT_END,
};

static int logout_run(struct cli *c, const void *options, struct err *e)
{
	const struct logout_options *o = options;
	const char *server = NULL;
	struct strs dropped = { 0 };
	int r = 0;

	if (o->all && c->args.n)
		return err_set(e, ERR_INVALID, "--all takes no registry");
	if (!o->all)
		r = login_server(c->args.n ? c->args.v[0] : "docker.io", c->a, &server, e);
	if (r == 0)
		r = credentials_drop(server, o->authfile, c->a, &dropped, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < dropped.n; i++)
		printf("Removing login credentials for %s\n", dropped.v[i]);
	if (dropped.n == 0)
		printf("Not logged in to %s\n", server ? server : "any registry");
	return 0;
}

const struct command logout_command = {
	.names = { "logout" },
	.group = "Registries",
	.summary = "Forget the credentials for a registry",
	.args = "[REGISTRY]",
	.max_args = 1,
	.opts = { logout_opts },
	.options_size = sizeof(struct logout_options),
	.run = logout_run,
};
