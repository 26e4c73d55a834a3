/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/registry.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/protocol.h"
#include "image/transfer/auth.h"
#include "image/transfer/certs.h"
#include "image/transfer/proxy.h"
#include "image/transfer/token.h"

enum { REDIRECTS_MAX = 6, TRIES_MAX = 6, TRIES_MIRROR = 2, PAUSE_FIRST_MS = 200, PAUSE_MAX_S = 60,
	WARNINGS_MAX = 16 };

struct registry {
	struct arena arena;
	struct registry_target target;
	struct http_peer peer;
	bool plain_allowed;
	atomic_bool stop;
	pthread_mutex_t mutex;       /* for all below */
	struct token_user user;
	char *base;                  /* "https://host/v2" */
	bool settled;                /* the scheme has proved to work */
	bool switched;               /* it is not the first one tried */
	char *authorization;         /* header value in use, or NULL; owned */
	unsigned generation;         /* counts changes of it */
	struct strs warnings;
	size_t n_warned;             /* so many of them have been handed out */
};

struct registry_line {
	struct registry *g;
	struct http *http;
};

/* One call under way. */
struct calling {
	struct registry *g;
	struct http *http;
	const struct registry_call *q;
	struct arena *a;
	uint64_t delivered;          /* bytes the sink has, from the beginning of the blob */
	struct registry_reply *reply;
};

/* ---- open and close ---- */

static struct registry_target target_copy(const struct registry_target *t, struct arena *a)
{
	struct registry_target copy = { arena_strdup(a, t->host), arena_strdup(a, t->repository), arena_strdup(a, t->user), arena_strdup(a, t->password),
		arena_strdup(a, t->identity_token), t->no_tls_verify, arena_strdup(a, t->actions), arena_strdup(a, t->base), arena_strdup(a, t->mirror_of) };

	for (size_t i = 0; i < t->headers.n; i++)
		pairs_set(a, &copy.headers, arena_strdup(a, t->headers.v[i].key), arena_strdup(a, t->headers.v[i].value));
	return copy;
}

struct registry_target registry_target_of(const struct transfer_message *m, int dialer, const char *actions)
{
	return (struct registry_target){ .host = m->host, .repository = m->repository, .user = m->user, .password = m->password,
		.identity_token = m->identity_token, .no_tls_verify = m->no_tls_verify, .actions = actions, .base = m->base, .mirror_of = m->mirror_of,
		.ca = m->ca, .client_cert = m->client_cert, .client_key = m->client_key, .headers = m->headers, .dialer = dialer };
}

static const char *registry_host(const struct registry_target *t)
{
	return strcmp(t->host, "docker.io") == 0 ? "registry-1.docker.io" : t->host;
}

static char *base_of(const struct registry_target *t, struct arena *a)
{
	return t->base ? arena_strdup(a, t->base) : arena_printf(a, "https://%s/v2", registry_host(t));
}

int registry_dialer_start(const struct transfer_message *m, struct dialer *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct registry_target t = registry_target_of(m, -1, NULL);
	struct auth_origin origin;
	struct strs hosts = { 0 };
	int r;

	if (!m->host)
		return err_set(e, ERR_INVALID, "no registry named");
	r = auth_origin_parse(base_of(&t, &a), &a, &origin, e);
	if (r < 0)
		return r;
	strs_push(&a, &hosts, auth_host_bare(origin.host, &a));
	proxy_places(&a, &hosts);
	return dialer_start(&hosts, ret, e);
}

/* What was asked for in so many words may be plain http; but a password goes in the clear only where that was asked for, too (CVE-2019-10214). */
static int plain_judge(const struct registry *g, const struct auth_origin *origin, struct err *e)
{
	if (streq(origin->scheme, "http") && !g->plain_allowed && (g->target.user || g->target.identity_token))
		return err_set(e, ERR_DENIED, "'%s' is plain http and there are credentials for it; not sending them in the clear", g->base);
	return 0;
}

