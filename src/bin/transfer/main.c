/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-transfer: everything that touches bytes of images from outside, confined. Started by the image store with its control socket as descriptor 3;
 * of no use by hand.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/log.h"
#include "base/scope.h"
#include "image/transfer/serve.h"
#include "os/trace.h"

enum { CONTROL_FD = 3 };
static const int group_signals[] = { SIGINT, SIGTERM, SIGHUP };

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int type;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("tare-transfer version " TARE_VERSION);
		return 0;
	}
	if (argc != 1 || getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){ sizeof type }) < 0 || type != SOCK_SEQPACKET) {
		fputs("tare-transfer: started by tare only; pull images with 'tare pull'\n", stderr);
		return 125;
	}
	trace_begin("tare-transfer");
	log_open(2, LOG_FORMAT_PLAIN, LOG_LEVEL_WARN, "tare-transfer");
	signal(SIGPIPE, SIG_IGN);
	/* A file longer than it may be is an error like any other. */
	signal(SIGXFSZ, SIG_IGN);
	/* The terminal's Ctrl-C goes to the whole group, and so do a service manager's SIGTERM and a hangup; whether to stop is the store's decision, and
	 * its death is ours. */
	for (size_t i = 0; i < ARRAY_LEN(group_signals); i++)
		signal(group_signals[i], SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	/* Workers may be in the middle of something: no destructors while they run. */
	_exit(serve(CONTROL_FD, &e) < 0 ? 1 : 0);
}
