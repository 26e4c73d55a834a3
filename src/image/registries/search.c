/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/search.h"

#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/courier.h"
#include "image/registries/pages.h"

enum { PER_PAGE = 100 /* registries refuse more than they have a mind to */ };

struct result {
	const char *name, *description;
	int64_t stars;
	bool official, automated;
};
struct results {
	struct result *results;
	size_t n_results;
};
struct catalog {
	struct strs repositories;
};
/* clang-format off */
static const struct field result_fields[] = {
	FIELD(struct result, name,        "name",         STR,  FIELD_REQUIRED),
	FIELD(struct result, description, "description",  STR,  0),
	FIELD(struct result, stars,       "star_count",   I64,  0),
	FIELD(struct result, official,    "is_official",  BOOL, 0),
	FIELD(struct result, automated,   "is_automated", BOOL, 0),
};
static const struct schema result_schema = SCHEMA("result", struct result, result_fields);
static const struct field results_fields[] = { FIELD_LIST(struct results, results, "results", &result_schema, 0) };
static const struct schema results_schema = SCHEMA("search", struct results, results_fields);
static const struct field catalog_fields[] = { FIELD(struct catalog, repositories, "repositories", STRS, 0) };
static const struct schema catalog_schema = SCHEMA("catalog", struct catalog, catalog_fields);
/* clang-format on */

static const char *query_escape(const char *s, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_URL);

	for (; *s; s++)
		buf_printf(&b, isalnum((unsigned char)*s) || strchr("-_.~", *s) ? "%c" : "%%%02X", (unsigned char)*s);
	return arena_strdup(a, buf_text(&b));
}

/* What comes from outside and is shown. */
static const char *line_of(const char *s, struct arena *a)
{
	return text_calm(arena_strdup(a, s ? s : ""));
}

/* Not below a repository, and perhaps at another base than the registry's own. */
static int open_at(struct image_store *s, const struct endpoint *p, const char *base, struct courier *ret, struct err *e)
{
	struct transfer_message task = endpoint_task(p);

	task.base = base;
	task.repository = NULL;
	return courier_open(ret, s, &task, NULL, 0, 0, e);
}

static int document_get(struct image_store *s, const struct endpoint *p, const char *base, const char *name, struct arena *a, struct document *ret, struct err *e)
{
	scoped_courier struct courier courier = COURIER_NONE;
	int r = open_at(s, p, base, &courier, e);

	return r < 0 ? r : courier_get(&courier, name, "application/json", LIMIT_MANIFEST, a, ret, e);
}

static const char *host_name(const struct endpoint *p)
{
	return strcmp(p->host, "docker.io") == 0 ? "index.docker.io" : p->host;
}

/* https, or http where that is spoken at all; the registry's code tries the other one only at its own base. */
static int v1_get(struct image_store *s, const struct endpoint *p, const char *name, struct arena *a, struct document *ret, struct err *e)
{
	int r = document_get(s, p, arena_printf(a, "https://%s/v1", host_name(p)), name, a, ret, e);

	if (r < 0 && e->kind != ERR_NOT_FOUND && e->kind != ERR_CANCELED && (p->no_tls_verify || strncmp(p->host, "localhost", 9) == 0 || strncmp(p->host, "127.", 4) == 0))
		r = document_get(s, p, arena_printf(a, "http://%s/v1", host_name(p)), name, a, ret, e);
	return r;
}

static int v1_search(struct image_store *s, const struct endpoint *p, const char *term, uint32_t limit, struct arena *a, struct search_hits *ret, struct err *e)
{
	bool hub = strcmp(p->host, "docker.io") == 0;
	struct document d;
	struct results all;
	int r = v1_get(s, p, arena_printf(a, "//search?n=%u&q=%s", limit, query_escape(term, a)), a, &d, e);

	if (r == 0)
		r = json_decode(d.text, &results_schema, 0, a, &all, e);
	for (size_t i = 0; r == 0 && i < all.n_results && i < limit; i++) {
		const struct result *one = &all.results[i];
		bool plain = hub && !strchr(one->name, '/');

		*vec_push(a, ret) = (struct search_hit){ .index = p->host, .name = arena_printf(a, "%s/%s%s", p->host, plain ? "library/" : "", line_of(one->name, a)),
			.description = line_of(one->description, a), .stars = one->stars, .official = one->official, .automated = one->automated };
	}
	return r;
}

struct searching {
	const char *host, *term;
	uint32_t left; /* so many hits more are wanted */
	struct arena *arena;
	struct search_hits *hits;
};

static int on_page(void *arg, struct str text, struct err *e)
{
	struct searching *x = arg;
	struct catalog page;
	int r = json_decode(text, &catalog_schema, 0, x->arena, &page, e);

	for (size_t i = 0; r == 0 && i < page.repositories.n && x->left > 0; i++) {
		const char *name = page.repositories.v[i];

		if (!strstr(name, x->term))
			continue;
		*vec_push(x->arena, x->hits) = (struct search_hit){ .index = x->host,
			.name = arena_printf(x->arena, "%s/%s", x->host, line_of(name, x->arena)), .description = "" };
		x->left--;
	}
	return r < 0 ? r : x->left == 0;
}

static int catalog_search(struct image_store *s, const struct endpoint *p, const char *term, uint32_t limit, struct arena *a, struct search_hits *ret, struct err *e)
{
	scoped_courier struct courier courier = COURIER_NONE;
	struct searching searching = { .host = p->host, .term = term, .left = limit, .arena = a, .hits = ret };
	int r = open_at(s, p, p->base, &courier, e);

	return r < 0 ? r : pages_read(&courier, arena_printf(a, "//_catalog?n=%d", PER_PAGE), "application/json", on_page, &searching, a, e);
}

int image_search(struct image_store *s, const struct endpoint *p, const char *term, uint32_t limit, struct arena *a, struct search_hits *ret, struct err *e)
{
	struct err first;
	int r = v1_search(s, p, term, limit, a, ret, e);

	if (r < 0 && e->kind != ERR_CANCELED && strcmp(p->host, "docker.io") != 0) {
		first = *e;
		r = catalog_search(s, p, term, limit, a, ret, e);
		if (r < 0 && e->kind == ERR_NOT_FOUND)
			*e = first;
	}
	return r < 0 ? err_wrap(e, "search at '%s'", p->host) : 0;
}

int image_search_places(const char *text, struct arena *a, struct strs *ret_hosts, const char **ret_term, struct err *e)
{
	struct registries registries;
	const char *slash = strchr(text, '/');
	int r;

	*ret_hosts = (struct strs){ 0 };
	*ret_term = text;
	if (slash && !reference_is_short(text)) {
		strs_push(a, ret_hosts, arena_strndup(a, text, (size_t)(slash - text)));
		*ret_term = slash + 1;
		return 0;
	}
	r = registries_load(a, &registries, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < registries.unqualified.n; i++)
		strs_push(a, ret_hosts, registries.unqualified.v[i]);
	if (ret_hosts->n == 0)
		strs_push(a, ret_hosts, "docker.io");
	return 0;
}
