/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * confine: what tare-transfer may still do once it knows its task, and before it has seen one byte from outside.
 *
 * Mounts: its own, all read-only. Files (Landlock): make anything below the layers' ingest directory; read what name resolution and TLS need and the given source; nothing else. A sink
 * gets its own descriptors to write below. Standard input is gone. No sockets where source or sink are local, TCP and UDP elsewhere. Capabilities: those that unpacking needs (owner, mode, device nodes, file
 * capabilities); none for a sink. System calls (seccomp): a list. Resources: descriptors, memory, file size, no core. Without Landlock in the kernel the
 * others hold. It keeps its user: files of a layer would have to change hands twice, and what root could do with them is what is taken away here.
 * Not confined: where it connects to, since registries redirect to any host and port. tests/security/confinement.bats attacks all of this.
 */
#include "base/err.h"
#include "image/protocol.h"

/* @fds as they came with OPEN: the layers' ingest directory, then the source's; or the sink's. */
int confine(const struct transfer_message *open, const int *fds, size_t n_fds, struct err *e);
