/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of flags about walls and limits beyond memory and CPU (spec/isolation.h), and what of them excludes each other. Pure.
 */
#include "engine/request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/vec.h"
#include "engine/request_list.h"
#include "os/rlimit.h"
#include "spec/cdi.h"
#include "spec/sysctls.h"

enum { BLKIO_WEIGHT_MIN = 10, BLKIO_WEIGHT_MAX = 1000, SWAPPINESS_MAX = 100, GPUS_MAX = 1024 };

/* ---- one flag ----------------------------------------------------------------------------------------------------------------------------- */

/* "-1" and "unlimited" have no bound. */
static int limit_parse(struct str s, struct arena *a, int64_t *ret)
{
	if (str_is(s, "unlimited")) {
		*ret = -1;
		return 0;
	}
	return parse_i64(arena_strndup(a, s.p, s.n), ret);
}

/* The last one of a name counts. */
static void ulimit_add(struct container_request *q, const struct container_ulimit *u, struct arena *a)
{
	for (size_t i = 0; i < q->n_ulimits; i++) {
		if (streq(q->ulimits[i].name, u->name)) {
			q->ulimits[i] = *u;
			return;
		}
	}
	*list_push(a, q->ulimits, q->n_ulimits) = *u;
}

static char *ulimit_name(int resource, struct arena *a)
{
	char *name = arena_strdup(a, rlimit_names[resource] + strlen("RLIMIT_"));

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

/* Those of this very process. */
static int ulimits_of_host(struct container_request *q, struct arena *a, struct err *e)
{
	for (int i = 0; i < RLIMIT_TABLE_COUNT; i++) {
		uint64_t soft, hard;
		int r = rlimit_get(0, i, &soft, &hard);

		if (r < 0)
			return err_sys(e, r, "read our own limit %s", rlimit_names[i]);
		ulimit_add(q, &(struct container_ulimit){ ulimit_name(i, a), (int64_t)soft, (int64_t)hard }, a); /* RLIM_INFINITY is -1 */
	}
	return 0;
}

int request_ulimit(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct str limits, name = str_cut(str_of(value), '=', &limits), hard, soft;
	struct container_ulimit u = { .name = arena_strndup(a, name.p, name.n) };

	if (streq(value, "host"))
		return ulimits_of_host(q, a, e);
	if (!limits.p)
		return err_set(e, ERR_INVALID, "ulimit '%s' is not name=soft[:hard]", value);
	if (rlimit_find(u.name) < 0 || strchr(u.name, '_'))
		return err_set(e, ERR_INVALID, "ulimit '%s': unknown name '%s'", value, u.name);
	soft = str_cut(limits, ':', &hard);
	if (!hard.p)
		hard = soft;
	if (limit_parse(soft, a, &u.soft) < 0 || limit_parse(hard, a, &u.hard) < 0 || u.soft < -1 || u.hard < -1)
		return err_set(e, ERR_INVALID, "ulimit '%s': not a number", value);
	if (u.hard != -1 && (u.soft == -1 || u.soft > u.hard))
		return err_set(e, ERR_INVALID, "ulimit '%s': soft limit exceeds the hard one", value);
	ulimit_add(q, &u, a);
	return 0;
}

bool request_is_access(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!strchr("rwm", s.p[i]))
			return false;
	}
	return s.n > 0 && s.n <= 3;
}

int request_device(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct str rest, host = str_cut(str_of(value), ':', &rest), target = host, access = STR("rwm");

	if (cdi_is_qualified(value)) {
		strs_push(a, &q->isolation.cdi, value);
		return 0;
	}
	if (rest.p) {
		struct str second = str_cut(rest, ':', &rest);

		if (!rest.p && request_is_access(second))
			access = second;
		else
			target = second;
		if (rest.p)
			access = rest;
	}
	if (!host.n || host.p[0] != '/' || !target.n || target.p[0] != '/' || !request_is_access(access))
		return err_set(e, ERR_INVALID, "device '%s' is neither /dev/x[:/dev/y][:rwm] nor vendor.com/class=name", value);
	*list_push(a, q->devices, q->n_devices) = (struct container_device){
		.host = arena_strndup(a, host.p, host.n),
		.target = arena_strndup(a, target.p, target.n),
		.access = arena_strndup(a, access.p, access.n),
	};
	return 0;
}

static int weight_parse(const char *text, uint64_t *ret, struct err *e)
{
	if (parse_u64(text, ret) < 0 || (*ret && (*ret < BLKIO_WEIGHT_MIN || *ret > BLKIO_WEIGHT_MAX)))
		return err_set(e, ERR_INVALID, "the weight '%s' is not within %d and %d", text, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX);
	return 0;
}

