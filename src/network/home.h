/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * home: the network namespace in which an ordinary user's bridges are.
 *
 * An ordinary user may not touch the host's links and rules, but everything in a network namespace of his own: there the same bridges, addresses and
 * rules stand as for root, for all his containers, and one process (outside.h) connects it with the host's network. The namespace is kept by a mount on
 * <run>/netns/home in the mount namespace that his containers share, for as long as <run>/netns/users holds a file of an attachment; who takes the last
 * one away takes the namespace down.
 *
 * Our own process stays in the host's network (it pulls images) and cannot come back to it once it left: what concerns links and rules is done by a child
 * that goes there (home_run). For root all of this is nothing: his home is where he is.
 */
#include <stdbool.h>

#include "network/internal.h"

/* True if links and rules are to be made elsewhere. */
bool home_is_elsewhere(void);

/* Makes sure that the namespace is there and connected, and that it stays until home_leave. Errors: ERR_UNSUPPORTED with what this host lacks. */
int home_enter(struct network *n, const char *container, const char *network, struct err *e);

/* One that never came in is no error. */
void home_leave(struct network *n, const char *container, const char *network);

/*
 * Calls @fn there and returns what it returned, and its error. It must not change memory that matters. Without a home it is called where there
 * is nothing (@n NULL: in any case; for what is done inside a container, which it enters and comes back from). Where we are at home already it is simply called.
 */
typedef int (*home_fn)(void *arg, struct err *e);
int home_run(const struct network *n, home_fn fn, void *arg, struct err *e);

/* The namespace. Returns owned. Errors: -ENOENT there is none. */
int home_open(const struct network *n);

/* Takes the attachments of dead containers away. Returns how many. */
int home_heal(struct network *n, network_alive_fn alive, void *arg);
