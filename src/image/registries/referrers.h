/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * referrers: what in a repository says it is about a manifest (its `subject`): signatures, attestations, lists of parts. distribution-spec 1.1.
 *
 * A registry that knows them answers /referrers/<digest>. For one that does not, clients keep an index under the tag "<algorithm>-<hex>" of the subject; whoever
 * pushes something with a subject and is not told OCI-Subject puts it there.
 */
#include "image/courier.h"
#include "image/moving/shipment.h"
#include "spec/oci_image.h"

/* Lists them; none is an empty list. @artifact_type NULL: all. */
int referrers_list(struct courier *l, const char *digest, const char *artifact_type, struct arena *a, struct oci_index *ret, struct err *e);

/*
 * Takes a document that was deleted off its subject's list, if the list is the clients' business there. @l can write. A list that becomes empty is deleted, where the
 * registry does that.
 */
int referrers_forget(struct courier *l, const char *subject, const char *digest, struct arena *a, struct err *e);

/* Puts a document that has been stored, and has a subject, on its subject's list. Two who do that at once may lose one; the specification knows. */
int referrers_note(struct courier *l, const struct shipment_document *d, struct arena *a, struct err *e);
