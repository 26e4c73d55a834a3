/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a container to disk. The table and the reasons for its order stand at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/step.h"
#include "os/fd.h"
#include "os/file.h"
#include "runtime/checkpoint/externals.h"
#include "runtime/checkpoint/request.h"
#include "runtime/control.h"

#define DUMP_LOG "dump.log"

/* How long a dumped init may take until it is gone: criu has killed it by then. */
enum { GONE_MS = 10000 };

struct dump {
	/* given */
	const struct checkpoint_options *o;
	struct arena *a;
	struct control *c;
	int pidfd;                /* of init */
	struct request_site site; /* paths given, images.open */

	struct oci_config *config; /* dump.config */
	struct criu_opts q;        /* dump.options, dump.externals */
	int oldest;                /* the version this needs: dump.options, dump.externals */
	int status_fd;             /* dump.options */
	struct criu criu;          /* dump.criu */
};

static int load_config(void *ctx, struct err *e)
{
	struct dump *d = ctx;

	return state_load_config(d->c->dir_fd, d->a, &d->config, e);
}

/* criu writes a byte there when the pages can be fetched. */
static int take_status_fd(struct dump *d, struct err *e)
{
	const char *given = d->o->status_fd;
	uint32_t fd;
	int flags;

	if (!given || !*given || streq(given, "-1"))
		return 0;
	if (parse_u32(given, &fd) < 0 || fd > INT32_MAX)
		return err_set(e, ERR_INVALID, "--status-fd: '%s' is no descriptor", given);
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return err_set(e, ERR_INVALID, "--status-fd: descriptor %u is not open for writing", fd);
	d->status_fd = (int)fd;
	return 0;
}

static int take_options(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	int r = request_options(d->o, &d->config->annotations, d->a, &d->q, &d->oldest, e);

	if (r == 0 && d->o->parent_path && d->o->parent_path[0] == '/')
		r = err_set(e, ERR_INVALID, "--parent-path: '%s' must be relative to the image path", d->o->parent_path);
	return r < 0 ? r : take_status_fd(d, e);
}

/* v2: the cgroup itself; v1 and hybrid: where the freezer is. */
static const char *freezer_of(const struct cgroup_record *c)
{
	for (size_t i = 0; i < c->dirs.n; i++) {
		struct str rest = str_of(c->dirs.v[i].key);

		if (c->dirs.n == 1 && rest.n == 0)
			return c->dirs.v[i].value;
		while (rest.p)
			if (str_is(str_cut(rest, ',', &rest), "freezer"))
				return c->dirs.v[i].value;
	}
	return NULL;
}

static int open_images(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	int r = request_open(&d->site, true, e);

	if (r == 0 && d->o->parent_path && *d->o->parent_path && faccessat(d->site.images, d->o->parent_path, F_OK, 0) < 0)
		r = err_sys(e, -errno, "--parent-path '%s'", d->o->parent_path);
	if (r < 0)
		request_remove(&d->site);
	return r;
}

static void remove_images(void *ctx)
{
	struct dump *d = ctx;

	request_remove(&d->site);
}

static int name_externals(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	pid_t pid = d->c->state.pid;
	char path[32];
	scoped_fd int root = -EBADF;
	int r;

	snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, -errno, "open the root of the container");
	d->q.pid = pid;
	d->q.root = d->c->state.rootfs;
	d->q.freeze_cgroup = freezer_of(&d->c->state.cgroup);
	if (d->q.freeze_cgroup && streq(d->c->state.cgroup.driver, "v2") && d->oldest < CRIU_WITH_FREEZE_V2)
		d->oldest = CRIU_WITH_FREEZE_V2;
	r = externals_name_namespaces(d->config, pid, d->a, &d->q, &d->oldest, e);
	return r < 0 || d->o->pre_dump ? r : externals_name_mounts(d->config, &d->c->state, root, d->a, &d->q, e);
}

static bool is_final(const void *ctx)
{
	const struct dump *d = ctx;

	return !d->o->pre_dump;
}

static int write_descriptors(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	scoped_buf struct buf b = BUF(LIMIT_DESCRIPTORS);
	int r = externals_name_descriptors(d->c->state.pid, d->a, &d->q, &b, e);

	if (r < 0)
		return r;
	r = file_replace(d->site.images, EXTERNALS_DESCRIPTORS, b.p, b.n, 0600, 0);
	return r < 0 ? err_sys(e, r, "write '%s/%s'", d->site.images_path, EXTERNALS_DESCRIPTORS) : 0;
}

static void remove_descriptors(void *ctx)
{
	struct dump *d = ctx;

	unlinkat(d->site.images, EXTERNALS_DESCRIPTORS, 0);
}

