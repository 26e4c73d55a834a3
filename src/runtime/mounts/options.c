/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mounts/options.h"

#include <errno.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/vec.h"
#include "os/mount.h"

enum word_kind {
	WORD_NOTHING,     /* the default, or meaningless today */
	WORD_SET,         /* attribute on */
	WORD_CLEAR,       /* attribute off */
	WORD_ATIME,       /* one of the exclusive access time modes */
	WORD_PROPAGATION,
	WORD_BIND,
	WORD_FS,          /* a flag of the file system … */
	WORD_FS_OFF,      /* … taken back */
	WORD_SWITCH,      /* a bool of struct mount_options: value is its offset */
};

struct word {
	const char *name;
	enum word_kind kind;
	bool recursive;
	uint64_t value;
	const char *flag; /* of the file system */
};

#define SWITCH(member) WORD_SWITCH, false, offsetof(struct mount_options, member)

/*
 * The recursive forms of file system flags are crun's: a file system has no children of another mind, so they are the plain ones. "iversion" is
 * on for good where a file system has it, "remount" and "silent" are no attributes.
 */
/* clang-format off */
static const struct word words[] = {
	{ "async",         WORD_FS_OFF,      false, 0, "sync" },
	{ "atime",         WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "bind",          WORD_BIND,        false, 0 },
	{ "defaults",      WORD_NOTHING,     false, 0 },
	{ "dev",           WORD_CLEAR,       false, MOUNT_ATTR_NODEV },
	{ "diratime",      WORD_CLEAR,       false, MOUNT_ATTR_NODIRATIME },
	{ "dirsync",       WORD_FS,          false, 0, "dirsync" },
	{ "exec",          WORD_CLEAR,       false, MOUNT_ATTR_NOEXEC },
	{ "iversion",      WORD_NOTHING,     false, 0 },
	{ "lazytime",      WORD_FS,          false, 0, "lazytime" },
	{ "loud",          WORD_NOTHING,     false, 0 },
	{ "mand",          WORD_FS,          false, 0, "mand" },
	{ "noatime",       WORD_ATIME,       false, MOUNT_ATTR_NOATIME },
	{ "nodev",         WORD_SET,         false, MOUNT_ATTR_NODEV },
	{ "nodiratime",    WORD_SET,         false, MOUNT_ATTR_NODIRATIME },
	{ "noexec",        WORD_SET,         false, MOUNT_ATTR_NOEXEC },
	{ "noiversion",    WORD_NOTHING,     false, 0 },
	{ "nolazytime",    WORD_FS_OFF,      false, 0, "lazytime" },
	{ "nomand",        WORD_FS_OFF,      false, 0, "mand" },
	{ "norelatime",    WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "nostrictatime", WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "nosuid",        WORD_SET,         false, MOUNT_ATTR_NOSUID },
	{ "nosymfollow",   WORD_SET,         false, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private",       WORD_PROPAGATION, false, MS_PRIVATE },
	{ "rbind",         WORD_BIND,        true,  0 },
	{ "relatime",      WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "remount",       SWITCH(remount) },
	{ "ro",            WORD_SET,         false, MOUNT_ATTR_RDONLY },
	{ "rprivate",      WORD_PROPAGATION, true,  MS_PRIVATE },
	{ "rshared",       WORD_PROPAGATION, true,  MS_SHARED },
	{ "rslave",        WORD_PROPAGATION, true,  MS_SLAVE },
	{ "runbindable",   WORD_PROPAGATION, true,  MS_UNBINDABLE },
	{ "rw",            WORD_CLEAR,       false, MOUNT_ATTR_RDONLY },
	{ "shared",        WORD_PROPAGATION, false, MS_SHARED },
	{ "silent",        WORD_NOTHING,     false, 0 },
	{ "slave",         WORD_PROPAGATION, false, MS_SLAVE },
	{ "strictatime",   WORD_ATIME,       false, MOUNT_ATTR_STRICTATIME },
	{ "suid",          WORD_CLEAR,       false, MOUNT_ATTR_NOSUID },
	{ "symfollow",     WORD_CLEAR,       false, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync",          WORD_FS,          false, 0, "sync" },
	{ "tmpcopyup",     SWITCH(copy_up) },
	{ "unbindable",    WORD_PROPAGATION, false, MS_UNBINDABLE },
	{ "ratime",        WORD_ATIME,       true,  MOUNT_ATTR_RELATIME },
	{ "rdev",          WORD_CLEAR,       true,  MOUNT_ATTR_NODEV },
	{ "rdiratime",     WORD_CLEAR,       true,  MOUNT_ATTR_NODIRATIME },
	{ "rexec",         WORD_CLEAR,       true,  MOUNT_ATTR_NOEXEC },
	{ "rnoatime",      WORD_ATIME,       true,  MOUNT_ATTR_NOATIME },
	{ "rnodev",        WORD_SET,         true,  MOUNT_ATTR_NODEV },
	{ "rnodiratime",   WORD_SET,         true,  MOUNT_ATTR_NODIRATIME },
	{ "rnoexec",       WORD_SET,         true,  MOUNT_ATTR_NOEXEC },
	{ "rnorelatime",   WORD_ATIME,       true,  MOUNT_ATTR_RELATIME },
	{ "rnostrictatime",WORD_ATIME,       true,  MOUNT_ATTR_RELATIME },
	{ "rnosuid",       WORD_SET,         true,  MOUNT_ATTR_NOSUID },
	{ "rnosymfollow",  WORD_SET,         true,  MOUNT_ATTR_NOSYMFOLLOW },
	{ "rrelatime",     WORD_ATIME,       true,  MOUNT_ATTR_RELATIME },
	{ "rro",           WORD_SET,         true,  MOUNT_ATTR_RDONLY },
	{ "rrw",           WORD_CLEAR,       true,  MOUNT_ATTR_RDONLY },
	{ "rstrictatime",  WORD_ATIME,       true,  MOUNT_ATTR_STRICTATIME },
	{ "rsuid",         WORD_CLEAR,       true,  MOUNT_ATTR_NOSUID },
	{ "rsymfollow",    WORD_CLEAR,       true,  MOUNT_ATTR_NOSYMFOLLOW },
	{ "rasync",        WORD_FS_OFF,      true,  0, "sync" },
	{ "rdirsync",      WORD_FS,          true,  0, "dirsync" },
	{ "rmand",         WORD_FS,          true,  0, "mand" },
	{ "rnomand",       WORD_FS_OFF,      true,  0, "mand" },
	{ "rsync",         WORD_FS,          true,  0, "sync" },
	{ "idmap",         SWITCH(idmap) },
	{ "ridmap",        SWITCH(ridmap) },
	{ "copy-symlink",  SWITCH(copy_symlink) },
	{ "dest-nofollow", SWITCH(dest_nofollow) },
	{ "src-nofollow",  SWITCH(src_nofollow) },
};
/* clang-format on */

static const struct word *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (streq(words[i].name, name))
			return &words[i];
	return NULL;
}

static void attrs_change(struct mount_attrs *attrs, uint64_t set, uint64_t clear)
{
	attrs->set = (attrs->set & ~clear) | set;
	attrs->clear = (attrs->clear & ~set) | clear;
}

/* The access time modes are one field: to set a mode, the kernel wants the whole field cleared as well. */
static void attrs_atime(struct mount_attrs *attrs, uint64_t mode)
{
	attrs->set = (attrs->set & ~(uint64_t)MOUNT_ATTR__ATIME) | mode;
	attrs->clear |= MOUNT_ATTR__ATIME;
}

/* "mode=755" → mode, 755; a word without '=' is a flag. */
static void data_add(const char *word, struct arena *a, struct mount_options *o)
{
	const char *eq = strchr(word, '=');

	if (*word)
		pairs_set(a, &o->data, eq ? arena_strndup(a, word, (size_t)(eq - word)) : word, eq ? eq + 1 : NULL);
}

static void data_remove(const char *flag, struct mount_options *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->data.n; i++)
		if (!streq(o->data.v[i].key, flag))
			o->data.v[n++] = o->data.v[i];
	o->data.n = n;
}