int request_blkio_weight(struct container_request *q, const char *value, struct err *e)
{
	uint64_t weight;
	int r = weight_parse(value, &weight, e);

	if (r == 0)
		q->isolation.blkio_weight = (uint32_t)weight;
	return r;
}

static int block_value(enum isolation_block_kind kind, const char *text, uint64_t *ret, struct err *e)
{
	int64_t size;

	switch (kind) {
	case ISOLATION_WEIGHT:
		return weight_parse(text, ret, e);
	case ISOLATION_READ_BPS:
	case ISOLATION_WRITE_BPS:
		if (parse_size(text, &size) < 0 || size < 0)
			return err_set(e, ERR_INVALID, "'%s' is no size like 10mb", text);
		*ret = (uint64_t)size;
		return 0;
	case ISOLATION_READ_IOPS:
	case ISOLATION_WRITE_IOPS:
		return parse_u64(text, ret) < 0 ? err_set(e, ERR_INVALID, "'%s' is not a number", text) : 0;
	case ISOLATION_BLOCK_COUNT:
		break;
	}
	return err_set(e, ERR_INTERNAL, "no such limit");
}

int request_block(struct container_request *q, enum isolation_block_kind kind, const char *value, struct arena *a, struct err *e)
{
	const char *colon = strrchr(value, ':');
	struct isolation_block b = { .kind = kind };
	int r;

	if (!colon || colon == value || !colon[1])
		return err_set(e, ERR_INVALID, "'%s' is not /dev/x:VALUE", value);
	b.path = arena_strndup(a, value, (size_t)(colon - value));
	if (!str_after(b.path, "/dev/"))
		return err_set(e, ERR_INVALID, "'%s' is no device below /dev", b.path);
	r = block_value(kind, colon + 1, &b.value, e);
	if (r < 0)
		return r;
	*list_push(a, q->isolation.blocks, q->isolation.n_blocks) = b;
	return 0;
}

/* A number of a device, or '*': -1. */
static int device_number(struct str s, struct arena *a, int64_t *ret)
{
	uint32_t n;

	if (str_is(s, "*")) {
		*ret = -1;
		return 0;
	}
	if (parse_u32(arena_strndup(a, s.p, s.n), &n) < 0)
		return -EINVAL;
	*ret = n;
	return 0;
}

int request_device_rule(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct str rest, type = str_cut(str_of(value), ' ', &rest), numbers = str_cut(rest, ' ', &rest), access = rest, minor;
	struct str major = str_cut(numbers, ':', &minor);
	struct isolation_rule r = { 0 };

	if (type.n != 1 || !strchr("abc", type.p[0]) || !minor.p || device_number(major, a, &r.major) < 0 || device_number(minor, a, &r.minor) < 0 ||
	    !request_is_access(access))
		return err_set(e, ERR_INVALID, "'%s' is not TYPE MAJOR:MINOR ACCESS, as in 'c 10:229 rwm' or 'b 8:* r'", value);
	r.type = arena_strndup(a, type.p, type.n);
	r.access = arena_strndup(a, access.p, access.n);
	*list_push(a, q->isolation.rules, q->isolation.n_rules) = r;
	return 0;
}

/* ---- --gpus ------------------------------------------------------------------------------------------------------------------------------- */

/* The next field of a list between commas; one in double quotes may have commas in it. */
static struct str field_cut(struct str s, struct str *rest)
{
	const char *end;

	if (!s.n || s.p[0] != '"')
		return str_cut(s, ',', rest);
	end = memchr(s.p + 1, '"', s.n - 1);
	if (!end || (end + 1 < s.p + s.n && end[1] != ','))
		return str_cut(s, ',', rest);
	*rest = end + 1 < s.p + s.n ? (struct str){ end + 2, (size_t)(s.p + s.n - end - 2) } : (struct str){ 0 };
	return (struct str){ s.p + 1, (size_t)(end - s.p - 1) };
}

static int gpu_count(struct str s, struct arena *a, int64_t *ret, struct err *e)
{
	uint32_t n;

	if (str_is(s, "all")) {
		*ret = -1;
		return 0;
	}
	if (parse_u32(arena_strndup(a, s.p, s.n), &n) < 0 || n == 0 || n > GPUS_MAX)
		return err_set(e, ERR_INVALID, "'" STR_FMT "' is neither all nor a number of GPUs", STR_ARG(s));
	*ret = n;
	return 0;
}

