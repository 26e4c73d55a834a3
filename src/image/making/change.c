/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/change.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/vec.h"

struct list {
	struct strs words;
};
/* clang-format off */
static const struct field list_fields[] = {
	FIELD(struct list, words, "words", STRS, FIELD_REQUIRED),
};
static const struct schema list_schema = SCHEMA("list", struct list, list_fields);
/* clang-format on */

/* A JSON list of strings; -EINVAL if the text is none. */
static int list_parse(const char *text, struct arena *a, struct strs *ret, struct err *e)
{
	struct list list;
	int r = json_decode(str_of(arena_printf(a, "{\"words\":%s}", text)), &list_schema, 0, a, &list, e);

	if (r == 0)
		*ret = list.words;
	return r;
}

static int command_parse(const char *text, struct arena *a, struct strs *ret, struct err *e)
{
	struct strs words = { 0 };

	if (*text == '[')
		return list_parse(text, a, ret, e);
	strs_push(a, &words, "/bin/sh");
	strs_push(a, &words, "-c");
	strs_push(a, &words, text);
	*ret = words;
	return 0;
}

/* The next word of "a=b c='d e'" with quotes and backslashes taken away; NULL at the end. */
static const char *word_take(const char **s, struct arena *a)
{
	const char *p = *s + strspn(*s, " \t");
	char *out = arena_alloc(a, strlen(p) + 1), quote = 0;
	size_t n = 0;

	if (!*p)
		return NULL;
	for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
		if (*p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == '\\' && p[1] && quote != '\'')
			out[n++] = *++p;
		else
			out[n++] = *p;
	}
	*s = p;
	return out;
}

static int change_cmd(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	return command_parse(text, a, &c->cmd, e);
}

static int change_entrypoint(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	return command_parse(text, a, &c->entrypoint, e);
}

static void env_set(struct arena *a, struct strs *env, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], entry, n) == 0) {
			env->v[i] = entry;
			return;
		}
	}
	strs_push(a, env, entry);
}

/* "ENV a=b c=d", and the old "ENV a b c". */
static int change_env(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	size_t name = strcspn(text, " \t=");
	const char *word;

	if (name == 0)
		return err_set(e, ERR_INVALID, "ENV wants NAME=VALUE");
	if (text[name] != '=') {
		const char *value = text + name + strspn(text + name, " \t");

		if (!*value)
			return err_set(e, ERR_INVALID, "ENV wants NAME=VALUE");
		env_set(a, &c->env, arena_printf(a, "%.*s=%s", (int)name, text, value));
		return 0;
	}
	while ((word = word_take(&text, a))) {
		if (!strchr(word, '=') || *word == '=')
			return err_set(e, ERR_INVALID, "ENV: '%.60s' is not NAME=VALUE", word);
		env_set(a, &c->env, word);
	}
	return 0;
}

static int change_label(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	const char *word;

	while ((word = word_take(&text, a))) {
		const char *eq = strchr(word, '=');

		if (!eq || eq == word)
			return err_set(e, ERR_INVALID, "LABEL: '%.60s' is not KEY=VALUE", word);
		pairs_set(a, &c->labels, arena_strndup(a, word, (size_t)(eq - word)), eq + 1);
	}
	return 0;
}

static int change_expose(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	const char *word;

	while ((word = word_take(&text, a))) {
		struct str protocol = { 0 }, range = str_cut(str_of(word), '/', &protocol);
		uint16_t first, last;

		if (protocol.p && !str_is(protocol, "tcp") && !str_is(protocol, "udp") && !str_is(protocol, "sctp"))
			return err_set(e, ERR_INVALID, "EXPOSE: '%.60s' has an unknown protocol", word);
		if (parse_port_range(arena_strndup(a, range.p, range.n), &first, &last) < 0)
			return err_set(e, ERR_INVALID, "EXPOSE: '%.60s' is not a port", word);
		for (uint32_t port = first; port <= last; port++)
			strs_push(a, &c->exposed_ports, arena_printf(a, "%u/%.*s", port, protocol.p ? (int)protocol.n : 3, protocol.p ? protocol.p : "tcp"));
	}
	return 0;
}