static void take(const struct word *w, struct arena *a, struct mount_options *o)
{
	struct mount_attrs *attrs = w->recursive ? &o->recursive : &o->attrs;

	switch (w->kind) {
	case WORD_NOTHING:
		return;
	case WORD_SET:
		attrs_change(attrs, w->value, 0);
		if (w->value == MOUNT_ATTR_RDONLY && !w->recursive)
			o->readonly_fs = true;
		return;
	case WORD_CLEAR:
		attrs_change(attrs, 0, w->value);
		if (w->value == MOUNT_ATTR_RDONLY && !w->recursive)
			o->readonly_fs = false;
		return;
	case WORD_ATIME:
		attrs_atime(attrs, w->value);
		return;
	case WORD_PROPAGATION:
		o->propagation = w->value;
		o->propagation_recursive = w->recursive;
		return;
	case WORD_BIND:
		o->bind = true;
		o->rbind = o->rbind || w->recursive;
		return;
	case WORD_FS:
		pairs_set(a, &o->data, w->flag, NULL);
		return;
	case WORD_FS_OFF:
		data_remove(w->flag, o);
		return;
	case WORD_SWITCH:
		*(bool *)((char *)o + w->value) = true;
		return;
	}
}

/* ---- idmap=… -------------------------------------------------------------------------------------------------------------------------- */

