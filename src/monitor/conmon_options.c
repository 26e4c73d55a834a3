/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/conmon_options.h"

#include <string.h>

#include "base/parse.h"
#include "base/vec.h"

enum { SHORT_ID = 12 };

#define ROW(name_, letter_, KIND, member) { name_, letter_, CONMON_##KIND, offsetof(struct conmon_options, member) }
/* clang-format off */
const struct conmon_option conmon_option_table[] = {
	ROW("api-version",             0,   NUMBER, api_version),
	ROW("bundle",                  'b', TEXT,   bundle),
	ROW("cid",                     'c', TEXT,   id),
	ROW("conmon-pidfile",          'P', TEXT,   monitor_pid_file),
	ROW("container-pidfile",       'p', TEXT,   pid_file),
	ROW("pidfile",                 0,   TEXT,   pid_file),
	ROW("cuuid",                   'u', TEXT,   uuid),
	ROW("exec",                    'e', FLAG,   exec),
	ROW("exec-attach",             0,   FLAG,   exec_attach),
	ROW("exec-process-spec",       0,   TEXT,   process_spec),
	ROW("exit-command",            0,   TEXT,   exit_command),
	ROW("exit-command-arg",        0,   LIST,   exit_arguments),
	ROW("exit-delay",              0,   NUMBER, exit_delay),
	ROW("exit-dir",                0,   TEXT,   exit_dir),
	ROW("full-attach",             'F', FLAG,   full_attach),
	ROW("help",                    'h', FLAG,   help),
	ROW("leave-stdin-open",        0,   FLAG,   leave_stdin_open),
	ROW("log-allowlist-dir",       0,   LIST,   log_directories),
	ROW("log-global-size-max",     0,   NUMBER, log_total_max),
	ROW("log-label",               0,   LIST,   log_labels),
	ROW("log-level",               0,   TEXT,   log_level),
	ROW("log-max-files",           0,   NUMBER, log_max_files),
	ROW("log-path",                'l', LIST,   logs),
	ROW("log-rotate",              0,   FLAG,   log_rotate),
	ROW("log-size-max",            0,   NUMBER, log_size_max),
	ROW("log-tag",                 0,   TEXT,   log_tag),
	ROW("name",                    'n', TEXT,   name),
	ROW("no-container-partial-message", 0, FLAG, no_partial_message),
	ROW("no-new-keyring",          0,   FLAG,   no_new_keyring),
	ROW("no-pivot",                0,   FLAG,   no_pivot),
	ROW("no-sync-log",             0,   FLAG,   no_sync_log),
	ROW("persist-dir",             '0', TEXT,   persist_dir),
	ROW("replace-listen-pid",      0,   FLAG,   replace_listen_pid),
	ROW("restore",                 0,   TEXT,   restore),
	ROW("restore-arg",             0,   LIST,   runtime_options),
	ROW("runtime",                 'r', TEXT,   runtime),
	ROW("runtime-arg",             0,   LIST,   runtime_args),
	ROW("runtime-opt",             0,   LIST,   runtime_options),
	ROW("sdnotify-socket",         0,   TEXT,   notify_socket),
	ROW("socket-dir-path",         0,   TEXT,   socket_dir),
	ROW("stdin",                   'i', FLAG,   stdin_open),
	ROW("sync",                    0,   FLAG,   stay),
	ROW("syslog",                  0,   FLAG,   syslog),
	ROW("systemd-cgroup",          's', FLAG,   systemd_cgroup),
	ROW("terminal",                't', FLAG,   terminal),
	ROW("timeout",                 'T', NUMBER, timeout),
	ROW("version",                 0,   FLAG,   version),
	{ NULL, 0, CONMON_FLAG, 0 },
};
/* clang-format on */

/* Ours begins with --config or --control-fd. */
bool conmon_is_meant(int argc, char *const *argv)
{
	return argc > 1 && !streq(argv[1], "--config") && !streq(argv[1], "--control-fd") && !streq(argv[1], "--help");
}

static const struct conmon_option *row_of(struct str name, char letter)
{
	for (const struct conmon_option *o = conmon_option_table; o->name; o++)
		if (letter ? o->letter == letter : str_is(name, o->name))
			return o;
	return NULL;
}

