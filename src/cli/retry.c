/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/retry.h"

#include <poll.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cancel.h"

enum { DOUBLED_MOST = 6, MS = 1000000 };

bool retry_wait(const struct retry_options *o, int64_t turn, struct err *e)
{
	struct pollfd cancel = { .fd = cancel_open(), .events = POLLIN };
	int64_t pause = o->delay / MS;

	if (turn >= o->times || (e->kind != ERR_UNAVAILABLE && e->kind != ERR_TIMEOUT))
		return false;
	if (o->delay == 0)
		pause = 1000LL << (turn < DOUBLED_MOST ? turn : DOUBLED_MOST);
	pause = pause > INT32_MAX ? INT32_MAX : pause;
	fprintf(stderr, "%s; trying again in %.3g s\n", text_calm(e->msg), (double)pause / 1000);
	if (poll(&cancel, cancel.fd > 0, (int)pause) == 0)
		return true;
	err_set(e, ERR_CANCELED, "interrupted");
	return false;
}
