/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/parse.h"
#include "codec/json.h"
#include "image/transfer/auth.h"
#include "image/transfer/certs.h"

enum { REDIRECTS_MAX = 6, TRIES_MAX = 6, PAUSE_FIRST_MS = 200, PAUSE_MAX_S = 30, CONNECT_TIMEOUT_S = 20, STALL_S = 60 };

struct registry {
	struct arena arena;
	struct registry_target target;
	struct certs certs;
	bool plain_allowed;
	atomic_bool stop;
	pthread_mutex_t mutex;       /* for all below */
	char *base;                  /* "https://host" */
	bool settled;                /* the scheme has proved to work */
	bool switched;               /* it is not the first one tried */
	char *authorization;         /* header value in use, or NULL */
	unsigned generation;         /* counts changes of it */
};

struct registry_line {
	struct registry *g;
	CURL *curl;
};

/* One request and what came back. */
struct exchange {
	struct registry *g;
	const struct registry_request *q;
	CURL *curl;
	struct arena *a;             /* of the fetch */
	uint64_t delivered;          /* bytes the sink has, from the beginning of the blob */
	uint64_t skip;               /* bytes to drop first: the server did not honour Range */
	long status;
	struct auth_challenges challenges;
	const char *location;
	long retry_after;
	struct registry_answer answer;
	struct buf error_body;
	struct err error;            /* of the sink */
	bool sink_failed;
};

/* ---- open and close ---- */

int registry_open(const struct registry_target *t, struct registry **ret, struct err *e)
{
	struct registry *g = alloc_or_die(sizeof *g);
	const char *host = strcmp(t->host, "docker.io") == 0 ? "registry-1.docker.io" : t->host;
	struct auth_origin origin;
	int r;

	*g = (struct registry){ 0 };
	pthread_mutex_init(&g->mutex, NULL);
	g->target = (struct registry_target){ arena_strdup(&g->arena, t->host), arena_strdup(&g->arena, t->repository),
		arena_strdup(&g->arena, t->user), arena_strdup(&g->arena, t->password), arena_strdup(&g->arena, t->identity_token),
		t->no_tls_verify };
	g->base = arena_printf(&g->arena, "https://%s", host);
	r = auth_origin_parse(g->base, &g->arena, &origin, e);
	if (r == 0)
		r = certs_load(t->host, &g->arena, &g->certs, e);
	if (r < 0) {
		registry_close(g);
		return r;
	}
	g->plain_allowed = t->no_tls_verify || auth_host_is_loopback(origin.host);
	/* On loopback without a CA of its own, plain http is the likely one, and TLS begins with 40 ms of reading authorities. */
	if (auth_host_is_loopback(origin.host) && g->certs.ca.n == 0)
		g->base = arena_printf(&g->arena, "http://%s", host);
	*ret = g;
	return 0;
}

void registry_close(struct registry *g)
{
	if (!g)
		return;
	pthread_mutex_destroy(&g->mutex);
	arena_done(&g->arena);
	free(g);
}

struct registry_line *registry_line_open(struct registry *g)
{
	struct registry_line *line = alloc_or_die(sizeof *line);

	*line = (struct registry_line){ .g = g, .curl = curl_easy_init() };
	if (!line->curl)
		alloc_die(sizeof *line);
	return line;
}

void registry_line_close(struct registry_line *line)
{
	if (!line)
		return;
	curl_easy_cleanup(line->curl);
	free(line);
}

void registry_stop(struct registry *g)
{
	atomic_store(&g->stop, true);
}

/* ---- callbacks of curl ---- */

