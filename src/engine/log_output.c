/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_output.h"

#include <errno.h>
#include <limits.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "os/fd.h"

enum { FLUSH = 32 * 1024 };

static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* "1700000000" or "1700000000.5": Unix seconds. */
static int unix_parse(const char *text, struct timespec *ret)
{
	int64_t n;

	if (parse_i64(text, &n) == 0) {
		*ret = (struct timespec){ .tv_sec = n };
		return 0;
	}
	if (parse_nano(text, &n) < 0)
		return -EINVAL;
	*ret = (struct timespec){ .tv_sec = n / 1000000000, .tv_nsec = n % 1000000000 };
	return 0;
}

/* RFC 3339, also without seconds, zone or time of day (then ours), as docker takes it. */
static int date_parse(const char *text, struct timespec *ret)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S" };

	if (text_time_parse(text, ret) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);

		if (!end || (*end && !streq(end, "Z")))
			continue;
		*ret = (struct timespec){ .tv_sec = *end ? timegm(&tm) : mktime(&tm) };
		return 0;
	}
	return -EINVAL;
}

/* A time, or how long ago ("10m"); for an end that is to come also "-10m". */
static int moment_parse(const char *text, struct timespec *ret, struct err *e)
{
	bool ahead = text[0] == '-';
	int64_t ns;

	if (date_parse(text, ret) == 0 || (!ahead && unix_parse(text, ret) == 0))
		return 0;
	if (parse_duration(text + ahead, &ns) < 0)
		return err_set(e, ERR_INVALID, "'%s' is neither a time nor an age", text);
	clock_gettime(CLOCK_REALTIME, ret);
	ret->tv_sec += ahead ? ns / 1000000000 : -(ns / 1000000000);
	ret->tv_nsec += ahead ? ns % 1000000000 : -(ns % 1000000000);
	if (ret->tv_nsec < 0) {
		ret->tv_nsec += 1000000000;
		ret->tv_sec--;
	} else if (ret->tv_nsec >= 1000000000) {
		ret->tv_nsec -= 1000000000;
		ret->tv_sec++;
	}
	return 0;
}

int log_output_begin(struct log_output *out, const struct container_logs_options *o, int out_fd, int err_fd, struct err *e)
{
	int r = 0;

	*out = (struct log_output){ .o = o, .has_since = o->since, .has_until = o->until, .fds = { out_fd, err_fd }, .waiting = BUF(FLUSH + LIMIT_LOG_TEXT) };
	if (o->since)
		r = moment_parse(o->since, &out->since, e);
	if (r == 0 && o->until)
		r = moment_parse(o->until, &out->until, e);
	return r;
}

int log_output_flush(struct log_output *out, struct err *e)
{
	int r = out->waiting.n ? fd_write_all(out->fds[out->current], out->waiting.p, out->waiting.n) : 0;

	buf_clear(&out->waiting);
	return r < 0 ? err_sys(e, r, "write") : 0;
}

/* What stands before a line, or (a part that comes later) nothing. */
static void add_record(struct log_source *s, const struct log_record *r)
{
	struct log_output *out = s->out;
	struct str text = r->text;

	if (!s->inside[r->is_err]) {
		buf_add_str(&out->waiting, s->before);
		if (out->o->timestamps && r->time) {
			buf_add_str(&out->waiting, r->time);
			buf_add_char(&out->waiting, ' ');
		}
		buf_add_str(&out->waiting, s->details);
	}
	if (*s->after && text.n) {
		buf_add(&out->waiting, text.p, text.n - r->ends);
		buf_add_str(&out->waiting, s->after);
		text = r->ends ? STR("\n") : STR("");
	}
	buf_add(&out->waiting, text.p, text.n);
	s->inside[r->is_err] = !r->ends;
}

int log_output_record(struct log_source *s, const struct log_record *r, struct err *e)
{
	struct log_output *out = s->out;
	struct timespec t = { 0 };

	if (r->is_err ? out->o->no_stderr : out->o->no_stdout)
		return 0;
	if ((out->has_since || out->has_until) && r->time && text_time_parse(r->time, &t) < 0)
		return 0;
	if (out->has_since && is_before(t, out->since))
		return 0;
	s->past_until = out->has_until && is_before(out->until, t);
	if (s->past_until)
		return 0;
	if (out->waiting.n && (out->current != r->is_err || out->waiting.n > FLUSH)) {
		int x = log_output_flush(out, e);

		if (x < 0)
			return x;
	}
	out->current = r->is_err;
	add_record(s, r);
	return 0;
}

int log_output_patience(const struct log_output *out)
{
	struct timespec now;
	int64_t ms;

	if (!out->has_until)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	ms = (out->until.tv_sec - now.tv_sec) * 1000 + (out->until.tv_nsec - now.tv_nsec) / 1000000 + 1;
	return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

void log_output_done(struct log_output *out)
{
	buf_done(&out->waiting);
}
