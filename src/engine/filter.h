/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * filter: which containers `--filter` means, in the words of docker and of podman.
 *
 * Values of one key are alternatives, but all labels that are asked for must be there; different keys must all hold. Everything a value names (images,
 * containers, times) is looked up once, by filters_parse().
 */
#include "engine/engine.h"

struct filter;

struct filters {
	struct filter *v;
	size_t n, cap;
	bool names_status;           /* a state is asked for: then a list is not of running ones only */
};

/* Reads "KEY=VALUE" texts. Errors: ERR_INVALID for an unknown key or a value it cannot have; ERR_NOT_FOUND for a container it refers to. */
int filters_parse(struct engine *en, const struct strs *texts, struct arena *a, struct filters *ret, struct err *e);

bool filters_pass(const struct filters *f, const struct container_info *i);
