/* SPDX-License-Identifier: Apache-2.0 */
/* tare: the command line. Everything it does stands in src/cli; here is only where a process begins. */
#include <sys/stat.h>

#include "cli/command.h"
#include "os/trace.h"

int main(int argc, char **argv)
{
	umask(022);     /* what we make is also seen inside containers: its modes are ours to choose, not the caller's shell's */
	trace_begin("tare");
	return cli_main(argc, argv);
}
