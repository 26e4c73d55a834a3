/* SPDX-License-Identifier: Apache-2.0 */
#include "os/loop_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/loop.h>

#include "os/fd.h"

enum { TRIES = 64 };

/* A free number is free until somebody else takes it: once more then. */
int loop_device_attach(const char *file, char ret_path[LOOP_DEVICE_PATH])
{
	scoped_fd int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	scoped_fd int backing = control < 0 ? -EBADF : open(file, O_RDONLY | O_CLOEXEC);
	struct loop_config config = { .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR };

	if (control < 0 || backing < 0)
		return -errno;
	config.fd = (uint32_t)backing;
	for (int i = 0; i < TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		scoped_fd int device = -EBADF;

		if (number < 0)
			return -errno;
		snprintf(ret_path, LOOP_DEVICE_PATH, "/dev/loop%d", number);
		device = open(ret_path, O_RDONLY | O_CLOEXEC);
		if (device < 0)
			return -errno;
		if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
			return take_fd(&device);
		if (errno != EBUSY)
			return -errno;
	}
	return -EBUSY;
}
