/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "image/transfer/headers.h"
#include "image/transfer/registry.h"
#include "image/transfer/source.h"

static int open_(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	struct registry_target t = registry_target_of(m, n_fds > 0 ? fds[0] : -1, "pull");
	struct registry *g;
	int r;

	if (!m->host)
		return err_set(e, ERR_INVALID, "no registry named");
	r = registry_open(&t, &g, e);
	if (r == 0)
		*ret = g;
	return r;
}

static void close_(void *self)
{
	registry_close(self);
}

static void *line_open(void *self)
{
	return registry_line_open(self);
}

static void line_close(void *line)
{
	registry_line_close(line);
}

/* Of the URL only the path, for we stay with this registry. */
static void link_take(const char *link, struct arena *a, struct source_answer *ret)
{
	const char *url = link ? header_link_next(link, a) : NULL;

	url = url ? http_resolve("http://registry.invalid/", url, a) : NULL;
	url = url ? strstr(url, "/v2/") : NULL;
	if (url && strlen(url) < sizeof ret->link)
		snprintf(ret->link, sizeof ret->link, "%s", url);
}

static void answer_take(const struct http_answer *from, struct arena *a, struct source_answer *ret)
{
	*ret = (struct source_answer){ 0 };
	snprintf(ret->media_type, sizeof ret->media_type, "%s", from->content_type ? from->content_type : "");
	snprintf(ret->digest, sizeof ret->digest, "%s", from->digest ? from->digest : "");
	if (!from->content_length || parse_u64(from->content_length, &ret->size) < 0)
		ret->size = 0;
	link_take(from->link, a, ret);
}

/* What the caller's sink has of a blob that may come from several places. */
struct counting {
	const struct source_request *q;
	uint64_t delivered;
};

static int count_sink(void *arg, const void *p, size_t n, struct err *e)
{
	struct counting *c = arg;
	int r = c->q->sink(c->q->arg, p, n, e);

	c->delivered += n;
	return r;
}

/* First the registry, then the addresses the manifest gives. To those goes nothing but the request, not even to the registry itself: who made the image has
 * chosen them. The digest says whether they are right: what holds for a redirect holds for them. */
static int read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct counting counting = { .q = q };
	struct registry_call call = { .path = q->name, .accept = q->accept, .offset = q->offset, .max = q->max, .sink = count_sink, .arg = &counting };
	struct registry_reply reply;
	int r = registry_call(line, &call, &a, &reply, e);

	for (size_t i = 0; q->urls && i < q->urls->n && r < 0 && (i > 0 || e->kind == ERR_NOT_FOUND) && e->kind != ERR_CANCELED; i++) {
		call.url = q->urls->v[i];
		call.anonymous = true;
		call.offset = q->offset + counting.delivered;
		r = registry_call(line, &call, &a, &reply, e);
		if (r < 0)
			err_wrap(e, "'%.100s', where the manifest says it is", call.url);
	}
	if (r == 0)
		answer_take(&reply.answer, &a, ret);
	return r;
}

static int has(void *self, void *line, const char *name, const char *accept, struct source_answer *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct registry_call call = { .method = "HEAD", .path = name, .accept = accept };
	struct registry_reply reply;
	int r = registry_call(line, &call, &a, &reply, e);

	if (r == 0)
		answer_take(&reply.answer, &a, ret);
	return r;
}

static const char *notice(void *self)
{
	return registry_warning(self);
}

static void stop(void *self)
{
	registry_stop(self);
}

const struct source_driver source_registry = { open_, close_, line_open, line_close, read_, stop, has, notice };
