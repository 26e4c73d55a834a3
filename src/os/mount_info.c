/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of mountinfo (os/mount.h). */
#include "os/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/file.h"

/* Turns "\040" back into a blank, in place. */
static char *unescape(char *s)
{
	char *to = s;

	for (char *from = s; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
			from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = 0;
	return s;
}

/* Cuts the next word off a line of single blanks; NULL at its end. */
static char *word(char **line)
{
	char *w = *line, *end;

	if (!w || !*w)
		return NULL;
	end = strchr(w, ' ');
	if (end)
		*end++ = 0;
	*line = end;
	return w;
}

/* "36 35 98:0 /root /target rw,noatime shared:1 - ext4 /dev/root rw,errors=continue" */
static int parse_line(char *line, struct mount_info *m)
{
	char *id = word(&line), *parent = word(&line), *dev = word(&line), *w;
	struct mount_info i = { 0 };

	if (!dev || sscanf(id, "%d", &i.id) != 1 || sscanf(parent, "%d", &i.parent) != 1 || sscanf(dev, "%u:%u", &i.major, &i.minor) != 2)
		return -EBADMSG;
	i.root = word(&line);
	i.target = word(&line);
	i.options = word(&line);
	while ((w = word(&line)) && strcmp(w, "-") != 0) {
		if (sscanf(w, "shared:%d", &i.shared) != 1 && sscanf(w, "master:%d", &i.master) != 1 && strcmp(w, "unbindable") == 0)
			i.unbindable = true;
	}
	i.type = word(&line);
	i.source = word(&line);
	i.super = word(&line);
	if (!i.super && i.source) { /* an empty source is two blanks in a row on old kernels */
		i.super = i.source;
		i.source = "";
	}
	if (!i.super)
		return -EBADMSG;
	*m = i;
	return 0;
}

int mount_parse_infos(char *text, struct arena *a, struct mount_infos *ret)
{
	struct mount_infos list = { 0 };

	for (char *line = text, *next; *line; line = next) {
		struct mount_info m;
		int r;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		else
			next = line + strlen(line);
		r = parse_line(line, &m);
		if (r < 0)
			return r;
		/* The words lie in @text, which is not const: unescape them where they are. */
		m.root = unescape(text + (m.root - text));
		m.target = unescape(text + (m.target - text));
		if (*m.source)
			m.source = unescape(text + (m.source - text));
		*vec_push(a, &list) = m;
	}
	*ret = list;
	return 0;
}

int mount_read_infos(struct arena *a, struct mount_infos *ret)
{
	char *text;
	int r = file_read(AT_FDCWD, "/proc/self/mountinfo", LIMIT_FILE, a, &text, NULL);

	return r < 0 ? r : mount_parse_infos(text, a, ret);
}

static bool covers(const char *target, const char *path)
{
	size_t n = strlen(target);

	if (n == 1)
		return path[0] == '/';
	return strncmp(target, path, n) == 0 && (!path[n] || path[n] == '/');
}

const struct mount_info *mount_infos_find(const struct mount_infos *list, const char *path)
{
	const struct mount_info *best = NULL;

	VEC_EACH(const struct mount_info, m, list)
		if (covers(m->target, path) && (!best || strlen(m->target) >= strlen(best->target)))
			best = m;
	return best;
}
