/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inlet: a place that an image is copied from, opened: the mirror of outlet. It knows what things are called there and with which document the image begins.
 *
 * A docker-archive without an OCI side has no manifest and no digests of its layers: its blobs are fetched when it is opened, and a manifest is made.
 *
 * Life cycle: fill the first block; inlet_open(); then .digest, inlet_read(), and FETCH of inlet_blob_name() over .courier. inlet_done() in any case.
 */
#include "image/moving/inlet_docker.h"
#include "image/moving/pull_options.h"
#include "image/moving/shipment.h"

enum inlet_names { INLET_STORE, INLET_REGISTRY, INLET_LAYOUT, INLET_DIR, INLET_DOCKER };

struct inlet {
	/* given */
	const struct transport *from;
	struct image_store *store;
	const struct pull_options *options; /* of the place: credentials, TLS */
	struct arena *arena;
	/* open */
	enum inlet_names names;
	struct courier courier;           /* not for the store */
	const char *digest;               /* of the document the image begins with */
	const char *repository_host, *repository; /* of a registry */
	struct image_record record;       /* of the store */
	int pin;
	struct str made;                  /* the manifest that was made, or the one of dir: */
	struct inlet_blobs blobs;         /* those that are here already */
};
#define INLET(...) ((struct inlet){ .courier = COURIER_NONE, .pin = -EBADF, __VA_ARGS__ })

/* Errors: ERR_NOT_FOUND; ERR_INVALID if it holds several images and none is named. */
int inlet_open(struct inlet *i, struct err *e);

/* A document by its digest, checked. @inlet is one: fits shipment_read_fn. */
int inlet_read(void *inlet, const char *digest, struct arena *a, struct str *ret, struct err *e);

/* A blob that is a document, such as a config, checked. Errors: also ERR_EXHAUSTED if it is longer than documents may be. */
int inlet_read_blob(struct inlet *i, const struct oci_descriptor *d, struct arena *a, struct str *ret, struct err *e);

/* What a blob is called there: the name for FETCH. */
const char *inlet_blob_name(const struct inlet *i, const char *digest);

/* The bytes of a blob that is on this machine already, owned by the caller; -ENOENT if it must be fetched. */
int inlet_blob_open(const struct inlet *i, const char *digest, int64_t size);

/* Whether there are signatures that a copy would lose. */
bool inlet_is_signed(struct inlet *i);

void inlet_done(struct inlet *i);
