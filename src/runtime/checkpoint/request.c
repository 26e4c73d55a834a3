/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/checkpoint/request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "base/parse.h"
#include "os/fd.h"
#include "os/file.h"

/* ---- places -------------------------------------------------------------------------------------------------------------------------------- */

static int absolute(const char *path, struct arena *a, const char **ret, struct err *e)
{
	char cwd[PATH_MAX];

	if (path[0] == '/') {
		*ret = path;
		return 0;
	}
	if (!getcwd(cwd, sizeof cwd))
		return err_sys(e, -errno, "find the working directory");
	*ret = arena_printf(a, "%s/%s", streq(cwd, "/") ? "" : cwd, path);
	return 0;
}

int request_place(const struct checkpoint_options *o, struct arena *a, struct request_site *ret, struct err *e)
{
	const char *images = o->image_path && *o->image_path ? o->image_path : "checkpoint";
	const char *work = o->work_path && *o->work_path ? o->work_path : images;
	int r = absolute(images, a, &ret->images_path, e);

	ret->criu = o->criu;
	if (r == 0 && o->criu && strchr(o->criu, '/'))
		r = absolute(o->criu, a, &ret->criu, e);
	return r < 0 ? r : absolute(work, a, &ret->work_path, e);
}

/* Who may read the memory of a container may be it: a directory of ours is nobody else's. */
static int open_one(const char *path, bool make, bool *ret_made, int *ret, struct err *e)
{
	int fd = dir_open(AT_FDCWD, path), r;

	if (fd == -ENOENT && make) {
		r = dir_ensure_all(AT_FDCWD, path, 0700);
		if (r < 0)
			return err_sys(e, r, "make the directory '%s'", path);
		*ret_made = true;
		fd = dir_open(AT_FDCWD, path);
	}
	if (fd < 0)
		return err_sys(e, fd, "open the directory '%s'", path);
	*ret = fd;
	return 0;
}

int request_open(struct request_site *s, bool make, struct err *e)
{
	int r = open_one(s->images_path, make, &s->made_images, &s->images, e);

	/* The log of a restore has to go somewhere. */
	return r < 0 ? r : open_one(s->work_path, true, &s->made_work, &s->work, e);
}

void request_remove(struct request_site *s)
{
	if (s->made_work)
		rmdir(s->work_path);
	if (s->made_images)
		rmdir(s->images_path);
	request_close(s);
}

void request_close(struct request_site *s)
{
	fd_done(&s->work);
	fd_done(&s->images);
}

/* ---- words --------------------------------------------------------------------------------------------------------------------------------- */

struct word {
	const char *word;
	uint32_t value;
};

static int find_word(const char *option, const char *given, const struct word *v, size_t n, uint32_t *ret, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(v[i].word, given)) {
			*ret = v[i].value;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "--%s: unknown word '%s'", option, given);
}

static const struct word cgroup_modes[] = {
	{ "soft", CRIU_CGROUP_SOFT }, { "full", CRIU_CGROUP_FULL }, { "strict", CRIU_CGROUP_STRICT }, { "ignore", CRIU_CGROUP_IGNORE },
};

static const struct word network_locks[] = {
	{ "iptables", CRIU_NETWORK_LOCK_IPTABLES }, { "nftables", CRIU_NETWORK_LOCK_NFTABLES }, { "skip", CRIU_NETWORK_LOCK_SKIP },
};

static const struct word empty_namespaces[] = { { "network", CLONE_NEWNET } };

static int take_cgroups_mode(const char *given, struct criu_opts *ret, struct err *e)
{
	if (!given || !*given)
		return 0;
	ret->manage_cgroups_mode.set = true;
	return find_word("manage-cgroups-mode", given, cgroup_modes, ARRAY_LEN(cgroup_modes), &ret->manage_cgroups_mode.v, e);
}

