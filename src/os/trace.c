/* SPDX-License-Identifier: Apache-2.0 */
#include "os/trace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/step.h"
#include "os/internal.h"
#include "os/proc.h"

/* Where the lines of this process go; the step tracer is process-wide anyway. */
static struct tracer {
	int fd;
	const char *program;
} tracer = { .fd = -1 };

static void trace_line(void *arg, const char *name, bool undo, uint64_t start_ns, uint64_t end_ns, int r)
{
	const struct tracer *t = arg;
	char line[256];
	int n = snprintf(line, sizeof line, "%s %s %s %" PRIu64 " %" PRIu64 " %d\n", t->program, name, undo ? "undo" : "do", start_ns,
		end_ns - start_ns, r);

	if (n > 0 && (size_t)n < sizeof line && write(t->fd, line, (size_t)n) != n)
		return; /* a full disk must not fail a container */
}

void trace_begin(const char *program)
{
	const char *path = getenv("TARE_TRACE");

	if (!path || !*path)
		return;
	tracer.fd = RETRY(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600));
	if (tracer.fd < 0)
		return;
	tracer.program = program;
	steps_trace(trace_line, &tracer);
}

int trace_descriptor(void)
{
	return tracer.fd;
}

void trace_note(const char *name, uint64_t start_ns)
{
	if (tracer.fd >= 0)
		trace_line(&tracer, name, false, start_ns, proc_now_ns(), 0);
}
