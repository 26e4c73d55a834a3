/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/http.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "image/transfer/dial.h"
#include "image/transfer/headers.h"
#include "image/transfer/proxy.h"

enum { CONNECT_TIMEOUT_S = 20, STALL_S = 60, STALL_MAX_S = 3600, READ_PIECE = 512 * 1024, SEND_PIECE = 2 * 1024 * 1024, WARNINGS_MAX = 8 };

struct http {
	const struct http_peer *peer;
	CURL *curl;
};

/* One request under way. */
struct exchange {
	const struct http *h;
	const struct http_request *q;
	struct arena *a;
	struct http_answer *answer;
	uint64_t skip;               /* bytes to drop first: the server did not honour Range */
	uint64_t unwanted;           /* bytes that came and went to no sink */
	bool cut;                    /* they were too many: the rest does not matter */
	uint64_t sent;
	size_t n_headers;            /* bytes of all of them */
	struct buf text;
	struct err error;            /* of the sink, or of reading the body */
	bool failed;
	struct auth_origin target;
	struct proxy proxy;
	struct err dialed;           /* why there is no connection */
};

int http_stall_time(long *ret, struct err *e)
{
	const char *text = getenv("TARE_STALL_TIMEOUT");
	int64_t n = STALL_S;

	if (text && *text && (parse_i64(text, &n) < 0 || n < 1 || n > STALL_MAX_S))
		return err_set(e, ERR_INVALID, "TARE_STALL_TIMEOUT is '%.40s': it takes seconds, 1 to %d", text, STALL_MAX_S);
	*ret = (long)n;
	return 0;
}

struct http *http_open(const struct http_peer *peer)
{
	struct http *h = alloc_or_die(sizeof *h);

