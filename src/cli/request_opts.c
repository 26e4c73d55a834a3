/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/request_opts.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/cancel.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "engine/request.h"
#include "network/publish.h"
#include "os/file.h"


/* ---- flags with a grammar of their own; engine/request.h knows it ---- */

static const char *cwd_of(struct arena *a)
{
	char cwd[LIMIT_PATH];

	return arena_strdup(a, getcwd(cwd, sizeof cwd) ? cwd : "/");
}

static int take_volume(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_volume(&((struct request_options *)options)->q, value, cwd_of(a), a, e);
}

static int take_mount(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_mount(&((struct request_options *)options)->q, value, cwd_of(a), a, e);
}

static int take_volumes_from(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_volumes_from(&((struct request_options *)options)->q, value, a, e);
}

static int take_volume_driver(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_volume_driver(value, e);
}

static int take_image_volume(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_image_volume(&((struct request_options *)options)->q, value, e);
}

static int take_secret(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_secret(&((struct request_options *)options)->q, value, a, e);
}

static int take_tmpfs(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_tmpfs(&((struct request_options *)options)->q, value, a, e);
}

static int take_env(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_env(&((struct request_options *)options)->q.env, value, a, e);
}

static int take_host(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_host(&((struct request_options *)options)->q, value, a, e);
}

static int take_label(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&((struct request_options *)options)->q.labels, "label", value, false, a, e);
}

static int take_annotation(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&((struct request_options *)options)->q.annotations, "annotation", value, true, a, e);
}

static int take_log_opt(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&((struct request_options *)options)->q.log_opts, "log-opt", value, true, a, e);
}

static int take_storage_opt(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_storage_opt(&((struct request_options *)options)->q, value, e);
}

static int take_port(void *options, const char *value, struct arena *a, struct err *e)
{
	struct container_request *q = &((struct request_options *)options)->q;

	return publish_parse(value, a, &q->ports, &q->n_ports, e);
}

static int take_network(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_network(&((struct request_options *)options)->q, value, a, e);
}

static int take_alias(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_alias(&((struct request_options *)options)->q, value, a, e);
}

static int take_mac(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_mac(&((struct request_options *)options)->q, value, e);
}

static int take_expose(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_expose(&((struct request_options *)options)->q, value, a, e);
}

static int take_entrypoint(void *options, const char *value, struct arena *a, struct err *e)
{
	struct container_request *q = &((struct request_options *)options)->q;

	q->has_entrypoint = true;
	q->entrypoint = (struct strs){ 0 };
	if (*value)
		strs_push(a, &q->entrypoint, value);
	return 0;
}

