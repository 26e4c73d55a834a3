/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * courier: the store's end of the connection to one tare-transfer, which lives as long as the courier.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "image/protocol.h"
#include "image/content.h"
#include "os/proc.h"

struct courier {
	int sock;
	int cancel_fd; /* borrowed; <= 0: none */
	struct proc proc;
};
#define COURIER_NONE ((struct courier){ .sock = -EBADF, .proc = PROC_NONE })

/* Starts tare-transfer, gives it the task and waits until its source is open. @fds are the source's, borrowed. */
int courier_open(struct courier *l, const struct image_store *s, struct transfer_message *task, const int *fds, size_t n_fds, int cancel_fd, struct err *e);

/* Kills it if it still runs. */
void courier_done(struct courier *l);
#define scoped_courier SCOPED(courier_done)

/* Receives one message that carries no descriptors. Errors: -ETIMEDOUT, -ECANCELED. */
int courier_receive(struct courier *l, int timeout_ms, struct arena *a, struct transfer_message *ret, struct err *e);

/* Fetches a document; the bytes are ours alone and unverified. */
struct document {
	struct str text;
	const char *media_type; /* as the source says; NULL if unknown */
};
int courier_get(struct courier *l, const char *name, const char *accept, uint64_t max, struct arena *a, struct document *ret, struct err *e);
