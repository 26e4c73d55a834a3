/* SPDX-License-Identifier: Apache-2.0 */
#include "image/protocol.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/sock.h"

static const char *const type_words[] = {
	[TRANSFER_OPEN] = "open",         [TRANSFER_OPENED] = "opened",     [TRANSFER_GET] = "get",
	[TRANSFER_GOT] = "got",           [TRANSFER_LAYER] = "layer",       [TRANSFER_PROGRESS] = "progress",
	[TRANSFER_OPAQUE] = "opaque",     [TRANSFER_UNPACKED] = "unpacked", [TRANSFER_FETCH] = "fetch",
	[TRANSFER_FETCHED] = "fetched",   [TRANSFER_HAS] = "has",           [TRANSFER_PUT] = "put",
	[TRANSFER_STORED] = "stored",     [TRANSFER_DROP] = "drop",         [TRANSFER_DROPPED] = "dropped",
	[TRANSFER_CLOSE] = "close",       [TRANSFER_CLOSED] = "closed",     [TRANSFER_NOTICE] = "notice",
	[TRANSFER_COMPRESS] = "compress", [TRANSFER_COMPRESSED] = "compressed",
	[TRANSFER_PACK] = "pack",         [TRANSFER_PACKED] = "packed",
	[TRANSFER_PLACE] = "place",       [TRANSFER_PLACED] = "placed",
	[TRANSFER_VERIFY] = "verify",     [TRANSFER_VERIFIED] = "verified", [TRANSFER_SIGN] = "sign",
	[TRANSFER_SIGNED] = "signed",     [TRANSFER_FAILED] = "failed",
};
const struct enumtab transfer_types = ENUMTAB("transfer message", type_words, TRANSFER_TYPE_COUNT);

static const char *const source_words[] = {
	[SOURCE_REGISTRY] = "registry", [SOURCE_ARCHIVE] = "archive", [SOURCE_LAYOUT] = "layout",
	[SOURCE_TAR] = "tar",           [SOURCE_TREE] = "tree",       [SOURCE_NONE] = "none",
	[SOURCE_PLACE] = "place",
};
const struct enumtab source_kinds = ENUMTAB("image source", source_words, SOURCE_KIND_COUNT);

static const char *const sink_words[] = {
	[SINK_NONE] = "none", [SINK_REGISTRY] = "registry", [SINK_ARCHIVE] = "archive", [SINK_DIRECTORY] = "directory",
};
const struct enumtab sink_kinds = ENUMTAB("image sink", sink_words, SINK_KIND_COUNT);

static const char *const outcome_words[] = { [SINK_STORED] = "stored", [SINK_EXISTED] = "existed", [SINK_MOUNTED] = "mounted" };
const struct enumtab sink_outcomes = ENUMTAB("outcome", outcome_words, SINK_OUTCOME_COUNT);

static const char *const pack_words[] = { [PACK_PLAIN] = "none", [PACK_GZIP] = "gzip", [PACK_ZSTD] = "zstd" };
const struct enumtab pack_kinds = ENUMTAB("compression", pack_words, PACK_KIND_COUNT);

static const char *const form_words[] = { [LAYER_TREE] = "tree", [LAYER_EROFS] = "erofs" };
const struct enumtab layer_forms = ENUMTAB("layer form", form_words, LAYER_FORM_COUNT);

