/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/cert_files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "image/registries/config_file.h"

static const char *const directories[] = { "/etc/tare/certs.d", "~" /* ~/.config/containers/certs.d */, "/etc/containers/certs.d", "/etc/docker/certs.d",
	"/etc/containerd/certs.d" };

static const char *beside(const char *path, const char *suffix, const char *other, struct arena *a)
{
	return arena_printf(a, "%.*s%s", (int)(strlen(path) - strlen(suffix)), path, other);
}

/* Returns -ENOENT, quietly, if there is no such directory. */
static int directory_take(const char *directory, struct arena *a, struct cert_files *io, struct err *e)
{
	struct strs paths = { 0 };
	int r;

	if (access(directory, F_OK) < 0)
		return -ENOENT;
	r = config_file_list(directory, "", a, &paths, e);
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		const char *path = paths.v[i];
		bool cert = str_ends(path, ".cert"), key = str_ends(path, ".key");
		const char *other = cert ? beside(path, ".cert", ".key", a) : key ? beside(path, ".key", ".cert", a) : NULL;

		if (other && !strs_has(&paths, other))
			return err_set(e, ERR_INVALID, "there is '%s' but no '%s'", path, other);
		if (str_ends(path, ".crt"))
			strs_push(a, &io->ca, path);
		if (cert && !io->cert) {
			io->cert = path;
			io->key = other;
		}
	}
	return r;
}

int cert_files_find(const char *host, const char *directory, struct arena *a, struct cert_files *ret, struct err *e)
{
	struct cert_files found = { 0 };

	for (size_t i = 0; i < (directory ? 1 : ARRAY_LEN(directories)); i++) {
		const char *base = directory ? directory : directories[i], *path = base;
		int r;

		if (!directory && *base == '~')
			base = config_file_home(".config/containers/certs.d", a);
		if (!directory && base)
			path = arena_printf(a, "%s/%s", base, host);
		r = base ? directory_take(path, a, &found, e) : 0;
		if (r == -ENOENT && directory)
			return err_sys(e, r, "read certificates in '%s'", directory);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	*ret = found;
	return 0;
}
