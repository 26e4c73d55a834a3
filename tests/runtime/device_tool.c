/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_tool DIRECTORY SEED ROUNDS: does the kernel do with our device programs what the rules mean?
 *
 * Joins DIRECTORY, a cgroup of v2, and attaches to it the program of one random policy after the other, each in place of the last. Under each it makes and
 * opens device nodes, and compares who is refused (EPERM) with device_policy_allows. What is refused without any program is not asked about. Prints the
 * first disagreement and exits with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/vec.h"
#include "os/bpf.h"
#include "os/fd.h"
#include "os/file.h"
#include "runtime/cgroup/devices.h"

/* Harmless to open, most of them without a driver: the answer to an access that is allowed is then ENXIO. */
static const struct {
	char type;
	unsigned major, minor;
} devices[] = {
	{ 'c', 1, 3 }, { 'c', 1, 5 }, { 'c', 1, 7 }, { 'c', 1, 9 }, { 'c', 1, 200 }, { 'c', 5, 0 }, { 'c', 240, 0 }, { 'c', 240, 3 }, { 'c', 241, 3 },
	{ 'b', 240, 0 }, { 'b', 240, 3 }, { 'b', 241, 1 },
};

static const struct access {
	unsigned bits;
	int flags;
} accesses[] = {
	{ DEVICE_READ, O_RDONLY }, { DEVICE_WRITE, O_WRONLY }, { DEVICE_READ | DEVICE_WRITE, O_RDWR }, { DEVICE_MKNOD, 0 },
};

enum { N_DEVICES = ARRAY_LEN(devices), N_ACCESSES = ARRAY_LEN(accesses) };

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "device_tool: %s: %s\n", what, err_text(r));
	exit(2);
}

static mode_t mode_of(size_t i)
{
	return (devices[i].type == 'c' ? S_IFCHR : S_IFBLK) | 0600;
}

/* True if the kernel lets that access pass. */
static bool try(size_t i, const struct access *x)
{
	dev_t number = makedev(devices[i].major, devices[i].minor);
	char name[16];
	int fd;

	if (x->bits == DEVICE_MKNOD) {
		bool made = mknod("new", mode_of(i), number) == 0 || errno != EPERM;

		unlink("new");
		return made;
	}
	snprintf(name, sizeof name, "%zu", i);
	fd = open(name, x->flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno != EPERM;
	close(fd);
	return true;
}

static struct device_rule random_rule(void)
{
	size_t i = below(N_DEVICES);
	struct device_rule r = { below(2), devices[i].type, (uint8_t)(1 + below(DEVICE_ALL)), devices[i].major, devices[i].minor };

	if (below(8) == 0)
		r.type = 'a';
	if (below(3) == 0)
		r.minor = -1;
	if (below(5) == 0)
		r.major = -1;
	return r;
}

static void random_policy(struct arena *a, struct device_policy *ret)
{
	uint32_t n = below(12);

	*ret = (struct device_policy){ .allow_rest = below(2) };
	for (uint32_t i = 0; i < n; i++)
		*vec_push(a, ret) = random_rule();
}

static int attach(int cgroup, const struct device_policy *policy, struct arena *a, int old)
{
	struct device_program p;
	char log[512] = "";
	int prog, r;

	device_policy_compile(policy, a, &p);
	prog = bpf_load_device(p.v, p.n, log, sizeof log);
	if (prog < 0)
		die(*log ? log : "load", prog);
	r = bpf_attach_device(cgroup, prog, old);
	if (r < 0)
		die("attach", r);
	fd_close(old);
	return prog;
}

static bool agrees(const struct device_policy *policy, const bool before[N_DEVICES][N_ACCESSES], unsigned *asked)
{
	for (size_t i = 0; i < N_DEVICES; i++)
		for (size_t k = 0; k < N_ACCESSES; k++) {
			bool meant = device_policy_allows(policy, devices[i].type, devices[i].major, devices[i].minor, accesses[k].bits);

			if (!before[i][k])
				continue;
			++*asked;
			if (try(i, &accesses[k]) == meant)
				continue;
			printf("%c %u:%u, bits %u: the rules %s, the kernel does not\n", devices[i].type, devices[i].major, devices[i].minor,
			       accesses[k].bits, meant ? "allow" : "deny");
			for (size_t n = 0; n < policy->n; n++)
				printf("  %s %c %lld:%lld bits %u\n", policy->v[n].allow ? "allow" : "deny", policy->v[n].type,
				       (long long)policy->v[n].major, (long long)policy->v[n].minor, policy->v[n].bits);
			printf("  rest %s\n", policy->allow_rest ? "allowed" : "denied");
			return false;
		}
	return true;
}

static void prepare(bool before[N_DEVICES][N_ACCESSES])
{
	char dir[] = "/tmp/device_tool.XXXXXX", name[16];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		die(dir, -errno);
	for (size_t i = 0; i < N_DEVICES; i++) {
		snprintf(name, sizeof name, "%zu", i);
		mknod(name, mode_of(i), makedev(devices[i].major, devices[i].minor));
		for (size_t k = 0; k < N_ACCESSES; k++)
			before[i][k] = access(name, F_OK) == 0 && try(i, &accesses[k]);
	}
}

static void tidy(void)
{
	char name[16], dir[64];

	for (size_t i = 0; i < N_DEVICES; i++) {
		snprintf(name, sizeof name, "%zu", i);
		unlink(name);
	}
	if (getcwd(dir, sizeof dir))
		rmdir(dir);
}

int main(int argc, char **argv)
{
	static bool before[N_DEVICES][N_ACCESSES];
	uint32_t rounds = 0;
	unsigned asked = 0;
	bool good = true;
	int cgroup, prog = -EBADF;

	if (argc != 4 || parse_u32(argv[2], &seed) < 0 || seed == 0 || parse_u32(argv[3], &rounds) < 0) {
		fprintf(stderr, "usage: device_tool DIRECTORY SEED ROUNDS\n");
		return 2;
	}
	cgroup = dir_open(AT_FDCWD, argv[1]);
	if (cgroup < 0 || file_write(cgroup, "cgroup.procs", "0") < 0)
		die(argv[1], cgroup < 0 ? cgroup : -errno);
	prepare(before);
	for (uint32_t i = 0; i < rounds && good; i++) {
		scoped_arena struct arena a = { 0 };
		struct device_policy policy;

		random_policy(&a, &policy);
		prog = attach(cgroup, &policy, &a, prog);
		good = agrees(&policy, before, &asked);
	}
	if (prog >= 0)
		bpf_detach_device(cgroup, prog);
	tidy();
	printf("%u accesses under %u policies: %s\n", asked, rounds, good ? "agreed" : "disagreed");
	return !good || asked == 0;
}