	*h = (struct http){ .peer = peer, .curl = curl_easy_init() };
	if (!h->curl)
		alloc_die(sizeof *h);
	return h;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

/* ---- what comes ---- */

static const char *header_value(const char *line, size_t n, const char *name, struct arena *a)
{
	size_t len = strlen(name);
	struct str value;

	if (n <= len || strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	value = str_trim((struct str){ line + len + 1, n - len - 1 });
	return value.n <= LIMIT_URL ? arena_strndup(a, value.p, value.n) : NULL;
}

static const struct {
	const char *name;
	size_t offset;
} kept_headers[] = {
	{ "location", offsetof(struct http_answer, location) },
	{ "content-type", offsetof(struct http_answer, content_type) },
	{ "content-length", offsetof(struct http_answer, content_length) },
	{ "docker-content-digest", offsetof(struct http_answer, digest) },
	{ "range", offsetof(struct http_answer, range) },
	{ "link", offsetof(struct http_answer, link) },
	{ "oci-subject", offsetof(struct http_answer, subject) },
	{ "oci-filters-applied", offsetof(struct http_answer, filters) },
	{ "oci-chunk-min-length", offsetof(struct http_answer, chunk_min) },
};

static size_t on_header(char *line, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;
	const char *v;
	struct err e;

	x->n_headers += n;
	if (x->n_headers > LIMIT_HEADERS) {
		err_set(&x->error, ERR_EXHAUSTED, "the headers of the answer are longer than %d bytes", LIMIT_HEADERS);
		x->failed = true;
		return 0;
	}
	/* An interim answer (100) is followed by another. */
	if (n > 5 && strncmp(line, "HTTP/", 5) == 0)
		*x->answer = (struct http_answer){ 0 };
	if ((v = header_value(line, n, "www-authenticate", x->a)))
		/* What cannot be read is no challenge we can answer; the status says the rest. */
		(void)auth_challenge_parse(v, x->a, &x->answer->challenges, &e);
	if ((v = header_value(line, n, "warning", x->a)))
		header_warnings(v, WARNINGS_MAX, x->a, &x->answer->warnings);
	for (size_t i = 0; i < ARRAY_LEN(kept_headers); i++)
		if ((v = header_value(line, n, kept_headers[i].name, x->a)))
			*(const char **)((char *)x->answer + kept_headers[i].offset) = v;
	return n;
}

/* An answer of which the status says all may go on for ever. False if that is enough of it. */
static bool unwanted_drop(struct exchange *x, size_t n)
{
	x->unwanted += n;
	x->cut = x->unwanted > LIMIT_UNWANTED_BODY;
	return !x->cut;
}

static int sink_give(struct exchange *x, const char *p, size_t n)
{
	uint64_t have = x->q->offset + x->answer->delivered;
	size_t drop = x->skip < n ? (size_t)x->skip : n;

	x->skip -= drop;
	p += drop;
	n -= drop;
	if (n == 0)
		return 0;
	if (have > x->q->max || n > x->q->max - have)
		return err_set(&x->error, ERR_EXHAUSTED, "answer is longer than the %llu bytes allowed", (unsigned long long)x->q->max);
	x->answer->delivered += n;
	return x->q->sink(x->q->arg, p, n, &x->error);
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;

	if (x->answer->status == 0) {
		curl_easy_getinfo(x->h->curl, CURLINFO_RESPONSE_CODE, &x->answer->status);
		if (x->answer->status == 200)
			x->skip = x->q->offset;
	}
	if (x->answer->status != 200 && x->answer->status != 206) {
		buf_add(&x->text, p, n < x->text.max - x->text.n ? n : 0);
		return unwanted_drop(x, n) ? n : CURL_WRITEFUNC_ERROR;
	}
	if (!x->q->sink)
		return unwanted_drop(x, n) ? n : CURL_WRITEFUNC_ERROR;
	if (sink_give(x, p, n) == 0)
		return n;
	x->failed = true;
	return CURL_WRITEFUNC_ERROR;
}

/* ---- what goes ---- */

static size_t on_read(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;
	const struct http_body *b = &x->q->body;
	ssize_t got;

	n *= one;
	n = n < b->size - x->sent ? n : (size_t)(b->size - x->sent);
	if (b->fd < 0) {
		memcpy(p, b->text + x->sent, n);
		got = (ssize_t)n;
	} else {
		do
			got = pread(b->fd, p, n, (off_t)(b->offset + x->sent));
		while (got < 0 && errno == EINTR);
	}
	if (got < 0 || (got == 0 && n > 0)) {
		err_sys(&x->error, got < 0 ? -errno : -EIO, "read what is to be sent");
		x->failed = true;
		return CURL_READFUNC_ABORT;
	}
	x->sent += (uint64_t)got;
	if (b->progress)
		b->progress(b->arg, x->sent);
	return (size_t)got;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http_peer *peer = arg;

	return atomic_load(peer->stop);
}

/* ---- connections ---- */

/* What curl is told names are. It connects to neither: the dialer is asked for the name. (TEST-NET-1, RFC 5737.) */
#define ADDRESS_OF_TARGET "192.0.2.1"
#define ADDRESS_OF_PROXY "192.0.2.2"

/* The socket is connected; what curl does next, connect(2), does nothing (confine.c). It is not told so: what curl 7.88 makes of that takes 200 ms. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;
	char host[NI_MAXHOST], port[NI_MAXSERV];
	const char *name = host;
	int fd;

	if (getnameinfo(&address->addr, address->addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return CURL_SOCKET_BAD;
	if (strcmp(host, ADDRESS_OF_TARGET) == 0)
		name = x->target.host;
	else if (strcmp(host, ADDRESS_OF_PROXY) == 0)
		name = x->proxy.host;
	fd = dial(x->h->peer->dialer, name, port, x->h->peer->stop, &x->dialed);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- one request ---- */

struct lines {
	struct curl_slist *list;
};

static void lines_done(struct lines *l)
{
	curl_slist_free_all(l->list);
}

static void lines_add(struct lines *l, const char *text)
{
	l->list = curl_slist_append(l->list, text);
}

static void headers_add(struct lines *h, struct arena *a, const char *name, const char *value)
{
	if (value)
		lines_add(h, arena_printf(a, "%s: %s", name, value));
}

static struct curl_blob blob_of(struct str s)
{
	return (struct curl_blob){ .data = (void *)(uintptr_t)s.p, .len = s.n, .flags = CURL_BLOB_NOCOPY };
}

static void tls_set(CURL *c, const struct http_peer *peer)
{
	struct curl_blob ca = blob_of(peer->certs.ca), cert = blob_of(peer->certs.cert), key = blob_of(peer->certs.key);

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (peer->no_tls_verify) {
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

static void curl_prepare(CURL *c, const struct http_peer *peer)
{
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "tare/" TARE_VERSION);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)READ_PIECE);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, peer->stall_s);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)(uintptr_t)peer);
	tls_set(c, peer);
}

