/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "engine/request_list.h"

enum { NAME_MAX_LENGTH = 128, CPU_PERIOD_MIN = 1000, CPU_PERIOD_MAX = 1000000, MEMORY_MIN = 6 * 1024 * 1024 };

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool request_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (n < 1 || n > NAME_MAX_LENGTH || !is_alnum(name[0]))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (!is_alnum(name[i]) && !strchr("_.-", name[i]))
			return false;
	}
	return true;
}

/* ---- mounts --------------------------------------------------------------------------------------------------------------------------- */

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

static const char *const propagations[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave" };
static const char *const flag_options[] = { "exec", "noexec", "suid", "nosuid", "dev", "nodev", "bind", "rbind" };

static bool word_in(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (streq(word, list[i]))
			return true;
	}
	return false;
}

static int volume_option(struct container_mount *m, const char *word, struct arena *a, struct err *e)
{
	if (streq(word, "ro") || streq(word, "rw"))
		m->read_only = streq(word, "ro");
	else if (streq(word, "z") || streq(word, "Z"))
		m->relabel = word;
	else if (streq(word, "nocopy"))
		m->no_copy = true;
	else if (word_in(word, propagations, ARRAY_LEN(propagations)))
		m->propagation = word;
	else if (word_in(word, flag_options, ARRAY_LEN(flag_options)))
		strs_push(a, &m->options, word);
	else
		return err_set(e, ERR_INVALID, "unknown option '%s'", word);
	return 0;
}

/* Calls @each for every piece between @sep. */
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
	if (r < 0)
		return err_wrap(e, "volume '%s'", value);
	m.create_source = m.kind == CONTAINER_MOUNT_BIND;
	*list_push(a, q->mounts, q->n_mounts) = m;
	return 0;
}

/* Keys of --mount: one row each. `value` is NULL for a bare key. */
struct mount_key {
	const char *key;
	int (*set)(struct container_mount *m, const char *value, struct arena *a, struct err *e);
};

static int key_flag(const char *value, bool *ret, struct err *e)
{
	if (!value)
		*ret = true;
	else if (parse_bool(value, ret) < 0)
		return err_set(e, ERR_INVALID, "'%s' is neither true nor false", value);
	return 0;
}

