/* SPDX-License-Identifier: Apache-2.0 */
/* The part of engine.h that makes an image of a container. */
#include "image/making/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/program.h"
#include "engine/resolve.h"
#include "engine/events.h"
#include "engine/trees.h"
#include "image/making/change.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/self.h"

/* ---- holding it still ------------------------------------------------------------------------------------------------------------------------------ */

/* A frozen container, and the program that lets it go on when our end of the pipe closes, however that comes about. */
struct freeze {
	int pipe;
	struct proc guard;
};
#define FREEZE_NONE ((struct freeze){ .pipe = -EBADF, .guard = PROC_NONE })

static void freeze_done(struct freeze *f)
{
	struct proc_exit ignored;

	if (f->pipe < 0)
		return;
	f->pipe = fd_close(f->pipe);
	proc_wait(f->guard.pidfd, -1, &ignored);
	f->guard.pidfd = fd_close(f->guard.pidfd);
	f->guard = PROC_NONE;
}

static int guard_start(struct freeze *f, const struct holding *h, struct arena *a, struct err *e)
{
	scoped_fd int theirs = -EBADF;
	int ends[2], r;
	char *self;

	r = self_path(a, &self);
	if (r == 0)
		r = fd_pipe(ends, 0);
	if (r < 0)
		return err_sys(e, r, "prepare to freeze container " SHORT_ID_FMT, h->id);
	theirs = ends[0];
	f->pipe = ends[1];
	r = proc_spawn(&PROC_SPAWN(.path = self,
			       .argv = (char *const[]){ self, (char[]){ "--root" }, arena_strdup(a, h->en->root), (char[]){ "--run-root" },
				       arena_strdup(a, h->en->run), (char[]){ "container" }, (char[]){ "thaw" }, arena_strdup(a, h->id), NULL },
			       .fds = &(struct proc_fd){ theirs, 0 }, .n_fds = 1, .setsid = true),
		&f->guard);
	if (r < 0) {
		f->pipe = fd_close(f->pipe);
		return err_sys(e, r, "start '%s'", self);
	}
	return 0;
}

static int freeze(struct freeze *f, const struct tree *t, struct arena *a, struct err *e)
{
	const struct container_state *s = t->info.state;
	int r;

	if (t->info.status != CONTAINER_RUNNING || !s)
		return 0;
	r = guard_start(f, &t->h, a, e);
	if (r == 0)
		r = program_run(s->runtime, s->runtime_root, "pause", t->h.id, e);
	if (r < 0) {
		freeze_done(f);
		return err_wrap(e, "freeze container '%s' (--pause=false commits it while it runs)", t->h.c.name);
	}
	return 0;
}

int container_thaw(struct engine *en, const char *id, int fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_state s;
	char byte;
	int r;

	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	r = store_open(en, id, &a, &h, e);
	if (r == 0)
		r = store_read_state(&h, &a, &s, e);
	return r < 0 ? r : program_run(s.runtime, s.runtime_root, "resume", id, e);
}

/* ---- its configuration ----------------------------------------------------------------------------------------------------------------------------- */

static struct strs copy(const struct strs *from, struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < from->n; i++)
		strs_push(a, &list, from->v[i]);
	return list;
}

/* Volumes without a name of their own were asked for by path, as an image asks; others only on demand. */
static struct strs volumes_of(const struct container *c, const struct oci_run_config *image, bool all, struct arena *a)
{
	struct strs list = copy(&image->volumes, a);

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct container_mount *m = &c->mounts[i];

		if (m->kind == CONTAINER_MOUNT_VOLUME && (m->anonymous || all) && !strs_has(&list, m->target))
			strs_push(a, &list, m->target);
	}
	return list;
}

/* What the container was made with, on top of what its image says: docker's Config of a container. */
static struct oci_run_config config_of(const struct container *c, const struct oci_run_config *image, bool volumes, struct arena *a)
{
	const struct container_request *q = &c->request;
	struct oci_run_config x = *image;

	x.env = copy(&image->env, a);
	for (size_t i = 0; i < q->env.n; i++)
		resolve_env_set(&x.env, q->env.v[i], a);
	if (q->has_entrypoint) {
		x.entrypoint = q->entrypoint.n == 1 && !*q->entrypoint.v[0] ? (struct strs){ 0 } : q->entrypoint;
		x.cmd = (struct strs){ 0 };
	}
	if (q->args.n > 0)
		x.cmd = q->args;
	if (q->user)
		x.user = q->user;
	if (q->workdir)
		x.working_dir = q->workdir;
	if (q->stop_signal)
		x.stop_signal = q->stop_signal;
	x.labels = c->labels;
	x.exposed_ports = c->exposed;
	x.volumes = volumes_of(c, image, volumes, a);
	return x;
}

