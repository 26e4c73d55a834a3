/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak PROGRAM [ARG…]: runs a program and prints the most memory it ever held (ru_maxrss of it and of the children it waited for), in KiB, as the
 * last line. Static and tiny itself, because the kernel counts what stood in the process before the program was executed. Exits with the program's
 * status.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("peak");
		return 1;
	}
	printf("%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
