/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * gvariant: values as people write them (the text format of GVariant) → a D-Bus variant. Pure.
 *
 *     'text' "text"   true   42 -7 0x1f   1.5   int64 42   byte 0x41   @as []   ['a', 'b']   ('a', uint32 1)   {'key': <1>}   <'boxed'>
 *     A whole number without a type is an int32, one with a point or exponent a double; b'…' is a string of bytes.
 * An array takes the type of its first element; an empty one needs "@type". Maybe types do not exist on D-Bus.
 */
#include "base/buf.h"

/*
 * Appends the variant (signature, then value) that @text describes to a body (codec/dbus.h). With @seconds the value must be a number
 * that is not negative and is written as uint64, times a million (systemd's …Sec properties are …USec on the bus).
 * Errors: -EINVAL for text that is no value; -E2BIG past LIMIT_GVARIANT_TEXT.
 */
int gvariant_put(struct buf *body, const char *text, bool seconds);