int registry_open(const struct registry_target *target, struct registry **ret, struct err *e)
{
	struct registry *g = alloc_or_die(sizeof *g);
	struct registry_target *t = &g->target;
	struct auth_origin origin;
	int r;

	*g = (struct registry){ 0 };
	pthread_mutex_init(&g->mutex, NULL);
	*t = target_copy(target, &g->arena);
	g->base = base_of(t, &g->arena);
	g->switched = t->base != NULL;
	g->user = (struct token_user){ .host = t->host, .user = t->user, .password = t->password, .identity_token = t->identity_token };
	if (t->repository)
		strs_push(&g->arena, &g->user.scopes, arena_printf(&g->arena, "repository:%s:%s", t->repository, t->actions ? t->actions : "pull"));
	g->peer = (struct http_peer){ .no_tls_verify = t->no_tls_verify, .dialer = target->dialer, .stop = &g->stop };
	r = http_stall_time(&g->peer.stall_s, e);
	if (r == 0)
		r = auth_origin_parse(g->base, &g->arena, &origin, e);
	if (r == 0)
		r = certs_load(&target->ca, target->client_cert, target->client_key, &g->arena, &g->peer.certs, e);
	if (r == 0) {
		g->plain_allowed = t->no_tls_verify || auth_host_is_loopback(origin.host);
		r = plain_judge(g, &origin, e);
	}
	if (r < 0) {
		registry_close(g);
		return r;
	}
	/* On loopback without a CA of its own, plain http is the likely one, and TLS begins with 40 ms of reading authorities. */
	if (!t->base && auth_host_is_loopback(origin.host) && g->peer.certs.ca.n == 0)
		g->base = arena_printf(&g->arena, "http://%s/v2", registry_host(t));
	*ret = g;
	return 0;
}

void registry_close(struct registry *g)
{
	if (!g)
		return;
	pthread_mutex_destroy(&g->mutex);
	free(g->authorization);
	arena_done(&g->arena);
	free(g);
}

void registry_also_read(struct registry *g, const char *repository)
{
	const char *scope;
	bool known = false;

	pthread_mutex_lock(&g->mutex);
	scope = arena_printf(&g->arena, "repository:%s:pull", repository);
	for (size_t i = 0; i < g->user.scopes.n; i++)
		known |= strcmp(g->user.scopes.v[i], scope) == 0;
	if (!known)
		strs_push(&g->arena, &g->user.scopes, scope);
	pthread_mutex_unlock(&g->mutex);
}

struct registry_line *registry_line_open(struct registry *g)
{
	struct registry_line *line = alloc_or_die(sizeof *line);

	*line = (struct registry_line){ .g = g, .http = http_open(&g->peer) };
	return line;
}

void registry_line_close(struct registry_line *line)
{
	if (!line)
		return;
	http_close(line->http);
	free(line);
}

void registry_stop(struct registry *g)
{
	atomic_store(&g->stop, true);
}

/* ---- what an answer means ---- */

struct error_item {
	const char *code, *message;
};
struct error_list {
	struct error_item *errors;
	size_t n_errors;
};
/* clang-format off */
static const struct field error_item_fields[] = {
	FIELD(struct error_item, code,    "code",    STR, 0),
	FIELD(struct error_item, message, "message", STR, 0),
};
static const struct schema error_item_schema = SCHEMA("error", struct error_item, error_item_fields);
static const struct field error_list_fields[] = {
	FIELD_LIST(struct error_list, errors, "errors", &error_item_schema, 0),
};
static const struct schema error_list_schema = SCHEMA("errors", struct error_list, error_list_fields);
/* clang-format on */

static const struct {
	long status;
	enum err_kind kind;
	const char *text;
} statuses[] = {
	{ 400, ERR_INVALID, "bad request" },
	{ 401, ERR_UNAUTHENTICATED, "authentication failed" },
	{ 403, ERR_DENIED, "access denied" },
	{ 404, ERR_NOT_FOUND, "not found" },
	{ 405, ERR_UNSUPPORTED, "the registry does not allow this" },
	{ 413, ERR_EXHAUSTED, "too large for the registry" },
	{ 416, ERR_INVALID, "range not satisfiable" },
	{ 429, ERR_UNAVAILABLE, "too many requests" },
};

