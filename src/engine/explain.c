/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/explain.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/list.h"
#include "os/signal.h"

enum { SIGNAL_BASE = 128, NOT_INVOKED = 126, NOT_FOUND = 127, SECTIONS_MAX = 8, CPU_PERIOD = 100000 };

/* clang-format off */
static const struct field line_fields[] = {
	FIELD(struct explain_line, what, "what", STR, FIELD_OMIT_EMPTY),
	FIELD(struct explain_line, text, "text", STR, 0),
};
static const struct schema line_schema = SCHEMA("line", struct explain_line, line_fields);

static const struct field section_fields[] = {
	FIELD(struct explain_section, title, "title", STR, 0),
	FIELD_LIST(struct explain_section, lines, "lines", &line_schema, 0),
};
static const struct schema section_schema = SCHEMA("section", struct explain_section, section_fields);

static const struct field explanation_fields[] = {
	FIELD(struct explanation, id,     "id",     STR, 0),
	FIELD(struct explanation, name,   "name",   STR, 0),
	FIELD(struct explanation, status, "status", STR, 0),
	FIELD_LIST(struct explanation, sections, "sections", &section_schema, 0),
};
const struct schema explanation_schema = SCHEMA("explanation", struct explanation, explanation_fields);
/* clang-format on */

void explain_section(struct explain *x, const char *title)
{
	struct explanation *r = x->ret;

	if (!r->sections)
		r->sections = arena_array(x->a, struct explain_section, SECTIONS_MAX);
	if (r->n_sections < SECTIONS_MAX)
		r->sections[r->n_sections++] = (struct explain_section){ .title = title };
}

void explain_say(struct explain *x, const char *what, const char *fmt, ...)
{
	struct explain_section *s = &x->ret->sections[x->ret->n_sections - 1];
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (vec_at_power(s->n_lines)) {
		struct explain_line *v = arena_array(x->a, struct explain_line, s->n_lines ? s->n_lines * 2 : 1);

		if (s->n_lines)
			memcpy(v, s->lines, s->n_lines * sizeof *v);
		s->lines = v;
	}
	s->lines[s->n_lines++] = (struct explain_line){ what, arena_strdup(x->a, buf_text(&b)) };
}

/* ---- what it is -------------------------------------------------------------------------------------------------------------------------------- */

static const char *command_text(const struct explain *x)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	buf_add_str(&b, x->c->path);
	for (size_t i = 0; i < x->c->args.n; i++)
		buf_printf(&b, strpbrk(x->c->args.v[i], " \t\n") || !x->c->args.v[i][0] ? " '%s'" : " %s", x->c->args.v[i]);
	return arena_strdup(x->a, buf_text(&b));
}

static void what_it_is(struct explain *x)
{
	explain_section(x, "What it is");
	explain_say(x, "id", "%s", x->c->id);
	explain_say(x, "image", "%s", x->c->image.reference);
	explain_say(x, "program", "%s", command_text(x));
	explain_say(x, "made", "%s", x->c->created);
	if (x->i.started)
		explain_say(x, "started", "%s", x->i.started);
	if (x->i.exit && x->i.exit->finished)
		explain_say(x, "ended", "%s", x->i.exit->finished);
}

/* ---- why it ended ------------------------------------------------------------------------------------------------------------------------------- */

static const char *size_of(const struct explain *x, uint64_t bytes)
{
	char text[TEXT_SIZE_SIZE];

	text_size(bytes, text);
	return arena_strdup(x->a, text);
}

static void oom_say(struct explain *x)
{
	int64_t limit = x->c->request.memory;

	if (limit > 0)
		explain_say(x, "why", "out of memory: it may have %s (--memory), and the kernel ended a process that wanted more", size_of(x, (uint64_t)limit));
	else
		explain_say(x, "why", "out of memory: the kernel ended a process of it; it has no --memory of its own, so what it stands below has, or the host had no more");
}

static void signal_say(struct explain *x, int signal)
{
	char name[SIGNAL_NAME_SIZE];

	explain_say(x, "how", "killed by signal %d (%s)", signal, signal_name(signal, name));
	if (x->i.exit->oom)
		oom_say(x);
	else if (signal == SIGKILL)
		explain_say(x, "why", "somebody killed it: `tare kill`, `tare stop` after its %d seconds, or the kernel of a host short of memory; `tare events --since %s` and `dmesg` tell",
			    x->c->stop_timeout, x->i.started ? x->i.started : "1h");
	else if (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGABRT)
		explain_say(x, "why", "its program crashed");
	else if (signal == SIGSYS)
		explain_say(x, "why", "it made a system call that its seccomp filter kills for");
	else
		explain_say(x, "why", "it was asked to end, by `tare stop`, `tare kill`, or a process inside");
}