#define M struct transfer_message
#define O FIELD_OMIT_EMPTY
/* clang-format off */
static const struct field fields[] = {
	FIELD_ENUM(M, type, "type", &transfer_types, FIELD_REQUIRED),
	FIELD_ENUM(M, source, "source", &source_kinds, 0),
	FIELD_ENUM(M, sink, "sink", &sink_kinds, 0),
	FIELD(M, host,           "host",          STR,  O),
	FIELD(M, repository,     "repository",    STR,  O),
	FIELD(M, user,           "user",          STR,  O),
	FIELD(M, password,       "password",      STR,  O),
	FIELD(M, identity_token, "identityToken", STR,  O),
	FIELD(M, base,           "base",          STR,  O),
	FIELD(M, mirror_of,      "mirrorOf",      STR,  O),
	FIELD(M, no_tls_verify,  "noTlsVerify",   BOOL, O),
	FIELD(M, ca,             "ca",            STRS, O),
	FIELD(M, client_cert,    "clientCert",    STR,  O),
	FIELD(M, client_key,     "clientKey",     STR,  O),
	FIELD(M, headers,        "headers",       PAIRS, O),
	FIELD(M, parallel,       "parallel",      U32,  O),
	FIELD(M, name,           "name",          STR,  O),
	FIELD(M, accept,         "accept",        STR,  O),
	FIELD(M, max,            "max",           U64,  O),
	FIELD(M, link,           "link",          STR,  O),
	FIELD(M, index,          "index",         I64,  O),
	FIELD(M, digest,         "digest",        STR,  O),
	FIELD(M, diff_id,        "diffId",        STR,  O),
	FIELD(M, size,           "size",          I64,  O),
	FIELD(M, have,           "have",          U64,  O),
	FIELD(M, keep,           "keep",          BOOL, O),
	FIELD_ENUM(M, form, "form", &layer_forms, 0),
	FIELD(M, media_type,     "mediaType",     STR,  O),
	FIELD(M, urls,           "urls",          STRS, O),
	FIELD(M, from,           "from",          STR,  O),
	FIELD_ENUM(M, outcome, "outcome", &sink_outcomes, 0),
	FIELD(M, subject,        "subject",       STR,  O),
	FIELD_ENUM(M, compression, "compression", &pack_kinds, 0),
	FIELD(M, level,          "level",         U32,  O),
	FIELD(M, overlay,        "overlay",       BOOL, O),
	FIELD(M, root,           "root",          BOOL, O),
	FIELD(M, item,           "item",          STR,  O),
	FIELD(M, give,           "give",          BOOL, O),
	FIELD(M, uid,            "uid",           U32,  O),
	FIELD(M, gid,            "gid",           U32,  O),
	FIELD(M, overwrite,      "overwrite",     BOOL, O),
	FIELD(M, changed,        "changed",       BOOL, O),
	FIELD(M, signature,      "signature",     STR,  O),
	FIELD(M, current,        "current",       U64,  O),
	FIELD(M, total,          "total",         U64,  O),
	FIELD(M, entries,        "entries",       U64,  O),
	FIELD(M, bytes,          "bytes",         U64,  O),
	FIELD(M, sum,            "sum",           STR,  O),
	FIELD(M, tar,            "tar",           U64,  O),
	FIELD(M, error_kind,     "errorKind",     U32,  O),
	FIELD(M, error_sys,      "errorSys",      U32,  O),
	FIELD(M, error,          "error",         STR,  O),
};
static const struct schema schema = SCHEMA("transfer message", M, fields);
/* clang-format on */

void transfer_urls(struct transfer_message *m, const struct strs *urls, struct arena *a)
{
	for (size_t i = 0; i < urls->n && m->urls.n < LIMIT_FOREIGN_URLS; i++)
		if ((str_after(urls->v[i], "https://") || str_after(urls->v[i], "http://")) && strlen(urls->v[i]) <= LIMIT_FOREIGN_URL)
			strs_push(a, &m->urls, urls->v[i]);
}

int transfer_send(int sock, const struct transfer_message *m, const int *fds, size_t n_fds, struct err *e)
{
	scoped_buf struct buf b = BUF(TRANSFER_PACKET);
	ssize_t r;

	if (json_encode(&schema, m, JSON_INDENT_NONE, &b) < 0)
		return err_set(e, ERR_EXHAUSTED, "message '%s' is too long", enumtab_name(&transfer_types, (int)m->type));
	r = sock_send(sock, b.p, b.n, fds, n_fds);
	if (r < 0)
		return err_sys(e, (int)r, "send message '%s'", enumtab_name(&transfer_types, (int)m->type));
	return 0;
}

static void fds_close(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fds[i] = fd_close(fds[i]);
}

int transfer_receive(int sock, struct arena *a, struct transfer_message *ret, int fds[TRANSFER_FDS], size_t *ret_n_fds, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	char *packet = arena_alloc(a, TRANSFER_PACKET);
	ssize_t n;
	int r;

	*ret_n_fds = 0;
	n = sock_recv(sock, packet, TRANSFER_PACKET, fds, TRANSFER_FDS, ret_n_fds);
	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return err_sys(e, (int)n, "receive message");
	r = json_decode((struct str){ packet, (size_t)n }, &schema, 0, a, ret, e);
	if (r < 0) {
		fds_close(fds, *ret_n_fds);
		*ret_n_fds = 0;
		arena_reset(a, mark);
		return err_wrap(e, "message");
	}
	return 1;
}

int transfer_send_error(int sock, int64_t index, const struct err *why)
{
	struct transfer_message m = { .type = TRANSFER_FAILED, .index = index, .error_kind = (uint32_t)why->kind, .error_sys = (uint32_t)why->sys,
		.error = why->msg };
	struct err ignored; /* whom should we tell? the store is gone */

	return transfer_send(sock, &m, NULL, 0, &ignored);
}

int transfer_error(const struct transfer_message *m, struct err *e)
{
	e->kind = m->error_kind > ERR_NONE && m->error_kind < ERR_KIND_COUNT ? (enum err_kind)m->error_kind : ERR_INTERNAL;
	e->sys = m->error_sys > 0 && m->error_sys < 4096 ? (int)m->error_sys : EIO;
	snprintf(e->msg, sizeof e->msg, "%s", m->error ? m->error : "failed without a reason");
	return -e->sys;
}
