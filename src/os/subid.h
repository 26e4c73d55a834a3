/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * subid: the ids an ordinary user may have besides his own: /etc/subuid and /etc/subgid, and the setuid programs newuidmap(1) and newgidmap(1)
 * that write them into the maps of his user namespaces.
 *
 * Errors: -errno. EINTR: retried.
 */
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "os/ns.h"

/* One stretch of ids of the host. */
struct subid_range {
	uint32_t first, count;
};
struct subid_ranges {
	struct subid_range *v;
	size_t n, cap;
};

/* What the lines of @text give to the user called @name (may be NULL) or numbered @uid; lines that make no sense are passed over. */
void subid_parse(char *text, const char *name, uid_t uid, struct arena *a, struct subid_ranges *ret);

/* The same of the file at @path; the name is that of /etc/passwd. A missing file gives nothing. */
int subid_read(const char *path, uid_t uid, struct arena *a, struct subid_ranges *ret);

/*
 * Has the program called @tool, looked for in $PATH, write the map of @pid. Errors: -ENOENT there is no such program; -EPERM it refused, with its own
 * words in @ret_words.
 */
enum { SUBID_WORDS_SIZE = 256 };
int subid_map(const char *tool, pid_t pid, const struct ns_id_map *rows, size_t n, char ret_words[SUBID_WORDS_SIZE]);
