/* SPDX-License-Identifier: Apache-2.0 */
/* `tare copy` copies an image between registries, archives, layouts and the store, without unpacking it. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/cancel.h"
#include "cli/compress_opts.h"
#include "cli/progress.h"
#include "cli/retry.h"
#include "image/moving/copy.h"
#include "os/file.h"

struct copy_command_options {
	bool quiet, all, preserve_digests, remove_signatures, src_tls_verify, dest_tls_verify, accept_uncompressed;
	const char *authfile, *src_authfile, *dest_authfile, *src_creds, *dest_creds, *src_cert_dir, *dest_cert_dir;
	const char *src_username, *src_password, *dest_username, *dest_password;
	struct sign_options sign;
	bool src_no_creds, dest_no_creds, precompute;
	const char *format, *multi_arch, *platform, *digestfile, *signature_policy;
	int64_t retry_times;
	struct strs additional_tags;
	struct compress_options compress;
};

static const struct copy_command_options copy_defaults = { .src_tls_verify = true, .dest_tls_verify = true };

#define O struct copy_command_options

static const struct opt copy_opts[] = {
	OPT(O, all, "all", 'a', FLAG, NULL, "All images of an index, and the index"),
	OPT(O, multi_arch, "multi-arch", 0, STR, "WHICH", "Of an index: system (one image, default), all, index-only"),
	OPT(O, platform, "platform", 0, STR, "OS/ARCH", "Which image of an index (default: this machine's)"),
	OPT(O, format, "format", 'f', STR, "FORMAT", "Convert the manifest: oci, v2s2 (default: as it is)"),
	OPT(O, compress.compress, "dest-compress", 0, FLAG, NULL, "Compress layers that are plain"),
	OPT(O, compress.format, "dest-compress-format", 0, STR, "FORMAT", "Compress layers by gzip or zstd that are not (default: as they are)"),
	OPT(O, compress.level, "dest-compress-level", 0, OPT_I64, "LEVEL", "How hard: gzip 1 to 9, zstd 1 to 20"),
	OPT(O, compress.force, "dest-force-compress-format", 0, OPT_FLAG, NULL, "Also layers the destination has in another format (default true with a format)"),
	OPT(O, compress.decompress, "dest-decompress", 0, FLAG, NULL, "Make all layers plain"),
	OPT(O, accept_uncompressed, "dest-oci-accept-uncompressed-layers", 0, FLAG, NULL, "Leave plain layers plain (so it is, also without saying)"),
	OPT(O, preserve_digests, "preserve-digests", 0, FLAG, NULL, "Fail rather than change a digest"),
	OPT(O, precompute, "dest-precompute-digests", 0, FLAG, NULL, "Ask for a layer before it is sent (so it is, also without saying)"),
	OPT(O, sign.gpg_key, "sign-by", 0, STR, "FINGERPRINT", "Sign with that GPG key, into the lookaside of registries.d"),
	OPT(O, sign.sigstore_key, "sign-by-sigstore-private-key", 0, STR, "FILE", "Sign with that key, beside the image"),
	OPT(O, sign.passphrase_file, "sign-passphrase-file", 0, STR, "FILE", "Passphrase of the key"),
	OPT(O, remove_signatures, "remove-signatures", 0, FLAG, NULL, "Leave signatures behind"),
	OPT(O, additional_tags, "additional-tag", 0, STRS, "NAME", "One more name in a docker-archive"),
	OPT(O, digestfile, "digestfile", 0, STR, "FILE", "Write the digest of the copy to a file"),
	OPT(O, signature_policy, "signature-policy", 0, STR, "FILE", "Policy that says what may come in (default: the usual files)"),
	OPT(O, quiet, "quiet", 'q', FLAG, NULL, "Show nothing"),
	OPT(O, retry_times, "retry-times", 0, I64, "N", "Try again N times when a registry does not answer"),
	OPT(O, authfile, "authfile", 0, STR, "FILE", "Credentials file for both sides"),
	OPT(O, src_authfile, "src-authfile", 0, STR, "FILE", "Credentials file for the source"),
	OPT(O, dest_authfile, "dest-authfile", 0, STR, "FILE", "Credentials file for the destination"),
	OPT(O, src_creds, "src-creds", 0, STR, "USER:PASSWORD", "Credentials for the source"),
	OPT(O, dest_creds, "dest-creds", 0, STR, "USER:PASSWORD", "Credentials for the destination"),
	OPT(O, src_no_creds, "src-no-creds", 0, FLAG, NULL, "No credentials for the source"),
	OPT(O, dest_no_creds, "dest-no-creds", 0, FLAG, NULL, "No credentials for the destination"),
	OPT(O, src_username, "src-username", 0, STR, "USER", "User at the source"),
	OPT(O, src_password, "src-password", 0, STR, "PASSWORD", "Password at the source"),
	OPT(O, dest_username, "dest-username", 0, STR, "USER", "User at the destination"),
	OPT(O, dest_password, "dest-password", 0, STR, "PASSWORD", "Password at the destination"),
	OPT(O, src_cert_dir, "src-cert-dir", 0, STR, "DIR", "Certificates for the source"),
	OPT(O, dest_cert_dir, "dest-cert-dir", 0, STR, "DIR", "Certificates for the destination"),
	OPT(O, src_tls_verify, "src-tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate of the source (default true)"),
	OPT(O, dest_tls_verify, "dest-tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate of the destination (default true)"),
	OPT_REFUSED("encryption-key", 0, "KEY", "encrypted layers are not built"),
	OPT_REFUSED("encrypt-layer", 0, "NUMBERS", "encrypted layers are not built"),
	OPT_REFUSED("decryption-key", 0, "KEY", "encrypted layers are not built"),
	OPT_REFUSED("src-daemon-host", 0, "HOST", "docker-daemon: is not built; use docker save and docker-archive:"),
	OPT_REFUSED("dest-daemon-host", 0, "HOST", "docker-daemon: is not built; use docker-archive: and docker load"),
	OPT_UNSUPPORTED("sign-identity", 0, "REFERENCE"),
	OPT_UNSUPPORTED("src-registry-token", 0, "TOKEN"),
	OPT_UNSUPPORTED("dest-registry-token", 0, "TOKEN"),
	OPT_UNSUPPORTED("src-shared-blob-dir", 0, "DIR"),
	OPT_UNSUPPORTED("dest-shared-blob-dir", 0, "DIR"),
	OPT_END,
};

/* A word of an option, or NULL for its first. Returns its number. */
static int word_find(const char *option, const char *word, const char *const *words, struct err *e)
{
	for (int i = 0; words[i]; i++)
		if (!word || strcmp(word, words[i]) == 0)
			return i;
	return err_set(e, ERR_INVALID, "--%s: unknown word '%.60s'", option, word);
}

