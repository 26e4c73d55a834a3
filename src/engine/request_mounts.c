/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of what is mounted: -v, --mount, --tmpfs, --secret. Docker's words and podman's. */
#include "engine/request.h"

#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "engine/request_list.h"

static const char *const propagations[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable" };
static const char *const flag_options[] = { "exec", "noexec", "suid", "nosuid", "dev", "nodev", "bind", "rbind", "rro", "noatime", "nodiratime", "relatime", "nosymfollow", "sync" };

static bool word_in(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(word, list[i]))
			return true;
	}
	return false;
}

static int target_set(struct container_mount *m, const char *target, struct err *e)
{
	if (target[0] != '/')
		return err_set(e, ERR_INVALID, "mount path '%s' is not absolute", target);
	if (strspn(target, "/.") == strlen(target))
		return err_set(e, ERR_INVALID, "mount path '%s' is the root of the container", target);
	m->target = target;
	return 0;
}

/* A host path, made absolute, or a volume's name. */
static int source_set(struct container_mount *m, const char *source, const char *cwd, struct arena *a, struct err *e)
{
	if (source[0] == '/') {
		m->source = source;
	} else if (source[0] == '.') {
		m->source = arena_printf(a, "%s/%s", cwd, source);
	} else if (m->kind == CONTAINER_MOUNT_BIND) {
		return err_set(e, ERR_INVALID, "bind source '%s' is not absolute", source);
	}
	if (m->source) {
		m->kind = CONTAINER_MOUNT_BIND;
		return 0;
	}
	if (!request_name_is_valid(source))
		return err_set(e, ERR_INVALID, "'%s' is no name for a volume: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed; a host directory is "
					       "written as an absolute path", source);
	m->kind = CONTAINER_MOUNT_VOLUME;
	m->source = source;
	return 0;
}

/* ---- -v ----------------------------------------------------------------------------------------------------------------------------------------- */

static int volume_option(struct container_mount *m, const char *word, struct arena *a, struct err *e)
{
	const char *upper = str_after(word, "upperdir="), *work = str_after(word, "workdir=");

	if (streq(word, "ro") || streq(word, "rw"))
		m->read_only = streq(word, "ro");
	else if (streq(word, "z") || streq(word, "Z"))
		m->relabel = word;
	else if (streq(word, "nocopy") || streq(word, "copy"))
		m->no_copy = streq(word, "nocopy");
	else if (streq(word, "U"))
		m->chown = true;
	else if (streq(word, "O"))
		m->overlay = true;
	else if (upper)
		m->upper = upper;
	else if (work)
		m->work = work;
	else if (word_in(word, propagations, ARRAY_LEN(propagations)))
		m->propagation = word;
	else if (word_in(word, flag_options, ARRAY_LEN(flag_options)) || streq(word, "idmap"))
		strs_push(a, &m->options, word);
	else
		return err_set(e, ERR_INVALID, "unknown option '%s'", word);
	return 0;
}

