/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cert_files: which files hold the authorities and the client certificate for a registry. They are only named here: tare-transfer reads them, and is
 * let near no others.
 *
 * Looked for in directories named "host" or "host:port" below /etc/tare/certs.d, ~/.config/containers/certs.d, /etc/containers/certs.d, /etc/docker/certs.d and
 * /etc/containerd/certs.d: *.crt are authorities (all of them count), NAME.cert with NAME.key is the client's certificate (the first one counts).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct cert_files {
	struct strs ca;
	const char *cert, *key; /* both or neither; may be one file */
};

/* @directory instead of all those, if not NULL (--cert-dir): it must exist. Errors: -ENOENT; -EINVAL a certificate without its key or the other way round. */
int cert_files_find(const char *host, const char *directory, struct arena *a, struct cert_files *ret, struct err *e);