/* Said for every request: curl would look at half of the environment, and for addresses, by itself. */
static void way_set(CURL *c, struct exchange *x, struct lines *names)
{
	struct err ignored; /* no URL we use: curl will say so */

	x->proxy = (struct proxy){ .url = "" };
	if (auth_origin_parse(x->q->url, x->a, &x->target, &ignored) == 0) {
		x->proxy = proxy_for(&x->target, x->a);
		if (*x->target.host != '[')
			lines_add(names, arena_printf(x->a, "%s:%s:%s", x->target.host, x->target.port, ADDRESS_OF_TARGET));
	}
	if (x->proxy.host && !strchr(x->proxy.host, ':'))
		lines_add(names, arena_printf(x->a, "%s:%s:%s", x->proxy.host, x->proxy.port, ADDRESS_OF_PROXY));
	curl_easy_setopt(c, CURLOPT_RESOLVE, names->list);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(c, CURLOPT_PROXY, x->proxy.url);
	curl_easy_setopt(c, CURLOPT_NOPROXY, x->proxy.except ? x->proxy.except : "");
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void method_set(CURL *c, struct exchange *x)
{
	const struct http_request *q = x->q;

	if (strcmp(q->method, "GET") == 0)
		return;
	if (strcmp(q->method, "HEAD") == 0) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
		return;
	}
	if (q->body.present && q->body.size > 0) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body.size);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(c, CURLOPT_READDATA, x);
		/* No CURLOPT_SEEKFUNCTION: when a kept connection dies, curl would send it all again, to an upload that has half of it already. */
		curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_PIECE);
	} else if (strcmp(q->method, "DELETE") != 0) {
		/* Says "Content-Length: 0", which servers want to hear. */
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, 0L);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

static void headers_set(struct lines *h, struct exchange *x)
{
	const struct http_request *q = x->q;

	for (size_t i = 0; q->headers && i < q->headers->n; i++)
		headers_add(h, x->a, q->headers->v[i].key, q->headers->v[i].value);
	headers_add(h, x->a, "Accept", q->accept);
	headers_add(h, x->a, "Authorization", q->authorization);
	headers_add(h, x->a, "Content-Range", q->content_range);
	if (q->body.present)
		/* No "Expect: 100-continue": registries that ignore it cost a second. */
		lines_add(h, "Expect:");
	/* An empty one takes out what curl says of POSTs. */
	lines_add(h, arena_printf(x->a, "Content-Type:%s%s", q->content_type ? " " : "", q->content_type ? q->content_type : ""));
}

/* What curl's codes mean here; those not listed are HTTP_FAILED. */
enum { FROM_HTTP = 1 << 0, FROM_HTTPS = 1 << 1 };
static const struct {
	CURLcode code;
	enum http_end end;
	int other_scheme; /* asked by which, it may be that the server speaks the other */
} ends[] = {
	{ CURLE_OK, HTTP_ANSWERED, 0 },
	{ CURLE_COULDNT_CONNECT, HTTP_PASSING, FROM_HTTP | FROM_HTTPS },
	{ CURLE_GOT_NOTHING, HTTP_PASSING, FROM_HTTP },
	{ CURLE_RECV_ERROR, HTTP_PASSING, FROM_HTTP },
	{ CURLE_UNSUPPORTED_PROTOCOL, HTTP_FAILED, FROM_HTTP },
	{ CURLE_WEIRD_SERVER_REPLY, HTTP_FAILED, FROM_HTTP },
	{ CURLE_SSL_CONNECT_ERROR, HTTP_FAILED, FROM_HTTPS },
	{ CURLE_OPERATION_TIMEDOUT, HTTP_PASSING, 0 },
	{ CURLE_PARTIAL_FILE, HTTP_PASSING, 0 },
	{ CURLE_SEND_ERROR, HTTP_PASSING, 0 },
	{ CURLE_SEND_FAIL_REWIND, HTTP_PASSING, 0 },
	{ CURLE_HTTP2, HTTP_PASSING, 0 },
	{ CURLE_HTTP2_STREAM, HTTP_PASSING, 0 },
	{ CURLE_PEER_FAILED_VERIFICATION, HTTP_UNTRUSTED, 0 },
};

