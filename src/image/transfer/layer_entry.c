/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/layer_entry.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/limits.h"

int layer_name_clean(const char *path, char *ret)
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0)
			return -EINVAL;
		if (len > NAME_MAX || n + len + 2 > LIMIT_PATH)
			return -ENAMETOOLONG;
		if (len > 0 && !(len == 1 && *path == '.')) {
			if (n > 0)
				ret[n++] = '/';
			memcpy(ret + n, path, len);
			n += len;
		}
		path += len;
		path += *path == '/';
	}
	ret[n] = 0;
	return 0;
}

int layer_entry_check(uint64_t entries, const struct arena *remembered, struct err *e)
{
	if (entries > LIMIT_LAYER_ENTRIES)
		return err_set(e, ERR_EXHAUSTED, "layer has more than %d entries", LIMIT_LAYER_ENTRIES);
	if (arena_held(remembered) > LIMIT_LAYER_MEMORY)
		return err_set(e, ERR_EXHAUSTED, "names and attributes of the layer are more than fit into %llu bytes", (unsigned long long)LIMIT_LAYER_MEMORY);
	return 0;
}

int layer_entry_failed(const struct layer_entry *entry, int r, struct err *e)
{
	if (r == -EINVAL)
		return err_set(e, ERR_INVALID, "'%.200s' is not a name an entry may have", entry->path);
	if (r == -E2BIG)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' has more than %d attributes", entry->path, LIMIT_XATTRS);
	if (r == -EOVERFLOW)
		return err_set(e, ERR_UNSUPPORTED, "'%.200s' belongs to %u:%u, for whom this user has no id: /etc/subuid and /etc/subgid give too few",
			entry->path, entry->uid, entry->gid);
	if (entry->hardlink && r == -ENOENT)
		return err_set(e, ERR_UNSUPPORTED, "'%.200s': unsupported: hard link to '%.200s', which is not in this layer", entry->path,
			entry->hardlink);
	return err_sys(e, r, "'%.200s'", entry->path);
}
