/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/record.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "codec/json.h"
#include "os/file.h"

/* The time as text, or NULL if it is not set. */
static const char *time_text(struct timespec t, char ret[TEXT_TIME_SIZE])
{
	if (!t.tv_sec)
		return NULL;
	text_time(t, ret);
	return ret;
}

int record_live(int dirfd, const struct record *rec, struct err *e)
{
	scoped_buf struct buf text = BUF(LIMIT_PROC_FILE);
	char started[TEXT_TIME_SIZE], finished[TEXT_TIME_SIZE];
	struct proc_stat self = { 0 };
	struct monitor_state state;
	int r = proc_stat_read(getpid(), &self);

	if (r < 0)
		return err_sys(e, r, "read our own process");
	state = (struct monitor_state){
		.id = rec->id,
		.monitor_pid = (uint32_t)self.pid,
		.monitor_start = self.start_ticks,
		.pid = rec->restarting ? 0 : (uint32_t)rec->pid,
		.pid_start = rec->restarting ? 0 : rec->pid_start,
		.running = rec->running,
		.started = time_text(rec->started, started),
		.restarts = rec->restarts,
		.restarting = rec->restarting || (rec->restarts && !rec->running), /* until it runs again */
		.code = proc_exit_number(&rec->exit),
		.finished = time_text(rec->finished, finished),
	};
	json_encode(&monitor_state_schema, &state, JSON_INDENT_NONE, &text);
	r = file_replace(dirfd, MONITOR_STATE, text.p, text.n, 0600, 0);
	return r < 0 ? err_sys(e, r, "write '" MONITOR_STATE "'") : 0;
}

struct str record_exit_text(const struct record *rec, struct arena *a)
{
	scoped_buf struct buf text = BUF(LIMIT_MONITOR_PAYLOAD);
	char started[TEXT_TIME_SIZE], finished[TEXT_TIME_SIZE];
	struct monitor_exit x = {
		.id = rec->id,
		.code = proc_exit_number(&rec->exit),
		.signal = (uint32_t)rec->exit.signal,
		.oom = rec->oom,
		.started = time_text(rec->started, started),
		.finished = time_text(rec->finished, finished),
		.error = rec->error,
		.restarts = rec->restarts,
		.restarting = rec->restarting,
	};

	json_encode(&monitor_exit_schema, &x, JSON_INDENT_NONE, &text);
	return (struct str){ arena_strndup(a, buf_text(&text), text.n), text.n };
}

int record_exit(int dirfd, struct str text, struct err *e)
{
	int r = file_replace(dirfd, MONITOR_EXIT, text.p, text.n, 0600, 0);

	return r < 0 ? err_sys(e, r, "write '" MONITOR_EXIT "'") : 0;
}