static int store(struct conmon_options *o, const struct conmon_option *row, const char *value, struct arena *a, struct err *e)
{
	void *member = (char *)o + row->offset;

	switch (row->kind) {
	case CONMON_FLAG:
		*(bool *)member = true;
		return 0;
	case CONMON_NUMBER:
		return parse_i64(value, member) < 0 ? err_set(e, ERR_INVALID, "--%s: '%s' is not a number", row->name, value) : 0;
	case CONMON_TEXT:
		*(const char **)member = value;
		return 0;
	case CONMON_LIST:
		strs_push(a, member, value);
		return 0;
	}
	return 0;
}

/* The words still to be read. */
struct words {
	char *const *v;
	int n, at;
};

/* The value of an option: @own (what its word has) or the next word. */
static int take_value(struct words *w, struct conmon_options *o, const struct conmon_option *row, const char *own, struct arena *a, struct err *e)
{
	if (row->kind == CONMON_FLAG && own)
		return err_set(e, ERR_INVALID, "--%s takes no value", row->name);
	if (row->kind != CONMON_FLAG && !own && w->at == w->n)
		return err_set(e, ERR_INVALID, "--%s needs a value", row->name);
	return store(o, row, own || row->kind == CONMON_FLAG ? own : w->v[w->at++], a, e);
}

static int take_long(struct words *w, const char *word, struct conmon_options *o, struct arena *a, struct err *e)
{
	struct str value, name = str_cut(str_of(word), '=', &value);
	const struct conmon_option *row = row_of(name, 0);

	if (!row)
		return err_set(e, ERR_INVALID, "unknown option --" STR_FMT, STR_ARG(name));
	return take_value(w, o, row, value.p, a, e);
}

/* Letters in one word: flags, and at most one with a value at the end. */
static int take_letters(struct words *w, const char *letters, struct conmon_options *o, struct arena *a, struct err *e)
{
	int r = 0;

	for (; r == 0 && *letters; letters++) {
		const struct conmon_option *row = row_of((struct str){ 0 }, *letters);

		if (!row)
			return err_set(e, ERR_INVALID, "unknown option -%c", *letters);
		if (row->kind != CONMON_FLAG)
			return take_value(w, o, row, letters[1] ? letters + 1 : NULL, a, e);
		r = take_value(w, o, row, NULL, a, e);
	}
	return r;
}

static int check(const struct conmon_options *o, struct err *e)
{
	const struct {
		bool wrong;
		const char *why;
	} rules[] = {
		{ !o->id, "container id (--cid) is required" },
		{ !o->uuid && !(o->exec && o->api_version < 1), "container uuid (--cuuid) is required" },
		{ !o->runtime, "runtime (--runtime) is required" },
		{ !o->logs.n, "log driver (--log-path) is required" },
		{ o->exec && !o->process_spec, "exec process spec path (--exec-process-spec) is required with --exec" },
		{ o->exec && o->restore, "--exec and --restore exclude each other" },
		{ o->exec_attach && (!o->exec || o->api_version < 1), "--exec-attach needs --exec and an API version of at least 1" },
		{ o->timeout < 0 || o->exit_delay < 0, "a time is negative" },
		{ o->log_max_files < 0, "--log-max-files is negative" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].wrong)
			return err_set(e, ERR_INVALID, "%s", rules[i].why);
	if (strchr(o->id, '/') || (o->uuid && strchr(o->uuid, '/')))
		return err_set(e, ERR_INVALID, "container id '%s' has a slash", o->id);
	if (o->replace_listen_pid)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: --replace-listen-pid");
	if (o->logs.n > 1)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: more than one --log-path");
	return 0;
}

int conmon_options_parse(int argc, char *const *argv, struct arena *a, struct conmon_options *ret, struct err *e)
{
	struct words w = { argv, argc, 1 };
	int r = 0;

	*ret = (struct conmon_options){ .log_size_max = -1, .log_total_max = -1, .log_max_files = 1, .socket_dir = "/var/run/crio" };
	while (r == 0 && w.at < w.n) {
		const char *word = w.v[w.at++];

		if (word[0] != '-' || !word[1])
			return err_set(e, ERR_INVALID, "unexpected word '%s'", word);
		r = word[1] == '-' ? take_long(&w, word + 2, ret, a, e) : take_letters(&w, word + 1, ret, a, e);
	}
	return r < 0 || ret->version || ret->help ? r : check(ret, e);
}

/* ---- the log ---- */

