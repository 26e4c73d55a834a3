/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * change: one Dockerfile word applied to an image config, as `import --change` takes them: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME,
 * WORKDIR. Words in brackets are a JSON list; CMD and ENTRYPOINT otherwise go through /bin/sh -c, as in a Dockerfile.
 */
#include "spec/oci_image.h"

/* Errors: -EINVAL, -EOPNOTSUPP for another word. */
int change_apply(const char *text, struct arena *a, struct oci_run_config *c, struct err *e);
