/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/launch_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/apparmor.h"
#include "engine/config.h"
#include "engine/events.h"
#include "engine/health.h"
#include "engine/log_plan.h"
#include "engine/secrets.h"
#include "engine/delegated.h"
#include "engine/idmap.h"
#include "engine/namespaces.h"
#include "engine/supervise.h"
#include "engine/volume.h"
#include "image/snapshot/mapped.h"
#include "network/dns.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/path_safe.h"

enum { SMALL_FILE_MAX = 1024 * 1024 };       /* hosts, resolv.conf: a --add-host list may be long */

/* ---- files the container sees ---------------------------------------------------------------------------------------------------------------------- */

/* What the container sees is its root's, to be changed. */
static int give_to_root(const struct launch *l, const char *name)
{
	uint32_t uid, gid;

	if (!idmap_root(&l->h->c, &uid, &gid))
		return 0;
	return fchownat(l->h->live, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int live_file(struct launch *l, const char *name, const struct buf *b, mode_t mode, struct err *e)
{
	int r = buf_is_full(b) ? -E2BIG : file_create(l->h->live, name, buf_text(b), b->n, mode);

	if (r == 0 && mode & 0044)
		r = give_to_root(l, name);
	return r < 0 ? err_sys(e, r, "write '%s/%s'", l->h->live_path, name) : 0;
}

/* A file of the host; NULL if it cannot be read. */
static const char *host_file(const char *path, struct arena *a)
{
	char *text;

	return file_read(AT_FDCWD, path, SMALL_FILE_MAX, a, &text, NULL) == 0 ? text : NULL;
}

static const char *host_resolv_conf(struct arena *a)
{
	const char *text = host_file("/etc/resolv.conf", a);
	const char *better = dns_host_file(text ? text : "");

	return streq(better, "/etc/resolv.conf") ? text : host_file(better, a);
}

static int names_write(struct launch *l, struct err *e)
{
	const struct container *c = &l->h->c;
	bool host_network = !l->nets.netns_path && !joined_wants_netns(&l->nets);
	struct dns_request q = {
		.hostname = c->hostname, .domainname = c->request.domainname,
		.addresses = l->state.addresses, .n_addresses = l->state.n_addresses,
		.hosts = c->request.hosts, .n_hosts = c->request.n_hosts, .gateway = joined_gateway(&l->nets),
		.servers = c->request.dns, .searches = c->request.dns_search, .options = c->request.dns_options, .host_network = host_network,
	};
	scoped_buf struct buf b = BUF(SMALL_FILE_MAX);
	int r;

	if (l->state.n_addresses)
		q.names_gateway = network_of_user(l->a, &q.gateway, &q.forwarder);
	r = dns_hosts(&q, host_network ? host_file("/etc/hosts", l->a) : NULL, &b, e);

	if (r == 0)
		r = live_file(l, "hosts", &b, 0644, e);
	buf_clear(&b);
	if (r == 0)
		r = dns_resolv_conf(&q, host_resolv_conf(l->a), &b, e);
	if (r == 0)
		r = live_file(l, "resolv.conf", &b, 0644, e);
	buf_clear(&b);
	if (r == 0)
		r = dns_hostname(&q, &b, e);
	if (r == 0)
		r = live_file(l, "hostname", &b, 0644, e);
	return r;
}

/* ---- files of ours ----------------------------------------------------------------------------------------------------------------------------------- */

static int document_write(struct launch *l, const char *name, const struct schema *s, const void *doc, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	json_encode(s, doc, JSON_INDENT_NONE, &b);
	return live_file(l, name, &b, 0600, e);
}

static int monitor_config_write(struct launch *l, struct err *e)
{
	const struct container_request *q = &l->h->c.request;
	const char *exit_command[] = { l->self, "--root", l->en->root, "--run-root", l->en->run, "container", "cleanup", l->h->id };
	const char *runtime_args[] = { "--root", l->runtime.root, "--systemd-cgroup" };
	size_t n_args = delegated_by_systemd(l->en, l->a) ? 3 : 2;
	struct log_plan log;
	struct monitor_config m;
	int r = log_plan_make(&l->h->c, l->a, &log, e);

	if (r < 0)
		return r;
	m = (struct monitor_config){
		.id = l->h->id, .bundle = l->h->live_path, .run_dir = l->h->live_path, .runtime = l->runtime.path,
		.runtime_args = { runtime_args, n_args },
		.terminal = q->tty, .stdin_open = q->interactive, .stdin_once = q->interactive && l->io,
		.log_driver = log.driver, .log_path = l->h->c.log_path, .log_max_size = log.max_size, .log_max_files = log.max_files,
		.log_fields = log.fields, .log_buffer = log.buffer,
		.exit_command = { exit_command, ARRAY_LEN(exit_command) },
		.restart = q->supervision.restart, .health = health_plan(&l->h->c, l->h->live_path, l->a), .stop_signal = l->h->c.stop_signal,
		.stop_timeout = l->h->c.stop_timeout < 0 ? UINT32_MAX : (uint32_t)l->h->c.stop_timeout,
		.events_root = l->en->root, .event_attributes = events_known(&l->h->c, l->a),
	};

	return document_write(l, FILE_MONITOR, &monitor_config_schema, &m, e);
}

int launch_write_live(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	int r = document_write(l, FILE_STATE, &container_state_schema, &l->state, e);

	if (r == 0 && !l->nets.names_path)
		r = names_write(l, e);
	if (r == 0)
		r = monitor_config_write(l, e);
	return r;
}

/* ---- config.json --------------------------------------------------------------------------------------------------------------------------------------- */

/* A regular file of the image, or -ENOENT for whatever else stands there. */
static int image_file(int rootfs, const char *path)
{
	scoped_fd int fd = path_open(rootfs, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, PATH_IN_ROOT);
	struct stat st;

	if (fd < 0)
		return fd;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? take_fd(&fd) : -ENOENT;
}

int launch_user(int rootfs, const char *spec, const struct strs *group_add, struct arena *a, struct user *ret, gid_t **ret_groups, struct err *e)
{
	scoped_fd int passwd = image_file(rootfs, "/etc/passwd");
	scoped_fd int group = image_file(rootfs, "/etc/group");
	int r = user_resolve(passwd, group, spec, a, ret);

	if (r == -ENOENT)
		return err_set(e, ERR_INVALID, "unable to find user %s: no matching entries in the image's passwd and group files", spec);
	if (r < 0)
		return err_sys(e, r, "user '%s'", spec);
	*ret_groups = arena_array(a, gid_t, group_add->n);
	for (size_t i = 0; i < group_add->n; i++) {
		r = user_find_group(group, group_add->v[i], *ret_groups + i);
		if (r < 0)
			return err_set(e, ERR_INVALID, "unable to find group %s: no matching entries in the image's group file", group_add->v[i]);
	}
	return 0;
}

/* docker makes a working directory that is missing, owned by root. */
static int workdir_make(struct launch *l, struct err *e)
{
	const char *path = l->h->c.workdir;
	scoped_fd int fd = -EBADF;

	if (streq(path, "/"))
		return 0;
	/* Owned by root of the container. */
	if (l->maps.n_uids && ns_is_initial_user() != 0)
		identity_don(&l->maps);
	fd = path_mkdir(l->rootfs_fd, path, 0755, PATH_IN_ROOT);
	if (l->maps.n_uids && ns_is_initial_user() != 0)
		identity_doff();
	if (fd < 0)
		return err_sys(e, fd, "working directory '%s'", path);
	return 0;
}

/* The size of the terminal the starter is at, so that the program never sees another. */
static bool console_size(const struct engine_io *io, struct oci_box *ret)
{
	struct pty_size size;

	if (!io || !io->tty || pty_get_size(io->out >= 0 ? io->out : io->in, &size) < 0)
		return false;
	*ret = (struct oci_box){ .height = size.rows, .width = size.cols };
	return true;
}

int launch_write_config(void *ctx, struct err *e)
{
	struct launch *l = ctx;
	struct container *c = &l->h->c;
	struct config_input in = {
		.c = c, .rootfs = l->rootfs, .live_path = l->h->live_path, .volumes = volume_directory(l->en, l->a), .init = l->init,
		.n_extra_groups = c->request.group_add.n, .own_network = joined_wants_netns(&l->nets), .network_path = l->nets.netns_path,
		.names_path = l->nets.names_path, .no_ipv6 = joined_wants_no_ipv6(&l->nets),
		.facts = &l->en->facts, .by_systemd = delegated_by_systemd(l->en, l->a), .userns = namespaces_userns(&c->request.userns, l->h->live_path, l->a),
	};
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct oci_config *config;
	struct oci_box console;
	int r = launch_user(l->rootfs_fd, c->user ? c->user : "", &c->request.group_add, l->a, &in.user, &in.extra_groups, e);

	if (r == 0)
		r = workdir_make(l, e);
	if (console_size(l->io, &console))
		in.console = &console;
	if (r == 0)
		r = apparmor_default(l->en, l->a, &in.apparmor, e);
	if (r == 0)
		r = secrets_env(l->en, &c->request, l->a, &in.secret_env, e);
	if (r == 0)
		r = config_build(&in, l->a, &config, e);
	if (r == 0)
		r = health_write(c, config->process, l->h->live, l->a, e);
	if (r < 0)
		return r;
	r = oci_config_encode(config, false, &b);
	return r < 0 ? err_sys(e, r, "encode config.json") : live_file(l, FILE_CONFIG, &b, 0600, e);
}

/* ---- ports --------------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_published(const struct container_request *q, uint32_t port, const char *protocol)
{
	for (size_t i = 0; i < q->n_ports; i++) {
		if (q->ports[i].port == port && streq(q->ports[i].protocol, protocol))
			return true;
	}
	return false;
}

int launch_publish_all(struct launch *l, struct network_request *want, struct err *e)
{
	const struct container *c = &l->h->c;
	struct container_port *ports = arena_array(l->a, struct container_port, c->request.n_ports + c->exposed.n);

	if (c->request.n_ports)
		memcpy(ports, c->request.ports, c->request.n_ports * sizeof *ports);
	want->n_ports = c->request.n_ports;
	for (size_t i = 0; i < c->exposed.n; i++) {
		struct str protocol, number = str_cut(str_of(c->exposed.v[i]), '/', &protocol);
		uint16_t port, last;

		if (!protocol.p || parse_port_range(arena_strndup(l->a, number.p, number.n), &port, &last) < 0 || port != last)
			return err_set(e, ERR_INVALID, "the image exposes '%s', which is no port", c->exposed.v[i]);
		if (!is_published(&c->request, port, protocol.p))
			ports[want->n_ports++] = (struct container_port){ .port = port, .protocol = protocol.p };
	}
	want->ports = ports;
	return 0;
}

/* ---- the end -------------------------------------------------------------------------------------------------------------------------------------------- */

int launch_keep_exit(struct launch *l, struct err *e)
{
	struct container_info i = { 0 };
	struct container_exit x;
	char now[TEXT_TIME_SIZE];
	struct timespec t;
	int r;

	r = store_status(l->h, l->a, &i, e);
	if (r < 0 || !i.exit)
		return r;
	x = *i.exit;
	if (!x.finished) {
		clock_gettime(CLOCK_REALTIME, &t);
		text_time(t, now);
		x.finished = now;
	}
	r = store_write(&l->h->object, FILE_EXIT, &container_exit_schema, &x, e);
	if (r == 0 && supervise_get(l->h) == SUPERVISE_UP && x.signal == 0 && streq(x.error, NULL))
		r = supervise_set(l->h, SUPERVISE_ENDED, e);
	return r;
}
