/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "image/registries/authfile.h"
#include "image/registries/helper.h"
#include "os/file.h"

/* ---- which file ---- */

enum { FILES_MAX = 5 };

struct file_place {
	const char *path;
	bool legacy; /* .dockercfg */
	bool docker; /* config.json: new entries go here */
	bool named;  /* by the user: it must be there */
};

struct file_places {
	struct file_place v[FILES_MAX];
	size_t n;
};

static void place_add(struct arena *a, struct file_places *list, const char *directory, const char *rest, bool docker)
{
	if (directory && *directory == '/')
		list->v[list->n++] = (struct file_place){ .path = arena_printf(a, "%s%s", directory, rest), .docker = docker };
}

static const char *variable(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static void places_find(const char *authfile, struct arena *a, struct file_places *ret)
{
	const char *named = authfile ? authfile : variable("REGISTRY_AUTH_FILE");
	const char *home = variable("HOME"), *config = variable("XDG_CONFIG_HOME"), *docker = variable("DOCKER_CONFIG"), *run = variable("XDG_RUNTIME_DIR");

	*ret = (struct file_places){ 0 };
	if (named) {
		ret->v[ret->n++] = (struct file_place){ .path = arena_strdup(a, named), .docker = true, .named = true };
		return;
	}
	place_add(a, ret, run ? run : arena_printf(a, "/run/containers/%u", (unsigned)getuid()), run ? "/containers/auth.json" : "/auth.json", false);
	place_add(a, ret, config ? config : home, config ? "/containers/auth.json" : "/.config/containers/auth.json", false);
	place_add(a, ret, docker ? docker : home, docker ? "/config.json" : "/.docker/config.json", true);
	place_add(a, ret, home, "/.dockercfg", false);
	if (ret->n > 0 && home && *home == '/')
		ret->v[ret->n - 1].legacy = true;
}

/* Returns 1 and the text, or 0 if there is no such file. */
static int place_read(const struct file_place *f, struct arena *a, struct str *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, f->path, LIMIT_MANIFEST, a, &text, &n);

	if (r == -ENOENT || r == -ENOTDIR || (r == -EACCES && !f->named))
		return 0;
	if (r < 0)
		return err_sys(e, r, "read '%s'", f->path);
	*ret = (struct str){ text, n };
	return 1;
}

/* ---- find ---- */

static int place_ask(const struct file_place *f, const char *host, const char *repository, struct arena *a, struct credentials *ret, struct err *e)
{
	struct authfile_answer answer;
	struct str text;
	int r = place_read(f, a, &text, e);

	if (r == 0 && f->named)
		return err_sys(e, -ENOENT, "read '%s'", f->path);
	if (r <= 0)
		return r;
	r = authfile_parse(text, f->legacy, host, repository, a, &answer, e);
	if (r > 0 && answer.helper)
		r = helper_get(answer.helper, answer.server, a, ret, e);
	else if (r > 0)
		*ret = answer.credentials;
	return r < 0 ? err_wrap(e, "%s", f->path) : r;
}

static int files_ask(const struct credentials_query *q, struct arena *a, struct credentials *ret, struct err *e)
{
	struct file_places places;
	int r = 0;

	places_find(q->authfile, a, &places);
	for (size_t i = 0; r == 0 && i < places.n; i++)
		r = place_ask(&places.v[i], q->host, q->repository, a, ret, e);
	return r;
}

int credentials_find(const struct credentials_query *q, struct arena *a, struct credentials *ret, struct err *e)
{
	static const char *files = "containers-auth.json";
	struct strs helpers = q->helpers.n > 0 ? q->helpers : (struct strs){ &files, 1 };
	int r = 0;

	*ret = (struct credentials){ 0 };
	if (q->given)
		return authfile_split(q->given, a, ret) < 0 ? err_set(e, ERR_INVALID, "credentials are not of the form user:password") : 0;
	for (size_t i = 0; r == 0 && i < helpers.n; i++) {
		if (strcmp(helpers.v[i], files) == 0)
			r = files_ask(q, a, ret, e);
		else
			r = helper_get(helpers.v[i], q->host, a, ret, e);
	}
	return r < 0 ? r : 0;
}

/* ---- keep and drop ---- */

static const char *host_of(const char *server, struct arena *a)
{
	return arena_strndup(a, server, strcspn(server, "/"));
}

/* The file behind links, so that a link stays one; its directory opened (made if missing), its name. */
static int place_open(const struct file_place *f, struct arena *a, int *ret_dir, const char **ret_name, struct err *e)
{
	scoped_free char *real = realpath(f->path, NULL);
	char *path = arena_strdup(a, real ? real : f->path), *slash = strrchr(path, '/');
	const char *directory = ".";
	int r = 0, fd;

	*ret_name = slash ? slash + 1 : path;
	if (slash) {
		*slash = 0;
		directory = *path ? path : "/";
		r = dir_ensure_all(AT_FDCWD, directory, 0700);
	}
	fd = r < 0 ? r : dir_open(AT_FDCWD, directory);
	if (fd < 0)
		return err_sys(e, fd, "open directory of '%s'", f->path);
	*ret_dir = fd;
	return 0;
}

