/* SPDX-License-Identifier: Apache-2.0 */
/* `tare search` asks registries which repositories they have: Docker Hub, or those that registries.conf names for short names. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "cli/table.h"
#include "image/registries/search.h"

struct search_options {
	int32_t limit;
	struct strs filters;
	bool no_trunc, tls_verify;
	const char *format, *authfile, *cert_dir, *creds;
};

enum { LIMIT_DEFAULT = 25, LIMIT_MOST = 100, DESCRIPTION_SHOWN = 44 };

static const struct search_options search_defaults = { .limit = LIMIT_DEFAULT, .tls_verify = true };

static const struct opt search_opts[] = {
	OPT(struct search_options, limit, "limit", 0, INT, "N", "Hits per registry (default 25, at most 100)"),
	OPT(struct search_options, filters, "filter", 'f', STRS, "KEY=VALUE", "stars=N, is-official=BOOL, is-automated=BOOL"),
	OPT(struct search_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole descriptions"),
	OPT(struct search_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT(struct search_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct search_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct search_options, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this search"),
	OPT(struct search_options, cert_dir, "cert-dir", 0, STR, "DIR", "Certificates for the registry"),
	OPT_UNSUPPORTED("list-tags", 0, NULL),
	OPT_UNSUPPORTED("compatible", 0, NULL),
	OPT_END,
};

enum { INDEX, NAME, DESCRIPTION, STARS, OFFICIAL, AUTOMATED, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = { { "Index", "INDEX", false }, { "Name", "NAME", true }, { "Description", "DESCRIPTION", true },
	{ "StarCount", "STARS", true }, { "IsOfficial", "OFFICIAL", true }, { "IsAutomated", "AUTOMATED", false } };

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

static int search_run(struct cli *c, const void *options, struct err *e)
{
	const struct search_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct search_hits hits = { 0 };
	struct image_store *store;
	struct wanted wanted;
	int r = filters_parse(&o->filters, c->a, &wanted, e);

	if (r == 0 && (o->limit < 1 || o->limit > LIMIT_MOST))
		r = err_set(e, ERR_INVALID, "limit %d is outside of 1 to %d", o->limit, LIMIT_MOST);
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
		row[STARS] = arena_printf(c->a, "%lld", (long long)h->stars);
		row[OFFICIAL] = h->official ? "[OK]" : "";
		row[AUTOMATED] = h->automated ? "[OK]" : "";
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
