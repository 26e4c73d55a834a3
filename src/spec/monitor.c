/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/sock.h"

/* clang-format off */
const struct monitor_msg_row monitor_msgs[MONITOR_MSG_COUNT] = {
	[MONITOR_NONE]       = { "none",       false, 0, 0 },
	[MONITOR_START]      = { "start",      true,  0, 0 },
	[MONITOR_ATTACH]     = { "attach",     true,  sizeof(struct monitor_attach), sizeof(struct monitor_attach) },
	[MONITOR_STDIN]      = { "stdin",      true,  1, LIMIT_MONITOR_PAYLOAD },
	[MONITOR_STDIN_EOF]  = { "stdin_eof",  true,  0, 0 },
	[MONITOR_RESIZE]     = { "resize",     true,  sizeof(struct monitor_size), sizeof(struct monitor_size) },
	[MONITOR_SIGNAL]     = { "signal",     true,  sizeof(struct monitor_number), sizeof(struct monitor_number) },
	[MONITOR_RELEASE]    = { "release",    true,  0, 0 },
	[MONITOR_LOG_REOPEN] = { "log_reopen", true,  0, 0 },
	[MONITOR_STAY_DOWN]  = { "stay_down",  true,  0, 0 },
	[MONITOR_UPDATE]     = { "update",     true,  2, LIMIT_MONITOR_PAYLOAD },
	[MONITOR_CHECK]      = { "check",      true,  0, 0 },
	[MONITOR_RESTARTING] = { "restarting", false, 0, 0 },
	[MONITOR_CHECKED]    = { "checked",    false, sizeof(struct monitor_number), sizeof(struct monitor_number) },
	[MONITOR_CREATED]    = { "created",    false, sizeof(struct monitor_number), sizeof(struct monitor_number) },
	[MONITOR_STARTED]    = { "started",    false, 0, 0 },
	[MONITOR_FAILED]     = { "failed",     false, sizeof(struct err), sizeof(struct err) },
	[MONITOR_ATTACHED]   = { "attached",   false, 0, 0 },
	[MONITOR_STDOUT]     = { "stdout",     false, 1, LIMIT_MONITOR_PAYLOAD },
	[MONITOR_STDERR]     = { "stderr",     false, 1, LIMIT_MONITOR_PAYLOAD },
	[MONITOR_STDIN_DONE] = { "stdin_done", false, 0, 0 },
	[MONITOR_EXITED]     = { "exited",     false, 2, LIMIT_MONITOR_PAYLOAD },
	[MONITOR_REFUSED]    = { "refused",    false, sizeof(struct err), sizeof(struct err) },
};

static const char *const log_words[] = {
	[MONITOR_LOG_NONE] = "none", [MONITOR_LOG_JSON_FILE] = "json-file", [MONITOR_LOG_K8S_FILE] = "k8s-file",
	[MONITOR_LOG_JOURNALD] = "journald", [MONITOR_LOG_PASSTHROUGH] = "passthrough",
};
const struct enumtab monitor_logs = ENUMTAB("log driver", log_words, MONITOR_LOG_COUNT);

static const struct field check_fields[] = {
	FIELD(struct monitor_check, process,  "process",  STR, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_check, interval, "interval", I64, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_check, timeout,  "timeout",  I64, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_check, retries,  "retries",  U32, FIELD_OMIT_EMPTY),
};
static const struct schema check_schema = SCHEMA("check", struct monitor_check, check_fields);

static const struct field health_fields[] = {
	FIELD_OBJ(struct monitor_health, check,        "check",         &check_schema, 0),
	FIELD_OBJ(struct monitor_health, startup,      "startup",       &check_schema, 0),
	FIELD(struct monitor_health, success,          "success",       U32, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_health, start_period,     "startPeriod",   I64, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_health, start_interval,   "startInterval", I64, FIELD_OMIT_EMPTY),
	FIELD_ENUM(struct monitor_health, on_failure,  "onFailure",     &health_actions, 0),
};
static const struct schema health_schema = SCHEMA("health", struct monitor_health, health_fields);

static const struct field update_fields[] = {
	FIELD(struct monitor_update, name,        "name",    STR, FIELD_OMIT_EMPTY),
	FIELD_PTR(struct monitor_update, restart, "restart", &restart_policy_schema, FIELD_OMIT_EMPTY),
};
const struct schema monitor_update_schema = SCHEMA("update", struct monitor_update, update_fields);

