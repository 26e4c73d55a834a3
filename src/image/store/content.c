/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/text.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/proc.h"

/* ---- open and close ---- */

static int content_dirs_open(struct image_store *s, struct err *e)
{
	const struct {
		const char *path;
		int *fd; /* NULL: only made */
	} rows[] = {
		{ "blobs", &s->blobs_fd },   { "blobs/sha256", NULL },  { "blobs/sha512", NULL },
		{ "blobs/ingest", &s->ingest_fd }, { "layers", &s->layers_fd }, { "layers/ingest", &s->layer_ingest_fd },
		{ "locks", &s->locks_fd },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = dir_open(s->root_fd, rows[i].path);

		if (fd == -ENOENT)
			fd = dir_ensure(s->root_fd, rows[i].path, 0700);
		if (fd < 0)
			return err_sys(e, fd, "open '%s/%s'", s->root, rows[i].path);
		if (rows[i].fd)
			*rows[i].fd = fd;
		else
			fd_close(fd);
	}
	return 0;
}

int image_store_open(const char *root, struct image_store **ret, struct err *e)
{
	struct image_store *s = alloc_or_die(sizeof *s);
	int r;

	*s = (struct image_store){ .root_fd = -EBADF, .blobs_fd = -EBADF, .ingest_fd = -EBADF, .layers_fd = -EBADF, .layer_ingest_fd = -EBADF,
		.locks_fd = -EBADF, .images = OBJDIR_NONE };
	s->root_fd = dir_ensure_all(AT_FDCWD, root, 0711);
	s->root = s->root_fd < 0 ? NULL : realpath(root, NULL);
	r = s->root_fd < 0 ? s->root_fd : s->root ? 0 : -errno;
	if (r < 0)
		r = err_sys(e, r, "open '%s'", root);
	else
		r = content_dirs_open(s, e);
	if (r == 0) {
		r = objdir_open(&s->images, s->root_fd, "images", 0);
		if (r < 0)
			r = err_sys(e, r, "open '%s/images'", root);
	}
	if (r < 0) {
		image_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void image_store_close(struct image_store *s)
{
	if (!s)
		return;
	objdir_done(&s->images);
	fd_close(s->locks_fd);
	fd_close(s->layer_ingest_fd);
	fd_close(s->layers_fd);
	fd_close(s->ingest_fd);
	fd_close(s->blobs_fd);
	fd_close(s->root_fd);
	free(s->root);
	free(s);
}

void image_store_set_form(struct image_store *s, enum layer_form form)
{
	s->form = form;
}

void image_store_drop_blobs(struct image_store *s)
{
	s->drop_blobs = true;
}

/* ---- locks ---- */

static struct content_name lock_name(enum content_lock what, const char *digest)
{
	static const char *const words[] = { [CONTENT_LOCK_LAYER] = "layer", [CONTENT_LOCK_BLOB] = "blob", [CONTENT_LOCK_IMAGE] = "image" };
	struct content_name name;

	snprintf(name.s, sizeof name.s, "%s-%s", words[what], digest_hex(digest));
	return name;
}

int content_lock(const struct image_store *s, enum content_lock what, const char *digest, enum file_lock kind, bool wait)
{
	struct content_name name = lock_name(what, digest);
	int r = wait ? lock_file_wait(s->locks_fd, name.s, kind) : lock_file_try(s->locks_fd, name.s, kind);

	/* From a read-only store nothing is removed, so whoever only relies on it needs no lock there. */
	return r == -EROFS && kind == FILE_LOCK_SHARED ? fd_dup_min(s->locks_fd, 3) : r;
}

void content_unlock(const struct image_store *s, enum content_lock what, const char *digest, int fd)
{
	struct content_name name;

	if (fd < 0)
		return;
	name = lock_name(what, digest);
	/* Alone with it: whoever waits on this file notices that it is gone and makes a new one. */
	if (lock_fd_try(fd, FILE_LOCK_EXCLUSIVE) == 0)
		unlinkat(s->locks_fd, name.s, 0);
	fd_close(fd);
}

int content_lock_all(const struct image_store *s, enum content_whole what)
{
	static const char *const names[] = { [CONTENT_RECORDS] = "records", [CONTENT_REMOVAL] = "removal" };

	return lock_file_wait(s->locks_fd, names[what], FILE_LOCK_EXCLUSIVE);
}

/* ---- blobs ---- */

struct content_name content_blob_name(const char *digest)
{
	struct content_name name;

	snprintf(name.s, sizeof name.s, "%s", digest);
	name.s[strcspn(name.s, ":")] = '/';
	return name;
}

bool content_blob_has(const struct image_store *s, const char *digest, int64_t size)
{
	struct content_name name = content_blob_name(digest);
	struct stat st;

	return fstatat(s->blobs_fd, name.s, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && (size < 0 || st.st_size == size);
}

int content_blob_read(const struct image_store *s, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	struct content_name name;
	struct digest want, got;
	char *text;
	size_t n;
	int r;

	if (digest_parse(digest, &want) < 0)
		return err_set(e, ERR_CORRUPT, "digest '%.100s' is not well-formed", digest);
	name = content_blob_name(digest);
	r = file_read(s->blobs_fd, name.s, LIMIT_MANIFEST, a, &text, &n);
	if (r < 0)
		return err_sys(e, r, "read blob '%.30s'", digest);
	digest_of(want.kind, text, n, &got);
	if (!digest_eq(&want, &got))
		return err_set(e, ERR_CORRUPT, "blob '%.30s' is damaged; run 'tare system check --repair' and pull again", digest);
	*ret = (struct str){ text, n };
	return 0;
}

bool content_blob_is_sound(const struct image_store *s, const char *digest)
{
	struct content_name name = content_blob_name(digest);
	scoped_fd int fd = openat(s->blobs_fd, name.s, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum { PIECE = 1024 * 1024 };
	scoped_free char *piece = alloc_or_die(PIECE);
	struct digest want, got;
	struct hash h;
	ssize_t n;

	if (fd < 0 || digest_parse(digest, &want) < 0)
		return false;
	hash_init(&h, want.kind);
	while ((n = fd_read_all(fd, piece, PIECE)) > 0)
		hash_add(&h, piece, (size_t)n);
	hash_finish(&h, &got);
	return n == 0 && digest_eq(&want, &got);
}

/* Everybody who writes a blob has a name of his own: two pulls of one image come here at once. */
static struct content_name ingest_own_name(const char *digest)
{
	struct content_name name;
	unsigned char random[8];
	char hex[2 * sizeof random + 1];

	proc_random(random, sizeof random);
	text_hex(random, sizeof random, hex);
	snprintf(name.s, sizeof name.s, "%s.%s", digest_hex(digest), hex);
	return name;
}

int content_blob_write(const struct image_store *s, const char *digest, struct str text, struct err *e)
{
	struct content_name name = content_blob_name(digest), own;
	scoped_arena struct arena a = { 0 };
	struct str there;
	struct err ignored; /* damaged: written again */
	int r;

	/* What is there may have the size alone, after a power cut. */
	if (content_blob_has(s, digest, (int64_t)text.n) && content_blob_read(s, digest, &a, &there, &ignored) == 0)
		return 0;
	own = ingest_own_name(digest);
	r = file_create(s->ingest_fd, own.s, text.p, text.n, 0444);
	if (r == 0 && renameat(s->ingest_fd, own.s, s->blobs_fd, name.s) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(s->ingest_fd, own.s, 0);
	return r < 0 ? err_sys(e, r, "write blob '%.30s'", digest) : 0;
}

int content_blob_keep(const struct image_store *s, const char *digest, struct str text, int *ret_lock, struct err *e)
{
	int fd = content_lock(s, CONTENT_LOCK_BLOB, digest, FILE_LOCK_SHARED, true), r;

	if (fd < 0)
		return err_sys(e, fd, "lock blob '%.30s'", digest);
	r = content_blob_write(s, digest, text, e);
	if (r < 0) {
		content_unlock(s, CONTENT_LOCK_BLOB, digest, fd);
		return r;
	}
	*ret_lock = fd;
	return 0;
}

int content_ingest_open(const struct image_store *s, const char *digest, uint64_t *ret_have, struct err *e)
{
	scoped_fd int fd = openat(s->ingest_fd, digest_hex(digest), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "open blob '%.30s'", digest);
	*ret_have = (uint64_t)st.st_size;
	return take_fd(&fd);
}

int content_temporary(const struct image_store *s, struct err *e)
{
	int fd = openat(s->ingest_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, -errno, "make temporary file in '%s'", s->root) : fd;
}

int content_ingest_commit(const struct image_store *s, const char *digest, int fd, struct err *e)
{
	struct content_name name = content_blob_name(digest);

	if (fchmod(fd, 0444) < 0 || renameat(s->ingest_fd, digest_hex(digest), s->blobs_fd, name.s) < 0)
		return err_sys(e, -errno, "keep blob '%.30s'", digest);
	return 0;
}

/* By way of a second name: a link replaces nothing. */
static int blob_link_over(const struct image_store *s, const char *digest, int fd)
{
	struct content_name name = content_blob_name(digest), own = ingest_own_name(digest);
	int r = linkat(AT_FDCWD, fd_path(fd).s, s->ingest_fd, own.s, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;

	if (r == 0 && renameat(s->ingest_fd, own.s, s->blobs_fd, name.s) < 0) {
		r = -errno;
		unlinkat(s->ingest_fd, own.s, 0);
	}
	return r;
}

int content_blob_link(const struct image_store *s, const char *digest, int fd, struct err *e)
{
	struct content_name name = content_blob_name(digest);
	int r = linkat(AT_FDCWD, fd_path(fd).s, s->blobs_fd, name.s, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;

	/* What is there may be empty, after a power cut. */
	if (r == -EEXIST)
		r = blob_link_over(s, digest, fd);
	return r < 0 ? err_sys(e, r, "keep blob '%.30s'", digest) : 0;
}

/* ---- layers ---- */

/* clang-format off */
static const struct field layer_record_fields[] = {
	FIELD(struct layer_record, entries,    "entries",   U64, FIELD_REQUIRED),
	FIELD(struct layer_record, bytes,      "bytes",     U64, FIELD_REQUIRED),
	FIELD(struct layer_record, sum,        "sum",       STR, FIELD_OMIT_EMPTY),
	FIELD(struct layer_record, tar,        "tar",       U64, FIELD_OMIT_EMPTY),
	FIELD(struct layer_record, opaque,     "opaque",    BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct layer_record, boot,       "boot",      STR, FIELD_OMIT_EMPTY),
	FIELD(struct layer_record, blob,       "blob",      STR, FIELD_OMIT_EMPTY),
	FIELD(struct layer_record, media_type, "mediaType", STR, FIELD_OMIT_EMPTY),
	FIELD(struct layer_record, blob_size,  "blobSize",  I64, FIELD_OMIT_EMPTY),
};
static const struct schema layer_record_schema = SCHEMA("layer record", struct layer_record, layer_record_fields);
/* clang-format on */

static struct content_name layer_record_name(const char *diff_id)
{
	struct content_name name;

	snprintf(name.s, sizeof name.s, "%s.json", digest_hex(diff_id));
	return name;
}

struct content_name content_layer_path(const char *diff_id, enum layer_form form)
{
	struct content_name name;

	snprintf(name.s, sizeof name.s, "layers/%s%s", digest_hex(diff_id), form == LAYER_EROFS ? LAYER_EROFS_SUFFIX : "");
	return name;
}

/* The tree is looked for first: it is what most layers are, and costs one call then. */
int content_layer_form(const struct image_store *s, const char *diff_id, enum layer_form *ret)
{
	static const mode_t types[LAYER_FORM_COUNT] = { [LAYER_TREE] = S_IFDIR, [LAYER_EROFS] = S_IFREG };
	struct stat st;

	for (int form = 0; form < LAYER_FORM_COUNT; form++) {
		struct content_name path = content_layer_path(diff_id, form);

		if (fstatat(s->root_fd, path.s, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == types[form]) {
			*ret = (enum layer_form)form;
			return 0;
		}
	}
	return -ENOENT;
}

bool content_layer_has(const struct image_store *s, const char *diff_id)
{
	enum layer_form ignored;

	return content_layer_form(s, diff_id, &ignored) == 0;
}

const char *content_layer_of_entry(const struct image_store *s, const char *name, struct arena *a)
{
	size_t n = strcspn(name, ".");
	const char *diff_id = arena_printf(a, "%s:%.*s", n > 2 * 32 ? "sha512" : "sha256", (int)n, name);
	struct digest d;

	if (digest_parse(diff_id, &d) < 0)
		return NULL;
	return str_ends(name, ".json") || faccessat(s->layers_fd, layer_record_name(diff_id).s, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? diff_id : NULL;
}

bool content_layer_has_part(const struct image_store *s, const char *diff_id)
{
	struct content_name record = layer_record_name(diff_id);

	return content_layer_has(s, diff_id) || faccessat(s->layers_fd, record.s, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int content_layer_record(const struct image_store *s, const char *diff_id, struct arena *a, struct layer_record *ret, struct err *e)
{
	struct content_name name = layer_record_name(diff_id);
	char *text;
	size_t n;
	int r = file_read(s->layers_fd, name.s, LIMIT_PROC_FILE, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read record of layer '%.30s'", diff_id);
	return json_decode((struct str){ text, n }, &layer_record_schema, 0, a, ret, e);
}

enum { BOOT_SIZE = 64 };

/* "" where it cannot be read. */
static const char *boot_read(char ret[BOOT_SIZE])
{
	if (file_read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ret, BOOT_SIZE) < 0)
		*ret = 0;
	return ret;
}

bool content_layer_is_of_this_boot(const struct image_store *s, const char *diff_id)
{
	scoped_arena struct arena a = { 0 };
	struct layer_record record;
	struct err ignored; /* cut off, too */
	char now[BOOT_SIZE];

	return content_layer_record(s, diff_id, &a, &record, &ignored) == 0 && record.boot && *record.boot && strcmp(record.boot, boot_read(now)) == 0;
}

int content_layer_begin(const struct image_store *s, const char *name, struct err *e)
{
	int r = dir_remove_tree(s->layer_ingest_fd, name);

	if (r < 0)
		return err_sys(e, r, "remove abandoned layer '%.30s'", name);
	/* 0755 is what an implied root has; an entry for "./" changes it. */
	if (mkdirat(s->layer_ingest_fd, name, 0755) < 0)
		return err_sys(e, -errno, "make directory for layer '%.30s'", name);
	r = dir_open(s->layer_ingest_fd, name);
	if (r >= 0 && fchmod(r, 0755) < 0) {
		int failed = -errno;

		fd_close(r);
		r = failed;
	}
	return r < 0 ? err_sys(e, r, "open directory for layer '%.30s'", name) : r;
}

int content_layer_commit(const struct image_store *s, const char *name, const char *diff_id, enum layer_form form, const struct layer_record *record,
	struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_PROC_FILE);
	struct content_name record_name = layer_record_name(diff_id), path = content_layer_path(diff_id, form), from;
	struct layer_record of_this_boot = *record;
	char boot[BOOT_SIZE];
	int r;

	snprintf(from.s, sizeof from.s, "%s%s", name, form == LAYER_EROFS ? "/" LAYER_EROFS_FILE : "");
	of_this_boot.boot = boot_read(boot);
	json_encode(&layer_record_schema, &of_this_boot, JSON_INDENT_NONE, &b);
	/* First where the lock of the layer covers it, so that it is known for a leftover if we die. */
	r = file_create(s->layer_ingest_fd, record_name.s, b.p, b.n, 0600);
	if (r == 0 && renameat(s->layer_ingest_fd, record_name.s, s->layers_fd, record_name.s) < 0)
		r = -errno;
	if (r == 0 && renameat(s->layer_ingest_fd, from.s, s->root_fd, path.s) < 0)
		r = -errno;
	if (r == 0 && form == LAYER_EROFS)
		r = dir_remove_tree(s->layer_ingest_fd, name);
	return r < 0 ? err_sys(e, r, "keep layer '%.30s'", diff_id) : 0;
}

int content_layer_remove(const struct image_store *s, const char *diff_id, struct err *e)
{
	struct content_name record = layer_record_name(diff_id), erofs = content_layer_path(diff_id, LAYER_EROFS), gone;
	int r;

	snprintf(gone.s, sizeof gone.s, CONTENT_GONE "%s", digest_hex(diff_id));
	r = dir_remove_tree(s->layer_ingest_fd, gone.s);
	if (r == 0 && renameat(s->layers_fd, digest_hex(diff_id), s->layer_ingest_fd, gone.s) < 0)
		r = errno == ENOENT ? 0 : -errno;
	if (r == 0 && unlinkat(s->root_fd, erofs.s, 0) < 0)
		r = errno == ENOENT ? 0 : -errno;
	if (r == 0 && unlinkat(s->layers_fd, record.s, 0) < 0)
		r = errno == ENOENT ? 0 : -errno;
	if (r == 0)
		r = dir_remove_tree(s->layer_ingest_fd, gone.s);
	return r < 0 ? err_sys(e, r, "remove layer '%.30s'", diff_id) : 0;
}
