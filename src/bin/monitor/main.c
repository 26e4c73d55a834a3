/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-monitor: stays with one container: holds its streams, keeps its log, serves its clients, records its end. Called as conmon it is one.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"
#include "monitor/conmon.h"
#include "monitor/conmon_options.h"
#include "monitor/life.h"
#include "os/trace.h"

static const char usage[] =
	"Usage: tare-monitor --config FILE [--control-fd N]\n"
	"\n"
	"Runs one container through an OCI runtime and stays with it: streams, log, attached clients, exit record.\n"
	"\n"
	"  --config FILE    what to run (monitor.json)\n"
	"  --control-fd N   connected SOCK_SEQPACKET socket of whoever starts the container\n"
	"  --version        print the version\n"
	"  --help           print this\n"
	"\n"
	"Any other option: the command line of conmon, for podman and CRI-O (tare-monitor -h lists it).\n";

/* No stdio: its buffers would stay with every container. */
static void say(int fd, const char *s)
{
	if (write(fd, s, strlen(s)) < 0)
		return; /* nobody is left to tell */
}

static int fail(const char *what, const char *why)
{
	say(2, "tare-monitor: ");
	say(2, what);
	say(2, why);
	say(2, "\n");
	return 1;
}

int main(int argc, char **argv)
{
	struct life_options o = { .control_fd = -EBADF };
	struct err e = { 0 };
	int r;

	if (conmon_is_meant(argc, argv))
		return conmon_main(argc, argv);
	trace_begin("tare-monitor");
	/* Readiness is between a service manager and whoever it started, not between it and each container. */
	unsetenv("NOTIFY_SOCKET");
	for (int i = 1; i < argc; i++) {
		if (streq(argv[i], "--help")) {
			say(1, usage);
			return 0;
		} else if (streq(argv[i], "--config") && i + 1 < argc) {
			o.config = argv[++i];
		} else if (streq(argv[i], "--control-fd") && i + 1 < argc) {
			if (parse_i32(argv[++i], &o.control_fd) < 0 || o.control_fd < 3)
				return fail("not a descriptor above 2: ", argv[i]);
		} else {
			return fail("unknown option or missing value: ", argv[i]);
		}
	}
	if (!o.config)
		return fail("--config is required", "");
	r = life_run(&o, &e);
	if (r < 0)
		return fail(e.msg, "");
	return r;
}
