/* SPDX-License-Identifier: Apache-2.0 */
/* `tare login` asks a registry whether it takes a user's password, and keeps it for pull, push and the others if so. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/registries/credentials.h"
#include "image/registries/login.h"
#include "os/fd.h"
#include "os/pty.h"

struct login_options {
	const char *user, *password, *authfile, *cert_dir;
	bool password_stdin, get_login, tls_verify, verbose;
};

static const struct login_options login_defaults = { .tls_verify = true };

static const struct opt login_opts[] = {
	OPT(struct login_options, user, "username", 'u', STR, "USER", "User name"),
	OPT(struct login_options, password, "password", 'p', STR, "PASSWORD", "Password or token; others on this machine can see it"),
	OPT(struct login_options, password_stdin, "password-stdin", 0, FLAG, NULL, "Read the password from standard input"),
	OPT(struct login_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct login_options, authfile, "compat-auth-file", 0, STR, "FILE", "The same: Docker's format and containers' are one here"),
	OPT(struct login_options, get_login, "get-login", 0, FLAG, NULL, "Print the user who is logged in"),
	OPT(struct login_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct login_options, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),
	OPT(struct login_options, verbose, "verbose", 'v', FLAG, NULL, "Say where the credentials are kept"),
	OPT_REFUSED("secret", 0, "NAME", "secrets are not built yet; use --password-stdin <FILE"),
	OPT_END,
};

/* ---- asking a person ---- */

static int line_read(struct cli *c, const char *prompt, const char **ret, struct err *e)
{
	char line[1024];

	fputs(prompt, stdout);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return err_set(e, ERR_CANCELED, "nothing was typed");
	line[strcspn(line, "\r\n")] = 0;
	*ret = arena_strdup(c->a, line);
	return 0;
}

static int password_read(struct cli *c, const char **ret, struct err *e)
{
	struct termios saved, quiet;
	int r;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return err_sys(e, -errno, "terminal");
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	r = line_read(c, "Password: ", ret, e);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	putchar('\n');
	return r;
}

static int stdin_read(struct cli *c, const char **ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_TOKEN);
	int r = fd_read_buf(STDIN_FILENO, &b);

	if (r < 0)
		return err_sys(e, r, "read the password");
	while (b.n > 0 && strchr("\r\n", b.p[b.n - 1]))
		b.p[--b.n] = 0;
	if (strlen(buf_text(&b)) != b.n)
		return err_set(e, ERR_INVALID, "the password has a NUL in it");
	*ret = arena_strdup(c->a, buf_text(&b));
	return 0;
}

/* What was given, else what is kept already, else what a person types. */
static int credentials_obtain(struct cli *c, const struct login_options *o, const char *server, struct credentials *io, struct err *e)
{
	bool person = pty_is_terminal(STDIN_FILENO), kept = !o->user && !o->password && !o->password_stdin && (io->user || io->identity_token);
	int r = 0;

	if (kept) {
		puts("Authenticating with existing credentials...");
		return 0;
	}
	*io = (struct credentials){ .user = o->user, .password = o->password };
	if (o->password_stdin)
		return stdin_read(c, &io->password, e);
	if (o->password)
		fputs("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n", stderr);
	if ((!io->user || !io->password) && !person)
		return err_set(e, ERR_INVALID, "cannot ask for the password of '%s': standard input is no terminal; use --username and --password-stdin", server);
	if (!io->user)
		r = line_read(c, "Username: ", &io->user, e);
	if (r == 0 && !io->password)
		r = password_read(c, &io->password, e);
	return r;
}

static int given_check(const struct login_options *o, struct err *e)
{
	if (o->password && o->password_stdin)
		return err_set(e, ERR_INVALID, "--password and --password-stdin are mutually exclusive");
	if (o->password_stdin && !o->user)
		return err_set(e, ERR_INVALID, "--password-stdin needs --username");
	return 0;
}

/* ---- the command ---- */

static int login_keep(struct cli *c, const struct login_options *o, const char *server, const struct credentials *credentials, struct err *e)
{
	struct credentials_place place;
	int r = credentials_keep(server, credentials, o->authfile, c->a, &place, e);

	if (r < 0)
		return r;
	if (!place.helper)
		fprintf(stderr, "WARNING! Your credentials are stored unencrypted in '%s'.\nA credential helper (credsStore) would keep them safe.\n", place.path);
	if (o->verbose)
		printf("Used: %s\n", place.helper ? place.helper : place.path);
	return 0;
}

static int login_run(struct cli *c, const void *options, struct err *e)
{
	const struct login_options *o = options;
	struct endpoint_options eo = { .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .cert_dir = o->cert_dir };
	const char *server, *host, *path;
	struct image_store *store;
	struct endpoint p;
	int r = login_server(c->args.n ? c->args.v[0] : "docker.io", c->a, &server, e);

	if (r == 0)
		r = given_check(o, e);
	if (r < 0)
		return r;
	host = arena_strndup(c->a, server, strcspn(server, "/"));
	path = server[strlen(host)] ? server + strlen(host) + 1 : NULL;
	/* A file that is named may come into being here; so far there is nothing in it. */
	if (o->authfile && access(o->authfile, F_OK) < 0 && !o->get_login)
		eo.authfile = "/dev/null";
	r = endpoint_find(host, path, &eo, c->a, &p, e);
	if (r < 0)
		return r;
	if (o->get_login) {
		if (!p.credentials.user && !p.credentials.identity_token)
			return err_set(e, ERR_NOT_FOUND, "not logged in to '%s'", server);
		puts(p.credentials.user ? p.credentials.user : "<token>");
		return 0;
	}
	p.repository = NULL;
	r = credentials_obtain(c, o, server, &p.credentials, e);
	if (r == 0)
		r = cli_images(c, &store, e);
	if (r == 0 && (r = login_check(store, &p, e)) < 0)
		return err_wrap(e, "log in to '%s'", server);
	if (r == 0)
		r = login_keep(c, o, server, &p.credentials, e);
	if (r == 0)
		puts("Login Succeeded");
	return r;
}

const struct command login_command = {
	.names = { "login" },
	.group = "Registries",
	.summary = "Log in to a registry",
	.args = "[REGISTRY]",
	.max_args = 1,
	.opts = { login_opts },
	.options_size = sizeof(struct login_options),
	.defaults = &login_defaults,
	.run = login_run,
};