static const char *header_value(const char *line, size_t n, const char *name, struct arena *a)
{
	size_t len = strlen(name);
	struct str value;

	if (n <= len || strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	value = str_trim((struct str){ line + len + 1, n - len - 1 });
	return value.n <= LIMIT_URL ? arena_strndup(a, value.p, value.n) : NULL;
}

static size_t on_header(char *line, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;
	const char *v;
	struct err e;
	uint32_t seconds;

	if (n > 5 && strncmp(line, "HTTP/", 5) == 0) {
		x->challenges = (struct auth_challenges){ 0 };
		x->location = NULL;
		x->retry_after = 0;
	} else if ((v = header_value(line, n, "www-authenticate", x->a))) {
		/* What cannot be read is no challenge we can answer; the status says the rest. */
		(void)auth_challenge_parse(v, x->a, &x->challenges, &e);
	} else if ((v = header_value(line, n, "location", x->a))) {
		x->location = v;
	} else if ((v = header_value(line, n, "retry-after", x->a))) {
		x->retry_after = parse_u32(v, &seconds) == 0 && seconds < PAUSE_MAX_S ? (long)seconds : 0;
	} else if ((v = header_value(line, n, "content-type", x->a))) {
		snprintf(x->answer.content_type, sizeof x->answer.content_type, "%s", v);
	} else if ((v = header_value(line, n, "docker-content-digest", x->a))) {
		snprintf(x->answer.digest, sizeof x->answer.digest, "%s", v);
	}
	return n;
}

static int sink_give(struct exchange *x, const char *p, size_t n)
{
	size_t drop = x->skip < n ? (size_t)x->skip : n;

	x->skip -= drop;
	p += drop;
	n -= drop;
	if (n == 0)
		return 0;
	if (n > x->q->max - x->delivered)
		return err_set(&x->error, ERR_EXHAUSTED, "answer is longer than the %llu bytes allowed", (unsigned long long)x->q->max);
	x->delivered += n;
	return x->q->sink(x->q->arg, p, n, &x->error);
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;

	if (x->status == 0) {
		curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &x->status);
		if (x->status == 200)
			x->skip = x->delivered;
	}
	if (x->status != 200 && x->status != 206) {
		buf_add(&x->error_body, p, n < x->error_body.max - x->error_body.n ? n : 0);
		return n;
	}
	if (sink_give(x, p, n) == 0)
		return n;
	x->sink_failed = true;
	return CURL_WRITEFUNC_ERROR;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct registry *g = arg;

	return atomic_load(&g->stop);
}

/* ---- one request ---- */

struct headers {
	struct curl_slist *list;
};

static void headers_done(struct headers *h)
{
	curl_slist_free_all(h->list);
}

static void headers_add(struct headers *h, struct arena *a, const char *name, const char *value)
{
	if (value)
		h->list = curl_slist_append(h->list, arena_printf(a, "%s: %s", name, value));
}

static struct curl_blob blob_of(struct str s)
{
	return (struct curl_blob){ .data = (void *)(uintptr_t)s.p, .len = s.n, .flags = CURL_BLOB_NOCOPY };
}

static void tls_set(CURL *c, const struct registry *g)
{
	struct curl_blob ca = blob_of(g->certs.ca), cert = blob_of(g->certs.cert), key = blob_of(g->certs.key);

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (g->target.no_tls_verify) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (certs_file())
		curl_easy_setopt(c, CURLOPT_CAINFO, certs_file());
	/* The system's own authorities stay valid: they are in the default directory. */
	if (ca.len > 0)
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	if (cert.len > 0 && key.len > 0) {
		curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
	}
}

static void curl_prepare(CURL *c, struct registry *g)
{
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "tare/" TARE_VERSION);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, g);
	tls_set(c, g);
}

/* Sends one request to one URL. Returns what curl says; x->status is the answer's. */
static CURLcode exchange_run(struct exchange *x, const char *url, const char *authorization)
{
	SCOPED(headers_done) struct headers headers = { 0 };
	char range[32];
	CURL *c = x->curl;
	CURLcode code;

	x->status = 0;
	x->skip = 0;
	buf_clear(&x->error_body);
	curl_prepare(c, x->g);
	headers_add(&headers, x->a, "Accept", x->q->accept);
	headers_add(&headers, x->a, "Authorization", authorization);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.list);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	if (x->delivered > 0) {
		snprintf(range, sizeof range, "%llu-", (unsigned long long)x->delivered);
		curl_easy_setopt(c, CURLOPT_RANGE, range);
	}
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &x->status);
	return code;
}

/* ---- tokens ---- */

struct token {
	const char *token, *access_token;
};
/* clang-format off */
static const struct field token_fields[] = {
	FIELD(struct token, token,        "token",        STR, 0),
	FIELD(struct token, access_token, "access_token", STR, 0),
};
static const struct schema token_schema = SCHEMA("token", struct token, token_fields);
/* clang-format on */

