/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/layout.h"

#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/file.h"
#include "runtime/cgroup/cgroup.h"

/* clang-format off */
const struct cgroup_ctl_row cgroup_ctls[CGROUP_CTL_COUNT] = {
	/*                    v1          v2         on v2  directory     */
	[CGROUP_MEMORY]   = { "memory",   "memory",  true,  CGROUP_NEED_ALWAYS },
	[CGROUP_CPU]      = { "cpu",      "cpu",     true,  CGROUP_NEED_NAMED  },
	[CGROUP_CPUACCT]  = { "cpuacct",  NULL,      true,  CGROUP_NEED_ALWAYS },
	[CGROUP_CPUSET]   = { "cpuset",   "cpuset",  true,  CGROUP_NEED_LIMITS },
	[CGROUP_PIDS]     = { "pids",     "pids",    true,  CGROUP_NEED_ALWAYS },
	[CGROUP_BLKIO]    = { "blkio",    "io",      true,  CGROUP_NEED_NAMED  },
	[CGROUP_DEVICES]  = { "devices",  NULL,      true,  CGROUP_NEED_ALWAYS },
	[CGROUP_FREEZER]  = { "freezer",  NULL,      true,  CGROUP_NEED_ALWAYS },
	[CGROUP_HUGETLB]  = { "hugetlb",  "hugetlb", true,  CGROUP_NEED_LIMITS },
	[CGROUP_NET_CLS]  = { "net_cls",  NULL,      false, CGROUP_NEED_LIMITS },
	[CGROUP_NET_PRIO] = { "net_prio", NULL,      false, CGROUP_NEED_LIMITS },
	[CGROUP_RDMA]     = { "rdma",     "rdma",    true,  CGROUP_NEED_LIMITS },
};
/* clang-format on */

int cgroup_host_version(const struct cgroup_host *h, enum cgroup_ctl ctl)
{
	const struct cgroup_ctl_row *row = &cgroup_ctls[ctl];

	if (cgroup_facts_find(h->facts, row->v1))
		return 1;
	if (!h->facts->v2_mount || !row->v2_exists)
		return 0;
	return !row->v2 || strs_has(&h->facts->v2_controllers, row->v2) ? 2 : 0;
}

/* True if @word stands in the comma-separated @list; "" stands only in "". */
static bool list_has(const char *list, const char *word)
{
	struct str rest = str_of(list);

	do {
		if (str_is(str_cut(rest, ',', &rest), word))
			return true;
	} while (rest.p);
	return false;
}

const char *cgroup_host_own(const struct cgroup_host *h, const char *controller, const char *mount_root)
{
	for (size_t i = 0; i < h->own.n; i++) {
		const char *path = h->own.v[i].value, *below;

		if (!list_has(h->own.v[i].key, controller))
			continue;
		if (!mount_root || streq(mount_root, "/"))
			return path;
		below = str_after(path, mount_root);
		return below && *below == '/' ? below : "/";
	}
	return "/";
}

void cgroup_own_parse(const char *text, struct arena *a, struct pairs *ret)
{
	struct str rest = str_of(text);

	*ret = (struct pairs){ 0 };
	while (rest.p && rest.n) {
		struct str line = str_cut(rest, '\n', &rest), controllers, path;

		str_cut(line, ':', &line); /* the hierarchy's number */
		if (!line.p)
			continue;
		controllers = str_cut(line, ':', &path);
		if (!path.p || path.n == 0 || path.p[0] != '/')
			continue;
		pairs_set(a, ret, arena_strndup(a, controllers.p, controllers.n), arena_strndup(a, path.p, path.n));
	}
}

int cgroup_path_join(const char *base, const char *path, struct arena *a, char **ret, struct err *e)
{
	size_t size = strlen(base) + strlen(path) + 3, n = 0;
	char *out = arena_alloc(a, size);
	const char *const parts[] = { base, path };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct str rest = str_of(parts[i]);

		while (rest.p) {
			struct str word = str_cut(rest, '/', &rest);

			if (word.n == 0 || str_is(word, "."))
				continue;
			if (str_is(word, ".."))
				return err_set(e, ERR_INVALID, "cgroup path '%s' contains '..'", path);
			if (n)
				out[n++] = '/';
			memcpy(out + n, word.p, word.n);
			n += word.n;
		}
	}
	out[n] = '\0';
	*ret = out;
	return 0;
}

/* ---- probing ---- */

int cgroup_host_probe(struct host_facts *f, struct arena *a, const struct cgroup_host **ret, struct err *e)
{
	struct cgroup_host *h = arena_new(a, struct cgroup_host);

	h->facts = facts_cgroup(f, a);
	if (h->facts->self)
		cgroup_own_parse(h->facts->self, a, &h->own);
	*ret = h;
	return 0;
}
