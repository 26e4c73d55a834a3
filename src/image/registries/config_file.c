/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/toml.h"
#include "codec/yaml.h"
#include "os/fd.h"
#include "os/file.h"

const char *config_file_home(const char *rest, struct arena *a)
{
	const char *home = getenv("HOME");

	return home && *home == '/' ? arena_printf(a, "%s/%s", home, rest) : NULL;
}

static int text_read(const char *path, struct arena *a, struct str *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_MANIFEST, a, &text, &n);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	*ret = (struct str){ text, n };
	return 1;
}

int config_file_json(const char *path, const struct schema *s, unsigned flags, struct arena *a, void *ret, struct err *e)
{
	struct str text;
	int r = text_read(path, a, &text, e);

	if (r > 0 && json_decode(text, s, flags, a, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return r;
}

int config_file_toml(const char *path, struct buf *ret, struct arena *a, struct err *e)
{
	struct str text;
	int r = text_read(path, a, &text, e);

	if (r > 0 && (r = toml_to_json(text, ret, e)) == 0)
		r = 1;
	return r;
}

int config_file_yaml(const char *path, struct buf *ret, struct arena *a, struct err *e)
{
	struct str text;
	int r = text_read(path, a, &text, e);

	if (r > 0 && (r = yaml_to_json(text, ret, e)) == 0)
		r = 1;
	return r;
}

struct listing {
	const char *suffix;
	struct arena *a;
	struct strs names;
};

static int name_take(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct listing *l = arg;

	if (*name != '.' && str_ends(name, l->suffix))
		strs_push(l->a, &l->names, arena_strdup(l->a, name));
	return l->names.n > LIMIT_CONFIG_FILES ? -E2BIG : 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

int config_file_list(const char *directory, const char *suffix, struct arena *a, struct strs *ret, struct err *e)
{
	struct listing l = { .suffix = suffix, .a = a };
	scoped_fd int dir = dir_open(AT_FDCWD, directory);
	int r = dir < 0 ? dir : dir_each(dir, name_take, &l);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return err_sys(e, r, "read '%s'", directory);
	if (l.names.n > 0)
		qsort(l.names.v, l.names.n, sizeof *l.names.v, by_name);
	for (size_t i = 0; i < l.names.n; i++)
		strs_push(a, ret, arena_printf(a, "%s/%s", directory, l.names.v[i]));
	return 0;
}
