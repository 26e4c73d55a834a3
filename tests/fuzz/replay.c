/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: main() of a fuzz target where no fuzzer is linked: runs every file of the given directories through it, in order of names, and prints TAP. What
 * counts is that the sanitizers stay silent and the target's own assertions hold.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static uint8_t *file_load(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p;
	long n;

	if (!f || fseek(f, 0, SEEK_END) < 0 || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) < 0 || !(p = malloc((size_t)n + 1))) {
		perror(path);
		exit(2);
	}
	*ret_n = fread(p, 1, (size_t)n, f);
	fclose(f);
	return p;
}

static int directory_replay(const char *directory, int done)
{
	struct dirent **names;
	int n = scandir(directory, &names, not_hidden, by_name);

	for (int i = 0; i < n; i++) {
		char path[4096];
		uint8_t *data;
		size_t size;

		snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
		data = file_load(path, &size);
		LLVMFuzzerTestOneInput(data, size);
		printf("ok %d - %s\n", ++done, names[i]->d_name);
		fflush(stdout);
		free(data);
		free(names[i]);
	}
	if (n < 0) {
		perror(directory);
		exit(2);
	}
	free(names);
	return done;
}

int main(int argc, char **argv)
{
	int done = 0;

	for (int i = 1; i < argc; i++)
		done = directory_replay(argv[i], done);
	printf("1..%d\n", done);
	return done == 0;
}
