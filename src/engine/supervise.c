/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/supervise.h"

#include <string.h>

#include "os/file.h"

#define FILE_WANTED "wanted"

static const char *const mark_words[] = {
	[SUPERVISE_NONE] = "none", [SUPERVISE_UP] = "up", [SUPERVISE_ENDED] = "ended", [SUPERVISE_STOPPED] = "stopped",
};
const struct enumtab supervise_marks = ENUMTAB("mark", mark_words, SUPERVISE_COUNT);

enum supervise_mark supervise_get(const struct holding *h)
{
	char text[16];
	int mark;

	if (file_read_text(h->object.fd, FILE_WANTED, text, sizeof text) < 0)
		return SUPERVISE_NONE;
	mark = enumtab_find(&supervise_marks, text);
	return mark < 0 ? SUPERVISE_NONE : (enum supervise_mark)mark;
}

int supervise_set(const struct holding *h, enum supervise_mark mark, struct err *e)
{
	const char *word = mark_words[mark];
	int r;

	if (h->c.request.supervision.restart.kind == RESTART_NO || supervise_get(h) == mark)
		return 0;
	r = object_write(&h->object, FILE_WANTED, word, strlen(word));
	return r < 0 ? err_sys(e, r, "write '" FILE_WANTED "'") : 0;
}

/* A run that was cut off has failed; of one that was not, the record tells. */
static bool has_failed(const struct holding *h, enum supervise_mark mark, struct arena *a)
{
	struct container_exit x;
	struct err ignored = { 0 };  /* no record: it was cut off */

	return mark == SUPERVISE_UP || store_read_exit(h, a, &x, &ignored) < 0 || x.code != 0;
}

bool supervise_wants(const struct holding *h, struct arena *a)
{
	enum supervise_mark mark = supervise_get(h);

	if (mark == SUPERVISE_NONE)
		return false;
	switch (h->c.request.supervision.restart.kind) {
	case RESTART_ALWAYS:
		return true;
	case RESTART_UNLESS_STOPPED:
		return mark != SUPERVISE_STOPPED;
	case RESTART_ON_FAILURE:
		return mark != SUPERVISE_STOPPED && has_failed(h, mark, a);
	case RESTART_NO:
	case RESTART_KIND_COUNT:
		break;
	}
	return false;
}
