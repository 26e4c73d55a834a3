/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * netif: what can be said of a network interface without a conversation (see netlink.h for those).
 *
 * Errors: -errno. EINTR: does not occur.
 */
#include <stdbool.h>

/* Sets the loopback interface of the caller's network namespace up: it is born down. Errors: -EPERM; -EAFNOSUPPORT on a kernel without IPv4. */
int netif_loopback_up(void);

/* A name the kernel takes for an interface; with @template it may hold one "%d", for which the kernel finds a number. */
bool netif_name_is_valid(const char *name, bool template);
