/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * assemble: an image whose manifest we write ourselves, because what it came from has none: docker-archive and import.
 */
#include "image/moving/intake.h"
#include "image/store/content.h"

/*
 * Writes manifest and config for the layers that @in has brought, in order, and places a record for each of @names (canonical; none: a nameless record).
 * @config_text is what gets hashed: its digest is the image's id; @config is the same, decoded. *ret is the last record placed.
 */
int assemble(const struct intake *in, struct str config_text, const struct oci_image_config *config, const struct strs *names,
	struct image_record *ret, struct err *e);
