/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * news: what the monitor tells the journal of events of its container: attach, start, kill, oom, die, resize, …
 */
struct monitor_config;

/* Appends an event with further attributes (key, value, …, NULL) to those of the configuration. Nothing if there is no journal. */
void news_tell(const struct monitor_config *c, const char *action, ...) __attribute__((sentinel));

/* The same with one number. */
void news_tell_number(const struct monitor_config *c, const char *action, const char *key, int value);
