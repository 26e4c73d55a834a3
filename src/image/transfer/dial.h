/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * dial: TCP connections for the process that reads what registries send, which may not make any by itself. A process of its own, forked before the other is
 * confined, looks names up and connects; it never sees a byte of what goes over a connection, and may do nothing else (confine_dialer). Whoever takes over
 * the reader gets connections from here only, and these follow a rule:
 *
 *   the registry and the proxies the user named are reached wherever they are, the latter at their port only. Other hosts (redirects, token servers, stores of
 *   blobs) are reached in the world; on this machine or its link only if the registry was found there itself. What was found first counts: a name that changes
 *   its address later gains nothing, nor one with addresses here and elsewhere.
 *
 * So an image from the internet cannot make this machine talk to its own daemons or to a cloud's metadata service (the SSRF side of CVE-2020-15157).
 */
#include <stdatomic.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct dialer {
	int sock;  /* requests */
	pid_t pid;
};
#define DIALER_NONE ((struct dialer){ .sock = -9 /* -EBADF */ })

/* Starts it. @named are whom the user named: the registry as "HOST", then proxies as "PORT HOST". For single-threaded callers. */
int dialer_start(const struct strs *named, struct dialer *ret, struct err *e);

/* Ends it, and its calls; waits for that. */
void dialer_stop(struct dialer *d);

/* A connected, non-blocking socket from the process behind @dialer, owned. Names and numbers alike, IPv6 without brackets. For any thread. Errors: ERR_NOT_FOUND nobody knows the
 * name; ERR_DENIED the rule above; -ECANCELED @stop became true; else what connecting said. */
int dial(int dialer, const char *host, const char *port, const atomic_bool *stop, struct err *e);

/* What the process does: answers requests from @sock until its other end closes. For tests without a process of its own. */
void dialer_serve(int sock, const struct strs *named);
