/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/signature.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum { RSA_BITS_MIN = 2048 };

static void key_done(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void context_done(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

static void bio_done(BIO **b)
{
	BIO_free(*b);
}

/* No configuration file: there is no file to be seen here. */
static void library_prepare(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

/* The digest that goes with the key; NULL for Ed25519, which has its own. */
static int key_check(EVP_PKEY *key, const EVP_MD **ret, struct err *e)
{
	int type = EVP_PKEY_get_base_id(key);

	if (type != EVP_PKEY_EC && type != EVP_PKEY_RSA && type != EVP_PKEY_ED25519)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: a key that is neither ECDSA nor RSA nor Ed25519");
	if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
		return err_set(e, ERR_INVALID, "RSA key has %d bits, fewer than %d", EVP_PKEY_get_bits(key), RSA_BITS_MIN);
	*ret = type == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
	return 0;
}

int signature_verify(struct str text, struct str signature, struct str pem, struct err *e)
{
	SCOPED(bio_done) BIO *bio = NULL;
	SCOPED(key_done) EVP_PKEY *key = NULL;
	SCOPED(context_done) EVP_MD_CTX *context = NULL;
	const EVP_MD *md;
	int r;

	library_prepare();
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	if (!key)
		return err_set(e, ERR_INVALID, "no public key in PEM");
	r = key_check(key, &md, e);
	if (r < 0)
		return r;
	context = EVP_MD_CTX_new();
	if (!context || EVP_DigestVerifyInit(context, NULL, md, NULL, key) != 1 ||
		EVP_DigestVerify(context, (const unsigned char *)signature.p, signature.n, (const unsigned char *)text.p, text.n) != 1)
		return err_set(e, ERR_DENIED, "signature is not by this key");
	return 0;
}

/* Never asks at a terminal. */
static int on_passphrase(char *to, int size, int writing, void *arg)
{
	const char *passphrase = arg;
	int n = passphrase ? (int)strlen(passphrase) : -1;

	if (n < 0 || n > size)
		return -1;
	memcpy(to, passphrase, (size_t)n);
	return n;
}

int signature_make(struct str text, struct str pem, const char *passphrase, struct arena *a, struct str *ret, struct err *e)
{
	SCOPED(bio_done) BIO *bio = NULL;
	SCOPED(key_done) EVP_PKEY *key = NULL;
	SCOPED(context_done) EVP_MD_CTX *context = NULL;
	const EVP_MD *md;
	unsigned char *out;
	size_t n = 0;
	int r;

	library_prepare();
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, (void *)(uintptr_t)passphrase) : NULL;
	if (!key)
		return err_set(e, ERR_INVALID, "no private key in PEM that this passphrase opens");
	r = key_check(key, &md, e);
	if (r < 0)
		return r;
	context = EVP_MD_CTX_new();
	if (!context || EVP_DigestSignInit(context, NULL, md, NULL, key) != 1 ||
		EVP_DigestSign(context, NULL, &n, (const unsigned char *)text.p, text.n) != 1)
		return err_set(e, ERR_INTERNAL, "cannot sign with this key");
	out = arena_alloc(a, n + 1);
	if (EVP_DigestSign(context, out, &n, (const unsigned char *)text.p, text.n) != 1)
		return err_set(e, ERR_INTERNAL, "cannot sign with this key");
	*ret = (struct str){ (char *)out, n };
	return 0;
}
