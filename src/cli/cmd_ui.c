/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tare ui` shows the containers on a terminal, second by second, and does to the chosen one what a key says: its log, an explanation, a shell, stop, start,
 * restart, pause, remove. What takes time is done by a `tare` of its own, so the screen goes on.
 */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/ui_screen.h"
#include "engine/engine.h"
#include "engine/explain.h"
#include "network/publish.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/pty.h"
#include "os/self.h"
#include "os/signal.h"

#define ENTER_SCREEN "\033[?1049h\033[?25l"
#define LEAVE_SCREEN "\033[?25h\033[?1049l"
enum { REFRESH_MS = 1000, LOG_LINES = 1000, SCREEN_MAX = 1 << 20 };

struct ui {
	struct cli *c;
	struct engine *en;
	struct arena frame;          /* what is on the screen; made anew each time */
	struct arena text;           /* the log or explanation that is shown */
	struct ui_state s;
	struct container_info *v;    /* of the list, in @frame */
	char chosen[CONTAINER_ID_SIZE];
	char following[CONTAINER_ID_SIZE]; /* whose log is shown; "": none */
	char message[LIMIT_LOG_RECORD];
	struct termios cooked;
	int signals;
	struct proc job;             /* the command under way */
	int job_out;                 /* what it said */
	const char *asking;          /* the command that waits for a yes */
	bool done;
};

/* ---- the terminal --------------------------------------------------------------------------------------------------------------------------------- */

static int screen_enter(struct ui *u)
{
	int r = pty_make_raw(STDIN_FILENO, &u->cooked);

	return r < 0 ? r : fd_write_all(STDOUT_FILENO, ENTER_SCREEN, strlen(ENTER_SCREEN));
}

static void screen_leave(struct ui *u)
{
	fd_write_all(STDOUT_FILENO, LEAVE_SCREEN, strlen(LEAVE_SCREEN));
	pty_restore(STDIN_FILENO, &u->cooked);
}

static void size_read(struct ui *u)
{
	struct pty_size size = { 24, 80 };

	pty_get_size(STDOUT_FILENO, &size);
	u->s.rows = size.rows;
	u->s.cols = size.cols;
}

/* ---- the list --------------------------------------------------------------------------------------------------------------------------------------- */

static const char *age_of(const char *since, struct arena *a)
{
	char age[TEXT_AGE_SIZE];
	struct timespec t;

	if (!since || text_time_parse(since, &t) < 0)
		return "";
	text_age(time(NULL) - t.tv_sec, age);
	return arena_strdup(a, age);
}

static const char *status_of(const struct container_info *i, struct arena *a)
{
	const char *word = enumtab_name(&container_statuses, (int)i->status);

	if (i->status == CONTAINER_EXITED && i->exit)
		return arena_printf(a, "exited (%d) %s ago", i->exit->code, age_of(i->exit->finished, a));
	return i->pid ? arena_printf(a, "%s %s", word, age_of(i->started, a)) : word;
}

static const char *ports_of(const struct container_info *i, struct arena *a)
{
	const struct container_state *s = i->state;
	scoped_buf struct buf b = BUF(LIMIT_LOG_RECORD);

	for (size_t k = 0; s && k < s->n_addresses; k++) {
		for (size_t p = 0; p < s->addresses[k].n_ports; p++)
			buf_printf(&b, "%s%u->%u", b.n ? " " : "", s->addresses[k].ports[p].host_port, s->addresses[k].ports[p].port);
	}
	return arena_strdup(a, buf_text(&b));
}

static int list_read(struct ui *u, struct err *e)
{
	struct container_list_options all = { .all = true };
	int r;

	arena_done(&u->frame);
	r = container_list(u->en, &all, &u->frame, &u->v, &u->s.n, e);
	if (r < 0)
		return r;
	u->s.list = arena_array(&u->frame, struct ui_row, u->s.n);
	u->s.selected = u->s.n && u->s.selected >= u->s.n ? u->s.n - 1 : u->s.selected;
	for (size_t i = 0; i < u->s.n; i++) {
		u->s.list[i] = (struct ui_row){ .name = u->v[i].c->name, .status = status_of(&u->v[i], &u->frame), .image = u->v[i].c->image.reference,
			.ports = ports_of(&u->v[i], &u->frame) };
		/* The choice stays with the container, wherever it moved. */
		if (streq(u->v[i].c->id, u->chosen))
			u->s.selected = i;
	}
	return 0;
}

static void choose(struct ui *u, size_t i)
{
	if (!u->s.n)
		return;
	u->s.selected = i < u->s.n ? i : u->s.n - 1;
	snprintf(u->chosen, sizeof u->chosen, "%s", u->v[u->s.selected].c->id);
}

static const struct container_info *chosen(const struct ui *u)
{
	return u->s.n ? &u->v[u->s.selected] : NULL;
}

static void say(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct ui *u, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(u->message, sizeof u->message, fmt, ap);
	va_end(ap);
	u->s.message = u->message[0] ? u->message : NULL;
}

/* ---- texts ------------------------------------------------------------------------------------------------------------------------------------------- */

static void text_open(struct ui *u, const char *what, const struct container_info *i)
{
	arena_done(&u->text);
	u->s.lines = (struct strs){ 0 };
	u->s.title = arena_printf(&u->text, " %s of %s", what, i->c->name);
	say(u, "%s", "");
}

static void text_close(struct ui *u)
{
	u->s.title = NULL;
	u->following[0] = '\0';
	say(u, "%s", "");
}

static size_t scroll_end(const struct ui *u)
{
	size_t room = ui_room(&u->s) + 1;

	return u->s.lines.n > room ? u->s.lines.n - room : 0;
}

static void explain_show(struct ui *u, const struct container_info *i)
{
	struct explanation x;
	struct err e = { 0 };

	text_open(u, "explanation", i);
	if (container_explain(u->en, i->c->id, &u->text, &x, &e) < 0) {
		text_close(u);
		say(u, "%s", e.msg);
		return;
	}
	for (size_t k = 0; k < x.n_sections; k++) {
		strs_push(&u->text, &u->s.lines, "");
		strs_push(&u->text, &u->s.lines, x.sections[k].title);
		for (size_t n = 0; n < x.sections[k].n_lines; n++)
			strs_push(&u->text, &u->s.lines, arena_printf(&u->text, "  %-16s%s", x.sections[k].lines[n].what, x.sections[k].lines[n].text));
	}
	u->s.scroll = 0;
}

static int log_read(struct ui *u, struct err *e)
{
	struct container_logs_options o = { .tail = LOG_LINES };
	const char *id = u->following;
	scoped_fd int fd = memfd_create("log", MFD_CLOEXEC);
	scoped_arena struct arena a = { 0 };
	struct str rest;
	char *text;
	size_t n;
	int r = fd < 0 ? err_sys(e, -errno, "make a memory file") : container_logs(u->en, &(struct strs){ &id, 1 }, &o, fd, fd, e);

	if (r < 0)
		return r;
	r = file_read(AT_FDCWD, fd_path(fd).s, LIMIT_FILE, &a, &text, &n);
	if (r < 0)
		return err_sys(e, r, "read the log");
	u->s.lines = (struct strs){ 0 };
	rest = (struct str){ text, n };
	while (rest.n) {
		struct str line = str_cut(rest, '\n', &rest);

		strs_push(&u->text, &u->s.lines, ui_plain(line, &u->text));
	}
	return 0;
}

/* Reads it anew; who was at its end stays there. */
static void log_refresh(struct ui *u, bool first)
{
	bool at_end = first || u->s.scroll >= scroll_end(u);
	char title[LIMIT_LOG_RECORD];
	struct err e = { 0 };

	snprintf(title, sizeof title, "%s", u->s.title);
	arena_done(&u->text);
	u->s.title = arena_strdup(&u->text, title);
	u->s.lines = (struct strs){ 0 };
	if (log_read(u, &e) < 0)
		say(u, "%s", e.msg);
	if (at_end || u->s.scroll > scroll_end(u))
		u->s.scroll = scroll_end(u);
}

static void log_show(struct ui *u, const struct container_info *i)
{
	text_open(u, "log", i);
	snprintf(u->following, sizeof u->following, "%s", i->c->id);
	log_refresh(u, true);
}

/* ---- commands ---------------------------------------------------------------------------------------------------------------------------------------- */

static int tare_spawn(struct ui *u, const struct strs *words, const struct proc_fd *fds, size_t n, struct proc *ret)
{
	scoped_arena struct arena a = { 0 };
	const char *global[] = { "tare", "--root", engine_root(u->en), "--run-root", engine_run_root(u->en) };
	struct strs argv = { 0 };
	char *self;
	int r = self_path(&a, &self);

	for (size_t i = 0; i < ARRAY_LEN(global); i++)
		strs_push(&a, &argv, global[i]);
	for (size_t i = 0; i < words->n; i++)
		strs_push(&a, &argv, words->v[i]);
	return r < 0 ? r : proc_spawn(&PROC_SPAWN(.path = self, .argv = strs_argv(&a, &argv), .fds = fds, .n_fds = n), ret);
}

static const char *id_of(const struct container_info *i)
{
	return i->c->id;
}

/* `tare WORD ID` beside us. */
static void job_begin(struct ui *u, const char *word)
{
	const struct container_info *i = chosen(u);
	const char *words[] = { word, i ? id_of(i) : "", "--force" };
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r;

	if (!i || u->job.pidfd >= 0) {
		say(u, "%s", i ? "one thing at a time" : "there is no container");
		return;
	}
	fd_done(&u->job_out);
	u->job_out = memfd_create("job", MFD_CLOEXEC);
	r = tare_spawn(u, &(struct strs){ words, streq(word, "rm") ? 3 : 2 }, (struct proc_fd[]){ { null, 0 }, { null, 1 }, { u->job_out, 2 } }, 3, &u->job);
	say(u, "%s %s%s", word, i->c->name, r < 0 ? ": cannot start it" : " …");
}

static void job_end(struct ui *u)
{
	struct proc_exit x = { 0 };
	char text[LIMIT_LOG_RECORD / 2] = "";

	proc_wait(u->job.pidfd, -1, &x);
	fd_done(&u->job.pidfd);
	u->job = PROC_NONE;
	if (x.code || x.signal) {
		ssize_t n = pread(u->job_out, text, sizeof text - 1, 0);

		text[n > 0 ? n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
	}
	say(u, "%s", text);
}

static void shell_run(struct ui *u)
{
	const struct container_info *i = chosen(u);
	const char *words[] = { "exec", "--interactive", "--tty", i ? id_of(i) : "", "/bin/sh" };
	struct proc_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct proc p = PROC_NONE;
	struct proc_exit x;

	if (!i || !i->pid) {
		say(u, "%s", "a shell needs a container that runs");
		return;
	}
	screen_leave(u);
	if (tare_spawn(u, &(struct strs){ words, ARRAY_LEN(words) }, fds, ARRAY_LEN(fds), &p) == 0)
		proc_wait(p.pidfd, -1, &x);
	fd_done(&p.pidfd);
	screen_enter(u);
}

/* ---- keys -------------------------------------------------------------------------------------------------------------------------------------------- */

static const struct job_key {
	char c;
	const char *word;
	bool asks;
} job_keys[] = {
	{ 's', "stop", false }, { 'S', "start", false }, { 'r', "restart", false }, { 'p', "pause", false }, { 'u', "unpause", false }, { 'D', "rm", true },
};

static void answer_take(struct ui *u, char c)
{
	const char *word = u->asking;

	u->asking = NULL;
	say(u, "%s", "");
	if (c == 'y')
		job_begin(u, word);
}

static void list_key(struct ui *u, char c)
{
	const struct container_info *i = chosen(u);

	for (size_t k = 0; k < ARRAY_LEN(job_keys); k++) {
		if (job_keys[k].c != c)
			continue;
		if (i && job_keys[k].asks) {
			u->asking = job_keys[k].word;
			say(u, "%s %s, whatever it does? y: yes, any other key: no", job_keys[k].word, i->c->name);
		} else {
			job_begin(u, job_keys[k].word);
		}
		return;
	}
	if (c == 'e')
		shell_run(u);
	else if (i && (c == 'l' || c == '\r'))
		log_show(u, i);
	else if (i && c == 'i')
		explain_show(u, i);
}

static void move(struct ui *u, long by)
{
	size_t *at = u->s.title ? &u->s.scroll : &u->s.selected, last = u->s.title ? scroll_end(u) : u->s.n ? u->s.n - 1 : 0;

	*at = by < 0 ? (*at > (size_t)-by ? *at - (size_t)-by : 0) : *at + (size_t)by;
	*at = *at > last ? last : *at;
	if (!u->s.title)
		choose(u, u->s.selected);
}

static void key_take(struct ui *u, struct ui_key k)
{
	long page = (long)ui_room(&u->s), all = 1 << 30;
	static const signed char steps[] = { [UI_KEY_UP] = -1, [UI_KEY_DOWN] = 1, [UI_KEY_ESCAPE] = 0 };

	if (k.kind == UI_KEY_NONE)
		return;
	if (u->asking) {
		answer_take(u, k.c);
		return;
	}
	if (k.kind == UI_KEY_ESCAPE || (k.kind == UI_KEY_CHAR && (k.c == 'q' || k.c == 'C' - '@'))) {
		if (u->s.title)
			text_close(u);
		else
			u->done = k.kind != UI_KEY_ESCAPE;
	} else if (k.kind == UI_KEY_CHAR && (k.c == 'j' || k.c == 'k')) {
		move(u, k.c == 'j' ? 1 : -1);
	} else if (k.kind == UI_KEY_CHAR) {
		if (!u->s.title)
			list_key(u, k.c);
	} else if (k.kind == UI_KEY_PAGE_UP || k.kind == UI_KEY_PAGE_DOWN) {
		move(u, k.kind == UI_KEY_PAGE_UP ? -page : page);
	} else if (k.kind == UI_KEY_HOME || k.kind == UI_KEY_END) {
		move(u, k.kind == UI_KEY_HOME ? -all : all);
	} else {
		move(u, steps[k.kind]);
	}
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------------------------ */

static int draw(struct ui *u)
{
	scoped_buf struct buf b = BUF(SCREEN_MAX);

	ui_draw(&u->s, &b);
	return fd_write_all(STDOUT_FILENO, buf_text(&b), b.n);
}

static void keys_read(struct ui *u)
{
	char bytes[256];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
	struct str rest = { bytes, n > 0 ? (size_t)n : 0 };

	u->done = n <= 0;       /* the terminal is gone */
	while (rest.n && !u->done)
		key_take(u, ui_key_next(&rest));
}

static void signal_take(struct ui *u)
{
	struct signalfd_siginfo info;

	while (signal_fd_read(u->signals, &info) == 0) {
		if (info.ssi_signo == SIGWINCH)
			fd_write_all(STDOUT_FILENO, "\033[2J", 4);
		else
			u->done = true;
	}
}

static int loop(struct ui *u, struct err *e)
{
	int r = 0;

	while (r == 0 && !u->done) {
		struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = u->signals, .events = POLLIN }, { .fd = u->job.pidfd, .events = POLLIN } };

		size_read(u);
		r = list_read(u, e);
		if (r == 0 && u->following[0])
			log_refresh(u, false);
		if (r == 0 && (r = draw(u)) < 0)
			return err_sys(e, r, "write to the terminal");
		if (r < 0 || poll(fds, ARRAY_LEN(fds), REFRESH_MS) < 0)
			continue;
		if (fds[1].revents)
			signal_take(u);
		if (fds[2].revents)
			job_end(u);
		if (fds[0].revents)
			keys_read(u);
	}
	return r;
}

static int ui_run(struct cli *c, const void *options, struct err *e)
{
	static const int signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT };
	struct ui u = { .c = c, .job = PROC_NONE, .job_out = -EBADF };
	sigset_t old;
	int r;

	if (!pty_is_terminal(STDIN_FILENO) || !pty_is_terminal(STDOUT_FILENO))
		return err_set(e, ERR_INVALID, "ui needs a terminal; `tare ps` and `tare stats` write to anything");
	r = cli_engine(c, &u.en, e);
	if (r < 0)
		return r;
	sigprocmask(SIG_SETMASK, NULL, &old);
	u.signals = signal_fd(signals, ARRAY_LEN(signals));
	r = u.signals < 0 ? u.signals : screen_enter(&u);
	if (r < 0)
		return err_sys(e, r, "prepare the terminal");
	r = loop(&u, e);
	screen_leave(&u);
	signal_restore(&old);
	fd_done(&u.signals);
	fd_done(&u.job.pidfd);
	fd_done(&u.job_out);
	arena_done(&u.frame);
	arena_done(&u.text);
	return r;
}

const struct command ui_command = {
	.names = { "ui" },
	.group = "Containers",
	.summary = "Look at containers on a terminal, and act on them by keys",
	.run = ui_run,
};
