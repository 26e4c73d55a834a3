/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rewrite: makes the documents of a shipment say what has become of its blobs, and puts them into other words. What refers to others comes after them, so a
 * manifest that is another now makes its index another, too.
 */
#include "image/moving/shipment.h"

/*
 * @format OCI_FORMAT_COUNT: each stays in its family, but what is compressed by zstd becomes OCI's, for Docker's schema 2 has no word for that. New documents are
 * noted among the changes. Errors: ERR_UNSUPPORTED for what the other family has no word for.
 */
int rewrite(struct shipment *s, enum oci_format format, struct err *e);
