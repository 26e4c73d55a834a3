/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cancel.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/scope.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static int event = -EBADF;
static struct sigaction before[ARRAY_LEN(signals)];
static bool is_open;
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
	if (is_open)
		return event;
	if (event < 0)
		event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_RESETHAND }, NULL);
	is_open = true;
	return event;
}

void cancel_close(void)
{
	if (!is_open)
		return;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	is_open = false;
	if (came)
		raise(came);
}

int cancel_signal(void)
{
	return came;
}
