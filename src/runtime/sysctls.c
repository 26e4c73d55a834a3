/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sysctls.h"

#include <string.h>

#include "base/scope.h"
#include "os/fd.h"
#include "os/ns.h"

struct sysctl_row {
	const char *path; /* itself, or what is below it */
	enum oci_ns ns;
};

static const struct sysctl_row rows[] = {
	{ "sys/net", OCI_NS_NETWORK },
	{ "sys/fs/mqueue", OCI_NS_IPC },
	{ "sys/kernel/msgmax", OCI_NS_IPC },
	{ "sys/kernel/msgmnb", OCI_NS_IPC },
	{ "sys/kernel/msgmni", OCI_NS_IPC },
	{ "sys/kernel/sem", OCI_NS_IPC },
	{ "sys/kernel/shmall", OCI_NS_IPC },
	{ "sys/kernel/shmmax", OCI_NS_IPC },
	{ "sys/kernel/shmmni", OCI_NS_IPC },
	{ "sys/kernel/shm_rmid_forced", OCI_NS_IPC },
	{ "sys/kernel/domainname", OCI_NS_UTS },
	{ "sys/user", OCI_NS_USER },
};

const char *sysctl_path(const char *key, struct arena *a)
{
	char *path = arena_printf(a, "sys/%s", key);
	size_t first = strcspn(path + 4, "./");

	if (path[4 + first] == '.')
		for (char *c = path + 4; *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

/* No empty component, no "." and no "..": the path is what it looks like. */
static bool is_plain(const char *path)
{
	struct str rest = str_of(path);

	while (rest.p) {
		struct str word = str_cut(rest, '/', &rest);

		if (word.n == 0 || str_is(word, ".") || str_is(word, ".."))
			return false;
	}
	return true;
}

static const struct sysctl_row *row_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *below = str_after(path, rows[i].path);

		if (below && (*below == '\0' || *below == '/'))
			return &rows[i];
	}
	return NULL;
}

int sysctls_check(const struct oci_linux *l, struct err *e)
{
	scoped_arena struct arena a = { 0 };

	for (size_t i = 0; i < l->sysctl.n; i++) {
		const char *key = l->sysctl.v[i].key, *path = sysctl_path(key, &a);
		const struct sysctl_row *row = is_plain(path) ? row_of(path) : NULL;

		if (streq(path, "sys/kernel/hostname"))
			return err_set(e, ERR_INVALID, "linux.sysctl: '%s' is not allowed as it conflicts with the member 'hostname'", key);
		if (!row)
			return err_set(e, ERR_INVALID, "linux.sysctl: '%s' belongs to no namespace of a container", key);
		if (!oci_namespace_find(l, row->ns))
			return err_set(e, ERR_INVALID, "linux.sysctl: '%s' would change the host: the container has no %s namespace of its own",
				       key, enumtab_name(&oci_ns_words, (int)row->ns));
	}
	return 0;
}

static int check_joined(const char *key, const struct oci_namespace *ns, struct err *e)
{
	static const enum ns_kind kinds[OCI_NS_COUNT] = {
		[OCI_NS_NETWORK] = NS_NET, [OCI_NS_IPC] = NS_IPC, [OCI_NS_UTS] = NS_UTS, [OCI_NS_USER] = NS_USER,
	};
	scoped_fd int fd = ns_open_path(ns->path, kinds[ns->type]);

	if (fd < 0)
		return err_sys(e, fd, "open the %s namespace '%s'", enumtab_name(&oci_ns_words, (int)ns->type), ns->path);
	if (ns_is_own(fd, kinds[ns->type]) == 1)
		return err_set(e, ERR_INVALID, "linux.sysctl: '%s' would change the host: '%s' is its own namespace", key, ns->path);
	return 0;
}

int sysctls_check_joined(const struct oci_linux *l, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->sysctl.n; i++) {
		const struct sysctl_row *row = row_of(sysctl_path(l->sysctl.v[i].key, &a));
		const struct oci_namespace *ns = row ? oci_namespace_find(l, row->ns) : NULL;

		if (ns && ns->path && *ns->path)
			r = check_joined(l->sysctl.v[i].key, ns, e);
	}
	return r;
}
