/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * dbus: messages of the D-Bus wire format, bytes <-> values. Pure: who sends and receives them is runtime/cgroup/bus.
 *
 * Writing: append values one by one to a buffer that begins where the body begins; each call aligns by itself.
 *     dbus_put_str(&body, "a.scope");  at = dbus_array_open(&body, 8);  …  dbus_array_close(&body, at);
 *     dbus_message_encode(&head, &body, &out)
 *     A buffer that would pass its maximum is marked full (base/buf.h); encode says -E2BIG.
 * Reading: take values one by one from a reader; the first failure marks the reader bad, all later ones give zero and "". So a sequence may
 *     be read without looking and checked once. Strings are borrowed from the message's bytes.
 * Hostile input: lengths are checked before use, nesting is capped, strings must end with NUL and hold none, padding must be zero, both byte
 *     orders are read. Messages longer than LIMIT_DBUS_MESSAGE are refused by dbus_message_size.
 * Errors: -EBADMSG for bytes that are no message.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN, DBUS_ERROR, DBUS_SIGNAL };
enum { DBUS_HEAD_SIZE = 16 }; /* what dbus_message_size wants to see */

/* ---- writing ---- */

void dbus_put_byte(struct buf *b, uint8_t v);
void dbus_put_bool(struct buf *b, bool v);
void dbus_put_u16(struct buf *b, uint16_t v);
void dbus_put_u32(struct buf *b, uint32_t v);
void dbus_put_u64(struct buf *b, uint64_t v);
void dbus_put_double(struct buf *b, double v);
void dbus_put_str(struct buf *b, const char *s);       /* 's' and 'o' */
void dbus_put_signature(struct buf *b, const char *s); /* 'g', and the first half of a variant */

/* Zero bytes up to a multiple of @to: 8 begins a struct or dictionary entry. */
void dbus_align(struct buf *b, size_t to);

/* The alignment of values whose signature begins with @type; 0 if there is no such type. */
size_t dbus_alignment(char type);

/* Begins an array whose elements have that alignment; the result is given to close. */
size_t dbus_array_open(struct buf *b, size_t alignment);
void dbus_array_close(struct buf *b, size_t at);

/* ---- reading ---- */

struct dbus_reader {
	const uint8_t *p;
	size_t n, at;
	bool swap; /* the bytes are in the other order */
	bool bad;
};

uint8_t dbus_get_byte(struct dbus_reader *r);
uint32_t dbus_get_u32(struct dbus_reader *r);
uint64_t dbus_get_u64(struct dbus_reader *r);
const char *dbus_get_str(struct dbus_reader *r);       /* borrowed; "" if bad */
const char *dbus_get_signature(struct dbus_reader *r); /* borrowed; "" if bad; checked by dbus_signature_is_valid */

/* Passes over one complete value, and says where the rest of @signature begins; NULL (and bad) if there is none. */
const char *dbus_skip(struct dbus_reader *r, const char *signature);

/* True for any number of complete types, not deeper than the specification allows; for exactly one. */
bool dbus_signature_is_valid(const char *s);
bool dbus_signature_is_single(const char *s);

/* ---- messages ---- */

struct dbus_message {
	enum dbus_type type;
	uint8_t flags;
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error, *destination, *sender, *signature; /* NULL: not there */
	struct dbus_reader body;
};

/* How long the message that begins with these DBUS_HEAD_SIZE bytes is. Errors: -EBADMSG; -E2BIG past LIMIT_DBUS_MESSAGE. */
int dbus_message_size(const void *head, size_t *ret);

/* Reads a whole message. Strings of @ret and its body are borrowed from the bytes. Errors: -EBADMSG. */
int dbus_message_decode(struct str bytes, struct dbus_message *ret);

/* Appends a whole message, native byte order; @m->body is ignored, @body holds the marshalled arguments. Errors: -E2BIG. */
int dbus_message_encode(const struct dbus_message *m, const struct buf *body, struct buf *ret);
