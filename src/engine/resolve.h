/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * resolve: what an image says and what was asked, put together to what will run. Pure: no files, no clock.
 *
 * Rules, as docker's: --entrypoint replaces the image's entrypoint and drops its command; words after the image replace the command; the environment is
 * PATH, TERM (with a terminal), HOSTNAME, then the image's, then -e, a bare -e NAME taking a variable away; every VOLUME of the image that no mount covers becomes
 * an anonymous volume. Labels and annotations of an image are data, never engine configuration.
 */
#include "base/arena.h"
#include "base/err.h"
#include "image/image.h"
#include "spec/container.h"

/* Fills everything of @ret but id-independent members that the caller knows: id, name, created, log_path must be set before. */
int resolve_container(const struct container_request *q, const struct image *img, struct arena *a, struct container *ret, struct err *e);

/* Sets NAME=value in a list of its own (not shared), in place of an older value; NAME alone removes it. */
void resolve_env_set(struct strs *env, const char *variable, struct arena *a);