static const char *words_join(const struct strs *words, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < words->n; i++)
		text = arena_printf(a, "%s%s%s", text, i ? " " : "", words->v[i]);
	return text;
}

static int config_fill(const struct tree *t, const struct container_commit_options *o, struct arena *a, struct commit_request *q, struct err *e)
{
	const struct oci_image_config *parent = &t->image.config;
	char now[TEXT_TIME_SIZE];
	struct timespec time;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &time);
	text_time(time, now);
	q->config = (struct oci_image_config){ .created = arena_strdup(a, now), .author = o->author, .architecture = parent->architecture,
		.os = parent->os, .os_version = parent->os_version, .variant = parent->variant,
		.config = config_of(&t->h.c, &parent->config, o->volumes, a) };
	q->history = (struct oci_history){ .created = q->config.created, .created_by = words_join(&q->config.config.cmd, a), .author = o->author,
		.comment = o->message };
	for (size_t i = 0; i < o->changes.n && r == 0; i++)
		r = change_apply(o->changes.v[i], a, &q->config.config, e);
	return r;
}

/* ---- commit ------------------------------------------------------------------------------------------------------------------------------------------ */

static bool root_has_changed(const struct tree *t)
{
	const struct strs *layers = &t->image.layers;
	struct stat upper, lower;

	/* The root of the tree below is that of its topmost layer. Of a layer that is a file we do not ask: the root was then hardly changed alone. */
	return layers->n > 0 && fstat(t->upper, &upper) == 0 && stat(layers->v[layers->n - 1], &lower) == 0 && S_ISDIR(lower.st_mode) &&
		(upper.st_mode != lower.st_mode || upper.st_uid != lower.st_uid || upper.st_gid != lower.st_gid);
}

static int tree_fill(struct tree *t, const struct container_commit_options *o, struct buf *marks, struct arena *a, struct commit_request *q, struct err *e)
{
	struct changes c;
	int r = tree_changes(t, a, &c, e);

	if (r == 0 && o->squash)
		r = tree_merge(t, e);
	if (r == 0 && changes_marks(&c, o->squash, marks) < 0)
		r = err_set(e, ERR_EXHAUSTED, "too many changed directories");
	if (r < 0)
		return r;
	q->tree = (struct commit_tree){ .fd = o->squash ? t->merged : t->upper, .overlay = !o->squash, .marks = buf_str(marks), .cancel_fd = o->cancel_fd,
		.root = o->squash || root_has_changed(t) };
	q->parent = o->squash ? NULL : t->image.id;
	return 0;
}

int container_commit(struct engine *en, const char *ref, const struct container_commit_options *o, struct arena *a, const char **ret_id,
	bool *ret_changed, struct err *e)
{
	scoped_tree struct tree t = TREE_NONE;
	SCOPED(freeze_done) struct freeze f = FREEZE_NONE;
	scoped_buf struct buf marks = BUF(LIMIT_FILE);
	struct commit_request q = { .name = o->name, .docker = o->docker, .compression = PACK_GZIP };
	struct image_store *s;
	struct image image;
	int r = 0, compression = o->compression ? enumtab_find(&pack_kinds, o->compression) : PACK_GZIP;

	if (compression < 0)
		return err_set(e, ERR_INVALID, "compression '%s' is not gzip, zstd or none", o->compression);
	q.compression = (enum pack_kind)compression;
	r = tree_open(en, ref, a, &t, e);
	if (r == 0)
		r = config_fill(&t, o, a, &q, e);
	if (r == 0 && o->pause)
		r = freeze(&f, &t, a, e);
	if (r == 0)
		r = tree_fill(&t, o, &marks, a, &q, e);
	if (r == 0)
		r = engine_images(en, &s, e);
	if (r < 0)
		return r;
	r = image_commit(s, &q, a, &image, ret_changed, e);
	if (r < 0)
		return err_wrap(e, "commit '%.200s'", ref);
	container_event(en, &t.h.c, "commit", "comment", o->message ? o->message : "", "imageID", image.id, "imageRef", o->name, NULL);
	*ret_id = image.id;
	return 0;
}
