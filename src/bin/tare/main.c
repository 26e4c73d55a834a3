/* SPDX-License-Identifier: Apache-2.0 */
/* tare: the command line. Everything it does stands in src/cli; here is only where a process begins. */
#include "cli/command.h"
#include "os/trace.h"

int main(int argc, char **argv)
{
	trace_begin("tare");
	return cli_main(argc, argv);
}
