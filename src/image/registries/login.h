/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * login: does a registry take these credentials?
 */
#include "image/image.h"
#include "image/registries/endpoint.h"

/*
 * "docker.io" for all names of Docker Hub, "host" or "host/path" for what may begin an image name, with or without a scheme. In the arena.
 * Errors: -EINVAL.
 */
int login_server(const char *text, struct arena *a, const char **ret, struct err *e);

/* Asks the registry (GET /v2/, through tare-transfer). Errors: ERR_UNAUTHENTICATED if it refuses them. */
int login_check(struct image_store *s, const struct endpoint *p, struct err *e);
