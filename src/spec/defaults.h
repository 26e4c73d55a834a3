/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * defaults: what a container gets when nobody says otherwise, equal to Docker's, as data: capabilities, masked and read-only paths, mounts, device
 * rules and the seccomp profile. Each function fills structs of spec/oci_runtime.h; strings are static or in the caller's arena.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/oci_runtime.h"

/*
 * Docker's 14 capabilities with --cap-add and --cap-drop applied ("ALL", with or without "CAP_", any case); @privileged: all of them.
 * Bounding, effective and permitted are that set when @root (user 0), otherwise only bounding: a user without uid 0 gets none of them
 * by itself; inheritable and ambient stay empty (CVE-2022-29162). Errors: ERR_INVALID names the unknown word.
 */
int defaults_capabilities(const struct strs *add, const struct strs *drop, bool privileged, bool root, struct arena *a,
			  struct oci_capabilities **ret, struct err *e);

/* Docker's masked and read-only paths. Empty for privileged containers: do not call it for them. */
struct strs defaults_masked_paths(void);
struct strs defaults_readonly_paths(void);

/* The device rules of an unprivileged container (deny all, then allow the harmless), or the one rule "allow all". */
void defaults_device_rules(bool privileged, struct arena *a, struct oci_resources *r);

/* /proc /dev /dev/pts /sys /sys/fs/cgroup /dev/mqueue /dev/shm in the order to be mounted; @shm_size in bytes (0: 64 MiB). */
void defaults_mounts(bool privileged, uint64_t shm_size, struct arena *a, struct oci_mount **ret, size_t *ret_n);

/* What a profile's conditions are asked about. */
struct seccomp_facts {
	const struct strs *caps;   /* bounding set: "CAP_SYS_ADMIN" */
	const char *arch;          /* as Docker's profiles name it: "amd64" "arm64" …; seccomp_native_arch() */
	unsigned kernel_major, kernel_minor;
};

/* The architecture this was compiled for, in Go's words. */
const char *seccomp_native_arch(void);

/* Docker's default profile with its conditions decided. */
void defaults_seccomp(const struct seccomp_facts *f, struct arena *a, struct oci_seccomp **ret);

/*
 * A profile in Docker's JSON (archMap, includes, excludes) or plain OCI form, conditions decided. For --security-opt seccomp=FILE.
 * Errors: ERR_INVALID with the path of the wrong property.
 */
int seccomp_profile_decode(struct str json, const struct seccomp_facts *f, struct arena *a, struct oci_seccomp **ret, struct err *e);
