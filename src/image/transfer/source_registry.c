/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/transfer/registry.h"
#include "image/transfer/source.h"

static int open_(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	struct registry_target t = { m->host, m->repository, m->user, m->password, m->identity_token, m->no_tls_verify };
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

static int read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	struct registry_request fetch = { .path = q->name, .accept = q->accept, .offset = q->offset, .max = q->max, .sink = q->sink, .arg = q->arg };
	struct registry_answer answer;
	int r = registry_fetch(line, &fetch, &answer, e);

	if (r < 0)
		return r;
	*ret = (struct source_answer){ 0 };
	memcpy(ret->media_type, answer.content_type, sizeof ret->media_type);
	memcpy(ret->digest, answer.digest, sizeof ret->digest);
	return 0;
}

static void stop(void *self)
{
	registry_stop(self);
}

const struct source_driver source_registry = { open_, close_, line_open, line_close, read_, stop };
