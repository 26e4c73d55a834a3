/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * monitor: what tare-monitor and its clients say to each other, and the files it reads and writes.
 *
 * One monitor per running container. Its starter writes monitor.json, hands over one end of a SOCK_SEQPACKET pair (--control-fd) and talks;
 * later clients connect to `<run_dir>/ctl`. Both speak the same frames: {u32 type, u32 length} and that many bytes, one frame per packet,
 * host byte order. The table monitor_msgs[] (monitor.c) has one row per message; a client never needs more than this:
 *
 *   starter                      monitor                            any client
 *     |------ ATTACH ------------->|  (before START: sees all output)  |
 *     |<----- CREATED{pid} --------|  init waits for START; network goes in now
 *     |------ START -------------->|  also allowed from ctl
 *     |<----- STARTED -------------|<----------- ATTACH ---------------|
 *     |                            |------------ ATTACHED ------------>|
 *     |<----- STDOUT, STDERR ------|------------ STDOUT, STDERR ------>|
 *     |------ STDIN -------------->|  one at a time: the next only after STDIN_DONE, so that
 *     |<----- STDIN_DONE ----------|  RESIZE and SIGNAL never queue behind bytes nobody reads
 *     |<----- EXITED{exit.json} ---|------------ EXITED -------------->|  all output came before it
 *     |<----- end of file ---------|  runtime state deleted; the exit command, if it is owed, starts now
 *
 * FAILED{struct err} answers a create or start that failed; after it comes only the end of file. Its errno is ENOENT or EACCES only if the
 * container's own program was not found or could not be executed. REFUSED{struct err} answers a request that
 * cannot be done now; the connection goes on. If the starter's connection ends before START came, nobody will start the container: the
 * monitor deletes it, writes exit.json and runs the exit command, unless `keep_created`.
 * RELEASE promises that this client cleans up after EXITED, so no exit command runs; the promise ends with the connection.
 * Every connection hears EXITED, attached or not: connecting and waiting for it is `wait`.
 *
 * Restart: with a restart policy every run ends with an EXITED that says whether another follows (`restarting`); connections stay, and hear CREATED and
 * STARTED again. In between live.json says `restarting`, exit.json is only written at the last end, and RELEASE means that one.
 *
 * Slow clients: output is dropped for nobody, but a client that does not read is disconnected once its queue (LIMIT_MONITOR_QUEUE) is full;
 * with MONITOR_ATTACH_WAIT the container's output waits for it instead (the foreground `run`).
 *
 * Files in run_dir (0700), all written whole by rename: live.json (struct monitor_state; which processes; state.json is the engine's), exit.json (struct monitor_exit; it
 * exists = the container has ended), pid (of init, decimal, written by the runtime), runtime.log (the runtime's own log).
 * Liveness: `ctl` refuses connections as soon as the monitor is dead, whatever pids say. live.json then tells whose init to kill.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "spec/supervision.h"

struct schema;

/* Files in run_dir. */
#define MONITOR_CTL "ctl"
#define MONITOR_STATE "live.json"
#define MONITOR_EXIT "exit.json"
#define MONITOR_PID "pid"
#define MONITOR_CONSOLE "console"
#define MONITOR_RUNTIME_LOG "runtime.log"
#define MONITOR_HEALTH "health.json"

/* The numbers are the protocol: never reuse or renumber. */
enum monitor_msg {
	MONITOR_NONE = 0,
	/* client to monitor */
	MONITOR_START = 1,       /* run the runtime's start; answered by STARTED or FAILED */
	MONITOR_ATTACH = 2,      /* struct monitor_attach; answered by ATTACHED */
	MONITOR_STDIN = 3,       /* bytes; answered by STDIN_DONE when the container's stdin took them */
	MONITOR_STDIN_EOF = 4,   /* no more from this client; with stdin_once closes the container's stdin */
	MONITOR_RESIZE = 5,      /* struct monitor_size; ignored without a terminal */
	MONITOR_SIGNAL = 6,      /* struct monitor_number: signal for init */
	MONITOR_RELEASE = 7,     /* this client cleans up; no exit command */
	MONITOR_LOG_REOPEN = 8,  /* the log file was renamed: open it anew */
	MONITOR_STAY_DOWN = 18,  /* no restart any more. Answered by EXITED at once if it is down between two runs */
	MONITOR_UPDATE = 19,     /* struct monitor_update as JSON: another name, another restart policy */
	MONITOR_CHECK = 20,      /* run the health check now; answered by CHECKED or REFUSED */
	/* monitor to client */
	MONITOR_CREATED = 9,     /* struct monitor_number: pid of init. Also the first frame of a late connection, with the pid */
	MONITOR_STARTED = 10,    /* nothing. Also the second frame of a late connection if the container runs already */
	MONITOR_FAILED = 11,     /* struct err: create or start failed, end of file follows */
	MONITOR_ATTACHED = 12,   /* nothing: output from here on arrives */
	MONITOR_STDOUT = 13,     /* bytes; everything of a terminal comes as STDOUT */
	MONITOR_STDERR = 14,     /* bytes */
	MONITOR_STDIN_DONE = 15, /* nothing: the next STDIN may come */
	MONITOR_EXITED = 16,     /* text of exit.json */
	MONITOR_REFUSED = 17,    /* struct err: that request was not done (no stdin, unknown message, bad payload) */
	MONITOR_RESTARTING = 21, /* nothing. The first frame of a late connection while it is down between two runs */
	MONITOR_CHECKED = 22,    /* struct monitor_number: the exit code of the health check */
	MONITOR_MSG_COUNT,
};

enum { /* flags of struct monitor_attach */
	MONITOR_ATTACH_OUTPUT = 1 << 0, /* wants STDOUT and STDERR */
	MONITOR_ATTACH_STDIN = 1 << 1,  /* will send STDIN */
	MONITOR_ATTACH_WAIT = 1 << 2,   /* the container's output waits for this client */
};

struct monitor_attach {
	uint32_t flags;
};

struct monitor_number {
	int32_t value;
};

struct monitor_size {
	uint16_t rows, columns;
};

/* One packet. 32 KB: lives in an arena or in static memory, not on a stack. */
struct monitor_frame {
	uint32_t type;   /* enum monitor_msg, but whatever came: only monitor_receive() has checked it */
	uint32_t length; /* bytes of payload */
	char payload[LIMIT_MONITOR_PAYLOAD];
};

enum { MONITOR_HEADER = 8 }; /* bytes before the payload */

/* One row per message, for checks and for people: monitor_msgs[type]. */
struct monitor_msg_row {
	const char *name;
	bool to_monitor;
	uint32_t min, max; /* payload bytes */
};
extern const struct monitor_msg_row monitor_msgs[MONITOR_MSG_COUNT];

enum monitor_log {
	MONITOR_LOG_NONE,
	MONITOR_LOG_JSON_FILE,
	MONITOR_LOG_K8S_FILE,
	MONITOR_LOG_JOURNALD,
	MONITOR_LOG_PASSTHROUGH, /* the container has the monitor's own standard streams: nothing passes through it */
	MONITOR_LOG_COUNT,
};
extern const struct enumtab monitor_logs; /* "none" "json-file" "k8s-file" "journald" "passthrough" */

/* monitor.json: all a monitor has to know. Written by the starter; paths are absolute. */
struct monitor_config {
	const char *id;
	const char *bundle;          /* directory with config.json */
	const char *run_dir;         /* exists, 0700 */
	const char *runtime;         /* OCI runtime program, absolute or found in PATH */
	struct strs runtime_args;    /* global, before the sub-command: --root DIR … (not --log, --log-format) */
	struct strs create_args;     /* after `create`: --no-pivot … */
	bool terminal;               /* must agree with process.terminal of config.json */
	bool stdin_open;             /* container has a stdin to write to; otherwise /dev/null */
	bool stdin_once;             /* it ends with the first client that was attached to it */
	bool keep_created;           /* the starter may leave before START */
	enum monitor_log log_driver;
	const char *log_path;        /* file, for the drivers that write one; appended to */
	uint64_t log_max_size;       /* bytes; 0: no rotation */
	uint32_t log_max_files;      /* kept files when rotating, at least 1 */
	uint64_t log_buffer;         /* bytes that wait for a slow log before records are dropped; 0: the container waits */
	uint64_t log_total_max;      /* bytes of records, after which no more are written; 0: no end */
	struct pairs log_fields;     /* what every record carries: `attrs` of json-file, fields of the journal */
	struct strs exit_command;    /* argv; run at the end unless released; may be empty */
	struct restart_policy restart;
	struct monitor_health *health; /* NULL: no check */
	const char *stop_signal;     /* for the actions of a check that fails */
	uint32_t stop_timeout;       /* seconds before SIGKILL follows it */
	const char *events_root;     /* whose journal of events (spec/event.h) hears of this container; NULL: none */
	struct pairs event_attributes; /* what each of its events says: image, name, labels */
};
extern const struct schema monitor_config_schema;

/* The checks of a container: processes as `runtime exec --process` takes them, in files of the run directory. Times in nanoseconds. */
struct monitor_check {
	const char *process;         /* absolute path; NULL: none */
	int64_t interval, timeout;
	uint32_t retries;
};
struct monitor_health {
	struct monitor_check check;
	struct monitor_check startup; /* runs in the place of the check until it has succeeded `success` times */
	uint32_t success;
	int64_t start_period;        /* in which failures do not count */
	int64_t start_interval;      /* between checks in that time */
	enum health_action on_failure;
};

/* Payload of UPDATE; what is NULL stays. */
struct monitor_update {
	const char *name;
	struct restart_policy *restart;
};
extern const struct schema monitor_update_schema;

/* live.json. Start times are field 22 of /proc/PID/stat: (pid, start) names a process for ever. pid is 0 until created. */
struct monitor_state {
	const char *id;
	uint32_t monitor_pid;
	uint64_t monitor_start;
	uint32_t pid;
	uint64_t pid_start;
	bool running;                /* START was done */
	const char *started;         /* RFC 3339, when running or, between two runs, of the last */
	uint32_t restarts;           /* by the restart policy */
	bool restarting;             /* between two runs; then how the last one ended: */
	int32_t code;
	const char *finished;
};
extern const struct schema monitor_state_schema;

/* exit.json and the payload of EXITED. */
struct monitor_exit {
	const char *id;
	int32_t code;                /* exit status, or 128 + signal */
	uint32_t signal;             /* 0: ended by itself */
	bool oom;                    /* the kernel killed something in its cgroup for memory */
	const char *started;         /* RFC 3339; NULL: never started */
	const char *finished;        /* RFC 3339 */
	const char *error;           /* why it never ran, if so */
	uint32_t restarts;           /* by the restart policy, in this life of the monitor */
	bool restarting;             /* only in EXITED: it comes again, nothing is to be put away */
};
extern const struct schema monitor_exit_schema;

/* Connects to the monitor whose files are in @run_dir (any length). Errors: -ENOENT, -ECONNREFUSED: there is no monitor. */
int monitor_connect(const char *run_dir, int *ret_fd, struct err *e);

/* Makes the pair for --control-fd: *ret_ours blocks, *ret_theirs is for the monitor. Both close on exec. */
int monitor_pair(int *ret_ours, int *ret_theirs, struct err *e);

/* Sends one frame in one packet. On a full queue waits if @fd blocks. Errors: -EPIPE the other side is gone, -EAGAIN, -E2BIG. Never SIGPIPE. */
int monitor_send(int fd, enum monitor_msg type, const void *payload, size_t n, struct err *e);

/* The same for a frame that stands ready in memory: no copy. */
int monitor_send_frame(int fd, const struct monitor_frame *f, struct err *e);

/* The frames without raw bytes, typed. */
int monitor_send_number(int fd, enum monitor_msg type, int32_t value, struct err *e);
int monitor_send_attach(int fd, uint32_t flags, struct err *e);
int monitor_send_size(int fd, uint16_t rows, uint16_t columns, struct err *e);

/* Receives one checked frame into *ret. Returns 1, or 0 at end of file, after all that the other side has said. Errors: -EAGAIN if @fd does not block, -EBADMSG not a frame. */
int monitor_receive(int fd, struct monitor_frame *ret, struct err *e);

/*
 * Receives until a frame of @type comes, throwing away output; for short conversations without attach. FAILED and REFUSED become the
 * failure they carry; end of file is -EPIPE, EXITED instead of @type -ESRCH.
 */
int monitor_expect(int fd, enum monitor_msg type, struct monitor_frame *ret, struct err *e);

/* Payloads. They cannot fail on a received frame of the right type; monitor_frame_err() returns the error's own negative code. */
int32_t monitor_frame_number(const struct monitor_frame *f);
int monitor_frame_err(const struct monitor_frame *f, struct err *e);

/* Reads exit.json, from EXITED or from its file (-ENOENT: not ended yet), and live.json (-ENOENT: no monitor ever). Strings in @a. */
int monitor_frame_exit(const struct monitor_frame *f, struct arena *a, struct monitor_exit *ret, struct err *e);
int monitor_exit_load(const char *run_dir, struct arena *a, struct monitor_exit *ret, struct err *e);
int monitor_state_load(const char *run_dir, struct arena *a, struct monitor_state *ret, struct err *e);
