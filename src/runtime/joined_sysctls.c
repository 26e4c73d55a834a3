/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/joined_sysctls.h"

#include "base/scope.h"
#include "os/fd.h"
#include "os/ns.h"
#include "spec/sysctls.h"

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
		int kind = sysctl_namespace(sysctl_path(l->sysctl.v[i].key, &a));
		const struct oci_namespace *ns = kind < 0 ? NULL : oci_namespace_find(l, (enum oci_ns)kind);

		if (ns && ns->path && *ns->path)
			r = check_joined(l->sysctl.v[i].key, ns, e);
	}
	return r;
}