static size_t on_token(char *p, size_t one, size_t n, void *arg)
{
	struct buf *b = arg;

	return buf_add(b, p, n) == 0 ? n : CURL_WRITEFUNC_ERROR;
}

static const char *query_escape(CURL *c, struct arena *a, const char *s)
{
	char *text = curl_easy_escape(c, s, 0);
	const char *copy = arena_strdup(a, text);

	curl_free(text);
	return copy;
}

struct token_request {
	const char *url, *form, *authorization;
};

/* The registry's service and our scope, as query of the realm, or as form for a refresh token. */
static void token_request_make(struct exchange *x, const struct auth_challenge *ch, struct token_request *ret)
{
	const struct registry_target *t = &x->g->target;
	const char *realm = pairs_find(&ch->parameters, "realm"), *service = pairs_find(&ch->parameters, "service");
	const char *scope = pairs_find(&ch->parameters, "scope");
	const char *query;

	scope = scope ? scope : arena_printf(x->a, "repository:%s:pull", t->repository);
	query = arena_printf(x->a, "%s%s%sscope=%s", service ? "service=" : "", service ? query_escape(x->curl, x->a, service) : "",
		service ? "&" : "", query_escape(x->curl, x->a, scope));
	*ret = (struct token_request){ 0 };
	if (t->identity_token) {
		ret->url = realm;
		ret->form = arena_printf(x->a, "grant_type=refresh_token&client_id=tare&%s&refresh_token=%s", query,
			query_escape(x->curl, x->a, t->identity_token));
		return;
	}
	ret->url = arena_printf(x->a, "%s%c%s", realm, strchr(realm, '?') ? '&' : '?', query);
	if (t->user)
		ret->authorization = auth_basic(t->user, t->password ? t->password : "", x->a);
}

static int token_fetch(struct exchange *x, const struct token_request *q, struct buf *answer, struct err *e)
{
	SCOPED(headers_done) struct headers headers = { 0 };
	CURL *c = x->curl;
	CURLcode code;
	long status = 0;

	curl_prepare(c, x->g);
	headers_add(&headers, x->a, "Authorization", q->authorization);
	headers_add(&headers, x->a, "Accept", "application/json");
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.list);
	if (q->form)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->form);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_token);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		return err_set(e, ERR_UNAVAILABLE, "token server: %s", curl_easy_strerror(code));
	if (status == 401 || status == 403)
		return err_set(e, ERR_UNAUTHENTICATED, "token server of '%s' refuses %s (HTTP %ld)", x->g->target.host,
			x->g->target.user || x->g->target.identity_token ? "these credentials" : "anonymous access; log in first", status);
	if (status != 200)
		return err_set(e, ERR_UNAVAILABLE, "token server answers HTTP %ld", status);
	return 0;
}

static int bearer_get(struct exchange *x, const struct auth_challenge *ch, const struct auth_origin *here, const char **ret, struct err *e)
{
	scoped_buf struct buf answer = BUF(LIMIT_TOKEN);
	const char *realm = pairs_find(&ch->parameters, "realm");
	struct token_request q;
	struct auth_origin origin;
	struct token token;
	int r;

	if (!realm)
		return err_set(e, ERR_INVALID, "registry asks for a token but names no token server");
	r = auth_origin_parse(realm, x->a, &origin, e);
	if (r < 0)
		return err_wrap(e, "token server");
	if (streq(here->scheme, "https") && !streq(origin.scheme, "https"))
		return err_set(e, ERR_DENIED, "token server '%s' is not https", origin.host);
	if (x->g->target.user || x->g->target.identity_token)
		r = auth_realm_judge(here, &origin, e);
	if (r < 0)
		return r;
	token_request_make(x, ch, &q);
	r = token_fetch(x, &q, &answer, e);
	if (r == 0)
		r = json_decode(buf_str(&answer), &token_schema, 0, x->a, &token, e);
	if (r < 0)
		return r;
	token.token = token.token && *token.token ? token.token : token.access_token;
	if (!token.token || !*token.token || !auth_text_is_safe(token.token))
		return err_set(e, ERR_INVALID, "token server sent no usable token");
	*ret = arena_printf(x->a, "Bearer %s", token.token);
	return 0;
}

