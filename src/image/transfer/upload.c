/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/upload.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "image/transfer/headers.h"

/* The smallest limit found in the wild is what nginx lets through unless told otherwise. */
enum { PIECE_SMALL = 1024 * 1024 };

struct upload {
	struct registry_line *line;
	const struct upload_request *q;
	struct arena *a;
	const char *location;        /* where the session goes on; NULL: there is none */
	uint64_t at;                 /* bytes the registry has */
	uint64_t piece;              /* sent at once; 0: all that is left */
	struct registry_reply reply; /* to the last call */
	bool again;                  /* the failure may pass, or there is another way */
	bool at_once;                /* … and waiting does not make it better */
	bool resumed;                /* this session was gone on with; if it ends badly, the fault may be there */
	enum sink_outcome outcome;
};

/* What registries said has no bound, and there are as many answers as the registry likes: nothing is kept but where the session is. */
static void answers_forget(struct upload *u)
{
	struct arena kept = { 0 };

	u->location = arena_strdup(&kept, u->location);
	arena_done(u->a);
	*u->a = kept;
	u->reply = (struct registry_reply){ 0 };
}

static int call(struct upload *u, const struct registry_call *q, struct err *e)
{
	int r = registry_call(u->line, q, u->a, &u->reply, e);

	u->again = r < 0 && u->reply.again;
	return r;
}

/* 1: it is there. */
static int blob_is_there(struct upload *u, struct err *e)
{
	struct registry_call head = { .method = "HEAD", .path = arena_printf(u->a, "/blobs/%s", u->q->digest), .once = true };
	int r = call(u, &head, e);

	/* Who may write but not read is told no. */
	if (r < 0 && !u->again && (e->kind == ERR_NOT_FOUND || e->kind == ERR_DENIED || e->kind == ERR_UNSUPPORTED))
		return 0;
	return r < 0 ? r : 1;
}

/* ---- the session ---- */

static void session_take(struct upload *u)
{
	const char *min = u->reply.answer.chunk_min;
	uint64_t n;

	u->location = u->reply.location;
	if (u->piece && min && parse_u64(min, &n) == 0 && n > u->piece)
		u->piece = n;
}

static int session_begin(struct upload *u, const char *query, struct err *e)
{
	struct registry_call post = { .method = "POST", .path = arena_printf(u->a, "/blobs/uploads/%s", query), .once = true };
	int r = call(u, &post, e);

	if (r < 0)
		return r;
	u->at = 0;
	u->resumed = false;
	if (u->reply.answer.status == 201)
		return 1;
	session_take(u);
	return u->location ? 0 : err_set(e, ERR_UNAVAILABLE, "the registry begins an upload but does not say where (HTTP %ld)", u->reply.answer.status);
}

/* What the registry has may be half of something else now. */
static void session_cancel(struct upload *u)
{
	struct registry_call cancel = { .method = "DELETE", .url = u->location, .once = true };
	struct registry_reply reply;
	struct err ignored; /* registries forget sessions by themselves */

	if (u->location)
		registry_call(u->line, &cancel, u->a, &reply, &ignored);
	u->location = NULL;
	u->at = 0;
	u->resumed = false;
}

/* How far it got. A registry that does not know any more, or cannot tell, begins again. */
static int session_ask(struct upload *u, struct err *e)
{
	struct registry_call get = { .url = u->location, .once = true };
	uint64_t at;
	int r = call(u, &get, e);

	if (r < 0 && u->again)
		return r;
	if (r == 0 && header_range(u->reply.answer.range, &at) && at <= u->q->size) {
		u->at = at;
		u->resumed = true;
		if (u->reply.location)
			session_take(u);
		return 0;
	}
	session_cancel(u);
	return 0;
}

/* ---- the bytes ---- */

static void on_sent(void *arg, uint64_t sent)
{
	struct upload *u = arg;

	if (u->q->progress)
		u->q->progress(u->q->arg, u->at + sent);
}

static struct http_body body_of(struct upload *u, uint64_t n)
{
	return (struct http_body){ .present = true, .fd = u->q->fd, .offset = u->at, .size = n, .progress = on_sent, .arg = u };
}

