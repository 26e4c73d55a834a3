/* SPDX-License-Identifier: Apache-2.0 */
/* `tare version` says what is installed. There is no server: the program and the engine are one. */
#include "cli/commands.h"

#include <stdio.h>
#include <sys/utsname.h>

static int version_run(struct cli *c, const void *options, struct err *e)
{
	struct utsname u;

	uname(&u);
	printf("tare:\n Version:      %s\n OS/Arch:      linux/%s\n Kernel:       %s\n", TARE_VERSION,
		streq(u.machine, "x86_64") ? "amd64" : streq(u.machine, "aarch64") ? "arm64" : u.machine, u.release);
	return 0;
}

const struct command version_command = {
	.names = { "version" },
	.group = "System",
	.summary = "Say what is installed",
	.run = version_run,
};
