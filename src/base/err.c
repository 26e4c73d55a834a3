/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row per kind: its word, and the errno a decision of that kind returns. */
static const struct {
	const char *name;
	int sys;
} kinds[ERR_KIND_COUNT] = {
	/* clang-format off */
	[ERR_NONE]            = { "none",            0         },
	[ERR_INVALID]         = { "invalid",         EINVAL    },
	[ERR_NOT_FOUND]       = { "not_found",       ENOENT    },
	[ERR_EXISTS]          = { "exists",          EEXIST    },
	[ERR_CONFLICT]        = { "conflict",        EBUSY     },
	[ERR_NOT_MODIFIED]    = { "not_modified",    EALREADY  },
	[ERR_DENIED]          = { "denied",          EPERM     },
	[ERR_UNAUTHENTICATED] = { "unauthenticated", EACCES    },
	[ERR_UNSUPPORTED]     = { "unsupported",     ENOTSUP   },
	[ERR_PRECONDITION]    = { "precondition",    ENOTTY    },
	[ERR_EXHAUSTED]       = { "exhausted",       E2BIG     },
	[ERR_TIMEOUT]         = { "timeout",         ETIMEDOUT },
	[ERR_CANCELED]        = { "canceled",        ECANCELED },
	[ERR_UNAVAILABLE]     = { "unavailable",     EAGAIN    },
	[ERR_CORRUPT]         = { "corrupt",         EBADMSG   },
	[ERR_INTERNAL]        = { "internal",        EIO       },
	/* clang-format on */
};

/* Errnos whose kind is not simply the one that returns them. */
static const struct {
	int sys;
	enum err_kind kind;
} sys_kinds[] = {
	/* clang-format off */
	{ EACCES,       ERR_DENIED      }, { EROFS,        ERR_DENIED      },
	{ ESRCH,        ERR_NOT_FOUND   }, { ENODEV,       ERR_NOT_FOUND   }, { ENXIO,      ERR_NOT_FOUND },
	{ ENOTEMPTY,    ERR_CONFLICT    }, { ETXTBSY,      ERR_CONFLICT    }, { EADDRINUSE, ERR_CONFLICT  },
	{ EOPNOTSUPP,   ERR_UNSUPPORTED }, { ENOSYS,       ERR_UNSUPPORTED },
	{ ENOSPC,       ERR_EXHAUSTED   }, { EDQUOT,       ERR_EXHAUSTED   }, { EMFILE,     ERR_EXHAUSTED },
	{ ENFILE,       ERR_EXHAUSTED   }, { ENOMEM,       ERR_EXHAUSTED   },
	{ ECONNREFUSED, ERR_UNAVAILABLE }, { EHOSTUNREACH, ERR_UNAVAILABLE }, { ENETUNREACH, ERR_UNAVAILABLE },
	{ ECONNRESET,   ERR_UNAVAILABLE }, { EPIPE,        ERR_UNAVAILABLE },
	{ ENOTDIR,      ERR_INVALID     }, { EISDIR,       ERR_INVALID     }, { ENAMETOOLONG, ERR_INVALID },
	{ ELOOP,        ERR_INVALID     }, { ERANGE,       ERR_INVALID     }, { EDOM,       ERR_INVALID   },
	{ EILSEQ,       ERR_CORRUPT     }, { EUCLEAN,      ERR_CORRUPT     },
	/* clang-format on */
};

const char *err_kind_name(enum err_kind kind)
{
	return (unsigned)kind < ERR_KIND_COUNT ? kinds[kind].name : "internal";
}

enum err_kind err_kind_of(int sys)
{
	sys = abs(sys);
	for (size_t i = 0; i < sizeof sys_kinds / sizeof *sys_kinds; i++)
		if (sys_kinds[i].sys == sys)
			return sys_kinds[i].kind;
	for (size_t i = 0; i < ERR_KIND_COUNT; i++)
		if (kinds[i].sys == sys)
			return (enum err_kind)i;
	return ERR_INTERNAL;
}

/* The C library's text without a look at the locale, which static programs do not have. */
static const char *library_text(int sys)
{
#ifdef __GLIBC__
	return strerrordesc_np(sys);
#else
	return strerror(sys); /* musl's is never translated unless setlocale was called */
#endif
}

const char *err_text(int sys)
{
	/* The copy lowers its first letter. */
	static _Thread_local char lowered[64];
	const char *text = library_text(abs(sys));

	if (!text)
		return "unknown error";
	if (text[0] < 'A' || text[0] > 'Z' || (text[1] >= 'A' && text[1] <= 'Z'))
		return text;
	snprintf(lowered, sizeof lowered, "%c%s", text[0] - 'A' + 'a', text + 1);
	return lowered;
}

void err_clear(struct err *e)
{
	e->kind = ERR_NONE;
	e->sys = 0;
	e->msg[0] = '\0';
}

/* Puts "@head: @tail" into the message; when both do not fit, keeps the start of @head and the end of @tail. */
static void join(struct err *e, const char *head, const char *tail)
{
	static const char gap[] = "…";
	size_t room = sizeof e->msg - 1, nh = strlen(head), nt = strlen(tail);
	char out[sizeof e->msg];

	if (nh + 2 + nt <= room) {
		snprintf(out, sizeof out, "%s: %s", head, tail);
	} else {
		size_t keep_head = nh < room / 3 ? nh : room / 3;
		size_t keep_tail = room - keep_head - (sizeof gap - 1) - 2;

		if (keep_tail > nt)
			keep_tail = nt;
		snprintf(out, sizeof out, "%.*s: %s%s", (int)keep_head, head, gap, tail + (nt - keep_tail));
	}
	memcpy(e->msg, out, sizeof e->msg);
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = kinds[kind].sys;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
	return -e->sys;
}

int err_sys(struct err *e, int r, const char *fmt, ...)
{
	char head[sizeof e->msg];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(head, sizeof head, fmt, ap);
	va_end(ap);
	e->sys = r ? abs(r) : EIO;
	e->kind = err_kind_of(e->sys);
	join(e, head, err_text(e->sys));
	return -e->sys;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char head[sizeof e->msg], tail[sizeof e->msg];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(head, sizeof head, fmt, ap);
	va_end(ap);
	memcpy(tail, e->msg, sizeof tail);
	join(e, head, tail);
	return -e->sys;
}
