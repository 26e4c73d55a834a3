/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * courier: the store's end of the connection to one tare-transfer, which lives as long as the courier. It has a source or a sink (protocol.h).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "image/protocol.h"
#include "image/store/content.h"
#include "os/proc.h"

struct courier {
	int sock;
	int layers_fd; /* layers/ingest, apart from what is around it */
	int cancel_fd; /* borrowed; <= 0: none */
	struct proc proc;
	void (*notice)(void *arg, const char *line); /* hears what a registry wants people to see; may be NULL, set after opening */
	void *arg;
};
#define COURIER_NONE ((struct courier){ .sock = -EBADF, .layers_fd = -EBADF, .proc = PROC_NONE })

/* Starts tare-transfer, gives it the task and waits until its source or sink is open. @fds are that one's, borrowed. */
int courier_open(struct courier *l, const struct image_store *s, struct transfer_message *task, const int *fds, size_t n_fds, int cancel_fd, struct err *e);

/* The directory of @fd as the root of a mount of its own, so that ".." leads nowhere from there; all directories are handed over so. A copy of @fd where that
 * cannot be had: without root, on kernels before 5.2, in other mount namespaces. Returns owned. */
int courier_directory_apart(int fd, bool read_only);

/* A directory of layers/ingest to hand over: from there nothing else can be reached. Returns owned. For sources. */
int courier_layer_directory(const struct courier *l, const char *name);

/* Kills it if it still runs. */
void courier_done(struct courier *l);
#define scoped_courier SCOPED(courier_done)

/* Receives one message that carries no descriptors. Errors: -ETIMEDOUT, -ECANCELED. */
int courier_receive(struct courier *l, int timeout_ms, struct arena *a, struct transfer_message *ret, struct err *e);

/* Sends a message and waits for the one that answers it; progress meanwhile is dropped. For use while no job runs. */
int courier_ask(struct courier *l, const struct transfer_message *ask, const int *fds, size_t n_fds, enum transfer_type answer, struct arena *a,
	struct transfer_message *ret, struct err *e);

/* Fetches a document; the bytes are ours alone and unverified. */
struct document {
	struct str text;
	const char *media_type; /* as the source says; NULL if unknown */
	const char *link;       /* name of where a list goes on; NULL: it ends here */
};
int courier_get(struct courier *l, const char *name, const char *accept, uint64_t max, struct arena *a, struct document *ret, struct err *e);

/* Whether source or sink have something by that name, and what they say it is. Errors: -ENOENT. For use while no job runs. */
struct presence {
	const char *digest, *media_type; /* NULL if it does not say */
	uint64_t size;                   /* 0 if it does not say */
};
int courier_has(struct courier *l, const char *name, const char *accept, struct arena *a, struct presence *ret, struct err *e);

/* Fetches a blob into @fd (borrowed), where @have bytes of it are already; checked on return. @size -1: unknown. For use while no job runs. */
int courier_fetch(struct courier *l, const char *name, const char *digest, int64_t size, int fd, uint64_t have, struct err *e);

/* Puts a document; what refers to others comes after them. *ret says what the sink made of it. For use while no job runs. */
struct stored {
	const char *digest, *subject; /* as the sink says, NULL if it does not */
};
int courier_put(struct courier *l, const char *name, const char *digest, const char *media_type, struct str text, struct arena *a, struct stored *ret,
	struct err *e);

/* Whether @signature (base64) is one of @text by the public key @pem; a signature of @text by the private key @pem. For a courier with SOURCE_NONE. */
int courier_verify(struct courier *l, struct str text, const char *signature, struct str pem, struct err *e);
int courier_sign(struct courier *l, struct str text, struct str pem, const char *passphrase, struct arena *a, const char **ret, struct err *e);

/* Takes something away from a sink. Errors: -ENOENT; ERR_UNSUPPORTED if the other side does not do that. For use while no job runs. */
int courier_drop(struct courier *l, const char *name, struct err *e);

/* Tells the sink that this was all, and waits until that is complete. */
int courier_close(struct courier *l, struct err *e);