/* Gets a credential for the challenges at hand and shares it with the other lines. */
static int credential_get(struct exchange *x, const struct auth_origin *here, unsigned seen, struct err *e)
{
	const struct auth_challenge *bearer = auth_challenge_find(&x->challenges, "bearer"), *basic = auth_challenge_find(&x->challenges, "basic");
	struct registry *g = x->g;
	const char *value = NULL;
	int r = 0;

	pthread_mutex_lock(&g->mutex);
	if (g->generation == seen) {
		if (bearer)
			r = bearer_get(x, bearer, here, &value, e);
		else if (basic && g->target.user)
			value = auth_basic(g->target.user, g->target.password ? g->target.password : "", x->a);
		else if (basic)
			r = err_set(e, ERR_UNAUTHENTICATED, "registry '%s' wants a user and password; log in first", g->target.host);
		else
			r = err_set(e, ERR_UNAUTHENTICATED, "registry '%s' denies access and names no way to authenticate", g->target.host);
		if (r == 0) {
			g->authorization = arena_strdup(&g->arena, value);
			g->generation++;
		}
	}
	pthread_mutex_unlock(&g->mutex);
	return r;
}

/* ---- answers ---- */

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
	{ 416, ERR_INVALID, "range not satisfiable" },
	{ 429, ERR_EXHAUSTED, "too many requests" },
};

static int status_failed(struct exchange *x, struct err *e)
{
	struct error_list list;
	struct err ignored;
	const char *said = NULL, *text = "unexpected answer";
	enum err_kind kind = ERR_UNAVAILABLE;

	if (json_decode(buf_str(&x->error_body), &error_list_schema, 0, x->a, &list, &ignored) == 0 && list.n_errors > 0)
		said = list.errors[0].message ? list.errors[0].message : list.errors[0].code;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i].status == x->status) {
			kind = statuses[i].kind;
			text = statuses[i].text;
		}
	}
	if (said && auth_text_is_safe(said))
		return err_set(e, kind, "%s (HTTP %ld, '%.120s')", text, x->status, said);
	return err_set(e, kind, "%s (HTTP %ld)", text, x->status);
}

static bool status_is_passing(long status)
{
	return status == 408 || status == 429 || status >= 500;
}

static bool curl_is_passing(CURLcode code)
{
	switch ((int)code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_COULDNT_RESOLVE_HOST:
		return true;
	default:
		return false;
	}
}

/* Sets -EAGAIN apart: the same thing again may work. */
static int curl_failed(struct exchange *x, CURLcode code, bool *ret_again, struct err *e)
{
	if (x->sink_failed) {
		*e = x->error;
		return -e->sys;
	}
	if (atomic_load(&x->g->stop))
		return err_set(e, ERR_CANCELED, "stopped");
	*ret_again = curl_is_passing(code);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(e, ERR_DENIED, "the certificate of '%s' is not trusted; put its CA into /etc/tare/certs.d or /etc/docker/certs.d/%s, or use "
			"--tls-verify=false", x->g->target.host, x->g->target.host);
	return err_set(e, ERR_UNAVAILABLE, "%s", curl_easy_strerror(code));
}

/* ---- one fetch: redirects and authentication ---- */

static const char *base_get(struct registry *g, const char **ret_authorization, unsigned *ret_generation)
{
	const char *base;

	pthread_mutex_lock(&g->mutex);
	base = g->base;
	*ret_authorization = g->authorization;
	*ret_generation = g->generation;
	pthread_mutex_unlock(&g->mutex);
	return base;
}

/* Whether this is what a server says that speaks the other of http and https. */
static bool is_other_scheme(const struct registry *g, CURLcode code, long status)
{
	if (str_after(g->base, "https://"))
		return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_COULDNT_CONNECT;
	return (code == CURLE_OK && status == 400) || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_UNSUPPORTED_PROTOCOL ||
		code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_COULDNT_CONNECT;
}