/* One side's credentials, of the four ways to give them. */
static int credentials_take(struct cli *c, const char *side, const char *creds, bool none, const char *user, const char *password, const char **ret, struct err *e)
{
	if ((creds != NULL) + none + (user || password) > 1)
		return err_set(e, ERR_INVALID, "--%s-creds, --%s-no-creds and --%s-username exclude each other", side, side, side);
	if ((user && !password) || (!user && password))
		return err_set(e, ERR_INVALID, "--%s-username and --%s-password go together", side, side);
	if (creds && !*creds)
		return err_set(e, ERR_INVALID, "--%s-creds is empty; for no credentials there is --%s-no-creds", side, side);
	*ret = none ? "" : user ? arena_printf(c->a, "%s:%s", user, password) : creds;
	return 0;
}

static int options_take(struct cli *c, const O *o, struct copy_options *ret, struct err *e)
{
	/* In the order of enum copy_images. */
	static const char *const images[] = { "system", "all", "index-only", NULL };
	int r = 0, which = word_find("multi-arch", o->multi_arch, images, e);
	enum oci_format format = OCI_FORMAT_COUNT;
	const char *src_creds, *dest_creds;
	const struct squeeze_how *how;

	if (which < 0)
		return which;
	if (o->format)
		r = image_format_parse(o->format, &format, e);
	if (r == 0)
		r = compress_options_take(&o->compress, c->a, &how, e);
	if (r == 0)
		r = credentials_take(c, "src", o->src_creds, o->src_no_creds, o->src_username, o->src_password, &src_creds, e);
	if (r == 0)
		r = credentials_take(c, "dest", o->dest_creds, o->dest_no_creds, o->dest_username, o->dest_password, &dest_creds, e);
	if (r < 0)
		return r;
	if (o->all && o->multi_arch)
		return err_set(e, ERR_INVALID, "--all and --multi-arch say the same in two ways");
	*ret = (struct copy_options){
		.from = { .platform = o->platform, .no_tls_verify = !o->src_tls_verify, .authfile = o->src_authfile ? o->src_authfile : o->authfile,
			.credentials = src_creds, .cert_dir = o->src_cert_dir, .signature_policy = o->signature_policy },
		.to = { .no_tls_verify = !o->dest_tls_verify, .authfile = o->dest_authfile ? o->dest_authfile : o->authfile, .credentials = dest_creds,
			.cert_dir = o->dest_cert_dir },
		.images = o->all ? COPY_ALL : (enum copy_images)which,
		.format = format,
		.squeeze = how,
		.sign = o->sign,
		.preserve_digests = o->preserve_digests,
		.remove_signatures = o->remove_signatures,
	};
	for (size_t i = 0; i < o->additional_tags.n; i++) {
		struct reference ref;

		r = reference_parse(o->additional_tags.v[i], c->a, &ref, e);
		if (r < 0)
			return r;
		strs_push(c->a, &ret->additional_tags, reference_print(&ref, c->a));
	}
	return 0;
}

/* Once more after 1, 2, 4… seconds, when the other side is the reason. */
static int copy_try(struct cli *c, struct image_store *images, const O *o, const struct copy_options *options, struct copy_result *ret, struct err *e)
{
	const struct retry_options retry = { .times = o->retry_times };

	for (int64_t turn = 0;; turn++) {
		int r = image_copy(images, c->args.v[0], c->args.v[1], options, c->a, ret, e);

		if (r == 0 || !retry_wait(&retry, turn, e))
			return r;
	}
}

static int copy_run(struct cli *c, const void *options, struct err *e)
{
	const O *o = options;
	struct copy_options copy;
	struct copy_result result;
	struct image_store *images;
	int r = options_take(c, o, &copy, e);

	if (r == 0)
		r = cli_images(c, &images, e);
	if (r < 0)
		return r;
	copy.from.cancel_fd = copy.to.cancel_fd = cancel_open();
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &copy.from);
	r = copy_try(c, images, o, &copy, &result, e);
	if (r == 0 && o->digestfile) {
		r = file_create(AT_FDCWD, o->digestfile, result.digest, strlen(result.digest), 0644);
		if (r < 0)
			return err_sys(e, r, "write '%.200s'", o->digestfile);
	}
	if (r == 0 && !o->quiet)
		printf("Digest: %s\n", result.digest);
	return r;
}

const struct command copy_command = {
	.names = { "copy", "image copy" },
	.group = "Images",
	.summary = "Copy an image between registries, archives, directories and the store",
	.args = "SOURCE DESTINATION",
	.min_args = 2,
	.max_args = 2,
	.opts = { copy_opts },
	.options_size = sizeof(O),
	.defaults = &copy_defaults,
	.run = copy_run,
};
