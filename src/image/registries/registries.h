/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * registries: what registries.conf (version 2) says: where a name without a host is looked for, which registries are mirrored, rewritten, insecure, blocked.
 *
 * Files: the main one ($CONTAINERS_REGISTRIES_CONF, else ~/.config/containers/registries.conf, else /etc/containers/registries.conf), then
 * /etc/containers/registries.conf.d and ~/.config/containers/registries.conf.d (names that end with .conf) in the order of their names; what comes later wins, a [[registry]] as a
 * whole. Then the aliases that people chose at a prompt (short-name-aliases.conf). Version 1 ([registries.search]) is refused.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/reference.h"

enum mirror_use { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY, MIRROR_USE_COUNT };
extern const struct enumtab mirror_uses;

enum short_name_mode { SHORT_NAME_PERMISSIVE, SHORT_NAME_ENFORCING, SHORT_NAME_DISABLED, SHORT_NAME_MODE_COUNT };
extern const struct enumtab short_name_modes;

struct registry_mirror {
	const char *location;
	bool insecure;
	enum mirror_use use;
};

struct registry_rule {
	const char *prefix;         /* "host", "host/path", "*.host" */
	const char *location;       /* stands in the prefix's place; NULL: nothing is rewritten */
	bool insecure, blocked, mirror_by_digest_only;
	struct registry_mirror *mirrors;
	size_t n_mirrors;
	const char *file;           /* where it stands */
};

struct registries {
	struct strs unqualified;    /* hosts to look for short names */
	bool unqualified_set;
	enum short_name_mode mode;
	struct strs helpers;        /* credential-helpers */
	struct pairs aliases;
	struct { struct registry_rule *v; size_t n, cap; } rules;
};

int registries_load(struct arena *a, struct registries *ret, struct err *e);

/* Adds one document (JSON of the TOML) over what is there. For tests, and the body of registries_load. */
int registries_add(struct registries *io, const char *file, struct str json, struct arena *a, struct err *e);

/* The rule with the longest prefix that @ref has, or NULL. */
const struct registry_rule *registries_match(const struct registries *r, const struct reference *ref, struct arena *a);

/* "host/path" for @ref with the rule's prefix replaced by @location. In the arena. */
const char *registries_rewrite(const struct registry_rule *rule, const char *location, const struct reference *ref, struct arena *a);

/* Whether a mirror may be asked for @ref. */
bool registries_mirror_fits(const struct registry_rule *rule, const struct registry_mirror *m, const struct reference *ref);

/*
 * What a name without a host may stand for: its alias (then *ret_alias is true), else one name per search registry, else Docker Hub's. Tag and digest are kept.
 * @text must be such a name (reference_is_short).
 */
int registries_resolve(const struct registries *r, const char *text, struct arena *a, struct strs *ret, bool *ret_alias, struct err *e);

/* Remembers that @name (without tag) means @value. */
int registries_alias_keep(const char *name, const char *value, struct err *e);
