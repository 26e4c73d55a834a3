/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conmon_options: conmon's command line, as podman and CRI-O write it. Pure.
 *
 * Long options take =VALUE or the next word, short ones the rest of their word or the next. A word may be a flag several times; lists grow.
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/monitor.h"

struct conmon_options {
	int64_t api_version;         /* 1 and more: "data" on the sync pipe */
	const char *id, *uuid, *name;
	const char *bundle;          /* NULL: the working directory */
	const char *runtime;
	struct strs runtime_args;    /* before the sub-command */
	struct strs runtime_options; /* behind it */
	bool exec, exec_attach;
	const char *process_spec;    /* of exec */
	const char *restore;         /* checkpoint to restore from; NULL: create */
	const char *pid_file;        /* of the container; NULL: pidfile-ID in the working directory */
	const char *monitor_pid_file;
	const char *persist_dir, *exit_dir;
	const char *exit_command;
	struct strs exit_arguments;
	int64_t exit_delay;          /* seconds */
	struct strs logs;            /* DRIVER[:PATH]; at least one */
	int64_t log_size_max, log_total_max, log_max_files;
	bool log_rotate;
	struct strs log_directories; /* the only ones a log may be in; none: any */
	const char *log_tag;
	struct strs log_labels;
	bool no_partial_message;
	bool terminal, stdin_open, leave_stdin_open;
	bool systemd_cgroup, no_pivot, no_new_keyring;
	int64_t timeout;             /* seconds; 0: none */
	const char *socket_dir;
	bool full_attach;
	const char *notify_socket;
	bool stay;                   /* --sync: no second process */
	bool version, help;
	/* Accepted as what they are here: logs are not synced, and what we say goes to stderr. */
	bool no_sync_log, syslog;
	const char *log_level;
	bool replace_listen_pid;     /* refused */
};

/* True if this is conmon's command line and not tare-monitor's own. */
bool conmon_is_meant(int argc, char *const *argv);

/* Parses and checks. Errors: ERR_INVALID names the word; ERR_UNSUPPORTED. */
int conmon_options_parse(int argc, char *const *argv, struct arena *a, struct conmon_options *ret, struct err *e);

/* What of it a monitor's modules read: streams and log. Errors: ERR_INVALID a log that makes no sense. */
int conmon_options_config(const struct conmon_options *o, struct arena *a, struct monitor_config *ret, struct err *e);

/* One row per option, ends with a NULL name: for the parser, the help and tests. */
enum conmon_kind { CONMON_FLAG, CONMON_NUMBER, CONMON_TEXT, CONMON_LIST };
struct conmon_option {
	const char *name;
	char letter;                 /* 0: none */
	enum conmon_kind kind;
	size_t offset;
};
extern const struct conmon_option conmon_option_table[];
