/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conntrack: forgetting connections. UDP has no end that the kernel could see: a client that goes on sending keeps the way to a dead container
 * alive, and its successor on the same port hears nothing.
 */
#include "base/err.h"
#include "network/addr.h"

/* Forgets all UDP connections answered by @x. Walks the whole table, so only for containers with UDP ports. Kernels that do not know how to choose
 * by a filter (before 5.19): no error. */
int conntrack_forget_udp(const struct addr *x, struct err *e);