static int key_type(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	int kind = enumtab_find(&container_mount_kinds, value ? value : "");

	if (kind < 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: mount type '%s'", value ? value : "");
	m->kind = (enum container_mount_kind)kind;
	return 0;
}

static int key_source(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	m->source = value;
	return 0;
}

static int key_target(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return target_set(m, value ? value : "", e);
}

static int key_readonly(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return key_flag(value, &m->read_only, e);
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
	int r = key_flag(value, &on, e);

	if (r == 0 && on)
		strs_push(a, &m->options, "bind");
	return r;
}

static int key_create_source(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return key_flag(value, &m->create_source, e);
}

static int key_nocopy(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	return key_flag(value, &m->no_copy, e);
}

static int key_tmpfs_size(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	int64_t size;

	if (!value || parse_size(value, &size) < 0 || size < 0)
		return err_set(e, ERR_INVALID, "bad size '%s'", value ? value : "");
	strs_push(a, &m->options, arena_printf(a, "size=%lld", (long long)size));
	return 0;
}

static int key_tmpfs_mode(struct container_mount *m, const char *value, struct arena *a, struct err *e)
{
	uint32_t mode;

	if (!value || parse_mode(value, &mode) < 0)
		return err_set(e, ERR_INVALID, "bad mode '%s'", value ? value : "");
	strs_push(a, &m->options, arena_printf(a, "mode=%o", mode));
	return 0;
}

/* clang-format off */
static const struct mount_key mount_keys[] = {
	{ "type",               key_type },
	{ "source",             key_source },
	{ "src",                key_source },
	{ "target",             key_target },
	{ "destination",        key_target },
	{ "dst",                key_target },
	{ "readonly",           key_readonly },
	{ "ro",                 key_readonly },
	{ "bind-propagation",   key_propagation },
	{ "bind-nonrecursive",  key_nonrecursive },
	{ "bind-create-src",    key_create_source },
	{ "volume-nocopy",      key_nocopy },
	{ "tmpfs-size",         key_tmpfs_size },
	{ "tmpfs-mode",         key_tmpfs_mode },
};
/* clang-format on */

static int mount_key(struct container_mount *m, struct str word, struct arena *a, struct err *e)
{
	struct str value, key = str_cut(word, '=', &value);

	for (size_t i = 0; i < ARRAY_LEN(mount_keys); i++) {
		if (str_is(key, mount_keys[i].key))
			return mount_keys[i].set(m, value.p ? arena_strndup(a, value.p, value.n) : NULL, a, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: mount key '" STR_FMT "'", STR_ARG(key));
}

/* What the keys add up to. */
static int mount_finish(struct container_mount *m, const char *cwd, struct arena *a, struct err *e)
{
	const char *source = m->source;

	if (!m->target)
		return err_set(e, ERR_INVALID, "no target");
	m->source = NULL;
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
	case CONTAINER_MOUNT_TMPFS:
		if (source)
			return err_set(e, ERR_INVALID, "a tmpfs has no source");
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
		r = mount_finish(&m, cwd, a, e);
	if (r < 0)
		return err_wrap(e, "mount '%s'", value);
	*list_push(a, q->mounts, q->n_mounts) = m;
	return 0;
}

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
		else if (word.n)
			strs_push(a, &m.options, arena_strndup(a, word.p, word.n));
	}
	*list_push(a, q->mounts, q->n_mounts) = m;
	return 0;
}

/* ---- words ----------------------------------------------------------------------------------------------------------------------------- */

int request_env(struct strs *env, const char *value, struct arena *a, struct err *e)
{
	const char *eq = strchr(value, '=');

	if (eq == value || !value[0])
		return err_set(e, ERR_INVALID, "environment '%s' has no name", value);
	if (eq) {
		strs_push(a, env, value);
		return 0;
	}
	eq = getenv(value);
	strs_push(a, env, eq ? arena_printf(a, "%s=%s", value, eq) : value);
	return 0;
}

int request_env_file(struct strs *env, struct str text, const char *path, struct arena *a, struct err *e)
{
	for (size_t line = 1; text.p; line++) {
		struct str one = str_cut(text, '\n', &text);
		const char *s;

		while (one.n && (one.p[0] == ' ' || one.p[0] == '\t'))
			one.p++, one.n--;
		if (one.n && one.p[one.n - 1] == '\r')
			one.n--;
		if (!one.n || one.p[0] == '#')
			continue;
		s = arena_strndup(a, one.p, one.n);
		if (strlen(s) != one.n)
			return err_set(e, ERR_INVALID, "%s:%zu: a NUL byte", path, line);
		if (strcspn(s, " \t") < strcspn(s, "="))
			return err_set(e, ERR_INVALID, "%s:%zu: variable name contains a blank", path, line);
		if (request_env(env, s, a, e) < 0)
			return err_wrap(e, "%s:%zu", path, line);
	}
	return 0;
}

int request_host(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	size_t n = strcspn(value, ":=");

	if (n == 0 || !value[n] || !value[n + 1])
		return err_set(e, ERR_INVALID, "host '%s' is not name:address", value);
	*list_push(a, q->hosts, q->n_hosts) = (struct container_host){ arena_strndup(a, value, n), value + n + 1 };
	return 0;
}

int request_pair(struct pairs *pairs, const char *what, const char *value, bool needs_value, struct arena *a, struct err *e)
{
	struct str rest, key = str_cut(str_of(value), '=', &rest);

	if (!key.n)
		return err_set(e, ERR_INVALID, "%s '%s' has no name", what, value);
	if (needs_value && !rest.p)
		return err_set(e, ERR_INVALID, "%s '%s' has no value", what, value);
	pairs_set(a, pairs, arena_strndup(a, key.p, key.n), rest.p ? rest.p : "");
	return 0;
}

int request_memory_swap(const char *value, int64_t *ret, struct err *e)
{
	if (streq(value, "-1")) {
		*ret = -1;
		return 0;
	}
	if (parse_size(value, ret) < 0 || *ret < 0)
		return err_set(e, ERR_INVALID, "memory-swap '%s' is neither a size nor -1", value);
	return 0;
}

int request_storage_size_check(int64_t bytes, struct err *e)
{
	return bytes == 0 || bytes >= STORAGE_SIZE_MIN ? 0 : err_set(e, ERR_INVALID, "a size limit has at least %d bytes; 0: no limit", STORAGE_SIZE_MIN);
}

int request_storage_opt(struct container_request *q, const char *value, struct err *e)
{
	const char *size = str_after(value, "size=");
	int64_t bytes;

	if (!size)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: storage-opt '%s': only size=SIZE is", value);
	if (parse_size(size, &bytes) < 0 || bytes < 0)
		return err_set(e, ERR_INVALID, "storage-opt '%s': not a size like 10G", value);
	q->storage_size = bytes ? bytes : -1;
	return request_storage_size_check(bytes, e);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------------------------------- */

static int check_memory(const struct container_request *q, struct err *e)
{
	if (q->memory < 0 || (q->memory > 0 && q->memory < MEMORY_MIN))
		return err_set(e, ERR_INVALID, "memory limit is below the minimum of 6MB");
	if (q->memory_swap > 0 && q->memory == 0)
		return err_set(e, ERR_INVALID, "memory-swap needs a memory limit");
	if (q->memory_swap > 0 && q->memory_swap < q->memory)
		return err_set(e, ERR_INVALID, "memory-swap is smaller than the memory limit it contains");
	if (q->memory_reservation > 0 && q->memory > 0 && q->memory_reservation > q->memory)
		return err_set(e, ERR_INVALID, "memory-reservation is larger than the memory limit");
	return 0;
}

static int check_cpu(const struct container_request *q, struct err *e)
{
	if (q->nano_cpus < 0)
		return err_set(e, ERR_INVALID, "cpus is negative");
	if (q->nano_cpus > 0 && (q->cpu_quota || q->cpu_period))
		return err_set(e, ERR_INVALID, "cpus cannot be combined with cpu-period or cpu-quota");
	if (q->cpu_period && (q->cpu_period < CPU_PERIOD_MIN || q->cpu_period > CPU_PERIOD_MAX))
		return err_set(e, ERR_INVALID, "cpu-period is not within 1ms and 1s");
	if (q->cpu_quota > 0 && q->cpu_quota < CPU_PERIOD_MIN)
		return err_set(e, ERR_INVALID, "cpu-quota is below 1ms");
	return 0;
}

static int check_mounts(const struct container_request *q, struct err *e)
{
	for (size_t i = 0; i < q->n_mounts; i++) {
		for (size_t k = 0; k < i; k++) {
			if (streq(q->mounts[i].target, q->mounts[k].target))
				return err_set(e, ERR_INVALID, "duplicate mount point '%s'", q->mounts[i].target);
		}
	}
	return 0;
}

int request_check(const struct container_request *q, struct err *e)
{
	int r;

	if (q->name && !request_name_is_valid(q->name))
		return err_set(e, ERR_INVALID, "invalid container name '%s': only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", q->name);
	if (q->hostname && strlen(q->hostname) > 63)
		return err_set(e, ERR_INVALID, "hostname '%s' is longer than 63", q->hostname);
	if (q->workdir && q->workdir[0] != '/')
		return err_set(e, ERR_INVALID, "working directory '%s' is not absolute", q->workdir);
	if (q->pids_limit < -1)
		return err_set(e, ERR_INVALID, "pids-limit is below -1");
	if (q->oom_score_adj < -1000 || q->oom_score_adj > 1000)
		return err_set(e, ERR_INVALID, "oom-score-adj is not within -1000 and 1000");
	if (q->auto_remove && q->supervision.restart.kind != RESTART_NO)
		return err_set(e, ERR_CONFLICT, "conflicting options: --restart and --rm");
	r = health_check_request(&q->supervision.health, e);
	if (r == 0)
		r = request_network_check(q, e);
	if (r < 0)
		return r;
	r = check_memory(q, e);
	if (r == 0)
		r = check_cpu(q, e);
	if (r == 0)
		r = check_mounts(q, e);
	if (r == 0)
		r = request_check_isolation(q, e);
	return r;
}
