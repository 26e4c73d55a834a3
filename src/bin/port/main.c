/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-port: carries published ports of one container into an ordinary user's network namespace.
 */
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"
#include "forward/forward.h"
#include "os/fd.h"

static const char usage[] =
	"Usage: tare-port --netns-fd N --ready-fd N\n"
	"\n"
	"Listens on the ports that its standard input names, one a line: PROTOCOL HOST-ADDRESS HOST-PORT ADDRESS PORT,\n"
	"and carries what comes to them into the network namespace.\n"
	"\n"
	"  --netns-fd N     the namespace\n"
	"  --ready-fd N     where it says that it listens, or why not\n"
	"  --version        print the version\n"
	"  --help           print this\n";

/* No stdio: its buffers would stay with every container. */
static void say(int fd, const char *s)
{
	if (write(fd, s, strlen(s)) < 0)
		return; /* nobody is left to tell */
}

static int fail(const char *what, const char *why)
{
	say(2, "tare-port: ");
	say(2, what);
	say(2, why);
	say(2, "\n");
	return 1;
}

int main(int argc, char **argv)
{
	int netns = -EBADF, ready = -EBADF;
	struct err e = { 0 };

	for (int i = 1; i < argc; i++) {
		int *fd = streq(argv[i], "--netns-fd") ? &netns : streq(argv[i], "--ready-fd") ? &ready : NULL;

		if (streq(argv[i], "--version")) {
			say(1, "tare-port " TARE_VERSION "\n");
			return 0;
		}
		if (streq(argv[i], "--help")) {
			say(1, usage);
			return 0;
		}
		if (!fd || i + 1 == argc)
			return fail("unknown option or missing value: ", argv[i]);
		if (parse_i32(argv[++i], fd) < 0 || *fd < 3)
			return fail("not a descriptor above 2: ", argv[i]);
	}
	if (netns < 0 || ready < 0)
		return fail("--netns-fd and --ready-fd are required", "");
	return forward_run(STDIN_FILENO, netns, ready, &e) < 0 ? fail(e.msg, "") : 0;
}
