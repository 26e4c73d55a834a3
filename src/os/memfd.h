/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * memfd: files that nobody can change any more, and running from one (CVE-2019-5736).
 *
 * A process that enters a container shows its program at /proc/PID/exe. memfd_self_open() gives a read-only image of the running program that
 * cannot be written through that link: a private overlay without upper layer, mounted nowhere (no copy, pages shared with the file), or
 * else a sealed memory copy.
 * Errors: -errno. EINTR: retried.
 */
#include <stdbool.h>
#include <stddef.h>

#include "os/proc.h"

/* A sealed memfd (no write, grow, shrink, or further seals) with these bytes, or those of @fd from its start. Returns owned. */
int memfd_from_bytes(const char *name, const void *p, size_t n);
int memfd_from_file(const char *name, int fd, size_t max);

/* True if @fd is a memfd with all four seals. */
bool memfd_is_sealed(int fd);

enum memfd_kind { MEMFD_OVERLAY, MEMFD_COPY };

/* An executable image of a program, or of this very one, fit for proc_spawn's exec_fd or execveat. Returns owned; *ret_kind may be NULL. */
int memfd_image_open(const char *path, enum memfd_kind *ret_kind);
int memfd_self_open(enum memfd_kind *ret_kind);

/*
 * proc_spawn of s->path (absolute) from an image of it. A program that ends in memfd_self_ensure anyway then need not execute itself a second time,
 * which is most of what sealing costs. Where no image can be made or executed (a script) the path itself is.
 */
int memfd_spawn(const struct proc_spawn *s, struct proc *ret);

/* True if this process already runs from such an image (sealed memfd, or a file on an overlay that is read-only as a whole). */
bool memfd_self_is_sealed(void);

/*
 * Makes sure of it: returns 0 if it does, else executes the image with the same arguments and environment, and does not return.
 * TARE_SEALED in the environment stops a loop: -ELOOP if we were executed so and still are not sealed.
 */
int memfd_self_ensure(char *const *argv);