/* Where plain http is allowed, the other scheme is tried once, before the first success. Returns whether to begin again. */
static bool other_scheme_try(struct registry *g, CURLcode code, long status)
{
	bool again = false;

	pthread_mutex_lock(&g->mutex);
	if (!g->settled && !g->switched && g->plain_allowed && is_other_scheme(g, code, status)) {
		const char *host = str_after(g->base, "https://");

		g->base = host ? arena_printf(&g->arena, "http://%s", host) : arena_printf(&g->arena, "https://%s", str_after(g->base, "http://"));
		g->switched = again = true;
	} else if (code == CURLE_OK) {
		g->settled = true;
	}
	pthread_mutex_unlock(&g->mutex);
	return again;
}

static const char *url_resolve(const char *base, const char *location, struct arena *a)
{
	CURLU *u = curl_url();
	char *text = NULL;
	const char *copy = NULL;

	if (curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK && curl_url_set(u, CURLUPART_URL, location, 0) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK)
		copy = arena_strdup(a, text);
	curl_free(text);
	curl_url_cleanup(u);
	return copy;
}

/* Where a 3xx leads; *credentials is cleared for good once another origin is reached. */
static int redirect_follow(struct exchange *x, const char **url, bool *credentials, struct err *e)
{
	struct auth_origin from, to;
	struct auth_redirect judged;
	const char *next = x->location ? url_resolve(*url, x->location, x->a) : NULL;
	int r;

	if (!next)
		return err_set(e, ERR_INVALID, "redirect (HTTP %ld) to nowhere", x->status);
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

static bool status_is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* One pass from the registry's URL to the bytes. *ret_again: worth another pass. */
static int fetch_once(struct exchange *x, bool *ret_again, struct err *e)
{
	struct registry *g = x->g;
	const char *authorization, *url;
	bool credentials = true, asked = false;
	struct auth_origin here;
	unsigned generation;
	CURLcode code;
	int r;

	*ret_again = false;
	url = arena_printf(x->a, "%s/v2/%s%s", base_get(g, &authorization, &generation), g->target.repository, x->q->path);
	for (int hop = 0; hop < REDIRECTS_MAX; hop++) {
		code = exchange_run(x, url, credentials ? authorization : NULL);
		if (other_scheme_try(g, code, x->status)) {
			url = arena_printf(x->a, "%s/v2/%s%s", base_get(g, &authorization, &generation), g->target.repository, x->q->path);
			continue;
		}
		if (code != CURLE_OK)
			return curl_failed(x, code, ret_again, e);
		if (x->status == 200 || x->status == 206)
			return 0;
		if (status_is_redirect(x->status)) {
			r = redirect_follow(x, &url, &credentials, e);
		} else if (x->status == 401 && credentials && !asked) {
			asked = true;
			r = auth_origin_parse(url, x->a, &here, e);
			if (r == 0)
				r = credential_get(x, &here, generation, e);
			base_get(g, &authorization, &generation);
		} else {
			*ret_again = status_is_passing(x->status);
			return status_failed(x, e);
		}
		if (r < 0)
			return r;
	}
	return err_set(e, ERR_UNAVAILABLE, "more than %d redirects", REDIRECTS_MAX);
}

static void pause_before(const struct exchange *x, int tries)
{
	long ms = x->retry_after ? x->retry_after * 1000 : PAUSE_FIRST_MS << tries;

	while (ms > 0 && !atomic_load(&x->g->stop)) {
		long part = ms < 100 ? ms : 100;

		nanosleep(&(struct timespec){ .tv_nsec = part * 1000000 }, NULL);
		ms -= part;
	}
}

int registry_fetch(struct registry_line *line, const struct registry_request *q, struct registry_answer *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf body = BUF(LIMIT_ERROR_BODY);
	struct exchange x = { .g = line->g, .q = q, .curl = line->curl, .a = &a, .delivered = q->offset, .error_body = body };
	uint64_t before;
	bool again;
	int r;

	for (int tries = 0;; tries++) {
		before = x.delivered;
		r = fetch_once(&x, &again, e);
		if (x.delivered > before)
			tries = 0; /* it moves: be patient */
		if (r == 0 || !again || tries >= TRIES_MAX - 1 || atomic_load(&line->g->stop))
			break;
		pause_before(&x, tries);
	}
	body = x.error_body; /* freed by its scope */
	if (r == 0 && ret)
		*ret = x.answer;
	return r;
}
