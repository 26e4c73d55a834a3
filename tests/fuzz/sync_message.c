/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any packet with any number of descriptors, where parent, stage or init wait for a word: `start` connects to a socket in the state directory, so what
 * comes need not be ours. The first byte says which word is expected and how many descriptors come along; the rest is the packet. Whatever it is: success
 * means that word, failure a sentence, and no descriptor stays open but the one asked for.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "os/sock.h"
#include "os/test_dir.h"
#include "runtime/sync.h"

enum { EXPECT_WORD, EXPECT_FD, EXPECT_PID, EXPECT_END, EXPECT_COUNT };

static int open_count(void)
{
	scoped_fd int fd = dir_open(AT_FDCWD, "/proc/self/fd");

	return test_dir_count(fd);
}

static int expect(int kind, enum sync_msg word, int sock, int *ret_fd, struct err *e)
{
	pid_t pid;

	switch (kind) {
	case EXPECT_FD:
		return sync_expect_fd(sock, word, "the fuzzer", ret_fd, e);
	case EXPECT_PID:
		return sync_expect_pid(sock, "the fuzzer", &pid, e);
	case EXPECT_END:
		return sync_expect_end(sock, "the fuzzer", e);
	default:
		return sync_expect(sock, word, "the fuzzer", e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2], fds[8], got = -EBADF, before, r;
	struct err e = { 0 };
	uint32_t word = 0;

	if (size < 2 || size > 4096)
		return 0;
	before = open_count();
	assert(sock_pair(SOCK_SEQPACKET, pair) == 0);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		fds[i] = pair[0];
	assert(sock_send(pair[0], data + 1, size - 1, fds, (data[0] >> 4) & 7) > 0);
	fd_done(&pair[0]);
	r = expect(data[0] & 3, (enum sync_msg)(data[1] % SYNC_MSG_COUNT), pair[1], &got, &e);
	if (r == 0 && (data[0] & 3) < EXPECT_END) {
		assert(size - 1 >= sizeof word);
		memcpy(&word, data + 1, sizeof word);
		assert(word == ((data[0] & 3) == EXPECT_PID ? SYNC_PID : (uint32_t)data[1] % SYNC_MSG_COUNT) && word != SYNC_FAILED);
	}
	/* A peer that is not ours can make us fail with any words, but never with none or with endless ones. */
	if (r < 0)
		assert(e.sys > 0 && memchr(e.msg, 0, sizeof e.msg) && (unsigned)e.kind < ERR_KIND_COUNT && err_wrap(&e, "x") < 0);
	assert((got >= 0) == (r == 0 && (data[0] & 3) == EXPECT_FD));
	fd_done(&got);
	fd_done(&pair[1]);
	assert(open_count() == before);
	return 0;
}
