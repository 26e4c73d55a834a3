/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/health.h"

#include <errno.h>
#include <fcntl.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/file.h"

#define FILE_CHECK "check.json"
#define FILE_STARTUP "startup.json"

static const int64_t second_ns = 1000000000;

/* ---- for the monitor ---------------------------------------------------------------------------------------------------------------------------- */

struct monitor_health *health_plan(const struct container *c, const char *live_path, struct arena *a)
{
	const struct health_request *q = &c->request.supervision.health;
	const struct oci_healthcheck *k = c->health;
	struct monitor_health *h;

	if (!k)
		return NULL;
	h = arena_new(a, struct monitor_health);
	*h = (struct monitor_health){
		.check = { arena_printf(a, "%s/" FILE_CHECK, live_path), k->interval, k->timeout, (uint32_t)k->retries },
		.start_period = k->start_period, .start_interval = k->start_interval, .on_failure = q->on_failure,
	};
	if (!health_check_exists(&q->startup))
		return h;
	h->startup = (struct monitor_check){ arena_printf(a, "%s/" FILE_STARTUP, live_path), q->startup.interval ? q->startup.interval : 30 * second_ns,
		q->startup.timeout ? q->startup.timeout : 30 * second_ns, (uint32_t)q->startup.retries };
	h->success = q->startup_success ? (uint32_t)q->startup_success : 1;
	return h;
}

static int process_write(const struct oci_process *process, const struct strs *test, int live, const char *file, struct arena *a, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct oci_process p = *process;
	int r;

	p.terminal = false;
	p.console_size = NULL;
	p.args = (struct strs){ 0 };
	if (streq(test->v[0], "CMD-SHELL")) {
		strs_push(a, &p.args, "/bin/sh");
		strs_push(a, &p.args, "-c");
	}
	for (size_t i = 1; i < test->n; i++)
		strs_push(a, &p.args, test->v[i]);
	r = json_encode(&oci_process_schema, &p, JSON_INDENT_NONE, &b);
	if (r == 0)
		r = file_create(live, file, buf_text(&b), b.n, 0600);
	return r < 0 ? err_sys(e, r, "write '%s'", file) : 0;
}

int health_write(const struct container *c, const struct oci_process *process, int live, struct arena *a, struct err *e)
{
	const struct oci_healthcheck *startup = &c->request.supervision.health.startup;
	int r = 0;

	if (c->health)
		r = process_write(process, &c->health->test, live, FILE_CHECK, a, e);
	if (r == 0 && c->health && health_check_exists(startup))
		r = process_write(process, &startup->test, live, FILE_STARTUP, a, e);
	return r;
}

/* ---- for people --------------------------------------------------------------------------------------------------------------------------------- */

const struct health_state *health_read(const struct holding *h, bool runs, struct arena *a)
{
	struct health_state *s;
	struct err ignored = { 0 };  /* no record yet: it is starting */
	char *text;
	size_t n;

	if (!h->c.health)
		return NULL;
	s = arena_new(a, struct health_state);
	*s = (struct health_state){ .status = runs ? HEALTH_STARTING : HEALTH_UNHEALTHY };
	if (h->live >= 0 && file_read(h->live, MONITOR_HEALTH, LIMIT_FILE, a, &text, &n) == 0)
		json_decode((struct str){ text, n }, &health_state_schema, 0, a, s, &ignored);
	if (!runs)
		s->status = HEALTH_UNHEALTHY;
	return s;
}

int container_health_check(struct engine *en, const char *ref, int *ret_code, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	scoped_fd int fd = -EBADF;
	struct monitor_frame *f = arena_new(&a, struct monitor_frame);
	struct container_info i;
	const char *id;
	int r = container_find(en, ref, &a, &id, e);

	if (r == 0)
		r = store_open(en, id, &a, &h, e);
	if (r == 0)
		r = store_status(&h, &a, &i, e);
	if (r < 0)
		return r;
	if (!h.c.health)
		return err_set(e, ERR_PRECONDITION, "container %s has no health check", ref);
	if (i.status != CONTAINER_RUNNING)
		return err_set(e, ERR_CONFLICT, "container %s is not running", ref);
	r = monitor_connect(h.live_path, &fd, e);
	if (r == 0)
		r = monitor_expect(fd, MONITOR_STARTED, f, e);
	if (r == 0)
		r = monitor_send(fd, MONITOR_CHECK, NULL, 0, e);
	if (r == 0)
		r = monitor_expect(fd, MONITOR_CHECKED, f, e);
	if (r < 0)
		return err_wrap(e, "health check of container %s", ref);
	*ret_code = monitor_frame_number(f);
	return 0;
}
