/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/news.h"

#include <stdarg.h>
#include <stdio.h>

#include "spec/event.h"
#include "spec/monitor.h"

void news_tell(const struct monitor_config *c, const char *action, ...)
{
	va_list ap;

	if (!c->events_root)
		return;
	va_start(ap, action);
	event_vnote(c->events_root, EVENT_CONTAINER, action, c->id, &c->event_attributes, ap);
	va_end(ap);
}

void news_tell_number(const struct monitor_config *c, const char *action, const char *key, int value)
{
	char text[16];

	snprintf(text, sizeof text, "%d", value);
	news_tell(c, action, key, text, NULL);
}
