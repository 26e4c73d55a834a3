/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cancel.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/scope.h"

static int event = -EBADF;
static volatile sig_atomic_t came;

static void on_signal(int signal)
{
	int saved = errno;
	ssize_t ignored;

	came = signal;
	ignored = write(event, &(uint64_t){ 1 }, sizeof(uint64_t));
	(void)ignored;
	errno = saved;
}

int cancel_open(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	if (event >= 0)
		return event;
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct sigaction old;

		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_RESETHAND }, NULL);
	}
	return event;
}

int cancel_signal(void)
{
	return came;
}
