/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "engine/id.h"
#include "engine/store.h"

struct prefix_search {
	const char *prefix;
	char id[CONTAINER_ID_SIZE];
	int hits;
};

static int prefix_match(void *arg, const char *name)
{
	struct prefix_search *s = arg;

	if (str_after(name, s->prefix) && text_is_hex(str_of(name), CONTAINER_ID_SIZE - 1)) {
		memcpy(s->id, name, CONTAINER_ID_SIZE);
		s->hits++;
	}
	return s->hits > 1;
}

static bool object_exists(struct engine *en, const char *id)
{
	scoped_object struct object o = OBJECT_NONE;

	return object_open(&en->containers, id, &o) == 0;
}

static bool is_hex(const char *s)
{
	return s[0] && strspn(s, "0123456789abcdef") == strlen(s);
}

int container_find(struct engine *en, const char *ref, struct arena *a, const char **ret_id, struct err *e)
{
	struct prefix_search s = { .prefix = ref };
	char *id;
	int r;

	if (text_is_hex(str_of(ref), CONTAINER_ID_SIZE - 1) && object_exists(en, ref)) {
		*ret_id = arena_strdup(a, ref);
		return 0;
	}
	if (objdir_name_is_valid(ref) && objdir_link_read(&en->names, ref, a, &id) == 0 && object_exists(en, id)) {
		*ret_id = id;
		return 0;
	}
	if (!is_hex(ref))
		return err_set(e, ERR_NOT_FOUND, "no such container: %s", ref);
	r = objdir_each(&en->containers, prefix_match, &s);
	if (r < 0)
		return err_sys(e, r, "list containers");
	if (s.hits > 1)
		return err_set(e, ERR_CONFLICT, "'%s' is the beginning of more than one container id", ref);
	if (s.hits == 0)
		return err_set(e, ERR_NOT_FOUND, "no such container: %s", ref);
	*ret_id = arena_strdup(a, s.id);
	return 0;
}