static void code_say(struct explain *x, int code)
{
	char name[SIGNAL_NAME_SIZE];

	explain_say(x, "how", "its program ended with status %d", code);
	if (x->i.exit->oom)
		oom_say(x);
	else if (code == 0)
		explain_say(x, "why", "it was done, and says that all went well");
	else if (code == NOT_FOUND)
		explain_say(x, "why", "a program was not found: a shell says so of a command that is not in the image");
	else if (code == NOT_INVOKED)
		explain_say(x, "why", "a program could not be executed: no right to, or another processor's");
	else if (code > SIGNAL_BASE && code < SIGNAL_BASE + 65)
		explain_say(x, "why", "a shell says so of a child that signal %d (%s) killed", code - SIGNAL_BASE, signal_name(code - SIGNAL_BASE, name));
	else
		explain_say(x, "why", "that is its own word for a failure; what it wrote may say more: tare logs --tail 20 %s", x->c->name);
}

static void why_it_ended(struct explain *x)
{
	const struct container_exit *exit = x->i.exit;

	if (x->i.status == CONTAINER_CREATED && !exit) {
		explain_section(x, "Why it does not run");
		explain_say(x, "", "It was made and never started: tare start %s", x->c->name);
		return;
	}
	if (!exit)
		return;
	explain_section(x, "Why it ended");
	if (exit->error && *exit->error)
		explain_say(x, "why", "it did not start: %s", exit->error);
	else if (exit->signal)
		signal_say(x, exit->signal);
	else
		code_say(x, exit->code);
}

/* ---- limits -------------------------------------------------------------------------------------------------------------------------------------- */

static void memory_say(struct explain *x)
{
	int64_t limit = x->c->request.memory;

	explain_say(x, "memory", "%s%s", limit > 0 ? size_of(x, (uint64_t)limit) : "no limit of its own",
		    x->i.exit && x->i.exit->oom ? "; MET: a process ended for it" : "");
}

static void cpu_say(struct explain *x)
{
	const struct container_request *q = &x->c->request;
	const char *limit = "no limit";

	if (q->nano_cpus)
		limit = arena_printf(x->a, "%.2f of a processor", (double)q->nano_cpus / 1e9);
	else if (q->cpu_quota > 0)
		limit = arena_printf(x->a, "%.2f of a processor", (double)q->cpu_quota / (double)(q->cpu_period ? q->cpu_period : CPU_PERIOD));
	if (q->cpuset_cpus)
		limit = arena_printf(x->a, "%s, on processors %s", limit, q->cpuset_cpus);
	explain_say(x, "cpu", "%s", limit);
}

static void limits(struct explain *x)
{
	const struct container_request *q = &x->c->request;

	explain_section(x, "Limits");
	memory_say(x);
	cpu_say(x);
	explain_say(x, "processes", "%s", q->pids_limit > 0 ? arena_printf(x->a, "%" PRId64, q->pids_limit) : "no limit of its own");
	if (q->storage_size > 0)
		explain_say(x, "root files", "%s may be written", size_of(x, (uint64_t)q->storage_size));
	for (size_t i = 0; i < q->isolation.n_blocks; i++)
		explain_say(x, "block device", "%s: %s %" PRIu64, q->isolation.blocks[i].path,
			    enumtab_name(&isolation_block_words, (int)q->isolation.blocks[i].kind), q->isolation.blocks[i].value);
	for (size_t i = 0; i < q->n_ulimits; i++)
		explain_say(x, "ulimit", "%s: %" PRId64 ", at most %" PRId64, q->ulimits[i].name, q->ulimits[i].soft, q->ulimits[i].hard);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------- */

int container_explain(struct engine *en, const char *ref, struct arena *a, struct explanation *ret, struct err *e)
{
	struct explain x = { .en = en, .a = a, .ret = ret };
	int r = list_info(en, ref, false, a, &x.i, e);

	if (r < 0)
		return r;
	x.c = x.i.c;
	*ret = (struct explanation){ .id = x.c->id, .name = x.c->name, .status = enumtab_name(&container_statuses, (int)x.i.status) };
	what_it_is(&x);
	why_it_ended(&x);
	limits(&x);
	explain_rights(&x);
	explain_dangers(&x);
	return 0;
}