/* "[@]FROM-TO-SIZE" */
static int range_parse(struct str text, struct arena *a, struct mount_id_range *ret)
{
	bool relative = text.n && text.p[0] == '@';
	uint32_t v[3];

	if (relative)
		text = (struct str){ text.p + 1, text.n - 1 };
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct str one = str_cut(text, '-', &text);

		if (!one.p || parse_u32(arena_strndup(a, one.p, one.n), &v[i]) < 0)
			return -EINVAL;
	}
	if (text.p || v[2] == 0 || UINT32_MAX - v[2] < v[0] || UINT32_MAX - v[2] < v[1])
		return -EINVAL;
	*ret = (struct mount_id_range){ v[0], v[1], v[2], relative };
	return 0;
}

/* "RANGE#RANGE…" */
static int ranges_parse(struct str text, struct arena *a, struct mount_id_ranges *ret)
{
	int r = 0;

	while (r == 0 && text.p && ret->n < LIMIT_ID_RANGES)
		r = range_parse(str_cut(text, '#', &text), a, vec_push(a, ret));
	return text.p ? -EINVAL : r;
}

/* "uids=RANGES;gids=RANGES" */
static int idmap_parse(const char *text, struct arena *a, struct mount_options *o)
{
	struct str rest = str_of(text);
	int r = 0;

	while (r == 0 && rest.p) {
		struct str list = str_cut(rest, ';', &rest), key = str_cut(list, '=', &list);
		struct mount_id_ranges *to = str_is(key, "uids") ? &o->uids : str_is(key, "gids") ? &o->gids : NULL;

		r = to && to->n == 0 && list.p ? ranges_parse(list, a, to) : -EINVAL;
	}
	return r;
}

/* "idmap=…" and "ridmap=…" carry a value, nothing after the sign means the container's own maps. 1 if @word is neither. */
static int take_idmap(const char *word, struct arena *a, struct mount_options *o)
{
	const char *plain = str_after(word, "idmap="), *recursive = str_after(word, "ridmap="), *value = plain ? plain : recursive;

	if (!value)
		return 1;
	o->idmap = o->idmap || plain;
	o->ridmap = o->ridmap || recursive;
	o->uids = o->gids = (struct mount_id_ranges){ 0 };
	return *value ? idmap_parse(value, a, o) : 0;
}

static int check(const struct mount_options *o, struct err *e)
{
	bool maps = o->idmap || o->ridmap;

	if (!o->uids.n != !o->gids.n)
		return err_set(e, ERR_INVALID, "idmap: uids and gids come together");
	if (maps && !o->bind)
		return err_set(e, ERR_INVALID, "idmap: ids are mapped for bind mounts only");
	if (maps && o->remount)
		return err_set(e, ERR_INVALID, "idmap: a mount that stands already cannot be mapped");
	if (o->copy_symlink && (o->src_nofollow || o->dest_nofollow))
		return err_set(e, ERR_INVALID, "copy-symlink excludes src-nofollow and dest-nofollow");
	return 0;
}

int mount_options_parse(const struct strs *list, struct arena *a, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };
	int r;

	for (size_t i = 0; i < list->n; i++) {
		const struct word *w = find(list->v[i]);

		r = w ? 0 : take_idmap(list->v[i], a, &o);
		if (r < 0)
			return err_set(e, ERR_INVALID, "'%s' is not uids=FROM-TO-SIZE;gids=FROM-TO-SIZE", list->v[i]);
		if (w)
			take(w, a, &o);
		else if (r > 0)
			data_add(list->v[i], a, &o);
	}
	r = check(&o, e);
	if (r < 0)
		return r;
	*ret = o;
	return 0;
}

int mount_propagation_find(const char *name, uint64_t *ret, bool *ret_recursive)
{
	const struct word *w = find(name);

	if (!w || w->kind != WORD_PROPAGATION)
		return -EINVAL;
	*ret = w->value;
	*ret_recursive = w->recursive;
	return 0;
}

void mount_options_each(void (*fn)(void *arg, const char *word), void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		fn(arg, words[i].name);
}
