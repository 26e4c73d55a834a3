/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * certs: what /etc/tare/certs.d, /etc/containers/certs.d and /etc/docker/certs.d say about a registry: further CAs (*.crt) and a client
 * certificate (*.cert with its *.key), in directories named "host" or "host:port".
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct certs {
	struct str ca, cert, key; /* PEM; empty if there is none */
};

extern const char *const certs_directories[]; /* ends with NULL */

/* The file of all authorities the user wants in place of the system's ($SSL_CERT_FILE), or NULL. */
const char *certs_file(void);

int certs_load(const char *host, struct arena *a, struct certs *ret, struct err *e);