static int status_failed(const struct calling *x, struct err *e)
{
	const struct http_answer *answer = &x->reply->answer;
	struct error_list list;
	struct err ignored; /* a body that is no list of errors says nothing */
	const char *said = NULL, *text = "unexpected answer";
	enum err_kind kind = ERR_UNAVAILABLE;

	if (json_decode(answer->text, &error_list_schema, 0, x->a, &list, &ignored) == 0 && list.n_errors > 0)
		said = list.errors[0].message && *list.errors[0].message ? list.errors[0].message : list.errors[0].code;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i].status == answer->status) {
			kind = statuses[i].kind;
			text = statuses[i].text;
		}
	}
	if (said && auth_text_is_safe(said))
		return err_set(e, kind, "%s (HTTP %ld, '%.120s')", text, answer->status, said);
	return err_set(e, kind, "%s (HTTP %ld)", text, answer->status);
}

static bool status_is_passing(long status)
{
	return status == 408 || status == 429 || (status >= 500 && status != 501);
}

static bool status_is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int end_failed(const struct calling *x, enum http_end end, struct err *e)
{
	x->reply->again = end == HTTP_PASSING;
	if (end == HTTP_UNTRUSTED)
		return err_set(e, ERR_DENIED, "the certificate of '%s' is not trusted; put its CA into /etc/docker/certs.d/%s/ca.crt, or use "
			"--tls-verify=false", x->g->target.host, x->g->target.host);
	return -e->sys;
}

/* ---- what the lines share ---- */

struct credential {
	const char *authorization;
	unsigned generation;
};

/* A copy: another line may get a new credential while this one is in use. */
static const char *base_get(struct registry *g, struct arena *a, struct credential *ret)
{
	const char *base;

	pthread_mutex_lock(&g->mutex);
	base = g->base;
	*ret = (struct credential){ arena_strdup(a, g->authorization), g->generation };
	pthread_mutex_unlock(&g->mutex);
	return base;
}

static void warnings_take(struct registry *g, const struct strs *texts)
{
	if (texts->n == 0)
		return;
	pthread_mutex_lock(&g->mutex);
	for (size_t i = 0; i < texts->n; i++)
		if (g->warnings.n < WARNINGS_MAX && auth_text_is_safe(texts->v[i]) && !strs_has(&g->warnings, texts->v[i]))
			strs_push(&g->arena, &g->warnings, arena_strdup(&g->arena, texts->v[i]));
	pthread_mutex_unlock(&g->mutex);
}

const char *registry_warning(struct registry *g)
{
	const char *text = NULL;

	pthread_mutex_lock(&g->mutex);
	if (g->n_warned < g->warnings.n)
		text = g->warnings.v[g->n_warned++];
	pthread_mutex_unlock(&g->mutex);
	return text;
}

/* Not in the arena: a registry may ask for another one with every call. */
static void authorization_set(struct registry *g, const char *value)
{
	size_t size = strlen(value) + 1;

	free(g->authorization);
	g->authorization = memcpy(alloc_or_die(size), value, size);
}

/* Gets a credential for the challenges at hand and shares it with the other lines; another may have been quicker. */
static int credential_renew(struct calling *x, const char *url, unsigned seen, struct err *e)
{
	struct registry *g = x->g;
	struct auth_origin here;
	const char *value;
	int r = auth_origin_parse(url, x->a, &here, e);

	if (r < 0)
		return r;
	pthread_mutex_lock(&g->mutex);
	if (g->generation == seen) {
		r = token_get(x->http, &x->reply->answer.challenges, &here, &g->user, x->a, &value, e);
		if (r == 0) {
			authorization_set(g, value);
			g->generation++;
		}
	}
	pthread_mutex_unlock(&g->mutex);
	return r;
}

/*
 * Where plain http is allowed, the other scheme is tried once, before the first success. @tried is the base this call used; another line may have been
 * quicker. Returns whether to begin again.
 */