/* Whoever changes the file holds its lock; the next one reads what we made of it. */
typedef int (*change_fn)(void *arg, struct str text, struct buf *out, struct err *e);

/* Replaces the file by what @fn makes of it; nothing is written if that is nothing. */
static int place_change(const struct file_place *f, change_fn fn, void *arg, struct arena *a, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_MANIFEST);
	scoped_fd int dir = -EBADF, lock = -EBADF;
	struct str text = { "", 0 };
	const char *name;
	int r = place_open(f, a, &dir, &name, e);

	if (r < 0)
		return r;
	lock = lock_file_wait(dir, name, FILE_LOCK_EXCLUSIVE);
	if (lock < 0)
		return err_sys(e, lock, "lock '%s'", f->path);
	r = place_read(f, a, &text, e);
	if (r >= 0)
		r = fn(arg, text, &out, e);
	if (r < 0 || out.n == 0) {
		/* The lock made it. */
		if (text.n == 0)
			unlinkat(dir, name, 0);
		return r < 0 ? err_wrap(e, "%s", f->path) : 0;
	}
	r = file_replace(dir, name, out.p, out.n, 0600, FILE_SYNC);
	return r < 0 ? err_sys(e, r, "write '%s'", f->path) : 0;
}

struct keeping {
	const char *server, *key;
	const struct credentials *credentials;
	struct arena *a;
	struct credentials_place *place;
};

static int keep_change(void *arg, struct str text, struct buf *out, struct err *e)
{
	struct keeping *k = arg;
	struct strs keys = { 0 };
	int r = authfile_helper(text, host_of(k->server, k->a), k->a, &k->place->helper, e);

	if (r == 0)
		r = authfile_keys(text, k->a, &keys, e);
	if (r < 0)
		return r;
	/* An entry that is there keeps its key, however it is written. */
	for (size_t i = 0; i < keys.n; i++)
		if (authfile_key_is(keys.v[i], k->server))
			k->key = keys.v[i];
	if (k->place->helper)
		r = helper_store(k->place->helper, k->key, k->credentials, e);
	return r < 0 ? r : authfile_edit(text, k->key, k->credentials, k->place->helper != NULL, out, e);
}

/* True if the file has an entry for exactly this server. */
static bool place_has(const struct file_place *f, const char *server, struct arena *a)
{
	struct strs keys = { 0 };
	struct str text;
	struct err ignored; /* unreadable: then it is not the one */

	if (place_read(f, a, &text, &ignored) <= 0 || f->legacy || authfile_keys(text, a, &keys, &ignored) < 0)
		return false;
	for (size_t i = 0; i < keys.n; i++)
		if (authfile_key_is(keys.v[i], server))
			return true;
	return false;
}

int credentials_keep(const char *server, const struct credentials *c, const char *authfile, struct arena *a, struct credentials_place *ret, struct err *e)
{
	const struct file_place *chosen = NULL;
	struct keeping k = { server, strcmp(server, "docker.io") == 0 ? AUTHFILE_HUB : server, c, a, ret };
	struct file_places places;

	places_find(authfile, a, &places);
	*ret = (struct credentials_place){ 0 };
	for (size_t i = 0; i < places.n && !chosen; i++)
		if (place_has(&places.v[i], server, a))
			chosen = &places.v[i];
	for (size_t i = 0; i < places.n && !chosen; i++)
		if (places.v[i].docker)
			chosen = &places.v[i];
	if (!chosen)
		return err_set(e, ERR_NOT_FOUND, "no place for credentials: HOME is not set");
	ret->path = chosen->path;
	return place_change(chosen, keep_change, &k, a, e);
}

struct dropping {
	const char *server; /* NULL: all */
	struct arena *a;
	struct strs *dropped;
};

static int drop_change(void *arg, struct str text, struct buf *out, struct err *e)
{
	struct dropping *d = arg;
	struct strs keys = { 0 };
	int r = authfile_keys(text, d->a, &keys, e);

	for (size_t i = 0; r == 0 && i < keys.n; i++) {
		scoped_buf struct buf next = BUF(LIMIT_MANIFEST);
		const char *helper = NULL;

		if (d->server && !authfile_key_is(keys.v[i], d->server))
			continue;
		r = authfile_helper(text, strcmp(keys.v[i], AUTHFILE_HUB) == 0 ? "docker.io" : host_of(keys.v[i], d->a), d->a, &helper, e);
		if (r == 0 && helper)
			r = helper_erase(helper, keys.v[i], e);
		r = r < 0 ? r : authfile_edit(text, keys.v[i], NULL, false, &next, e);
		if (r < 0)
			break;
		text = (struct str){ arena_memdup(d->a, next.p, next.n), next.n };
		strs_push(d->a, d->dropped, keys.v[i]);
		buf_clear(out);
		r = buf_add(out, text.p, text.n);
	}
	return r;
}

int credentials_drop(const char *server, const char *authfile, struct arena *a, struct strs *ret, struct err *e)
{
	struct dropping d = { server, a, ret };
	struct file_places places;
	int r = 0;

	places_find(authfile, a, &places);
	for (size_t i = 0; r == 0 && i < places.n; i++)
		if (!places.v[i].legacy && access(places.v[i].path, F_OK) == 0)
			r = place_change(&places.v[i], drop_change, &d, a, e);
	return r;
}
