/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * confine: what tare-transfer may still do once it knows its task, and before it has seen one byte from outside.
 *
 * Files (Landlock): make anything below the layers' ingest directory; read what name resolution and TLS need and the given source; nothing else. A sink
 * gets its own descriptors to write below. No TCP where source or sink are local. Capabilities: those that unpacking needs (owner, mode, device nodes, file
 * capabilities); none for a sink. System calls (seccomp): a list. Resources: descriptors, memory, file size, no core. Without Landlock in the kernel the
 * other three hold.
 */
#include "base/err.h"
#include "image/protocol.h"

/* @fds as they came with OPEN: the layers' ingest directory, then the source's; or the sink's. */
int confine(const struct transfer_message *open, const int *fds, size_t n_fds, struct err *e);
