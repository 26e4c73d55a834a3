/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * banned: force-included everywhere. Functions that invite overflow, hidden state or a shell are compile errors; the word after the dash is what to use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With clang some of them are macros of the fortified library, and a macro cannot be banned. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy    /* - snprintf, arena_strdup */
#pragma GCC poison strcat    /* - buf_add_str */
#pragma GCC poison strncpy   /* - memcpy, snprintf */
#pragma GCC poison strncat   /* - buf_add */
#pragma GCC poison sprintf   /* - snprintf, arena_printf */
#pragma GCC poison vsprintf  /* - vsnprintf */
#pragma GCC poison strtok    /* - str_cut */
#pragma GCC poison gets      /* - file_read */
#pragma GCC poison atoi      /* - parse_i32 */
#pragma GCC poison atol      /* - parse_i64 */
#pragma GCC poison system    /* - proc_spawn */
#pragma GCC poison popen     /* - proc_spawn */
#ifndef OPENSSL_SAYS_RAND
#pragma GCC poison rand      /* - getrandom; but the headers of OpenSSL name parameters so */
#endif
#pragma GCC poison localtime /* - localtime_r */
#pragma GCC poison gmtime    /* - gmtime_r */
