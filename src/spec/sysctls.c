/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/sysctls.h"

#include <errno.h>
#include <string.h>

#include "base/scope.h"

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

int sysctl_namespace(const char *path)
{
	for (size_t i = 0; is_plain(path) && i < ARRAY_LEN(rows); i++) {
		const char *below = str_after(path, rows[i].path);

		if (below && (*below == '\0' || *below == '/'))
			return (int)rows[i].ns;
	}
	return -EINVAL;
}

int sysctls_check(const struct oci_linux *l, struct err *e)
{
	scoped_arena struct arena a = { 0 };

	for (size_t i = 0; i < l->sysctl.n; i++) {
		const char *key = l->sysctl.v[i].key, *path = sysctl_path(key, &a);
		int ns = sysctl_namespace(path);

		if (streq(path, "sys/kernel/hostname"))
			return err_set(e, ERR_INVALID, "linux.sysctl: '%s' is not allowed as it conflicts with the member 'hostname'", key);
		if (ns < 0)
			return err_set(e, ERR_INVALID, "linux.sysctl: '%s' belongs to no namespace of a container", key);
		if (!oci_namespace_find(l, (enum oci_ns)ns))
			return err_set(e, ERR_INVALID, "linux.sysctl: '%s' would change the host: the container has no %s namespace of its own",
				       key, enumtab_name(&oci_ns_words, ns));
	}
	return 0;
}