static bool other_scheme_try(struct registry *g, const char *tried, enum http_end end, const struct http_answer *answer)
{
	bool hint = answer->other_scheme || (end == HTTP_ANSWERED && answer->status == 400 && str_after(tried, "http://"));
	bool again = false;

	pthread_mutex_lock(&g->mutex);
	if (hint && tried != g->base) {
		again = true;
	} else if (!g->settled && !g->switched && g->plain_allowed && hint) {
		const char *host = str_after(g->base, "https://");

		g->base = host ? arena_printf(&g->arena, "http://%s", host) : arena_printf(&g->arena, "https://%s", str_after(g->base, "http://"));
		g->switched = again = true;
	} else if (end == HTTP_ANSWERED) {
		g->settled = true;
	}
	pthread_mutex_unlock(&g->mutex);
	return again;
}

/* ---- one pass: redirects and authentication ---- */

static bool is_reading(const struct registry_call *q)
{
	return !q->method || strcmp(q->method, "GET") == 0 || strcmp(q->method, "HEAD") == 0;
}

/* Where a 3xx leads; *credentials is cleared for good once another origin is reached. */
static int redirect_follow(struct calling *x, const char **url, bool *credentials, struct err *e)
{
	const struct http_answer *answer = &x->reply->answer;
	const char *next = answer->location ? http_resolve(*url, answer->location, x->a) : NULL;
	struct auth_origin from, to;
	struct auth_redirect judged;
	int r;

	if (!next)
		return err_set(e, ERR_INVALID, "redirect (HTTP %ld) to nowhere", answer->status);
	/* Only these two say that the request is to be repeated as it is. */
	if (!is_reading(x->q) && answer->status != 307 && answer->status != 308)
		return err_set(e, ERR_INVALID, "redirect (HTTP %ld) of what was to be written; not following", answer->status);
	r = auth_origin_parse(*url, x->a, &from, e);
	if (r == 0)
		r = auth_origin_parse(next, x->a, &to, e);
	if (r < 0)
		return err_wrap(e, "redirect");
	judged = auth_redirect_judge(&from, &to);
	if (!judged.follow)
		return err_set(e, ERR_DENIED, "redirect from https to plain http at '%.100s'; not following", to.host);
	*credentials = *credentials && judged.keep_credentials;
	*url = next;
	return 0;
}

/* The first URL of a call. A Location that leads elsewhere is like a redirect. */
static int url_first(struct calling *x, const char *base, const char **ret, bool *ret_credentials, struct err *e)
{
	const struct registry_call *q = x->q;
	struct auth_origin from, to;
	struct auth_redirect judged;
	int r;

	*ret_credentials = true;
	*ret = q->url;
	if (!q->url && q->path[1] == '/')
		*ret = arena_printf(x->a, "%s%s", base, q->path + 1);
	else if (!q->url && x->g->target.repository)
		*ret = arena_printf(x->a, "%s/%s%s", base, x->g->target.repository, q->path);
	if (*ret && !q->url && x->g->target.mirror_of && x->g->target.base)
		*ret = arena_printf(x->a, "%s%cns=%s", *ret, strchr(*ret, '?') ? '&' : '?', x->g->target.mirror_of);
	if (!q->url)
		return *ret ? 0 : err_set(e, ERR_INVALID, "no repository named");
	r = auth_origin_parse(base, x->a, &from, e);
	if (r == 0)
		r = auth_origin_parse(q->url, x->a, &to, e);
	if (r < 0)
		return err_wrap(e, "location");
	judged = auth_redirect_judge(&from, &to);
	if (!judged.follow)
		return err_set(e, ERR_DENIED, "the registry sends us from https to plain http at '%.100s'; not following", to.host);
	*ret_credentials = judged.keep_credentials && !q->anonymous;
	return 0;
}

