/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * lsm: the labels AppArmor and SELinux give to the next program, to keys and to file systems.
 *
 * Labels of processes are written below /proc/self/attr, opened once through a verified procfs (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881), and
 * read back: a label that did not arrive is an error and no program runs without it. Here the directory is a parameter, so a unit test has its own.
 *
 * AppArmor: the profile holds from the next execve on ("exec"). Under no_new_privs a process that is confined already may only add to what confines it
 *           ("stack"), as the kernel lets nobody widen his rights then. SELinux: attr/exec likewise; attr/keycreate for a new keyring.
 * Ownership: descriptors are the caller's; strings are in his arena.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/oci_runtime.h"

/* A label to be written before the next execve. */
struct lsm_label {
	const char *module; /* "AppArmor" */
	int fd;             /* open for reading and writing, owned; -EBADF: no label */
	const char *text;   /* what is written */
	const char *label;  /* what is to be read back */
};
struct lsm_labels {
	struct lsm_label apparmor, selinux;
};
#define LSM_LABELS_NONE ((struct lsm_labels){ .apparmor = { .fd = -9 /* -EBADF */ }, .selinux = { .fd = -9 } })

/* True if a process has a label to be set. */
bool lsm_wants(const struct oci_process *p);

/* Opens /proc/self/attr below @procfd (os/procfs.h). Returns owned. */
int lsm_open_attr(int procfd, struct err *e);

/* Opens what will be written. @attr is borrowed. */
int lsm_prepare(int attr, const struct oci_process *p, struct arena *a, struct lsm_labels *ret, struct err *e);

/* Writes the labels, reads them back, closes. */
int lsm_apply(struct lsm_labels *l, struct err *e);
void lsm_done(struct lsm_labels *l);

/* The label of keys made from now on; NULL: the usual one again. A kernel without the file has no such labels. */
int lsm_label_keys(int attr, const char *label, struct err *e);

/* ---- file systems ---- */

/* linux.mountLabel, and how it is given (annotation run.oci.mount_context_type, NULL: "context"). No label: nothing is labelled. */
struct lsm_mount {
	const char *label, *context_type;
};

/* The option that labels a new file system of that type, or NULL: it takes none. */
const char *lsm_mount_option(const struct lsm_mount *m, const char *type);

/* True for types whose root takes the label as an extended attribute instead. */
bool lsm_mount_by_xattr(const char *type);

/* True if the annotation names one of the four kinds of context, or is absent (NULL). */
bool lsm_is_context_type(const char *context_type);

/* ---- pure ---- */

/* True if @got, read from an attribute of AppArmor, says that @profile confines, alone or among others: "a//&b (enforce)". */
bool lsm_apparmor_has(const char *got, const char *profile);
