/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * certs: the authorities and the client certificate for one registry, from files the store has named (image/registries/cert_files.h).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct certs {
	struct str ca, cert, key; /* PEM; empty if there is none */
};

/* The file of all authorities the user wants in place of the system's ($SSL_CERT_FILE), or NULL. */
const char *certs_file(void);

/* @cert and @key are both given or both NULL; they may be the same file. */
int certs_load(const struct strs *ca, const char *cert, const char *key, struct arena *a, struct certs *ret, struct err *e);
