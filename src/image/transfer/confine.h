/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * confine: what tare-transfer may still do once it knows its task, and before it has seen one byte from outside.
 *
 * Mounts: its own, all read-only. Files (Landlock): make anything below the layers' ingest directory; read what TLS needs and the given source; nothing
 * else. A sink gets its own descriptors to write below. Standard input is gone. No sockets: who talks to a registry is given connections by the dialer
 * (dial.h), a process that may make some and nothing else: it reads what looking names up needs, and is nobody. Capabilities: those that unpacking needs (owner,
 * mode, device nodes, file capabilities); none for a sink. System calls (seccomp): a list. Resources: descriptors, memory, file size, no core. Without
 * Landlock in the kernel the others hold. The reader keeps its user: files of a layer would have to change hands twice, and what root could do with them is
 * what is taken away here. tests/security/confinement.bats attacks all of this.
 */
#include <stdbool.h>

#include "base/err.h"
#include "image/protocol.h"

/* @fds as they came with OPEN: the layers' ingest directory, then the source's; or the sink's. */
int confine(const struct transfer_message *open, const int *fds, size_t n_fds, struct err *e);

/* Whether that task talks to a registry. */
bool confine_is_online(const struct transfer_message *open);

/* The dialer's share. */
int confine_dialer(struct err *e);
