/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * reservation: a file that says who owns something. Its name is the thing, its first line the owner's id, further words are the business of
 * whoever made it. Taking is atomic; callers that sweep hold the lock of the directory, so that an empty file is one whose maker died.
 * Errors: -errno.
 */
enum { RESERVATION_SIZE = 256 };

/* Takes @name for @text ("<id>" or "<id> <more>"). Errors: -EEXIST. */
int reservation_take(int dirfd, const char *name, const char *text);

/* Reads the text; "" if its maker died before writing. Errors: -ENOENT. */
int reservation_read(int dirfd, const char *name, char ret[RESERVATION_SIZE]);

/* True if the text of a reservation begins with that id. */
_Bool reservation_is_of(const char *text, const char *owner);

/* Removes it if it is @owner's. Something else or nothing there: 0. */
int reservation_drop(int dirfd, const char *name, const char *owner);