#define R struct request_options
const struct opt request_opts[] = {
	/* clang-format off */
	OPT(R, q.name,               "name",               0,   STR,     "NAME",       "Name of the container (default: a made-up one)"),
	OPT(R, q.hostname,           "hostname",           'h', STR,     "NAME",       "Host name inside"),
	OPT(R, q.domainname,         "domainname",         0,   STR,     "NAME",       "NIS domain name inside"),
	OPT(R, q.user,               "user",               'u', STR,     "USER[:GROUP]", "User and group, by name or number"),
	OPT(R, q.group_add,          "group-add",          0,   STRS,    "GROUP",      "Further group"),
	OPT(R, q.workdir,            "workdir",            'w', STR,     "DIR",        "Working directory inside"),
	OPT_CALL("entrypoint",       0,   take_entrypoint, "PROGRAM",                  "Instead of the image's entrypoint; \"\" clears it"),
	OPT_CALL("env",              'e', take_env,        "NAME[=VALUE]",             "Environment variable; without value: ours"),
	OPT(R, env_files,            "env-file",           0,   STRS,    "FILE",       "Environment variables, one a line"),
	OPT_CALL("label",            'l', take_label,      "KEY[=VALUE]",              "Label"),
	OPT_CALL("annotation",       0,   take_annotation, "KEY=VALUE",                "Annotation for the OCI runtime"),
	OPT(R, q.tty,                "tty",                't', FLAG,    NULL,         "Give it a terminal"),
	OPT(R, q.interactive,        "interactive",        'i', FLAG,    NULL,         "Keep its standard input open"),
	OPT(R, q.auto_remove,        "rm",                 0,   FLAG,    NULL,         "Remove it when it ends"),
	OPT(R, q.init,               "init",               0,   FLAG,    NULL,         "A tiny init that forwards signals and reaps"),
	OPT_CALL("volume",           'v', take_volume,     "[SOURCE:]TARGET[:OPTIONS]", "Bind mount or volume"),
	OPT_CALL("mount",            0,   take_mount,      "type=T,source=S,target=T", "Mount: bind, volume, tmpfs, image or devpts"),
	OPT_CALL("volumes-from",     0,   take_volumes_from, "CONTAINER[:ro]",         "The volumes and binds of another container"),
	OPT_CALL("volume-driver",    0,   take_volume_driver, "DRIVER",                "local, the only one"),
	OPT_CALL("image-volume",     0,   take_image_volume, "HOW",                    "Volumes of the image: bind (default), tmpfs or ignore"),
	OPT(R, q.read_only_tmpfs,    "read-only-tmpfs",    0,   FLAG,    NULL,         "With --read-only: memory at /run, /tmp and /var/tmp"),
	OPT_CALL("secret",           0,   take_secret,     "NAME[,OPTIONS]",           "Secret as a file below /run/secrets, or type=env"),
	OPT_CALL("tmpfs",            0,   take_tmpfs,      "TARGET[:OPTIONS]",         "Fresh memory file system"),
	OPT(R, q.read_only,          "read-only",          0,   FLAG,    NULL,         "Root file system cannot be written"),
	OPT_CALL("storage-opt",      0,   take_storage_opt, "size=SIZE",               "Limit what it may write to its root file system"),
	OPT(R, q.shm_size,           "shm-size",           0,   SIZE,    "SIZE",       "Size of /dev/shm (default 64m)"),
	OPT(R, q.userns.mode,        "userns",             0,   STR,     "MODE",       "host (default), auto[:size=N], keep-id[:uid=N,gid=N], nomap, container:NAME"),
	OPT(R, q.userns.uidmap,      "uidmap",             0,   STRS,    "IN:OUT:COUNT", "Ids of users in a user namespace of its own"),
	OPT(R, q.userns.gidmap,      "gidmap",             0,   STRS,    "IN:OUT:COUNT", "Ids of groups in it"),
	OPT(R, q.userns.subuidname,  "subuidname",         0,   STR,     "NAME",       "The ids /etc/subuid gives to that user"),
	OPT(R, q.userns.subgidname,  "subgidname",         0,   STR,     "NAME",       "The ids /etc/subgid gives to that group"),
	OPT_CALL("network",          0,   take_network,    "NETWORK[:OPTIONS]",        "Networks (default bridge), or none, host, container:NAME, ns:PATH"),
	OPT_CALL("net",              0,   take_network,    "NETWORK",                  NULL),
	OPT_CALL("network-alias",    0,   take_alias,      "NAME",                     "Further name in its networks"),
	OPT_CALL("net-alias",        0,   take_alias,      "NAME",                     NULL),
	OPT(R, q.ip,                 "ip",                 0,   STR,     "ADDRESS",    "IPv4 address in the first network"),
	OPT(R, q.ip6,                "ip6",                0,   STR,     "ADDRESS",    "IPv6 address in the first network"),
	OPT_CALL("mac-address",      0,   take_mac,        "MAC",                      "MAC address in the first network"),
	OPT_CALL("publish",          'p', take_port,       "[[IP:]HOST:]PORT[/udp]",   "Publish a port, or a range of ports, on the host"),
	OPT_CALL("expose",           0,   take_expose,     "PORT[/udp]",               "Port it serves: shown, and published by -P"),
	OPT(R, q.publish_all,        "publish-all",        'P', FLAG,    NULL,         "Publish every port the image exposes"),
	OPT(R, q.dns,                "dns",                0,   STRS,    "ADDRESS",    "Name server"),
	OPT(R, q.dns_search,         "dns-search",         0,   STRS,    "DOMAIN",     "Search domain"),
	OPT(R, q.dns_options,        "dns-option",         0,   STRS,    "OPTION",     "Resolver option"),
	OPT_CALL("add-host",         0,   take_host,       "NAME:IP",                  "Line for /etc/hosts"),
	OPT(R, q.log_driver,         "log-driver",         0,   STR,     "DRIVER",     "json-file (default), k8s-file, journald, none, passthrough"),
	OPT_CALL("log-opt",          0,   take_log_opt,    "NAME=VALUE",               "max-size, max-file, path, labels, env, tag, mode, …"),
	OPT(R, q.stop_signal,        "stop-signal",        0,   STR,     "SIGNAL",     "Signal that ends it (default TERM)"),
	OPT(R, q.stop_timeout,       "stop-timeout",       0,   OPT_I64, "SECONDS",    "Patience of stop before it kills (default 10)"),
	OPT(R, q.runtime,            "runtime",            0,   STR,     "PROGRAM",    "OCI runtime: tare-runtime, runc, crun, …"),
	OPT(R, q.pull,               "pull",               0,   STR,     "WHEN",       "always, missing (default) or never"),
	OPT(R, q.platform,           "platform",           0,   STR,     "OS/ARCH",    "Platform of the image"),
	OPT(R, tls_verify,           "tls-verify",         0,   FLAG,    NULL,         "Insist on a trusted certificate when pulling (default true)"),
	OPT(R, authfile,             "authfile",           0,   STR,     "FILE",       "Credentials file for pulling"),
	OPT(R, cidfile,              "cidfile",            0,   STR,     "FILE",       "Write the id there"),
	OPT(R, quiet,                "quiet",              'q', FLAG,    NULL,         "Show no progress of pulling"),





	CONTENT_TRUST_OPT,
	OPT_UNSUPPORTED("label-file", 0, "FILE"),
	OPT_REFUSED("link", 0, "CONTAINER", "containers of one network made by 'tare network create' find each other by name"),
	OPT_REFUSED("link-local-ip", 0, "ADDRESS", "addresses come from the subnet of the network"),
	/* clang-format on */
	OPT_END,
};
#undef R