static int change_volume(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	struct strs list = { 0 };
	const char *word;
	int r = 0;

	if (*text == '[')
		r = list_parse(text, a, &list, e);
	else
		while ((word = word_take(&text, a)))
			strs_push(a, &list, word);
	for (size_t i = 0; i < list.n; i++)
		strs_push(a, &c->volumes, list.v[i]);
	return r;
}

/* One of --interval=30s --timeout= --start-period= --start-interval= --retries= */
static int health_flag(const char *flag, struct arena *a, struct oci_healthcheck *h, struct err *e)
{
	const struct {
		const char *name;
		int64_t *to;
	} rows[] = { { "--interval=", &h->interval }, { "--timeout=", &h->timeout }, { "--start-period=", &h->start_period },
		{ "--start-interval=", &h->start_interval } };
	const char *value;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((value = str_after(flag, rows[i].name)))
			return parse_duration(value, rows[i].to) == 0 ? 0 : err_set(e, ERR_INVALID, "HEALTHCHECK: '%.100s' is no duration", value);
	value = str_after(flag, "--retries=");
	if (value && parse_i64(value, &h->retries) == 0 && h->retries >= 0)
		return 0;
	return err_set(e, ERR_INVALID, "HEALTHCHECK: '%.100s' is not understood", flag);
}

/* HEALTHCHECK NONE, or [FLAG…] CMD and a command in one of its two forms. */
static int change_healthcheck(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	struct oci_healthcheck *h = arena_new(a, struct oci_healthcheck);
	struct strs command = { 0 };
	int r = 0;

	while (r == 0 && str_after(text, "--")) {
		size_t n = strcspn(text, " \t");

		r = health_flag(arena_strndup(a, text, n), a, h, e);
		text += n + strspn(text + n, " \t");
	}
	if (r < 0)
		return r;
	if (strcasecmp(text, "NONE") == 0) {
		strs_push(a, &h->test, "NONE");
	} else if (strncasecmp(text, "CMD", 3) == 0 && strspn(text + 3, " \t") > 0) {
		text += 3 + strspn(text + 3, " \t");
		strs_push(a, &h->test, *text == '[' ? "CMD" : "CMD-SHELL");
		if (*text == '[')
			r = list_parse(text, a, &command, e);
		else
			strs_push(a, &command, arena_strdup(a, text));
		for (size_t i = 0; i < command.n; i++)
			strs_push(a, &h->test, command.v[i]);
	}
	if (r == 0 && h->test.n == 0)
		return err_set(e, ERR_INVALID, "HEALTHCHECK: it is NONE, or CMD and a command");
	c->healthcheck = h;
	return r;
}

static int change_stop_signal(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	c->stop_signal = arena_strdup(a, text);
	return 0;
}

static int change_user(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	c->user = arena_strdup(a, text);
	return 0;
}

static int change_workdir(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	if (*text != '/')
		return err_set(e, ERR_INVALID, "WORKDIR: '%.100s' is not an absolute path", text);
	c->working_dir = arena_strdup(a, text);
	return 0;
}

static const struct change {
	const char *word;
	int (*apply)(const char *text, struct arena *a, struct oci_run_config *c, struct err *e);
} changes[] = {
	{ "CMD", change_cmd },       { "ENTRYPOINT", change_entrypoint }, { "ENV", change_env },   { "EXPOSE", change_expose },
	{ "HEALTHCHECK", change_healthcheck }, { "LABEL", change_label },   { "STOPSIGNAL", change_stop_signal }, { "USER", change_user }, { "VOLUME", change_volume },
	{ "WORKDIR", change_workdir },
};

int change_apply(const char *text, struct arena *a, struct oci_run_config *c, struct err *e)
{
	struct str trimmed = str_trim(str_of(text));
	const char *line = arena_strndup(a, trimmed.p, trimmed.n);
	size_t n = strcspn(line, " \t");
	const char *rest = line + n + strspn(line + n, " \t");

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		if (strlen(changes[i].word) != n || strncasecmp(changes[i].word, line, n) != 0)
			continue;
		if (!*rest)
			return err_set(e, ERR_INVALID, "%s wants an argument", changes[i].word);
		return changes[i].apply(rest, a, c, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: change '%.60s'", line);
}