static const char *url_with_digest(struct upload *u)
{
	return arena_printf(u->a, "%s%cdigest=%s", u->location, strchr(u->location, '?') ? '&' : '?', u->q->digest);
}

/* A session that is not known, or at another place than we think, is asked or begun again; one that takes only less at a time, in pieces. */
static int send_failed(struct upload *u, int r)
{
	long status = u->reply.answer.status;

	if (status == 404) {
		u->location = NULL;
		u->again = true;
	} else if (status == 416) {
		u->again = true;
	} else if (status == 400 && u->resumed) {
		session_cancel(u);
		u->again = u->at_once = true;
	} else if (status == 413 && !u->piece && u->q->size - u->at > PIECE_SMALL) {
		session_cancel(u);
		u->piece = PIECE_SMALL;
		u->again = u->at_once = true;
	}
	return r;
}

static int piece_send(struct upload *u, struct err *e)
{
	uint64_t left = u->q->size - u->at, n = u->piece && u->piece < left ? u->piece : left;
	struct registry_call patch = { .method = "PATCH", .url = u->location, .once = true, .content_type = "application/octet-stream",
		.content_range = arena_printf(u->a, "%llu-%llu", (unsigned long long)u->at, (unsigned long long)(u->at + n - 1)), .body = body_of(u, n) };
	int r = call(u, &patch, e);

	if (r < 0)
		return send_failed(u, r);
	u->at += n;
	if (u->reply.location) /* else it goes on where it was */
		session_take(u);
	answers_forget(u);
	return 0;
}

static int blob_send(struct upload *u, struct err *e)
{
	/* Whole, unless there is a beginning already or it must be pieces. */
	bool whole = u->at == 0 && !u->piece;
	struct registry_call put = { .method = "PUT", .once = true, .content_type = "application/octet-stream" };
	int r;

	while (!whole && u->at < u->q->size) {
		r = piece_send(u, e);
		if (r < 0)
			return r;
	}
	put.url = url_with_digest(u);
	put.body = body_of(u, u->q->size - u->at);
	r = call(u, &put, e);
	return r < 0 ? send_failed(u, r) : 0;
}

/* ---- all of it ---- */

static int blob_mount(struct upload *u, struct err *e)
{
	int r;

	if (!u->q->from)
		return 0;
	r = session_begin(u, arena_printf(u->a, "?mount=%s&from=%s", u->q->digest, u->q->from), e);
	/* Not allowed to read there, or never heard of it: then the bytes go. */
	return r < 0 && !u->again && e->kind != ERR_CANCELED ? 0 : r;
}

static int upload_try(struct upload *u, struct err *e)
{
	int r = blob_is_there(u, e);

	if (r < 0)
		return r;
	if (r > 0) {
		u->outcome = u->at ? SINK_STORED : SINK_EXISTED; /* the answer to our last request got lost */
		return 0;
	}
	if (u->location) {
		r = session_ask(u, e);
	} else {
		r = blob_mount(u, e);
		if (r > 0)
			u->outcome = SINK_MOUNTED;
	}
	if (r != 0)
		return r < 0 ? r : 0;
	if (u->q->fd < 0)
		return err_set(e, ERR_NOT_FOUND, "blob %.19s is neither here nor there", u->q->digest);
	if (!u->location)
		r = session_begin(u, "", e);
	if (r > 0)
		return err_set(e, ERR_UNAVAILABLE, "the registry says it has a blob that nobody sent");
	u->outcome = SINK_STORED;
	return r < 0 ? r : blob_send(u, e);
}

int upload_blob(struct registry_line *line, const struct upload_request *q, enum sink_outcome *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct upload u = { .line = line, .q = q, .a = &a };
	uint64_t best = 0;
	int r;

	for (int tries = 0;; tries++) {
		u.at_once = false;
		r = upload_try(&u, e);
		if (r == 0 || !u.again)
			break;
		if (u.at > best)
			tries = 0; /* it moves: be patient */
		best = u.at > best ? u.at : best;
		r = u.at_once ? 0 : registry_pause(line, &u.reply, tries, e);
		if (r < 0)
			break;
		answers_forget(&u);
	}
	if (r < 0)
		session_cancel(&u);
	else
		*ret = u.outcome;
	return r;
}
