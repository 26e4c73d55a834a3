/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * finish: the last step of everything that brings an image: sizes from the layers' records, everything durable, then the image's own record.
 */
#include "image/store/content.h"

/* Completes @record (size, unless it is packed; first_layer, created), syncs the file system, and places the record. All layers are in the store and locked. */
int finish_record(const struct image_store *s, const struct oci_image_config *config, struct image_record *record, struct err *e);
