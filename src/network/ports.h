/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ports: host ports as files. `<run>/ports/<port>-<protocol>/<host ip, "any" or "::">` holds "<id> <container ip> <container port>".
 *
 * Two reservations of one port conflict if their host addresses overlap. The kernel is asked too, by binding a socket for a moment: a program of
 * the host that listens there is a conflict, though nothing keeps one from starting later. One lock, `<run>/ports/.lock`, is held while ports are
 * taken and freed.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/firewall.h"
#include "spec/container.h"

/* Where ports lead: the container's addresses; NULL: none of that family. */
struct ports_target {
	const char *ip, *ip6;
};

/*
 * Takes all @ports for the container @owner at @to, or none. @ret: copies with the real host ports and addresses, in @a; a port of every address is
 * two of them if the container speaks both families, the second with the host address "::". @dirfd: <run>/ports.
 * Errors: ERR_CONFLICT (taken), ERR_INVALID (host address not of this host), ERR_EXHAUSTED (no free port in the ephemeral range), ERR_UNSUPPORTED.
 */
int ports_reserve(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *ports, size_t n, struct arena *a,
		struct container_port **ret, size_t *ret_n, struct err *e);

/* Frees those that are @owner's. */
int ports_release(int dirfd, const char *owner, const struct container_port *ports, size_t n, struct err *e);

/* What the firewall has to know about a port of the container at @to. Errors: ERR_INVALID, ERR_UNSUPPORTED (no address of that family). */
int ports_to_rules(const struct container_port *p, const struct ports_target *to, struct ruleset_port *ret, struct err *e);

/* All reservations, with the lock held: @fn hears the owner ("": never finished, and @p is zero) and says whether to drop it. */
typedef bool (*ports_each_fn)(void *arg, const char *owner, const struct ruleset_port *p);
int ports_sweep(int dirfd, ports_each_fn fn, void *arg, struct err *e);

/* Only those of @owner that are still there, from @ports: a detach that comes twice must not touch what is somebody else's by now. */
int ports_owned(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *ports, size_t n, struct ruleset_port *ret,
		size_t *ret_n, struct err *e);
