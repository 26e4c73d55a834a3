/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "image/trust/attachment.h"
#include "image/trust/gpg.h"
#include "image/trust/payload.h"
#include "os/file.h"

int sign_passphrase(const struct sign_options *o, struct arena *a, const char **ret, struct err *e)
{
	char *text;
	int r;

	*ret = NULL;
	if (!o->passphrase_file)
		return 0;
	r = file_read(AT_FDCWD, o->passphrase_file, LIMIT_PROC_FILE, a, &text, NULL);
	if (r < 0)
		return err_sys(e, r, "read passphrase '%s'", o->passphrase_file);
	text[strcspn(text, "\r\n")] = 0;
	*ret = text;
	return 0;
}

static int payload_make(enum payload_type type, const struct reference *ref, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_SIGNATURE);
	const struct payload p = { .digest = digest, .reference = reference_print(ref, a) };

	if (payload_write(type, &p, (int64_t)time(NULL), &out) < 0)
		return err_set(e, ERR_EXHAUSTED, "payload is too long");
	*ret = (struct str){ arena_strndup(a, buf_text(&out), out.n), out.n };
	return 0;
}

/* ---- simple signatures ---- */

/* The next free number in the directory of one digest. */
static int signature_store(const char *base, const struct reference *ref, const char *digest, struct str signature, struct arena *a, struct err *e)
{
	char *directory = arena_printf(a, "%s/%s", base, lookaside_path(ref, digest, 1, a)), *slash = strrchr(directory, '/');
	scoped_fd int dir = -EBADF;
	int r;

	*slash = 0;
	r = dir_ensure_all(AT_FDCWD, directory, 0755);
	dir = r < 0 ? r : dir_open(AT_FDCWD, directory);
	if (dir < 0)
		return err_sys(e, dir, "make '%s'", directory);
	for (unsigned n = 1; n <= LIMIT_SIGNATURES; n++) {
		r = file_replace(dir, arena_printf(a, "signature-%u", n), signature.p, signature.n, 0644, FILE_SYNC | FILE_NOREPLACE);
		if (r != -EEXIST)
			return r < 0 ? err_sys(e, r, "write '%s/signature-%u'", directory, n) : 0;
	}
	return err_set(e, ERR_EXHAUSTED, "'%s' has %d signatures already", directory, LIMIT_SIGNATURES);
}

int sign_simple(const struct lookaside *l, const struct reference *ref, const char *digest, const char *gpg_key, const char *passphrase, struct arena *a, struct err *e)
{
	const char *url = lookaside_find(l, ref, true, a).url, *base = str_after(url, "file://");
	struct str payload, signature;
	int r;

	if (!base)
		return err_set(e, ERR_INVALID, "signatures cannot be written to '%.200s'; name a directory as lookaside-staging in registries.d", url);
	r = payload_make(PAYLOAD_ATOMIC, ref, digest, a, &payload, e);
	if (r == 0)
		r = gpg_sign(payload, gpg_key, passphrase, a, &signature, e);
	return r < 0 ? r : signature_store(base, ref, digest, signature, a, e);
}

/* ---- sigstore's ---- */

static int key_read(const char *path, struct arena *a, struct str *ret, struct err *e)
{
	char *text;
	int r = file_read(AT_FDCWD, path, LIMIT_CERTS, a, &text, &ret->n);

	if (r < 0)
		return err_sys(e, r, "read key '%s'", path);
	if (strstr(text, "BEGIN ENCRYPTED COSIGN PRIVATE KEY") || strstr(text, "BEGIN ENCRYPTED SIGSTORE PRIVATE KEY"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: '%s' is in cosign's own encrypted format; use a key in PKCS #8", path);
	ret->p = text;
	return 0;
}

static int signature_ask(const struct sign_registry *g, struct str payload, struct str key, const char *passphrase, struct arena *a, const char **ret, struct err *e)
{
	scoped_courier struct courier desk = COURIER_NONE;
	struct transfer_message task = { .source = SOURCE_NONE };
	int r = courier_open(&desk, g->store, &task, NULL, 0, g->cancel_fd, e);

	return r < 0 ? r : courier_sign(&desk, payload, key, passphrase, a, ret, e);
}

/* What is under the tag already: others have signed it, too. */
static int attachment_read(const struct sign_registry *g, const char *tag, struct arena *a, struct attachment *ret, struct err *e)
{
	scoped_courier struct courier source = COURIER_NONE;
	struct transfer_message task = g->source;
	struct document d;
	int r = courier_open(&source, g->store, &task, NULL, 0, g->cancel_fd, e);

	if (r == 0)
		r = courier_get(&source, arena_printf(a, "/manifests/%s", tag), ATTACHMENT_ACCEPT, LIMIT_MANIFEST, a, &d, e);
	if (r < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : r;
	return attachment_decode(d.text, a, ret, e);
}

static int blob_put(const struct sign_registry *g, struct str text, struct arena *a, char digest[DIGEST_TEXT_SIZE], struct err *e)
{
	struct stored ignored;
	struct digest d;

	digest_of(DIGEST_SHA256, text.p, text.n, &d);
	digest_print(&d, digest);
	return courier_put(g->sink, arena_printf(a, "/blobs/%s", digest), digest, NULL, text, a, &ignored, e);
}

int sign_sigstore(const struct sign_registry *g, const struct reference *ref, const char *digest, const char *key_file, const char *passphrase, struct arena *a,
	struct err *e)
{
	const char *tag = attachment_tag(digest, a), *signature = NULL;
	char payload_digest[DIGEST_TEXT_SIZE], config_digest[DIGEST_TEXT_SIZE], manifest_digest[DIGEST_TEXT_SIZE];
	struct attachment at = { 0 };
	struct str key, payload, config = { 0 }, manifest = { 0 };
	struct stored ignored;
	struct digest d;
	int r = key_read(key_file, a, &key, e);

	if (r == 0)
		r = payload_make(PAYLOAD_COSIGN, ref, digest, a, &payload, e);
	if (r == 0)
		r = signature_ask(g, payload, key, passphrase, a, &signature, e);
	if (r == 0)
		r = attachment_read(g, tag, a, &at, e);
	if (r == 0)
		r = blob_put(g, payload, a, payload_digest, e);
	if (r == 0)
		r = attachment_add(&at, payload_digest, payload.n, signature, a, &config, e);
	if (r == 0)
		r = blob_put(g, config, a, config_digest, e);
	if (r == 0)
		r = attachment_encode(&at, config_digest, config.n, a, &manifest, e);
	if (r < 0)
		return err_wrap(e, "sign '%s'", reference_familiar(ref, a));
	digest_of(DIGEST_SHA256, manifest.p, manifest.n, &d);
	digest_print(&d, manifest_digest);
	return courier_put(g->sink, arena_printf(a, "/manifests/%s", tag), manifest_digest, ATTACHMENT_TYPE, manifest, a, &ignored, e);
}
