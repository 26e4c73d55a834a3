/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * loop_device: a file as a block device, read-only, which goes away with its last user (autoclear).
 *
 * Errors: -errno; -ENOENT without /dev/loop-control. Needs CAP_SYS_ADMIN.
 */
enum { LOOP_DEVICE_PATH = 32 };

/* Attaches the file and writes the device's path to @ret_path. Returns the device opened: the caller closes it once it is mounted. */
int loop_device_attach(const char *file, char ret_path[LOOP_DEVICE_PATH]);