/* ---- after parsing ---- */

int request_env_files(struct cli *c, const struct strs *files, const struct strs *words, struct strs *ret, struct err *e)
{
	struct strs env = { 0 };

	for (size_t i = 0; i < files->n; i++) {
		size_t n;
		char *text;
		int r = file_read(AT_FDCWD, files->v[i], LIMIT_DOCUMENT, c->a, &text, &n);

		if (r < 0)
			return err_sys(e, r, "open env file '%s'", files->v[i]);
		r = request_env_file(&env, (struct str){ text, n }, files->v[i], c->a, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < words->n; i++)
		strs_push(c->a, &env, words->v[i]);
	*ret = env;
	return 0;
}

int request_opts_finish(struct cli *c, const struct request_options *o, struct container_request *ret, struct err *e)
{
	struct container_request q = o->q;
	int r;

	r = request_env_files(c, &o->env_files, &o->q.env, &q.env, e);
	if (r < 0)
		return r;
	q.image = c->args.v[0];
	q.args = (struct strs){ c->args.v + 1, c->args.n - 1 };
	r = request_network_finish(&q, c->a, e);
	if (r < 0)
		return r;
	*ret = q;
	return 0;
}

int request_cidfile_claim(const struct request_options *o, int *ret_fd, struct err *e)
{
	*ret_fd = -EBADF;
	if (!o->cidfile)
		return 0;
	*ret_fd = open(o->cidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (*ret_fd < 0)
		return errno == EEXIST ? err_set(e, ERR_EXISTS, "container id file '%s' exists; remove it or choose another", o->cidfile)
				       : err_sys(e, -errno, "create container id file '%s'", o->cidfile);
	return 0;
}

int request_cidfile_write(const struct request_options *o, int fd, const char *id, struct err *e)
{
	int r;

	if (fd < 0)
		return 0;
	if (!id) {
		unlink(o->cidfile);
		return 0;
	}
	r = fd_write_all(fd, id, strlen(id));
	return r < 0 ? err_sys(e, r, "write container id file '%s'", o->cidfile) : 0;
}

static void say_line(void *arg, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

/* What follows the pull is not interrupted so: a signal is for the container then. */
static void pull_is_cancelable(void *arg, bool begins)
{
	struct pull_options *pull = arg;

	if (begins)
		pull->cancel_fd = cancel_open();
	else
		cancel_close();
}

void request_progress(struct cli *c, const struct request_options *o, struct engine_progress *ret, struct pull_options *pull)
{
	*pull = (struct pull_options){ .platform = o->q.platform, .no_tls_verify = !o->tls_verify, .authfile = o->authfile };
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDERR_FILENO), pull);
	*ret = (struct engine_progress){ .pull = pull, .pulling = pull_is_cancelable, .line = o->quiet ? NULL : say_line, .arg = pull };
}