static enum http_end end_of(const struct exchange *x, CURLcode code)
{
	int scheme = str_after(x->q->url, "https:") ? FROM_HTTPS : FROM_HTTP;

	if (x->failed)
		return HTTP_SINK_FAILED;
	if (x->cut)
		return HTTP_ANSWERED;
	if (code != CURLE_OK && atomic_load(x->h->peer->stop))
		return HTTP_STOPPED;
	if (code != CURLE_OK && x->dialed.kind == ERR_DENIED)
		return HTTP_FAILED;
	if (code != CURLE_OK && x->dialed.kind == ERR_NOT_FOUND)
		return HTTP_PASSING;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (ends[i].code != code)
			continue;
		x->answer->other_scheme = ends[i].other_scheme & scheme;
		return ends[i].end;
	}
	return HTTP_FAILED;
}

/* A certificate may be good but for the time: then it is the clock that may be wrong, here or there. Errors: -EINVAL if the time is not the reason. */
static int untimely_say(const struct exchange *x, struct err *e)
{
	/* X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED; OpenSSL's header cannot be had beside base/banned.h. */
	enum { NOT_YET_VALID = 9, HAS_EXPIRED = 10 };
	static const struct {
		long verdict;
		const char *text;
	} verdicts[] = { { NOT_YET_VALID, "is not valid yet" }, { HAS_EXPIRED, "has expired" } };
	struct timespec t;
	char now[TEXT_TIME_SIZE];
	long verdict = 0;

	curl_easy_getinfo(x->h->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		if (verdicts[i].verdict != verdict)
			continue;
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec = 0;
		text_time(t, now);
		err_set(e, ERR_DENIED, "the certificate %s; this machine's clock says %s", verdicts[i].text, now);
		return 0;
	}
	return -EINVAL;
}

static void failure_say(const struct exchange *x, CURLcode code, struct err *e)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(x->h->curl, CURLINFO_CONNECT_TIME_T, &connected);
	if (code == CURLE_OPERATION_TIMEDOUT && connected > 0)
		err_set(e, ERR_UNAVAILABLE, "the registry is silent: nothing for %ld second%s", x->h->peer->stall_s, x->h->peer->stall_s == 1 ? "" : "s");
	else
		err_set(e, ERR_UNAVAILABLE, "%s", curl_easy_strerror(code));
}

enum http_end http_send(struct http *h, const struct http_request *q, struct arena *a, struct http_answer *ret, struct err *e)
{
	SCOPED(lines_done) struct lines headers = { 0 }, names = { 0 };
	struct exchange x = { .h = h, .q = q, .a = a, .answer = ret, .text = BUF(LIMIT_ERROR_BODY) };
	curl_off_t wait = 0;
	CURL *c = h->curl;
	enum http_end end;
	CURLcode code;
	char range[32];

	*ret = (struct http_answer){ 0 };
	curl_prepare(c, h->peer);
	method_set(c, &x);
	headers_set(&headers, &x);
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	way_set(c, &x, &names);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.list);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &x);
	if (q->offset > 0) {
		snprintf(range, sizeof range, "%llu-", (unsigned long long)q->offset);
		curl_easy_setopt(c, CURLOPT_RANGE, range);
	}
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait);
	ret->retry_after = (long)wait;
	ret->text = (struct str){ arena_memdup(a, buf_text(&x.text), x.text.n + 1), x.text.n };
	buf_done(&x.text);
	end = end_of(&x, code);
	if (end == HTTP_UNTRUSTED && untimely_say(&x, e) == 0)
		return HTTP_FAILED;
	if (end == HTTP_SINK_FAILED)
		*e = x.error;
	else if (end == HTTP_STOPPED)
		err_set(e, ERR_CANCELED, "stopped");
	else if (end != HTTP_ANSWERED && x.dialed.kind != ERR_NONE)
		*e = x.dialed;
	else if (end != HTTP_ANSWERED)
		failure_say(&x, code, e);
	return end;
}

/* ---- URLs ---- */

const char *http_escape(struct http *h, const char *s, struct arena *a)
{
	char *text = curl_easy_escape(h->curl, s, 0);
	const char *copy = arena_strdup(a, text);

	curl_free(text);
	return copy;
}

const char *http_resolve(const char *base, const char *location, struct arena *a)
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
