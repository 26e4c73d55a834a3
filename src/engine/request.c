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
