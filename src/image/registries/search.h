/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * search: asks a registry which repositories it has: Docker Hub's GET /v1/search?q=TERM, and where there is no such thing the catalog of distribution-spec, of
 * which the names that contain the term count (podman does the same).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"
#include "image/registries/endpoint.h"

struct search_hit {
	const char *index;       /* host it was found at */
	const char *name;        /* "docker.io/library/busybox", "host/name" */
	const char *description;
	int64_t stars;
	bool official, automated;
};

struct search_hits {
	struct search_hit *v;
	size_t n, cap;
};

/* At most @limit hits of @term at one registry are added. */
int image_search(struct image_store *s, const struct endpoint *p, const char *term, uint32_t limit, struct arena *a, struct search_hits *ret, struct err *e);

/* Which registries a term is looked for at: "host/term" names one, else the search registries, else docker.io. *ret_term is what is left. */
int image_search_places(const char *text, struct arena *a, struct strs *ret_hosts, const char **ret_term, struct err *e);