static enum http_end send_once(struct calling *x, const char *url, bool ours, const char *authorization, struct err *e)
{
	const struct registry_call *q = x->q;
	struct http_request request = { .method = q->method ? q->method : "GET", .url = url, .accept = q->accept, .authorization = authorization,
		.content_type = q->content_type, .content_range = q->content_range, .offset = x->delivered, .max = q->max, .body = q->body,
		.sink = q->sink, .arg = q->arg, .headers = ours ? &x->g->target.headers : NULL };
	enum http_end end = http_send(x->http, &request, x->a, &x->reply->answer, e);

	x->delivered += x->reply->answer.delivered;
	warnings_take(x->g, &x->reply->answer.warnings);
	return end;
}

static int call_once(struct calling *x, struct err *e)
{
	const struct http_answer *answer = &x->reply->answer;
	bool credentials, asked = false;
	struct credential credential;
	const char *base, *url;
	enum http_end end;
	int r;

	x->reply->again = false;
	base = base_get(x->g, x->a, &credential);
	r = url_first(x, base, &url, &credentials, e);
	for (int hop = 0; r == 0 && hop < REDIRECTS_MAX; hop++) {
		end = send_once(x, url, credentials, credentials ? credential.authorization : NULL, e);
		if (other_scheme_try(x->g, base, end, answer)) {
			base = base_get(x->g, x->a, &credential);
			r = url_first(x, base, &url, &credentials, e);
			continue;
		}
		if (end != HTTP_ANSWERED)
			return end_failed(x, end, e);
		if (answer->status >= 200 && answer->status < 300) {
			x->reply->location = answer->location ? http_resolve(url, answer->location, x->a) : NULL;
			return 0;
		}
		if (status_is_redirect(answer->status)) {
			r = redirect_follow(x, &url, &credentials, e);
		} else if (answer->status == 401 && credentials && !asked) {
			asked = true;
			r = credential_renew(x, url, credential.generation, e);
			base_get(x->g, x->a, &credential);
		} else {
			x->reply->again = status_is_passing(answer->status);
			return status_failed(x, e);
		}
	}
	return r < 0 ? r : err_set(e, ERR_UNAVAILABLE, "more than %d redirects", REDIRECTS_MAX);
}

/* ---- again and again ---- */

long registry_pause_ms(long asked, int tries)
{
	if (asked > PAUSE_MAX_S)
		return -1;
	return asked > 0 ? asked * 1000 : PAUSE_FIRST_MS << tries;
}

int registry_pause(struct registry_line *line, const struct registry_reply *reply, int tries, struct err *e)
{
	int most = line->g->target.mirror_of ? TRIES_MIRROR : TRIES_MAX;
	long asked = reply ? reply->answer.retry_after : 0, ms;

	if (tries >= most - 1)
		return err_wrap(e, "after %d tries", most);
	ms = registry_pause_ms(asked, tries);
	if (ms < 0)
		return err_wrap(e, "the registry asks to come back in %ld seconds", asked);
	while (ms > 0 && !atomic_load(&line->g->stop)) {
		long part = ms < 100 ? ms : 100;

		nanosleep(&(struct timespec){ .tv_nsec = part * 1000000 }, NULL);
		ms -= part;
	}
	return atomic_load(&line->g->stop) ? err_set(e, ERR_CANCELED, "stopped") : 0;
}

int registry_call(struct registry_line *line, const struct registry_call *q, struct arena *a, struct registry_reply *ret, struct err *e)
{
	struct calling x = { .g = line->g, .http = line->http, .q = q, .a = a, .delivered = q->offset, .reply = ret };
	int r;

	for (int tries = 0;; tries++) {
		/* Of a try that is followed by another nothing is kept: there may be as many as the blob has bytes. */
		struct arena_mark mark = arena_mark(a);
		uint64_t before = x.delivered;

		*ret = (struct registry_reply){ 0 };
		r = call_once(&x, e);
		if (r == 0 || !ret->again || q->once)
			return r;
		if (x.delivered > before)
			tries = 0; /* it moves: be patient */
		r = registry_pause(line, ret, tries, e);
		if (r < 0)
			return r;
		arena_reset(a, mark);
	}
}