static int start_criu(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	const int fds[] = { d->site.images, d->site.work, d->status_fd };
	const struct criu_features features = { .mem_track = d->o->pre_dump, .lazy_pages = d->o->lazy_pages };
	const struct criu_start s = { .program = d->site.criu, .fds = fds, .n_fds = d->status_fd >= 0 ? 3 : 2 };
	int r = criu_start(&s, d->a, &d->criu, e);

	if (r == 0)
		r = criu_require(&d->criu, d->oldest, features.mem_track || features.lazy_pages ? &features : NULL, e);
	if (r < 0)
		criu_end(&d->criu);
	return r;
}

static void end_criu(void *ctx)
{
	struct dump *d = ctx;

	criu_end(&d->criu);
}

static int call_criu(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	struct criu_req req = { .type = d->o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, .opts = &d->q };
	struct criu_resp resp;
	int r;

	d->q.images_dir_fd = CRIU_FIRST_FD;
	d->q.work_dir_fd = CRIU_FIRST_FD + 1;
	d->q.status_fd = (struct opt_i64){ d->status_fd >= 0, CRIU_FIRST_FD + 2 };
	d->q.log_file = DUMP_LOG;
	unlinkat(d->site.work, DUMP_LOG, 0); /* of an earlier dump: it would explain the wrong failure */
	r = criu_call(&d->criu, &req, NULL, NULL, &resp, e);
	/* After a pre-dump it waits for the next, and would complain on our stderr that none comes. */
	if (r == 0 && d->o->pre_dump)
		proc_signal(d->criu.proc.pidfd, SIGTERM);
	criu_end(&d->criu);
	return r < 0 ? criu_explain(d->site.work, d->site.work_path, DUMP_LOG, e) : 0;
}

static bool is_over(const void *ctx)
{
	const struct dump *d = ctx;

	return !d->o->leave_running && !d->o->pre_dump;
}

static int remove_container(void *ctx, struct err *e)
{
	struct dump *d = ctx;
	struct err why = { 0 };

	proc_wait_end(d->pidfd, GONE_MS);
	d->c->status = state_status(d->c->dir_fd, &d->c->state, d->a);
	/* It is on disk, which must not be undone because something of it stays here. */
	if (control_remove(d->c, true, &why) < 0)
		log_warn("the container is written, but could not be removed: %s", why.msg);
	return 0;
}

/*
 * The order, with its reasons: everything that can be refused is refused before anything is made; criu is started, and asked what it can, before it is
 * given the container, so that a wrong one has touched nothing; the container goes away last, when its images are complete. Undone, only criu's
 * log stays.
 */
static const struct step dump_steps[] = {
	/* clang-format off */
	{ "dump.config",      NULL,     load_config,       NULL               },
	{ "dump.options",     NULL,     take_options,      NULL               },
	{ "dump.externals",   NULL,     name_externals,    NULL               },
	{ "dump.images",      NULL,     open_images,       remove_images      },
	{ "dump.criu",        NULL,     start_criu,        end_criu           },
	{ "dump.descriptors", is_final, write_descriptors, remove_descriptors },
	{ "dump.call",        NULL,     call_criu,         NULL               },
	{ "dump.remove",      is_over,  remove_container,  NULL               },
	/* clang-format on */
};

static int check(const struct control *c, struct err *e)
{
	if (c->state.root)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: criu dumps no container '%s' without a mount namespace of its own", c->state.id);
	if (c->status == STATE_RUNNING || c->status == STATE_PAUSED)
		return 0;
	return err_set(e, ERR_CONFLICT, "container cannot be checkpointed in %s state", enumtab_name(&state_status_words, (int)c->status));
}

int checkpoint_dump(const struct checkpoint_options *o, struct arena *a, struct err *e)
{
	scoped_control struct control c = CONTROL_NONE;
	struct dump d = { .o = o, .a = a, .c = &c, .site = REQUEST_NOWHERE, .status_fd = -EBADF, .criu = CRIU_CLOSED };
	scoped_fd int pidfd = -EBADF;
	int r = control_open(o->root, o->id, a, &c, e);

	if (r == 0)
		r = check(&c, e);
	if (r < 0)
		return r;
	pidfd = d.pidfd = proc_open_checked(c.state.pid, c.state.start_ticks);
	if (pidfd < 0)
		return err_sys(e, pidfd, "hold container init");
	r = request_place(o, a, &d.site, e);
	if (r == 0)
		r = steps_run(dump_steps, ARRAY_LEN(dump_steps), &d, e);
	if (r == 0)
		request_close(&d.site);
	return r;
}

bool checkpoint_is_built(void)
{
	return true;
}