static int take_network_lock(const char *given, struct criu_opts *ret, int *oldest, struct err *e)
{
	int r = given && *given ? find_word("network-lock", given, network_locks, ARRAY_LEN(network_locks), &ret->network_lock, e) : 0;

	if (r == 0 && ret->network_lock == CRIU_NETWORK_LOCK_SKIP)
		*oldest = CRIU_WITH_LOCK_SKIP;
	return r;
}

static int take_empty_ns(const struct strs *given, struct criu_opts *ret, struct err *e)
{
	for (size_t i = 0; i < given->n; i++) {
		uint32_t flag;
		int r = find_word("empty-ns", given->v[i], empty_namespaces, ARRAY_LEN(empty_namespaces), &flag, e);

		if (r < 0)
			return r;
		ret->empty_ns |= flag;
	}
	return 0;
}

/* The port is behind the last colon: an address may be one of IPv6. */
static int take_page_server(const char *given, struct arena *a, struct criu_opts *ret, struct err *e)
{
	const char *colon = given && *given ? strrchr(given, ':') : NULL;
	struct criu_page_server *server;
	uint32_t port = 0;

	if (!given || !*given)
		return 0;
	if (!colon || colon == given || parse_u32(colon + 1, &port) < 0 || port == 0 || port > 65535)
		return err_set(e, ERR_INVALID, "--page-server: '%s' is not ADDRESS:PORT", given);
	server = arena_new(a, struct criu_page_server);
	*server = (struct criu_page_server){ arena_strndup(a, given, (size_t)(colon - given)), (int32_t)port };
	ret->page_server = server;
	return 0;
}

/* What an administrator or the config.json wants criu to know; its words win over ours. */
static void take_config_file(const struct pairs *annotations, struct criu_opts *ret)
{
	static const char *const usual[] = { "/etc/criu/crun.conf", "/etc/criu/runc.conf" };
	const char *own = pairs_find(annotations, "org.criu.config");

	ret->config_file = own && *own ? own : NULL;
	for (size_t i = 0; !own && i < ARRAY_LEN(usual) && !ret->config_file; i++)
		ret->config_file = access(usual[i], R_OK) == 0 ? usual[i] : NULL;
}

static int check_config_file(const struct criu_opts *q, struct err *e)
{
	if (q->config_file && access(q->config_file, R_OK) < 0)
		return err_sys(e, -errno, "annotation org.criu.config: open '%s'", q->config_file);
	return 0;
}

int request_options(const struct checkpoint_options *o, const struct pairs *annotations, struct arena *a, struct criu_opts *ret, int *ret_oldest,
	struct err *e)
{
	int r;

	*ret = (struct criu_opts){
		.log_level = 4, .notify_scripts = true, .manage_cgroups = true, .orphan_pts_master = true,
		.leave_running = o->leave_running, .ext_unix_sk = o->ext_unix_sk, .tcp_established = o->tcp_established, .shell_job = o->shell_job,
		.file_locks = o->file_locks, .parent_img = o->parent_path, .track_mem = o->parent_path && *o->parent_path,
		.auto_dedup = o->auto_dedup, .link_remap = o->link_remap, .tcp_skip_in_flight = o->tcp_skip_in_flight, .lazy_pages = o->lazy_pages,
		.tcp_close = o->tcp_close, .lsm_profile = o->lsm_profile, .lsm_mount_context = o->lsm_mount_context,
	};
	*ret_oldest = o->lsm_profile || o->lsm_mount_context ? CRIU_WITH_LSM : CRIU_OLDEST;
	r = take_cgroups_mode(o->cgroups_mode, ret, e);
	if (r == 0)
		r = take_network_lock(o->network_lock, ret, ret_oldest, e);
	if (r == 0)
		r = take_empty_ns(&o->empty_ns, ret, e);
	if (r == 0)
		r = take_page_server(o->page_server, a, ret, e);
	take_config_file(annotations, ret);
	return r < 0 ? r : check_config_file(ret, e);
}
