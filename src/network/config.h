/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * config: networks as objects: `<root>/networks/<name>/network.json`. "host" and "none" are not on disk; "bridge" is made when first asked for.
 */
#include "network/internal.h"

/* As network_find and network_list promise. */
int config_find(struct network *n, const char *name, struct arena *a, const struct network_config **ret, struct err *e);
int config_list(struct network *n, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e);

/* Fills what @want leaves open (choose.h) and writes the object. */
int config_create(struct network *n, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e);

/* Writes @c in the place of what the network was. Errors: ERR_NOT_FOUND. */
int config_replace(struct network *n, const struct network_config *c, struct err *e);

/* Removes the object. */
int config_remove(struct network *n, const char *name, struct err *e);

/* Calls @fn with the name of every object on disk that cannot be read. */
typedef void (*config_damaged_fn)(void *arg, const char *name, const struct err *why);
int config_each_damaged(struct network *n, config_damaged_fn fn, void *arg, struct err *e);
