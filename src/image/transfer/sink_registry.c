/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "image/transfer/registry.h"
#include "image/transfer/sink.h"
#include "image/transfer/upload.h"

static int open_(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	struct registry_target t = registry_target_of(m, n_fds > 0 ? fds[0] : -1, "pull,push");
	struct registry *g;
	int r;

	if (!m->host || !m->repository)
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

static int manifest_put(struct registry_line *line, const struct sink_put *q, struct sink_answer *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct registry_call call = { .method = "PUT", .path = q->name, .content_type = q->media_type,
		.body = { .present = true, .fd = q->fd, .size = q->size } };
	struct registry_reply reply;
	int r;

	if (q->fd < 0)
		return err_set(e, ERR_INVALID, "a document without its bytes");
	r = registry_call(line, &call, &a, &reply, e);
	if (r < 0)
		return r;
	ret->outcome = SINK_STORED;
	snprintf(ret->digest, sizeof ret->digest, "%s", reply.answer.digest ? reply.answer.digest : "");
	snprintf(ret->subject, sizeof ret->subject, "%s", reply.answer.subject ? reply.answer.subject : "");
	return 0;
}

static int put(void *self, void *line, const struct sink_put *q, struct sink_answer *ret, struct err *e)
{
	struct upload_request upload = { .digest = q->digest, .from = q->from, .fd = q->fd, .size = q->size, .progress = q->progress, .arg = q->arg };

	*ret = (struct sink_answer){ 0 };
	if (!str_after(q->name, "/blobs/"))
		return manifest_put(line, q, ret, e);
	if (!q->digest)
		return err_set(e, ERR_INVALID, "a blob without a digest");
	if (q->from)
		registry_also_read(self, q->from);
	return upload_blob(line, &upload, &ret->outcome, e);
}

static int has(void *self, void *line, const char *name, const char *accept, struct source_answer *ret, struct err *e)
{
	return source_registry.has(self, line, name, accept, ret, e);
}

static int read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	return source_registry.read(self, line, q, ret, e);
}

static int drop(void *self, void *line, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct registry_call call = { .method = "DELETE", .path = name };
	struct registry_reply reply;

	return registry_call(line, &call, &a, &reply, e);
}

static const char *notice(void *self)
{
	return registry_warning(self);
}

static void stop(void *self)
{
	registry_stop(self);
}

const struct sink_driver sink_registry = { open_, close_, line_open, line_close, put, has, read_, drop, NULL, stop, notice };
