/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * secret: what shows a registry who somebody is.
 */

struct credentials {
	const char *user, *password, *identity_token; /* NULL: none */
};