/* In one of the directories, without a way out of it. */
static bool is_allowed(const struct strs *directories, const char *path)
{
	if (!directories->n)
		return true;
	if (strstr(path, "/../") || str_ends(path, "/.."))
		return false;
	for (size_t i = 0; i < directories->n; i++) {
		const char *rest = str_after(path, directories->v[i]);

		if (rest && (*rest == '/' || str_ends(directories->v[i], "/")))
			return true;
	}
	return false;
}

static int take_log(const struct conmon_options *o, struct monitor_config *c, struct err *e)
{
	static const struct {
		const char *word;
		enum monitor_log driver;
	} words[] = {
		{ "k8s-file", MONITOR_LOG_K8S_FILE }, { "kubernetes-log-file", MONITOR_LOG_K8S_FILE }, { "journald", MONITOR_LOG_JOURNALD },
		{ "passthrough", MONITOR_LOG_PASSTHROUGH }, { "none", MONITOR_LOG_NONE }, { "off", MONITOR_LOG_NONE }, { "null", MONITOR_LOG_NONE },
	};
	struct str path, driver = str_cut(str_of(o->logs.v[0]), ':', &path);
	size_t i = 0;

	while (i < ARRAY_LEN(words) && !str_is(driver, words[i].word))
		i++;
	/* A bare path is a k8s-file. */
	if (i == ARRAY_LEN(words) && path.p)
		return err_set(e, ERR_INVALID, "no such log driver '" STR_FMT "'", STR_ARG(driver));
	c->log_driver = i == ARRAY_LEN(words) ? MONITOR_LOG_K8S_FILE : words[i].driver;
	c->log_path = i == ARRAY_LEN(words) ? driver.p : path.p;
	if (c->log_driver == MONITOR_LOG_K8S_FILE && (!c->log_path || c->log_path[0] != '/'))
		return err_set(e, ERR_INVALID, "log path '%s' is not absolute", c->log_path ? c->log_path : "");
	if (c->log_driver == MONITOR_LOG_K8S_FILE && !is_allowed(&o->log_directories, c->log_path))
		return err_set(e, ERR_INVALID, "log path '%s' is in none of the allowed directories", c->log_path);
	return 0;
}

/* KEY=VALUE of journald: [A-Z0-9_]+, as the journal takes no others. */
static int take_label(const char *word, struct arena *a, struct pairs *fields, struct err *e)
{
	struct str value, key = str_cut(str_of(word), '=', &value);

	for (size_t i = 0; i < key.n; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", key.p[i]))
			return err_set(e, ERR_INVALID, "--log-label '%s': only capitals, digits and '_' are allowed", word);
	if (!key.n || !value.p)
		return err_set(e, ERR_INVALID, "--log-label '%s' is not KEY=VALUE", word);
	pairs_set(a, fields, arena_strndup(a, key.p, key.n), value.p);
	return 0;
}

int conmon_options_config(const struct conmon_options *o, struct arena *a, struct monitor_config *ret, struct err *e)
{
	const char *id = arena_strndup(a, o->id, SHORT_ID);
	int r;

	*ret = (struct monitor_config){ .id = o->id, .bundle = o->bundle, .run_dir = o->bundle, .terminal = o->terminal,
		.stdin_open = o->stdin_open || o->terminal, /* callers say only one of both */
		.stdin_once = !o->leave_stdin_open, .log_max_size = o->log_size_max > 0 ? (uint64_t)o->log_size_max : 0,
		.log_max_files = o->log_rotate && o->log_max_files > 0 ? (uint32_t)o->log_max_files : 1,
		.log_total_max = o->log_total_max > 0 ? (uint64_t)o->log_total_max : 0 };
	r = take_log(o, ret, e);
	if (r < 0 || ret->log_driver != MONITOR_LOG_JOURNALD)
		return r;
	for (size_t i = 0; i < o->log_labels.n && r == 0; i++)
		r = take_label(o->log_labels.v[i], a, &ret->log_fields, e);
	pairs_set(a, &ret->log_fields, "CONTAINER_ID_FULL", o->id);
	pairs_set(a, &ret->log_fields, "CONTAINER_ID", id);
	if (o->name)
		pairs_set(a, &ret->log_fields, "CONTAINER_NAME", o->name);
	if (o->log_tag)
		pairs_set(a, &ret->log_fields, "CONTAINER_TAG", o->log_tag);
	pairs_set(a, &ret->log_fields, "SYSLOG_IDENTIFIER", o->log_tag ? o->log_tag : o->name ? o->name : id);
	return r;
}
