/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mounts/options.h"

#include <errno.h>

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
	WORD_FS,          /* a flag of the file system */
	WORD_COPY_UP,
	WORD_REFUSED,     /* known, not done */
};

struct word {
	const char *name;
	enum word_kind kind;
	bool recursive;
	uint64_t value;
};

/* clang-format off */
static const struct word words[] = {
	{ "async",         WORD_NOTHING,     false, 0 },
	{ "atime",         WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "bind",          WORD_BIND,        false, 0 },
	{ "defaults",      WORD_NOTHING,     false, 0 },
	{ "dev",           WORD_CLEAR,       false, MOUNT_ATTR_NODEV },
	{ "diratime",      WORD_CLEAR,       false, MOUNT_ATTR_NODIRATIME },
	{ "dirsync",       WORD_FS,          false, 0 },
	{ "exec",          WORD_CLEAR,       false, MOUNT_ATTR_NOEXEC },
	{ "iversion",      WORD_FS,          false, 0 },
	{ "lazytime",      WORD_FS,          false, 0 },
	{ "loud",          WORD_NOTHING,     false, 0 },
	{ "mand",          WORD_FS,          false, 0 },
	{ "noatime",       WORD_ATIME,       false, MOUNT_ATTR_NOATIME },
	{ "nodev",         WORD_SET,         false, MOUNT_ATTR_NODEV },
	{ "nodiratime",    WORD_SET,         false, MOUNT_ATTR_NODIRATIME },
	{ "noexec",        WORD_SET,         false, MOUNT_ATTR_NOEXEC },
	{ "noiversion",    WORD_NOTHING,     false, 0 },
	{ "nolazytime",    WORD_NOTHING,     false, 0 },
	{ "nomand",        WORD_NOTHING,     false, 0 },
	{ "norelatime",    WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "nostrictatime", WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "nosuid",        WORD_SET,         false, MOUNT_ATTR_NOSUID },
	{ "nosymfollow",   WORD_SET,         false, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private",       WORD_PROPAGATION, false, MS_PRIVATE },
	{ "rbind",         WORD_BIND,        true,  0 },
	{ "relatime",      WORD_ATIME,       false, MOUNT_ATTR_RELATIME },
	{ "remount",       WORD_NOTHING,     false, 0 },
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
	{ "sync",          WORD_FS,          false, 0 },
	{ "tmpcopyup",     WORD_COPY_UP,     false, 0 },
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
	{ "idmap",         WORD_REFUSED,     false, 0 },
	{ "ridmap",        WORD_REFUSED,     true,  0 },
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

static int take(const struct word *w, struct arena *a, struct mount_options *o, struct err *e)
{
	struct mount_attrs *attrs = w->recursive ? &o->recursive : &o->attrs;

	switch (w->kind) {
	case WORD_NOTHING:
		return 0;
	case WORD_SET:
		attrs_change(attrs, w->value, 0);
		if (w->value == MOUNT_ATTR_RDONLY && !w->recursive)
			o->readonly_fs = true;
		return 0;
	case WORD_CLEAR:
		attrs_change(attrs, 0, w->value);
		if (w->value == MOUNT_ATTR_RDONLY && !w->recursive)
			o->readonly_fs = false;
		return 0;
	case WORD_ATIME:
		attrs_atime(attrs, w->value);
		return 0;
	case WORD_PROPAGATION:
		o->propagation = w->value;
		o->propagation_recursive = w->recursive;
		return 0;
	case WORD_BIND:
		o->bind = true;
		o->rbind = o->rbind || w->recursive;
		return 0;
	case WORD_FS:
		data_add(w->name, a, o);
		return 0;
	case WORD_COPY_UP:
		o->copy_up = true;
		return 0;
	case WORD_REFUSED:
		break;
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: mount option '%s'", w->name);
}

int mount_options_parse(const struct strs *list, struct arena *a, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		const struct word *w = find(list->v[i]);
		int r = 0;

		if (w)
			r = take(w, a, &o, e);
		else
			data_add(list->v[i], a, &o);
		if (r < 0)
			return r;
	}
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
		if (words[i].kind != WORD_REFUSED)
			fn(arg, words[i].name);
}