static const struct field config_fields[] = {
	FIELD(struct monitor_config, id,            "id",           STR,  FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct monitor_config, bundle,        "bundle",       STR,  FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct monitor_config, run_dir,       "runDir",       STR,  FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct monitor_config, runtime,       "runtime",      STR,  FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct monitor_config, runtime_args,  "runtimeArgs",  STRS, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, create_args,   "createArgs",   STRS, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, terminal,      "terminal",     BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, stdin_open,    "stdinOpen",    BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, stdin_once,    "stdinOnce",    BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, keep_created,  "keepCreated",  BOOL, FIELD_OMIT_EMPTY),
	FIELD_ENUM(struct monitor_config, log_driver, "logDriver",  &monitor_logs, 0),
	FIELD(struct monitor_config, log_path,      "logPath",      STR,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, log_max_size,  "logMaxSize",   U64,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, log_max_files, "logMaxFiles",  U32,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, log_buffer,    "logBuffer",    U64,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, log_total_max, "logTotalMax",  U64,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, log_fields,    "logFields",    PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, exit_command,  "exitCommand",  STRS, FIELD_OMIT_EMPTY),
	FIELD_OBJ(struct monitor_config, restart,   "restart",      &restart_policy_schema, 0),
	FIELD_PTR(struct monitor_config, health,    "health",       &health_schema, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, stop_signal,   "stopSignal",   STR,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, stop_timeout,  "stopTimeout",  U32,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, events_root,   "eventsRoot",   STR,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_config, event_attributes, "eventAttributes", PAIRS, FIELD_OMIT_EMPTY),
};

static const struct field state_fields[] = {
	FIELD(struct monitor_state, id,            "id",           STR,  FIELD_REQUIRED),
	FIELD(struct monitor_state, monitor_pid,   "monitorPid",   U32,  FIELD_REQUIRED),
	FIELD(struct monitor_state, monitor_start, "monitorStart", U64,  FIELD_REQUIRED),
	FIELD(struct monitor_state, pid,           "pid",          U32,  0),
	FIELD(struct monitor_state, pid_start,     "pidStart",     U64,  0),
	FIELD(struct monitor_state, running,       "running",      BOOL, 0),
	FIELD(struct monitor_state, started,       "started",      STR,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_state, restarts,      "restarts",     U32,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_state, restarting,    "restarting",   BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_state, code,          "code",         I32,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_state, finished,      "finished",     STR,  FIELD_OMIT_EMPTY),
};
const struct schema monitor_state_schema = SCHEMA("live record", struct monitor_state, state_fields);

static const struct field exit_fields[] = {
	FIELD(struct monitor_exit, id,       "id",       STR,  FIELD_REQUIRED),
	FIELD(struct monitor_exit, code,     "code",     I32,  FIELD_REQUIRED),
	FIELD(struct monitor_exit, signal,   "signal",   U32,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_exit, oom,      "oom",      BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct monitor_exit, started,  "started",  STR,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_exit, finished, "finished", STR,  FIELD_REQUIRED),
	FIELD(struct monitor_exit, error,    "error",    STR,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_exit, restarts, "restarts", U32,  FIELD_OMIT_EMPTY),
	FIELD(struct monitor_exit, restarting, "restarting", BOOL, FIELD_OMIT_EMPTY),
};
const struct schema monitor_exit_schema = SCHEMA("exit record", struct monitor_exit, exit_fields);
/* clang-format on */

static int check_config(const void *obj, struct err *e)
{
	const struct monitor_config *c = obj;
	const char *const paths[] = { c->bundle, c->run_dir };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (paths[i][0] != '/')
			return err_set(e, ERR_INVALID, "'%s' is not an absolute path", paths[i]);
	if ((c->log_driver == MONITOR_LOG_JSON_FILE || c->log_driver == MONITOR_LOG_K8S_FILE) && (!c->log_path || c->log_path[0] != '/'))
		return err_set(e, ERR_INVALID, "log driver '%s' needs an absolute logPath", enumtab_name(&monitor_logs, c->log_driver));
	return 0;
}
const struct schema monitor_config_schema = SCHEMA_CHECKED("monitor configuration", struct monitor_config, config_fields, check_config);

int monitor_connect(const char *run_dir, int *ret_fd, struct err *e)
{
	scoped_fd int dir = dir_open(AT_FDCWD, run_dir);
	int fd;

	if (dir < 0)
		return err_sys(e, dir, "open '%s'", run_dir);
	fd = sock_connect(dir, MONITOR_CTL, SOCK_SEQPACKET);
	if (fd < 0)
		return err_sys(e, fd, "connect to the monitor at '%s/" MONITOR_CTL "'", run_dir);
	*ret_fd = fd;
	return 0;
}

