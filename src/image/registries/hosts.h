/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * hosts: containerd's hosts.toml, /etc/containerd/certs.d/HOST/hosts.toml (HOST as it is, with "_PORT_" for ":PORT", or "_default").
 *
 * Each [host."URL"] is asked in the order of the file, then `server`. Capabilities decide what for: "pull" for content, "resolve" for tags, "push". A
 * directory without hosts.toml is one of certificates (cert_files.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { HOST_PULL = 1 << 0, HOST_RESOLVE = 1 << 1, HOST_PUSH = 1 << 2 };

struct host {
	const char *base;        /* URL below which repositories are: "https://mirror:5000/v2"; NULL: the registry's own */
	const char *name;        /* "mirror:5000" */
	unsigned capabilities;
	bool skip_verify;
	struct strs ca;          /* paths */
	const char *cert, *key;  /* paths, or NULL */
	struct pairs headers;
};

struct hosts {
	const char *file;        /* NULL: there is none */
	struct host *v;          /* the last one is the server */
	size_t n;
};

/* @host: "docker.io", "r.example:5000". */
int hosts_load(const char *host, struct arena *a, struct hosts *ret, struct err *e);

/* One document; paths in it are relative to @directory. For tests, and the body of hosts_load. */
int hosts_parse(struct str json, const char *host, const char *directory, struct arena *a, struct hosts *ret, struct err *e);