static int volume_options(struct container_mount *m, struct str text, struct arena *a, struct err *e)
{
	while (text.p) {
		struct str word = str_cut(text, ',', &text);
		int r = volume_option(m, arena_strndup(a, word.p, word.n), a, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* What an overlay is put together of must be said as a whole. */
static int overlay_check(const struct container_mount *m, struct err *e)
{
	if ((m->upper || m->work) && !m->overlay)
		return err_set(e, ERR_INVALID, "upperdir and workdir go with option 'O'");
	if ((m->upper != NULL) != (m->work != NULL))
		return err_set(e, ERR_INVALID, "upperdir and workdir go together");
	if (m->upper && (m->upper[0] != '/' || m->work[0] != '/'))
		return err_set(e, ERR_INVALID, "upperdir and workdir are absolute paths");
	if (m->overlay && m->read_only)
		return err_set(e, ERR_INVALID, "option 'O' is for writing; 'ro' alone keeps the source as it is");
	return 0;
}

int request_volume(struct container_request *q, const char *value, const char *cwd, struct arena *a, struct err *e)
{
	struct container_mount m = { .kind = CONTAINER_MOUNT_VOLUME };
	struct str rest, first = str_cut(str_of(value), ':', &rest), second = { 0 };
	int r = 0;

	if (rest.p)
		second = str_cut(rest, ':', &rest);
	if (first.n == 0 || (second.p && second.n == 0))
		return err_set(e, ERR_INVALID, "volume '%s': empty section between colons", value);
	if (rest.p && memchr(rest.p, ':', rest.n))
		return err_set(e, ERR_INVALID, "volume '%s': too many colons", value);
	if (!second.p) {
		m.anonymous = true;
		r = target_set(&m, value, e);
	} else {
		r = source_set(&m, arena_strndup(a, first.p, first.n), cwd, a, e);
		if (r == 0)
			r = target_set(&m, arena_strndup(a, second.p, second.n), e);
	}
	if (r == 0)
		r = volume_options(&m, rest, a, e);
	if (r == 0)
		r = overlay_check(&m, e);
	if (r < 0)
		return err_wrap(e, "volume '%s'", value);
	m.create_source = m.kind == CONTAINER_MOUNT_BIND && !m.overlay;
	*list_push(a, q->mounts, q->n_mounts) = m;
	return 0;
}

/* ---- --mount ------------------------------------------------------------------------------------------------------------------------------------ */

enum {
	FOR_BIND = 1 << CONTAINER_MOUNT_BIND,
	FOR_VOLUME = 1 << CONTAINER_MOUNT_VOLUME,
	FOR_TMPFS = 1 << CONTAINER_MOUNT_TMPFS,
	FOR_IMAGE = 1 << CONTAINER_MOUNT_IMAGE,
	FOR_DEVPTS = 1 << CONTAINER_MOUNT_DEVPTS,
	FOR_ALL = 0xff,
};

/* Keys of --mount: one row each. `value` is NULL for a bare key. */
struct mount_key {
	const char *key;
	unsigned kinds;
	int (*set)(struct container_mount *m, const char *value, struct arena *a, struct err *e);
	const char *word;            /* of those that only add an option */
};

static int flag_parse(const char *value, bool *ret, struct err *e)
{
	if (!value)
		*ret = true;
	else if (parse_bool(value, ret) < 0)
		return err_set(e, ERR_INVALID, "'%s' is neither true nor false", value);
	return 0;
}

/* Mount types of podman that are refused, and why. */
static const char *const refused_kinds[][2] = {
	{ "ramfs", "it has no limit and is never swapped out; use tmpfs with noswap" },
	{ "glob", "name each source by a mount of its own" },
	{ "npipe", "it belongs to Windows" },
	{ "cluster", "volumes of a cluster are swarm's" },
	{ "artifact", "use 'tare artifact extract' and a bind" },
};

static int key_type(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	int kind = enumtab_find(&container_mount_kinds, value ? value : "");

	for (size_t i = 0; kind < 0 && i < ARRAY_LEN(refused_kinds); i++)
		if (streq(value, refused_kinds[i][0]))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: mount type '%s': %s", value, refused_kinds[i][1]);
	if (kind < 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: mount type '%s'", value ? value : "");
	m->kind = (enum container_mount_kind)kind;
	return 0;
}

static int key_source(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	m->source = value && *value ? value : NULL;
	return 0;
}

static int key_target(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return target_set(m, value ? value : "", e);
}

static int key_readonly(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return flag_parse(value, &m->read_only, e);
}

static int key_writable(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	bool on = false;
	int r = flag_parse(value, &on, e);

	m->read_only = !on;
	m->overlay = on;        /* of an image; mount_finish() forgets it of others */
	return r;
}

static int key_propagation(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	if (!value || !word_in(value, propagations, ARRAY_LEN(propagations)))
		return err_set(e, ERR_INVALID, "unknown propagation '%s'", value ? value : "");
	m->propagation = value;
	return 0;
}

static int key_nonrecursive(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	bool on = false;
	int r = flag_parse(value, &on, e);

	if (r == 0 && on)
		strs_push(a, &m->options, "bind");
	return r;
}

/* Docker's four: how far a bind, and its being read-only, reaches. */
static int key_recursive(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	if (streq(value, "disabled"))
		strs_push(a, &m->options, "bind");
	else if (streq(value, "readonly"))
		strs_push(a, &m->options, "rro");
	else if (!streq(value, "enabled") && !streq(value, "writable"))
		return err_set(e, ERR_INVALID, "bind-recursive is enabled, disabled, writable or readonly, not '%s'", value ? value : "");
	return 0;
}

static int key_consistency(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	static const char *const words[] = { "default", "consistent", "cached", "delegated" };

	/* It was about Docker Desktop; on Linux it has never meant anything. */
	return value && word_in(value, words, ARRAY_LEN(words)) ? 0 : err_set(e, ERR_INVALID, "unknown consistency '%s'", value ? value : "");
}

static int key_create_source(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return flag_parse(value, &m->create_source, e);
}

static int key_relabel(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	if (!streq(value, "shared") && !streq(value, "private"))
		return err_set(e, ERR_INVALID, "relabel is shared or private, not '%s'", value ? value : "");
	m->relabel = streq(value, "shared") ? "z" : "Z";
	return 0;
}

static int key_chown(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return flag_parse(value, &m->chown, e);
}

static int key_nocopy(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return flag_parse(value, &m->no_copy, e);
}

static int key_driver(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return request_volume_driver(value ? value : "", e);
}

static int key_label(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&m->labels, "volume label", value ? value : "", false, a, e);
}

static int key_volume_option(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return request_pair(&m->driver_options, "volume option", value ? value : "", true, a, e);
}

/* Relative, and no way up: what links in the volume make of it is seen when it is opened. */
static int key_subpath(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	if (!value || !*value || *value == '/')
		return err_set(e, ERR_INVALID, "subpath '%s' is not a relative path", value ? value : "");
	for (struct str one, rest = str_of(value); rest.p;) {
		one = str_cut(rest, '/', &rest);
		if (str_is(one, ".."))
			return err_set(e, ERR_INVALID, "subpath '%s' leads out of the volume", value);
	}
	m->subpath = value;
	return 0;
}

static int key_tmpfs_size(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	int64_t size;

	if (!value || parse_size(value, &size) < 0 || size < 0)
		return err_set(e, ERR_INVALID, "bad size '%s'", value ? value : "");
	strs_push(a, &m->options, arena_printf(a, "size=%lld", (long long)size));
	return 0;
}

static int key_mode(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	uint32_t mode;

	if (!value || parse_mode(value, &mode) < 0)
		return err_set(e, ERR_INVALID, "bad mode '%s'", value ? value : "");
	strs_push(a, &m->options, arena_printf(a, "mode=%o", mode));
	return 0;
}

static int number_add(struct container_mount *m, const char *key, const char *value, struct arena *a, struct err *e)
{
	uint32_t n;

	if (!value || parse_u32(value, &n) < 0)
		return err_set(e, ERR_INVALID, "%s '%s' is not a number", key, value ? value : "");
	strs_push(a, &m->options, arena_printf(a, "%s=%u", key, n));
	return 0;
}

static int key_uid(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return number_add(m, "uid", value, a, e);
}

static int key_gid(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return number_add(m, "gid", value, a, e);
}

static int key_max(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return number_add(m, "max", value, a, e);
}

/* clang-format off */
static const struct mount_key mount_keys[] = {
	{ "type",               FOR_ALL,                key_type },
	{ "source",             FOR_ALL,                key_source },
	{ "src",                FOR_ALL,                key_source },
	{ "target",             FOR_ALL,                key_target },
	{ "destination",        FOR_ALL,                key_target },
	{ "dst",                FOR_ALL,                key_target },
	{ "readonly",           FOR_ALL,                key_readonly },
	{ "ro",                 FOR_ALL,                key_readonly },
	{ "readwrite",          FOR_ALL,                key_writable },
	{ "rw",                 FOR_ALL,                key_writable },
	{ "consistency",        FOR_ALL,                key_consistency },
	{ "bind-propagation",   FOR_BIND | FOR_VOLUME,  key_propagation },
	{ "bind-nonrecursive",  FOR_BIND,               key_nonrecursive },
	{ "bind-recursive",     FOR_BIND,               key_recursive },
	{ "bind-create-src",    FOR_BIND,               key_create_source },
	{ "relabel",            FOR_BIND | FOR_VOLUME,  key_relabel },
	{ "U",                  FOR_BIND | FOR_VOLUME | FOR_TMPFS, key_chown },
	{ "chown",              FOR_BIND | FOR_VOLUME | FOR_TMPFS, key_chown },
	{ "volume-nocopy",      FOR_VOLUME,             key_nocopy },
	{ "volume-driver",      FOR_VOLUME,             key_driver },
	{ "volume-label",       FOR_VOLUME,             key_label },
	{ "volume-opt",         FOR_VOLUME,             key_volume_option },
	{ "volume-subpath",     FOR_VOLUME,             key_subpath },
	{ "subpath",            FOR_VOLUME,             key_subpath },
	{ "tmpfs-size",         FOR_TMPFS,              key_tmpfs_size },
	{ "tmpfs-mode",         FOR_TMPFS,              key_mode },
	{ "uid",                FOR_DEVPTS,             key_uid },
	{ "gid",                FOR_DEVPTS,             key_gid },
	{ "mode",               FOR_DEVPTS,             key_mode },
	{ "max",                FOR_DEVPTS,             key_max },
	{ "idmap",              FOR_BIND | FOR_VOLUME,  NULL, "idmap" },
	{ "tmpcopyup",          FOR_TMPFS,              NULL, "tmpcopyup" },
	{ "notmpcopyup",        FOR_TMPFS,              NULL, "" },
	{ "noswap",             FOR_TMPFS,              NULL, "noswap" },
	{ "nosuid",             FOR_ALL,                NULL, "nosuid" },
	{ "nodev",              FOR_ALL,                NULL, "nodev" },
	{ "noexec",             FOR_ALL,                NULL, "noexec" },
	{ "suid",               FOR_ALL,                NULL, "suid" },
	{ "dev",                FOR_ALL,                NULL, "dev" },
	{ "exec",               FOR_ALL,                NULL, "exec" },
};
/* clang-format on */

static int word_add(struct container_mount *m, const char *word, const char *value, struct arena *a, struct err *e)
{
	bool on = false;
	int r = flag_parse(value, &on, e);

	if (r == 0 && on && *word)
		strs_push(a, &m->options, word);
	return r;
}

static const struct mount_key *key_find(struct str word, struct str *ret_value)
{
	struct str key = str_cut(word, '=', ret_value);

	for (size_t i = 0; i < ARRAY_LEN(mount_keys); i++)
		if (str_is(key, mount_keys[i].key))
			return &mount_keys[i];
	return NULL;
}

static int mount_key(struct container_mount *m, struct str word, struct arena *a, struct err *e)
{
	struct str rest;
	const struct mount_key *k = key_find(word, &rest);
	const char *value = rest.p ? arena_strndup(a, rest.p, rest.n) : NULL;

	if (!k)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: mount key '" STR_FMT "'", STR_ARG(word));
	return k->set ? k->set(m, value, a, e) : word_add(m, k->word, value, a, e);
}

/* The type may come last: what goes with it is asked when all keys are known. */
static int keys_check(const struct container_mount *m, struct str text, struct err *e)
{
	while (text.p) {
		struct str rest, word = str_cut(text, ',', &text);
		const struct mount_key *k = key_find(word, &rest);

		if (!(k->kinds & (1u << m->kind)))
			return err_set(e, ERR_INVALID, "key '%s' does not go with type %s", k->key, enumtab_name(&container_mount_kinds, (int)m->kind));
	}
	return 0;
}

/* What the keys add up to. */
static int mount_finish(struct container_mount *m, const char *cwd, struct arena *a, struct err *e)
{
	const char *source = m->source;

	if (!m->target)
		return err_set(e, ERR_INVALID, "no target");
	m->source = NULL;
	/* An image is looked at, unless its mount says otherwise. */
	m->overlay = m->overlay && m->kind == CONTAINER_MOUNT_IMAGE;
	m->read_only = m->read_only || (m->kind == CONTAINER_MOUNT_IMAGE && !m->overlay);
	switch (m->kind) {
	case CONTAINER_MOUNT_BIND:
		if (!source)
			return err_set(e, ERR_INVALID, "no source");
		return source_set(m, source, cwd, a, e);
	case CONTAINER_MOUNT_VOLUME:
		m->anonymous = !source;
		if (source && !request_name_is_valid(source))
			return err_set(e, ERR_INVALID, "'%s' is no name for a volume", source);
		m->source = source;
		return 0;
	case CONTAINER_MOUNT_IMAGE:
		if (!source)
			return err_set(e, ERR_INVALID, "no source");
		m->source = source;
		return 0;
	case CONTAINER_MOUNT_TMPFS:
	case CONTAINER_MOUNT_DEVPTS:
		if (source && !streq(source, "tmpfs"))
			return err_set(e, ERR_INVALID, "a %s has no source", enumtab_name(&container_mount_kinds, (int)m->kind));
		return 0;
	case CONTAINER_MOUNT_KIND_COUNT:
		break;
	}
	return 0;
}

int request_mount(struct container_request *q, const char *value, const char *cwd, struct arena *a, struct err *e)
{
	struct container_mount m = { .kind = CONTAINER_MOUNT_VOLUME };
	struct str text = str_of(value);
	int r = 0;

	while (r == 0 && text.p) {
		struct str word = str_cut(text, ',', &text);

		r = mount_key(&m, word, a, e);
	}
	if (r == 0)
		r = keys_check(&m, str_of(value), e);
	if (r == 0)
		r = mount_finish(&m, cwd, a, e);
	if (r < 0)
		return err_wrap(e, "mount '%s'", value);
	*list_push(a, q->mounts, q->n_mounts) = m;
	return 0;
}

/* ---- --tmpfs ------------------------------------------------------------------------------------------------------------------------------------ */

int request_tmpfs(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct container_mount m = { .kind = CONTAINER_MOUNT_TMPFS };
	struct str rest, target = str_cut(str_of(value), ':', &rest);
	int r = target_set(&m, arena_strndup(a, target.p, target.n), e);

	if (r < 0)
		return err_wrap(e, "tmpfs '%s'", value);
	while (rest.p) {
		struct str word = str_cut(rest, ',', &rest);

		if (str_is(word, "ro") || str_is(word, "rw"))
			m.read_only = str_is(word, "ro");
		else if (str_is(word, "U"))
			m.chown = true;
		else if (word.n && !str_is(word, "notmpcopyup"))
			strs_push(a, &m.options, arena_strndup(a, word.p, word.n));
	}
	*list_push(a, q->mounts, q->n_mounts) = m;
	return 0;
}

/* ---- what goes with them ------------------------------------------------------------------------------------------------------------------------ */

int request_volume_driver(const char *value, struct err *e)
{
	if (!*value || streq(value, "local"))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "unsupported: volume driver '%s': only local is, whose options type, device and o mount anything the host can", value);
}

int request_volumes_from(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	static const char *const words[] = { "ro", "rw", "z", "Z" };
	struct str rest, name = str_cut(str_of(value), ':', &rest);

	if (!name.n)
		return err_set(e, ERR_INVALID, "volumes-from '%s' names no container", value);
	while (rest.p) {
		struct str word = str_cut(rest, ',', &rest);

		if (!word_in(arena_strndup(a, word.p, word.n), words, ARRAY_LEN(words)))
			return err_set(e, ERR_INVALID, "volumes-from '%s': option '" STR_FMT "' is not ro, rw, z or Z", value, STR_ARG(word));
	}
	strs_push(a, &q->volumes_from, value);
	return 0;
}

int request_image_volume(struct container_request *q, const char *value, struct err *e)
{
	static const char *const words[] = { "bind", "anonymous", "tmpfs", "ignore" };

	if (!word_in(value, words, ARRAY_LEN(words)))
		return err_set(e, ERR_INVALID, "image-volume '%s' is not bind (anonymous), tmpfs or ignore", value);
	q->image_volume = value;
	return 0;
}

/* ---- --secret ----------------------------------------------------------------------------------------------------------------------------------- */

static int secret_key(struct container_secret *s, struct str word, struct arena *a, struct err *e)
{
	struct str rest, key = str_cut(word, '=', &rest);
	const char *value = rest.p ? arena_strndup(a, rest.p, rest.n) : "";
	int r = 0;

	if (str_is(key, "source"))
		s->name = value;
	else if (str_is(key, "type") && (streq(value, "mount") || streq(value, "env")))
		s->env = streq(value, "env");
	else if (str_is(key, "target"))
		s->target = value;
	else if (str_is(key, "uid"))
		r = parse_u32(value, &s->uid);
	else if (str_is(key, "gid"))
		r = parse_u32(value, &s->gid);
	else if (str_is(key, "mode"))
		r = parse_mode(value, &s->mode);
	else
		r = -1;
	return r < 0 ? err_set(e, ERR_INVALID, "bad option '" STR_FMT "'", STR_ARG(word)) : 0;
}

int request_secret(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct container_secret s = { .mode = 0444 };
	struct str rest, first = str_cut(str_of(value), ',', &rest);
	int r = 0;

	if (memchr(first.p, '=', first.n))
		rest = str_of(value);
	else
		s.name = arena_strndup(a, first.p, first.n);
	while (r == 0 && rest.p) {
		struct str word = str_cut(rest, ',', &rest);

		r = secret_key(&s, word, a, e);
	}
	if (r == 0 && (!s.name || !*s.name))
		r = err_set(e, ERR_INVALID, "it has no name");
	if (r == 0 && !s.target)
		s.target = s.env ? s.name : arena_printf(a, "/run/secrets/%s", s.name);
	else if (r == 0 && !s.env && s.target[0] != '/')
		s.target = arena_printf(a, "/run/secrets/%s", s.target);
	if (r < 0)
		return err_wrap(e, "secret '%s'", value);
	*list_push(a, q->secrets, q->n_secrets) = s;
	return 0;
}