int monitor_pair(int *ret_ours, int *ret_theirs, struct err *e)
{
	int pair[2], r = sock_pair(SOCK_SEQPACKET, pair);

	if (r < 0)
		return err_sys(e, r, "make a socket pair for the monitor");
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

int monitor_send_frame(int fd, const struct monitor_frame *f, struct err *e)
{
	ssize_t r;

	if (f->type >= MONITOR_MSG_COUNT || f->length > monitor_msgs[f->type].max || f->length < monitor_msgs[f->type].min)
		return err_set(e, ERR_INVALID, "a frame of type %u has no %u bytes", f->type, f->length);
	r = sock_send(fd, f, MONITOR_HEADER + f->length, NULL, 0);
	if (r < 0)
		return err_sys(e, (int)r, "send %s", monitor_msgs[f->type].name);
	return 0;
}

int monitor_send(int fd, enum monitor_msg type, const void *payload, size_t n, struct err *e)
{
	scoped_free struct monitor_frame *f = NULL;

	if (n > LIMIT_MONITOR_PAYLOAD)
		return err_set(e, ERR_EXHAUSTED, "%zu bytes do not fit one frame", n);
	f = alloc_or_die(sizeof *f);
	f->type = type;
	f->length = (uint32_t)n;
	if (n)
		memcpy(f->payload, payload, n);
	return monitor_send_frame(fd, f, e);
}

int monitor_send_number(int fd, enum monitor_msg type, int32_t value, struct err *e)
{
	struct monitor_number p = { .value = value };

	return monitor_send(fd, type, &p, sizeof p, e);
}

int monitor_send_attach(int fd, uint32_t flags, struct err *e)
{
	struct monitor_attach p = { .flags = flags };

	return monitor_send(fd, MONITOR_ATTACH, &p, sizeof p, e);
}

int monitor_send_size(int fd, uint16_t rows, uint16_t columns, struct err *e)
{
	struct monitor_size p = { .rows = rows, .columns = columns };

	return monitor_send(fd, MONITOR_RESIZE, &p, sizeof p, e);
}

int monitor_receive(int fd, struct monitor_frame *ret, struct err *e)
{
	size_t n_fds = 0;
	ssize_t n = sock_recv(fd, ret, sizeof *ret, NULL, 0, &n_fds);

	/* The other side left without reading all we sent: the kernel says that once, before what the other side said. */
	if (n == -ECONNRESET)
		n = sock_recv(fd, ret, sizeof *ret, NULL, 0, &n_fds);
	if (n == 0)
		return 0;
	if (n < 0)
		return err_sys(e, (int)n, "receive a frame");
	if ((size_t)n < MONITOR_HEADER || ret->length != (size_t)n - MONITOR_HEADER)
		return err_set(e, ERR_CORRUPT, "a packet of %zd bytes is no frame", n);
	if (ret->type == MONITOR_NONE || ret->type >= MONITOR_MSG_COUNT)
		return err_set(e, ERR_CORRUPT, "unknown message %u", ret->type);
	if (ret->length < monitor_msgs[ret->type].min || ret->length > monitor_msgs[ret->type].max)
		return err_set(e, ERR_CORRUPT, "%s with %u bytes", monitor_msgs[ret->type].name, ret->length);
	return 1;
}

int monitor_expect(int fd, enum monitor_msg type, struct monitor_frame *ret, struct err *e)
{
	for (;;) {
		int r = monitor_receive(fd, ret, e);

		if (r < 0)
			return r;
		if (r == 0)
			return err_sys(e, -EPIPE, "the monitor left before %s", monitor_msgs[type].name);
		if (ret->type == type)
			return 0;
		if (ret->type == MONITOR_FAILED || ret->type == MONITOR_REFUSED)
			return monitor_frame_err(ret, e);
		if (ret->type == MONITOR_EXITED)
			return err_sys(e, -ESRCH, "the container ended before %s", monitor_msgs[type].name);
	}
}

int32_t monitor_frame_number(const struct monitor_frame *f)
{
	struct monitor_number p;

	memcpy(&p, f->payload, sizeof p);
	return p.value;
}

int monitor_frame_err(const struct monitor_frame *f, struct err *e)
{
	memcpy(e, f->payload, sizeof *e);
	e->msg[sizeof e->msg - 1] = '\0';
	if (e->sys <= 0)
		e->sys = EIO;
	return -e->sys;
}

int monitor_frame_exit(const struct monitor_frame *f, struct arena *a, struct monitor_exit *ret, struct err *e)
{
	return json_decode((struct str){ f->payload, f->length }, &monitor_exit_schema, 0, a, ret, e);
}

static int load(const char *run_dir, const char *name, const struct schema *s, struct arena *a, void *ret, struct err *e)
{
	const char *path = arena_printf(a, "%s/%s", run_dir, name);
	size_t n;
	char *text;
	int r = file_read(AT_FDCWD, path, LIMIT_PROC_FILE, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	r = json_decode((struct str){ text, n }, s, 0, a, ret, e);
	if (r < 0)
		return err_wrap(e, "'%s'", path);
	return 0;
}

int monitor_exit_load(const char *run_dir, struct arena *a, struct monitor_exit *ret, struct err *e)
{
	return load(run_dir, MONITOR_EXIT, &monitor_exit_schema, a, ret, e);
}

int monitor_state_load(const char *run_dir, struct arena *a, struct monitor_state *ret, struct err *e)
{
	return load(run_dir, MONITOR_STATE, &monitor_state_schema, a, ret, e);
}
