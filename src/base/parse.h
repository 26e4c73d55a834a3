/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * parse: the one vocabulary of numbers, sizes and durations, for the command line and for documents.
 *
 * Every function takes the whole string or fails with -EINVAL; a number that does not fit is -ERANGE. No leading blanks, no '+', no octal
 * surprises: digits are a number or an error (CVE-2026-30892 began with a lenient parser).
 */
#include <stdbool.h>
#include <stdint.h>

int parse_u64(const char *s, uint64_t *ret);
int parse_i64(const char *s, int64_t *ret);
int parse_u32(const char *s, uint32_t *ret);
int parse_i32(const char *s, int32_t *ret);

/* A user or group id: 0 … 2^32-2 (the kernel keeps 2^32-1 for "no change"). */
int parse_id(const char *s, uint32_t *ret);

/* true/false/1/0/yes/no/on/off as users type them. */
int parse_bool(const char *s, bool *ret);

/* Octal file mode, at most 07777. */
int parse_mode(const char *s, uint32_t *ret);

/* Bytes with an optional suffix b k m g t p, each 1024-based, also kb and kib, any case: "512m", "1.5g". */
int parse_size(const char *s, int64_t *ret);

/* Go durations ("1h2m3.5s", "300ms", "0"); a bare number means seconds. Result in nanoseconds. */
int parse_duration(const char *s, int64_t *ret_ns);

/* A decimal fraction such as "1.5" scaled by 10^9 (the NanoCPUs of Docker). */
int parse_nano(const char *s, int64_t *ret);

/* A TCP/UDP port, 1 … 65535; *ret_last equals *ret_first unless the string is a range "a-b". */
int parse_port_range(const char *s, uint16_t *ret_first, uint16_t *ret_last);
