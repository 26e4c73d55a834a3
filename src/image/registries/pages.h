/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pages: the lists of a registry, which come page by page: each says in its Link header where the next one is.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct courier;

/* One page. Returns 0 to go on, > 0 when that is enough, or an error. */
typedef int (*page_fn)(void *arg, struct str text, struct err *e);

/*
 * Reads the document @name of media type @type and the pages after it, each into @a. Errors: @fn's; ERR_EXHAUSTED past LIMIT_PAGES pages or LIMIT_LIST bytes; what
 * courier_get() says.
 */
int pages_read(struct courier *l, const char *name, const char *type, page_fn fn, void *arg, struct arena *a, struct err *e);
