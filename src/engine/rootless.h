/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rootless: what makes an ordinary user root of his own images.
 *
 * A process of an ordinary user goes into a user namespace in which he is root and the ids of /etc/subuid and /etc/subgid are the others, with a mount
 * namespace of its own. There everything is as for root, and the same for every process of his: files belong to the same ids outside. What it mounts is
 * there as long as a process lives in it. So where a process or a monitor of his is already, the next one goes, too, and all containers live in one. His places are $XDG_DATA_HOME/tare and $XDG_RUNTIME_DIR/tare, handed down in TARE_ROOT and TARE_RUN.
 */
#include <stdbool.h>

#include "base/err.h"

/*
 * Root of the host or of a namespace: nothing. Else goes in; *ret_entered tells. @run_root as in struct engine_options. Single-threaded callers only, before anything is opened by way of
 * directories. Errors: ERR_UNSUPPORTED with what this host lacks.
 */
int rootless_enter(const char *run_root, bool *ret_entered, struct err *e);

/* The end of a process that entered: nobody needs to follow it any more. Who does not come to that is noticed. */
void rootless_leave(const char *run_root);
