/* SPDX-License-Identifier: Apache-2.0 */
#include "os/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

struct worker {
	void (*work)(void *arg, unsigned index);
	void *arg;
	unsigned index;
	pthread_t thread;
	bool started;
};

unsigned crew_size(size_t jobs, size_t each)
{
	cpu_set_t set;
	size_t n = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

	if (n > jobs / each)
		n = jobs / each;
	return n < 1 ? 1 : n > CREW_MAX ? CREW_MAX : (unsigned)n;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	w->work(w->arg, w->index);
	return NULL;
}

void crew_run(unsigned n, void (*work)(void *arg, unsigned index), void *arg)
{
	struct worker workers[CREW_MAX];
	pthread_attr_t attributes;

	/* musl's threads have 128 KiB of stack, which buffers of a path's length would use up. */
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 20);
	for (unsigned i = 1; i < n; i++) {
		workers[i] = (struct worker){ .work = work, .arg = arg, .index = i };
		workers[i].started = pthread_create(&workers[i].thread, &attributes, worker_main, &workers[i]) == 0;
	}
	pthread_attr_destroy(&attributes);
	work(arg, 0);
	for (unsigned i = 1; i < n; i++) {
		if (workers[i].started)
			pthread_join(workers[i].thread, NULL);
		else
			work(arg, i);
	}
}
