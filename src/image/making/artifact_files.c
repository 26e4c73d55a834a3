/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/artifact_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"

enum { PIECE = 256 * 1024 };

const char *artifact_text_digest(struct str text, struct arena *a)
{
	char out[DIGEST_TEXT_SIZE];
	struct digest d;

	digest_of(DIGEST_SHA256, text.p, text.n, &d);
	digest_print(&d, out);
	return arena_strdup(a, out);
}

/* ---- finding ---- */

static int artifacts_open(struct image_store *s, struct objdir *ret, struct err *e)
{
	int r = objdir_open(ret, s->root_fd, "artifacts", 0);

	return r < 0 ? err_sys(e, r, "open '%s/artifacts'", s->root) : 0;
}

static int artifact_read(const struct object *o, const char *reference, struct arena *a, struct artifact *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = object_read(o, ARTIFACT_MANIFEST, LIMIT_MANIFEST, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read artifact '%s'", reference);
	*ret = (struct artifact){ .reference = reference, .text = { text, n } };
	ret->digest = artifact_text_digest(ret->text, a);
	r = oci_manifest_decode_any(ret->text, a, &ret->manifest, e);
	for (size_t i = 0; r == 0 && i < ret->manifest.n_layers; i++)
		ret->size += (uint64_t)ret->manifest.layers[i].size;
	return r < 0 ? err_wrap(e, "artifact '%s'", reference) : 0;
}

static int artifact_get(struct image_store *s, const char *name, bool lock, struct arena *a, struct object *ret, struct artifact *artifact, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	struct reference ref;
	int r = reference_parse(name, a, &ref, e);

	if (r == 0)
		r = artifacts_open(s, &d, e);
	if (r < 0)
		return r;
	r = lock ? object_open_locked(&d, reference_escape(&ref, a), true, ret) : object_open(&d, reference_escape(&ref, a), ret);
	if (r == -ENOENT || (r == 0 && !object_is_finished(ret)))
		return err_set(e, ERR_NOT_FOUND, "no such artifact: %s", reference_familiar(&ref, a));
	if (r < 0)
		return err_sys(e, r, "open artifact '%s'", reference_familiar(&ref, a));
	return artifact_read(ret, reference_print(&ref, a), a, artifact, e);
}

int artifact_open(struct image_store *s, const char *name, struct arena *a, struct object *ret, struct artifact *artifact, struct err *e)
{
	return artifact_get(s, name, false, a, ret, artifact, e);
}

int artifact_lock(struct image_store *s, const char *name, struct arena *a, struct object *ret, struct artifact *artifact, struct err *e)
{
	return artifact_get(s, name, true, a, ret, artifact, e);
}

int artifact_find(struct image_store *s, const char *name, struct arena *a, struct artifact *ret, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;

	return artifact_open(s, name, a, &o, ret, e);
}

struct listing {
	const struct objdir *d;
	struct arena *a;
	struct artifacts *list;
};

static int artifact_take(void *arg, const char *name)
{
	struct listing *l = arg;
	scoped_object struct object o = OBJECT_NONE;
	const char *reference = reference_unescape(name, l->a);
	struct artifact artifact;
	struct err ignored; /* gone meanwhile, or damaged */

	if (reference && object_open(l->d, name, &o) == 0 && object_is_finished(&o) && artifact_read(&o, reference, l->a, &artifact, &ignored) == 0)
		*vec_push(l->a, l->list) = artifact;
	return 0;
}

static int by_reference(const void *x, const void *y)
{
	return strcmp(((const struct artifact *)x)->reference, ((const struct artifact *)y)->reference);
}

int artifact_list(struct image_store *s, struct arena *a, struct artifacts *ret, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	struct listing l = { &d, a, ret };
	int r = artifacts_open(s, &d, e);

	*ret = (struct artifacts){ 0 };
	if (r < 0)
		return r;
	r = objdir_each(&d, artifact_take, &l);
	if (ret->n > 0)
		qsort(ret->v, ret->n, sizeof *ret->v, by_reference);
	return r < 0 ? err_sys(e, r, "list artifacts") : 0;
}

/* ---- making and removing ---- */

void artifact_making_done(struct artifact_making *m)
{
	if (m->object.fd >= 0 && m->hidden[0])
		dir_remove_tree(m->dir.fd, m->hidden);
	object_done(&m->object);
	objdir_done(&m->dir);
}

static int name_is_taken(const struct artifact_making *m, struct err *e)
{
	return err_set(e, ERR_EXISTS, "artifact '%s' exists; --append adds to it", m->name);
}

int artifact_begin(struct image_store *s, const char *name, bool replace, struct arena *a, struct artifact_making *m, struct err *e)
{
	scoped_object struct object old = OBJECT_NONE;
	struct reference ref;
	int r = reference_parse(name, a, &ref, e);

	if (r == 0)
		r = artifacts_open(s, &m->dir, e);
	if (r < 0)
		return r;
	m->file = reference_escape(&ref, a);
	m->name = reference_familiar(&ref, a);
	m->replace = replace;
	if (!replace && object_open(&m->dir, m->file, &old) == 0 && object_is_finished(&old))
		return name_is_taken(m, e);
	r = object_create_hidden(&m->dir, 0, &m->object, m->hidden);
	return r < 0 ? err_sys(e, r, "make artifact '%s'", m->name) : 0;
}

/* Gives it the name; what has that goes, if it may. -EAGAIN: it has come or gone meanwhile. */
static int making_appear(struct artifact_making *m, struct err *e)
{
	scoped_object struct object old = OBJECT_NONE;
	int r = object_open_locked(&m->dir, m->file, true, &old);
	bool there = r == 0;

	if (r < 0 && r != -ENOENT)
		return err_sys(e, r, "lock artifact '%s'", m->name);
	if (there && !m->replace && object_is_finished(&old))
		return name_is_taken(m, e);
	r = object_appear(&m->dir, m->hidden, m->file, &m->object, there ? &old : NULL);
	if (r == -EEXIST && !there)
		return -EAGAIN;
	return r < 0 ? err_sys(e, r, "make artifact '%s'", m->name) : 0;
}

int artifact_end(struct artifact_making *m, struct err *e)
{
	int r = object_finish(&m->object);

	if (r < 0)
		return err_sys(e, r, "finish artifact '%s'", m->name);
	do {
		r = making_appear(m, e);
	} while (r == -EAGAIN);
	if (r == 0)
		m->hidden[0] = 0;
	return r;
}

int artifact_remove(struct image_store *s, const char *name, struct arena *a, const char **ret_digest, struct err *e)
{
	scoped_objdir struct objdir d = OBJDIR_NONE;
	scoped_object struct object o = OBJECT_NONE;
	struct artifact artifact;
	struct reference ref;
	int r = artifact_lock(s, name, a, &o, &artifact, e);

	if (r == 0)
		r = reference_parse(name, a, &ref, e);
	if (r == 0)
		r = artifacts_open(s, &d, e);
	if (r < 0)
		return r;
	*ret_digest = artifact.digest;
	r = object_remove(&d, reference_escape(&ref, a), &o);
	return r < 0 ? err_sys(e, r, "remove artifact '%s'", name) : 0;
}

/* ---- blobs ---- */

/* Copies @from to @to with its digest. */
static int bytes_copy(int from, int to, struct digest *ret, int64_t *ret_size)
{
	scoped_free char *piece = alloc_or_die(PIECE);
	struct hash h;
	ssize_t n;
	int r;

	*ret_size = 0;
	hash_init(&h, DIGEST_SHA256);
	while ((n = fd_read_all(from, piece, PIECE)) > 0) {
		hash_add(&h, piece, (size_t)n);
		r = fd_write_all(to, piece, (size_t)n);
		if (r < 0)
			return r;
		*ret_size += n;
	}
	hash_finish(&h, ret);
	return n < 0 ? (int)n : 0;
}

int artifact_blob_copy(const struct object *o, const char *path, struct arena *a, const char **ret_digest, int64_t *ret_size, struct err *e)
{
	scoped_tmp_file struct tmp_file file = TMP_FILE_NONE;
	scoped_fd int from = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char text[DIGEST_TEXT_SIZE];
	struct digest d;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(e, -errno, "open '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_sys(e, -EISDIR, "read '%s'", path);
	r = tmp_file_open(&file, o->fd, 0444);
	if (r == 0)
		r = bytes_copy(from, file.fd, &d, ret_size);
	if (r < 0)
		return err_sys(e, r, "copy '%s'", path);
	digest_print(&d, text);
	*ret_digest = arena_strdup(a, text);
	r = tmp_file_commit(&file, digest_hex(*ret_digest), FILE_SYNC);
	return r < 0 ? err_sys(e, r, "keep '%s'", path) : 0;
}

int artifact_blob_put(const struct object *o, struct str text, struct arena *a, const char **ret_digest, struct err *e)
{
	int r;

	*ret_digest = artifact_text_digest(text, a);
	r = file_replace(o->fd, digest_hex(*ret_digest), text.p, text.n, 0444, FILE_SYNC);
	return r < 0 ? err_sys(e, r, "write blob '%.30s'", *ret_digest) : 0;
}

/* Checked while it is copied: what is not what the manifest says gets no name. */
int artifact_blob_write(const struct object *o, const struct oci_descriptor *d, int dirfd, const char *name, struct err *e)
{
	scoped_tmp_file struct tmp_file file = TMP_FILE_NONE;
	scoped_fd int from = openat(o->fd, digest_hex(d->digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[DIGEST_TEXT_SIZE];
	struct digest got;
	int64_t size;
	int r;

	if (from < 0)
		return err_sys(e, -errno, "open blob '%.30s'", d->digest);
	r = dirfd < 0 ? dirfd : tmp_file_open_hidden(&file, dirfd, 0644);
	if (r == 0)
		r = bytes_copy(from, file.fd, &got, &size);
	if (r < 0)
		return err_sys(e, r, "write '%.200s'", name);
	digest_print(&got, text);
	if (str_after(d->digest, "sha256:") && strcmp(text, d->digest) != 0)
		return err_set(e, ERR_CORRUPT, "blob '%.30s' is damaged; remove the artifact and pull it again", d->digest);
	r = tmp_file_commit_hidden(&file, name, 0);
	return r < 0 ? err_sys(e, r, "write '%.200s'", name) : 0;
}
