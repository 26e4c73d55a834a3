/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * compress_opts: what `push`, `copy` and `save` may say about the compression of layers; podman and skopeo call the flags differently.
 */
#include "cli/command.h"
#include "image/moving/squeeze.h"

struct compress_options {
	const char *format;        /* layers that are of another are compressed again */
	struct opt_i64 level;
	struct opt_flag force;     /* also those that the destination has already; with a format, yes is what counts if nothing is said */
	bool compress;             /* layers that are plain, by @format or gzip */
	bool decompress;           /* all layers */
};

/* *ret_how is what they mean, in @a; NULL if nothing is to change. Errors: ERR_UNSUPPORTED, ERR_INVALID. */
int compress_options_take(const struct compress_options *o, struct arena *a, const struct squeeze_how **ret_how, struct err *e);

/* "oci", "v2s2". Errors: ERR_UNSUPPORTED, ERR_INVALID. */
int image_format_parse(const char *text, enum oci_format *ret, struct err *e);
