/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inlet_docker: a docker-archive that has no OCI side: its blobs into nameless files, and a manifest made for them. Private to inlet.
 */
#include "base/vec.h"
#include "image/courier.h"
#include "image/moving/transport.h"
#include "image/store/content.h"

struct inlet_blob {
	const char *digest;
	int64_t size;
	int fd; /* no name, owned by the inlet */
};

struct inlet_blobs {
	struct VEC(struct inlet_blob) list;
};

/* The image of a manifest.json that @from names, or the only one. Errors: ERR_NOT_FOUND; ERR_INVALID. */
int inlet_docker_choose(const struct docker_archive *d, const struct transport *from, struct arena *a, const struct docker_archive_item **ret, struct err *e);

/*
 * @from says which image. Blobs are added to @blobs also when it fails: the caller closes them. Errors: ERR_INVALID if it has several images and none is
 * named; ERR_CORRUPT if a layer is not what the config says.
 */
int inlet_docker_open(struct courier *courier, const struct image_store *s, const struct transport *from, struct arena *a, struct inlet_blobs *blobs,
	struct str *ret_manifest, struct err *e);
