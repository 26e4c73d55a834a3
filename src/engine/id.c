/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/id.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "os/proc.h"

enum { NAME_TRIES = 32 };

static const char *const adjectives[] = {
	"able", "amber", "ample", "azure", "bold", "brave", "brief", "bright", "brisk", "calm", "candid",
	"clean", "clear", "clever", "coral", "cosy", "crisp", "dapper", "deft", "eager", "early", "exact",
	"fair", "fancy", "fleet", "fluent", "fresh", "gentle", "glad", "golden", "grand", "handy", "hardy",
	"hazel", "honest", "humble", "jolly", "keen", "kind", "level", "light", "lively", "loyal", "lucid",
	"lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "olive", "open", "patient",
	"placid", "plain", "polite", "proud", "quick", "quiet", "ready", "royal", "rustic", "sharp", "silent",
	"simple", "sleek", "smart", "smooth", "snug", "sober", "solid", "steady", "still", "stout", "sturdy",
	"subtle", "sunny", "swift", "tender", "tidy", "trim", "true", "upbeat", "valid", "vivid", "warm",
	"wise", "witty", "young", "zesty",
};
static const char *const nouns[] = {
	"anvil", "apple", "arch", "badger", "barley", "basil", "beacon", "birch", "bison", "bough", "brook",
	"cedar", "cello", "clover", "comet", "copper", "crane", "creek", "crow", "daisy", "delta", "dune",
	"eagle", "ember", "falcon", "fern", "finch", "fjord", "flint", "forge", "fox", "gable", "garnet",
	"grove", "gull", "harbor", "hazel", "heron", "hill", "ibis", "iris", "island", "ivy", "juniper",
	"kestrel", "kite", "lagoon", "lake", "lantern", "larch", "lark", "linden", "lotus", "lynx", "maple",
	"marsh", "meadow", "mill", "mint", "moss", "oak", "orchid", "osprey", "otter", "owl", "pebble", "pine",
	"plum", "pond", "poplar", "prairie", "quail", "quartz", "raven", "reed", "ridge", "river", "robin",
	"rowan", "saffron", "sage", "sail", "sparrow", "spruce", "stork", "summit", "swan", "thistle",
	"thrush", "tide", "tulip", "valley", "walnut", "willow", "wren", "yew", "zephyr",
};

void id_new(char ret[CONTAINER_ID_SIZE])
{
	unsigned char bytes[(CONTAINER_ID_SIZE - 1) / 2];

	proc_random(bytes, sizeof bytes);
	text_hex(bytes, sizeof bytes, ret);
}

const char *id_invent_name(uint64_t seed, struct arena *a)
{
	const char *adjective = adjectives[seed % ARRAY_LEN(adjectives)];
	uint64_t rest = seed / ARRAY_LEN(adjectives);

	return arena_printf(a, "%s_%s", adjective, nouns[rest % ARRAY_LEN(nouns)]);
}

/* True if the link leads to a container that is there (or in the making: the object exists before its name). */
static bool target_exists(struct engine *en, const char *id)
{
	scoped_object struct object o = OBJECT_NONE;

	return object_open(&en->containers, id, &o) != -ENOENT;
}

/* One attempt. Errors: -EEXIST, with the owner in @ret_owner. */
static int reserve(struct engine *en, const char *name, const char *id, unsigned flags, struct arena *a, char **ret_owner)
{
	for (;;) {
		int r = objdir_link(&en->names, name, id, flags);

		if (r != -EEXIST)
			return r;
		r = objdir_link_read(&en->names, name, a, ret_owner);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (target_exists(en, *ret_owner))
			return -EEXIST;
		r = objdir_unlink(&en->names, name, *ret_owner);
		if (r < 0 && r != -ENOENT)
			return r;
	}
}

int id_reserve_name(struct engine *en, const char *name, const char *id, unsigned flags, struct arena *a, const char **ret, struct err *e)
{
	char *owner = NULL;
	int r = -EEXIST;

	if (name) {
		r = reserve(en, name, id, flags, a, &owner);
		if (r == -EEXIST)
			return err_set(e, ERR_CONFLICT, "the name '%s' is already in use by container " SHORT_ID_FMT, name, owner);
	}
	for (int i = 0; !name && i < NAME_TRIES && r == -EEXIST; i++) {
		uint64_t seed;

		proc_random(&seed, sizeof seed);
		*ret = id_invent_name(seed, a);
		/* Two words are short to read but few; later attempts add digits. */
		if (i > 0)
			*ret = arena_printf(a, "%s%u", *ret, (unsigned)(seed >> 48) % 10000);
		r = reserve(en, *ret, id, flags, a, &owner);
	}
	if (r < 0)
		return err_sys(e, r, "reserve the name '%s'", name ? name : *ret);
	if (name)
		*ret = arena_strdup(a, name);
	return 0;
}

void id_release_name(struct engine *en, const char *name, const char *id)
{
	objdir_unlink(&en->names, name, id);
}
