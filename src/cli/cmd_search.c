/* SPDX-License-Identifier: Apache-2.0 */
/* `tare search` asks registries which repositories they have: Docker Hub, or those that registries.conf names for short names. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "cli/table.h"
#include "image/registries/remote.h"
#include "image/registries/search.h"

struct search_options {
	int32_t limit;
	struct strs filters;
	bool no_trunc, tls_verify, list_tags, compatible;
	const char *format, *authfile, *cert_dir, *creds;
};

enum { LIMIT_DEFAULT = 25, LIMIT_MOST = 100, DESCRIPTION_SHOWN = 44 };

static const struct search_options search_defaults = { .limit = LIMIT_DEFAULT, .tls_verify = true };

static const struct opt search_opts[] = {
	OPT(struct search_options, limit, "limit", 0, INT, "N", "Hits per registry (default 25, at most 100)"),
	OPT(struct search_options, filters, "filter", 'f', FILTERS, "KEY=VALUE", "stars=N, is-official=BOOL, is-automated=BOOL"),
	OPT(struct search_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole descriptions"),
	OPT(struct search_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct search_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct search_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct search_options, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this search"),
	OPT(struct search_options, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),
	OPT(struct search_options, list_tags, "list-tags", 0, FLAG, NULL, "The tags of the repository TERM instead"),
	OPT(struct search_options, compatible, "compatible", 0, FLAG, NULL, "Docker's columns (so it is, also without saying)"),
	OPT_END,
};

enum { INDEX, NAME, DESCRIPTION, STARS, OFFICIAL, AUTOMATED, STARS_ALIAS, OFFICIAL_ALIAS, AUTOMATED_ALIAS, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = { { "Index", "INDEX", false }, { "Name", "NAME", true }, { "Description", "DESCRIPTION", true },
	{ "StarCount", "STARS", true }, { "IsOfficial", "OFFICIAL", true }, { "IsAutomated", "AUTOMATED", false },
	{ "Stars", "STARS", false, true }, { "Official", "OFFICIAL", false, true }, { "Automated", "AUTOMATED", false, true } };

/* ---- filters ---- */

struct wanted {
	uint32_t stars;
	int official, automated; /* -1: whatever */
};

static int filters_parse(const struct strs *filters, struct arena *a, struct wanted *ret, struct err *e)
{
	*ret = (struct wanted){ 0, -1, -1 };
	for (size_t i = 0; i < filters->n; i++) {
		const char *text = filters->v[i], *stars = str_after(text, "stars="), *official = str_after(text, "is-official="),
			   *automated = str_after(text, "is-automated=");
		bool b = false;
		int r = stars ? parse_u32(stars, &ret->stars) : official || automated ? parse_bool(official ? official : automated, &b) : -1;

		if (r < 0)
			return err_set(e, ERR_INVALID, "invalid filter '%.100s': stars=N, is-official=BOOL, is-automated=BOOL", text);
		if (official)
			ret->official = b;
		if (automated)
			ret->automated = b;
	}
	return 0;
}

static bool is_wanted(const struct search_hit *h, const struct wanted *w)
{
	return h->stars >= (int64_t)w->stars && (w->official < 0 || w->official == h->official) && (w->automated < 0 || w->automated == h->automated);
}

/* ---- the command ---- */

static int places_search(struct cli *c, const struct search_options *o, struct image_store *store, struct search_hits *ret, struct err *e)
{
	const struct endpoint_options eo = { .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds, .cert_dir = o->cert_dir };
	struct strs hosts;
	const char *term;
	int r = image_search_places(c->args.v[0], c->a, &hosts, &term, e);

	for (size_t i = 0; r == 0 && i < hosts.n; i++) {
		struct endpoint p;

		r = endpoint_find(hosts.v[i], NULL, &eo, c->a, &p, e);
		if (r == 0)
			r = image_search(store, &p, term, (uint32_t)o->limit, c->a, ret, e);
		/* One registry of several may be away. */
		if (r < 0 && i + 1 < hosts.n) {
			cli_report(e);
			r = 0;
		}
	}
	return r;
}

static const char *flag_text(bool yes, bool json)
{
	if (json)
		return yes ? "true" : "false";
	return yes ? "[OK]" : "";
}

static int tags_list(struct cli *c, const struct search_options *o, struct err *e)
{
	static const struct table_column tag_columns[] = { { "Name", "NAME", true }, { "Tag", "TAG", true } };
	const struct pull_options p = { .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds, .cert_dir = o->cert_dir };
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, tag_columns);
	struct image_store *store;
	const char *repository;
	struct strs tags;
	int r;

	if (o->filters.n > 0)
		return err_set(e, ERR_INVALID, "--filter does not go with --list-tags");
	r = cli_images(c, &store, e);
	if (r == 0)
		r = remote_tags(store, c->args.v[0], &p, c->a, &tags, &repository, e);
	for (size_t i = 0; r == 0 && i < tags.n && i < (size_t)o->limit; i++) {
		const char **row = table_row(&t);

		row[0] = repository;
		row[1] = tags.v[i];
	}
	if (r == 0)
		r = table_print(&t, o->format, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	return r;
}

static int limit_check(const struct search_options *o, struct err *e)
{
	/* A repository may have more tags than a search has hits. */
	if (o->limit < 1 || (!o->list_tags && o->limit > LIMIT_MOST))
		return err_set(e, ERR_INVALID, "limit %d is outside of 1 to %d", o->limit, LIMIT_MOST);
	return 0;
}

static int search_run(struct cli *c, const void *options, struct err *e)
{
	const struct search_options *o = options;
	bool json = o->format && (streq(o->format, "json") || streq(o->format, "{{json .}}"));
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct search_hits hits = { 0 };
	struct image_store *store;
	struct wanted wanted;
	int r = filters_parse(&o->filters, c->a, &wanted, e);

	if (r == 0)
		r = limit_check(o, e);
	if (r == 0 && o->list_tags)
		return tags_list(c, o, e);
	if (r == 0)
		r = cli_images(c, &store, e);
	if (r == 0)
		r = places_search(c, o, store, &hits, e);
	if (r < 0)
		return r;
	VEC_EACH(const struct search_hit, h, &hits) {
		const char **row;

		if (!is_wanted(h, &wanted))
			continue;
		row = table_row(&t);
		row[INDEX] = h->index;
		row[NAME] = h->name;
		row[DESCRIPTION] = o->no_trunc || strlen(h->description) <= DESCRIPTION_SHOWN ? h->description :
			arena_printf(c->a, "%.*s...", DESCRIPTION_SHOWN - 3, h->description);
		row[STARS] = row[STARS_ALIAS] = arena_printf(c->a, "%lld", (long long)h->stars);
		row[OFFICIAL] = row[OFFICIAL_ALIAS] = flag_text(h->official, json);
		row[AUTOMATED] = row[AUTOMATED_ALIAS] = flag_text(h->automated, json);
	}
	r = table_print(&t, o->format, &out, e);
	if (r == 0)
		fwrite(buf_text(&out), 1, out.n, stdout);
	return r;
}

const struct command search_command = {
	.names = { "search", "image search" },
	.group = "Registries",
	.summary = "Ask registries which repositories they have",
	.args = "TERM",
	.min_args = 1,
	.max_args = 1,
	.opts = { search_opts },
	.options_size = sizeof(struct search_options),
	.defaults = &search_defaults,
	.run = search_run,
};