static int gpu_field(struct str field, struct arena *a, struct isolation_gpus *g, struct err *e)
{
	struct str value, key = str_cut(field, '=', &value);

	if (!value.p)
		return gpu_count(key, a, &g->count, e);
	if (str_is(key, "count"))
		return gpu_count(value, a, &g->count, e);
	if (str_is(key, "device"))
		g->devices = arena_strndup(a, value.p, value.n);
	else if (str_is(key, "driver"))
		g->driver = arena_strndup(a, value.p, value.n);
	/* A device's description gives all that it can: there is nothing to choose. */
	else if (!str_is(key, "capabilities"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: '" STR_FMT "'; count, device, driver and capabilities are known", STR_ARG(key));
	return value.n ? 0 : err_set(e, ERR_INVALID, "'" STR_FMT "' has no value", STR_ARG(key));
}

int request_gpus(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct isolation_gpus g = { 0 };
	struct str rest = str_of(value);
	int r = 0;

	while (r == 0 && rest.p) {
		struct str field = field_cut(rest, &rest);

		r = gpu_field(field, a, &g, e);
	}
	if (r == 0 && g.devices && g.count)
		r = err_set(e, ERR_INVALID, "count and device exclude each other");
	if (r < 0)
		return err_wrap(e, "gpus '%s'", value);
	if (!g.devices && !g.count)
		g.count = 1;
	*list_push(a, q->isolation.gpus, q->isolation.n_gpus) = g;
	return 0;
}

int request_personality(struct container_request *q, const char *value, struct err *e)
{
	const char *word = strcasecmp(value, "linux") == 0 ? "LINUX" : strcasecmp(value, "linux32") == 0 ? "LINUX32" : NULL;

	if (!word)
		return err_set(e, ERR_INVALID, "'%s' is neither LINUX nor LINUX32", value);
	q->isolation.personality = word;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------ */

static int check_modes(const struct container_request *q, struct err *e)
{
	for (int ns = 0; ns < ISOLATION_NS_COUNT; ns++) {
		struct isolation_mode m;
		int r = isolation_mode_parse((enum isolation_ns)ns, isolation_mode_text(&q->isolation, (enum isolation_ns)ns), &m, e);

		if (r < 0)
			return r;
	}
	if ((q->hostname || q->domainname) && isolation_mode_kind(&q->isolation, ISOLATION_UTS) != ISOLATION_PRIVATE)
		return err_set(e, ERR_CONFLICT, "--%s and --uts %s exclude each other: the name would be another's", q->hostname ? "hostname" : "domainname",
			       q->isolation.uts);
	return 0;
}

/* A parameter of a namespace that is not the container's own would be changed for others too (CVE-2022-0532). */
static int check_sysctls(const struct container_request *q, struct err *e)
{
	struct oci_namespace spaces[OCI_NS_COUNT];
	struct oci_linux l = { .namespaces = spaces, .sysctl = q->sysctls };

	for (int ns = 0; ns < ISOLATION_NS_COUNT; ns++) {
		if (isolation_mode_kind(&q->isolation, (enum isolation_ns)ns) != ISOLATION_HOST)
			spaces[l.n_namespaces++] = (struct oci_namespace){ .type = isolation_ns_rows[ns].ns };
	}
	if (!streq(q->network, "host"))
		spaces[l.n_namespaces++] = (struct oci_namespace){ .type = OCI_NS_NETWORK };
	return sysctls_check(&l, e) < 0 ? err_wrap(e, "--sysctl") : 0;
}

static int check_cpu(const struct container_isolation *s, struct err *e)
{
	if (s->cpu_rt_period < 0 || s->cpu_rt_runtime < 0)
		return err_set(e, ERR_INVALID, "cpu-rt-period and cpu-rt-runtime are not negative");
	if (s->cpu_rt_period && s->cpu_rt_runtime > s->cpu_rt_period)
		return err_set(e, ERR_INVALID, "cpu-rt-runtime is longer than cpu-rt-period");
	return 0;
}

int request_check_isolation(const struct container_request *q, struct err *e)
{
	const struct container_isolation *s = &q->isolation;
	int r = check_modes(q, e);

	if (r == 0)
		r = check_sysctls(q, e);
	if (r == 0)
		r = check_cpu(s, e);
	if (r == 0 && s->systemd && !streq(s->systemd, "true") && !streq(s->systemd, "false") && !streq(s->systemd, "always"))
		r = err_set(e, ERR_INVALID, "systemd '%s' is not true, false or always", s->systemd);
	if (r == 0 && s->init_path && (!q->init || s->init_path[0] != '/'))
		r = err_set(e, ERR_INVALID, "init-path '%s': it is an absolute path, and needs --init", s->init_path);
	if (r == 0 && s->swappiness.set && (s->swappiness.v < -1 || s->swappiness.v > SWAPPINESS_MAX))
		r = err_set(e, ERR_INVALID, "memory-swappiness %lld is not within 0 and %d (-1: the host's)", (long long)s->swappiness.v, SWAPPINESS_MAX);
	return r;
}
