/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/payload.h"

#include <string.h>

#include "codec/digest.h"
#include "codec/json.h"

static const char *const type_words[] = { [PAYLOAD_ATOMIC] = "atomic container signature", [PAYLOAD_COSIGN] = "cosign container image signature" };
const struct enumtab payload_types = ENUMTAB("signature type", type_words, PAYLOAD_TYPE_COUNT);

struct image_part {
	const char *digest;
};
struct identity_part {
	const char *reference;
};
struct critical {
	const char *type;
	struct image_part image;
	struct identity_part identity;
};
struct optional {
	const char *creator;
	int64_t timestamp;
};
struct whole {
	struct critical critical;
	struct str optional;
};
struct written {
	struct critical critical;
	struct optional optional;
};

/* clang-format off */
static const struct field image_fields[] = { FIELD(struct image_part, digest, "docker-manifest-digest", STR, FIELD_REQUIRED) };
static const struct schema image_schema = SCHEMA("image", struct image_part, image_fields);
static const struct field identity_fields[] = { FIELD(struct identity_part, reference, "docker-reference", STR, FIELD_REQUIRED) };
static const struct schema identity_schema = SCHEMA("identity", struct identity_part, identity_fields);
static const struct field critical_fields[] = {
	FIELD(struct critical, type,         "type",     STR,              FIELD_REQUIRED),
	FIELD_OBJ(struct critical, image,    "image",    &image_schema,    FIELD_REQUIRED),
	FIELD_OBJ(struct critical, identity, "identity", &identity_schema, FIELD_REQUIRED),
};
static const struct schema critical_schema = SCHEMA("critical", struct critical, critical_fields);
static const struct field whole_fields[] = {
	FIELD_OBJ(struct whole, critical, "critical", &critical_schema, FIELD_REQUIRED),
	FIELD(struct whole, optional,     "optional", RAW,              0),
};
static const struct schema whole_schema = SCHEMA("signature", struct whole, whole_fields);
static const struct field optional_fields[] = {
	FIELD(struct optional, creator,   "creator",   STR, FIELD_OMIT_EMPTY),
	FIELD(struct optional, timestamp, "timestamp", I64, FIELD_OMIT_EMPTY),
};
static const struct schema optional_schema = SCHEMA("optional", struct optional, optional_fields);
static const struct field written_fields[] = {
	FIELD_OBJ(struct written, critical, "critical", &critical_schema, 0),
	FIELD_OBJ(struct written, optional, "optional", &optional_schema, 0),
};
static const struct schema written_schema = SCHEMA("signature", struct written, written_fields);
/* clang-format on */

int payload_parse(struct str text, enum payload_type type, struct arena *a, struct payload *ret, struct err *e)
{
	struct digest ignored;
	struct whole w;
	int r = json_decode(text, &whole_schema, JSON_EXACT, a, &w, e);

	if (r < 0)
		return err_wrap(e, "signature's payload");
	if (strcmp(w.critical.type, enumtab_name(&payload_types, (int)type)) != 0)
		return err_set(e, ERR_INVALID, "signature is of type '%.100s', expected '%s'", w.critical.type, enumtab_name(&payload_types, (int)type));
	if (digest_parse(w.critical.image.digest, &ignored) < 0)
		return err_set(e, ERR_INVALID, "signature is for the ill-formed digest '%.100s'", w.critical.image.digest);
	*ret = (struct payload){ w.critical.image.digest, w.critical.identity.reference };
	return 0;
}

int payload_write(enum payload_type type, const struct payload *p, int64_t timestamp, struct buf *out)
{
	struct written w = { .critical = { enumtab_name(&payload_types, (int)type), { p->digest }, { p->reference } }, .optional = { "tare " TARE_VERSION, timestamp } };

	return json_encode(&written_schema, &w, JSON_INDENT_NONE, out);
}

/* ---- identity ---- */

static int mismatch(const char *signed_reference, const char *wanted, struct err *e)
{
	return err_set(e, ERR_DENIED, "signature is for '%.200s', not for '%.200s'", signed_reference, wanted);
}

/* A name alone does not say which image is meant; our parser would add "latest". */
static bool names_one_image(const char *text)
{
	const char *slash = strrchr(text, '/');

	return strpbrk(slash ? slash : text, ":@") != NULL;
}

static bool same_repository(const struct reference *x, const struct reference *y)
{
	return strcmp(x->host, y->host) == 0 && strcmp(x->repository, y->repository) == 0;
}

static bool same_image(const struct reference *x, const struct reference *y)
{
	return same_repository(x, y) && streq(x->tag, y->tag) && streq(x->digest, y->digest);
}

/* The image's name with a prefix replaced; as it is if it does not have it. */
static int remap(const struct signed_identity *rule, const struct reference *ref, struct arena *a, struct reference *ret, struct err *e)
{
	const char *name = reference_print(ref, a), *rest = str_after(name, rule->prefix);

	*ret = *ref;
	if (!rest || (*rest && !strchr("/:@", *rest)))
		return 0;
	return reference_parse(arena_printf(a, "%s%s", rule->signed_prefix, rest), a, ret, e);
}

int identity_match(const struct signed_identity *rule, const char *signed_reference, const struct reference *ref, struct arena *a, struct err *e)
{
	struct reference is, wanted = *ref;
	bool exact = rule->type != IDENTITY_REPOSITORY && rule->type != IDENTITY_EXACT_REPOSITORY, whole = false;
	int r = reference_parse(signed_reference, a, &is, e);

	if (r == 0 && rule->type == IDENTITY_EXACT_REFERENCE)
		r = reference_parse(rule->reference, a, &wanted, e);
	else if (r == 0 && rule->type == IDENTITY_EXACT_REPOSITORY)
		r = reference_parse(rule->repository, a, &wanted, e);
	else if (r == 0 && rule->type == IDENTITY_REMAP)
		r = remap(rule, ref, a, &wanted, e);
	if (r < 0)
		return err_wrap(e, "signature's identity");
	/* An image asked for by digest is proved by the digest; of its name only the repository is left to compare. */
	if (wanted.digest && (rule->type == IDENTITY_REPO_DIGEST_OR_EXACT || rule->type == IDENTITY_REMAP))
		exact = false;
	/* By these two the signature must name one image, always. */
	whole = exact || rule->type == IDENTITY_REPO_DIGEST_OR_EXACT || rule->type == IDENTITY_REMAP;
	if ((whole && !names_one_image(signed_reference)) || (exact ? !same_image(&is, &wanted) : !same_repository(&is, &wanted)))
		return mismatch(signed_reference, exact ? reference_print(&wanted, a) : arena_printf(a, "%s/%s", wanted.host, wanted.repository), e);
	return 0;
}
