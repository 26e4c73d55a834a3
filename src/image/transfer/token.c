/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/token.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"

struct token {
	const char *token, *access_token;
};
/* clang-format off */
static const struct field token_fields[] = {
	FIELD(struct token, token,        "token",        STR, 0),
	FIELD(struct token, access_token, "access_token", STR, 0),
};
static const struct schema token_schema = SCHEMA("token", struct token, token_fields);
/* clang-format on */

struct token_request {
	const char *url, *form, *authorization;
};

/* Whether one of ours says at least as much: "repository:x:pull,push" covers "repository:x:pull". */
static bool scope_is_covered(const struct strs *ours, const char *scope)
{
	for (size_t i = 0; i < ours->n; i++)
		if (str_after(ours->v[i], scope))
			return true;
	return false;
}

static const char *scopes_query(struct http *http, const struct token_user *u, const char *asked, struct arena *a)
{
	const char *query = "";

	if (asked && !scope_is_covered(&u->scopes, asked))
		query = arena_printf(a, "&scope=%s", http_escape(http, asked, a));
	for (size_t i = 0; i < u->scopes.n; i++)
		query = arena_printf(a, "%s&scope=%s", query, http_escape(http, u->scopes.v[i], a));
	return query;
}

/* The form of a refresh token has one "scope", divided by blanks. */
static const char *scopes_form(struct http *http, const struct token_user *u, const char *asked, struct arena *a)
{
	const char *all = asked && !scope_is_covered(&u->scopes, asked) ? asked : "";

	for (size_t i = 0; i < u->scopes.n; i++)
		all = arena_printf(a, "%s%s%s", all, *all ? " " : "", u->scopes.v[i]);
	return http_escape(http, all, a);
}

static void token_request_make(struct http *http, const struct auth_challenge *ch, const struct token_user *u, struct arena *a, struct token_request *ret)
{
	const char *realm = pairs_find(&ch->parameters, "realm"), *service = pairs_find(&ch->parameters, "service");
	const char *scope = pairs_find(&ch->parameters, "scope");

	service = service ? http_escape(http, service, a) : "";
	*ret = (struct token_request){ 0 };
	if (u->identity_token) {
		ret->url = realm;
		ret->form = arena_printf(a, "grant_type=refresh_token&client_id=tare&service=%s&scope=%s&refresh_token=%s", service,
			scopes_form(http, u, scope, a), http_escape(http, u->identity_token, a));
		return;
	}
	ret->url = arena_printf(a, "%s%cservice=%s%s", realm, strchr(realm, '?') ? '&' : '?', service, scopes_query(http, u, scope, a));
	if (u->user)
		ret->authorization = auth_basic(u->user, u->password ? u->password : "", a);
}

static int on_token(void *arg, const void *p, size_t n, struct err *e)
{
	return buf_add(arg, p, n) == 0 ? 0 : err_set(e, ERR_EXHAUSTED, "answer is too long");
}

static int token_fetch(struct http *http, const struct token_request *t, const struct token_user *u, struct arena *a, struct buf *answer, struct err *e)
{
	struct http_request q = { .method = t->form ? "POST" : "GET", .url = t->url, .authorization = t->authorization, .accept = "application/json",
		.max = LIMIT_TOKEN, .sink = on_token, .arg = answer };
	struct http_answer got;

	if (t->form) {
		q.content_type = "application/x-www-form-urlencoded";
		q.body = (struct http_body){ .present = true, .fd = -1, .text = t->form, .size = strlen(t->form) };
	}
	if (http_send(http, &q, a, &got, e) != HTTP_ANSWERED)
		return err_wrap(e, "token server");
	if (got.status == 401 || got.status == 403)
		return err_set(e, ERR_UNAUTHENTICATED, "token server of '%s' refuses %s (HTTP %ld)", u->host,
			u->user || u->identity_token ? "these credentials" : "anonymous access; log in first", got.status);
	if (got.status != 200)
		return err_set(e, ERR_UNAVAILABLE, "token server answers HTTP %ld", got.status);
	return 0;
}

static int bearer_get(struct http *http, const struct auth_challenge *ch, const struct auth_origin *here, const struct token_user *u, struct arena *a,
	const char **ret, struct err *e)
{
	scoped_buf struct buf answer = BUF(LIMIT_TOKEN);
	const char *realm = pairs_find(&ch->parameters, "realm");
	struct token_request q;
	struct auth_origin origin;
	struct token token;
	int r;

	if (!realm)
		return err_set(e, ERR_INVALID, "registry asks for a token but names no token server");
	r = auth_origin_parse(realm, a, &origin, e);
	if (r < 0)
		return err_wrap(e, "token server");
	if (streq(here->scheme, "https") && !streq(origin.scheme, "https"))
		return err_set(e, ERR_DENIED, "token server '%s' is not https", origin.host);
	if (u->user || u->identity_token)
		r = auth_realm_judge(here, &origin, e);
	if (r < 0)
		return r;
	token_request_make(http, ch, u, a, &q);
	r = token_fetch(http, &q, u, a, &answer, e);
	if (r == 0)
		r = json_decode(buf_str(&answer), &token_schema, 0, a, &token, e);
	if (r < 0)
		return r;
	token.token = token.token && *token.token ? token.token : token.access_token;
	if (!token.token || !*token.token || !auth_text_is_safe(token.token))
		return err_set(e, ERR_INVALID, "token server sent no usable token");
	*ret = arena_printf(a, "Bearer %s", token.token);
	return 0;
}

int token_get(struct http *http, const struct auth_challenges *challenges, const struct auth_origin *here, const struct token_user *u,
	struct arena *a, const char **ret, struct err *e)
{
	const struct auth_challenge *bearer = auth_challenge_find(challenges, "bearer"), *basic = auth_challenge_find(challenges, "basic");

	if (bearer)
		return bearer_get(http, bearer, here, u, a, ret, e);
	if (basic && !u->user)
		return err_set(e, ERR_UNAUTHENTICATED, "registry '%s' wants a user and password; log in first", u->host);
	if (!basic)
		return err_set(e, ERR_UNAUTHENTICATED, "registry '%s' denies access and names no way to authenticate", u->host);
	*ret = auth_basic(u->user, u->password ? u->password : "", a);
	return 0;
}
