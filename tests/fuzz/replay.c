/* Runs a fuzz target over its corpus without libFuzzer: each file is a test, and so is a
 * bounded number of files made from it by seeded mutation. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536
#define MUTATIONS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* A copy of exactly the right size, so that an overrun is seen. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_mutated(const uint8_t *data, size_t size, uint32_t seed)
{
	uint8_t *copy = malloc(size ? size : 1);
	uint32_t state = seed;
	size_t len = size;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (uint32_t i = 0; size && i <= seed % 8; i++)
		copy[random_next(&state) % size] = (uint8_t)random_next(&state);
	if (size && seed % 4 == 0)
		len = random_next(&state) % size;
	run(copy, len);
	free(copy);
}

static int replay_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f)
		return -1;
	size = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	run(buf, size);
	for (uint32_t seed = 1; seed <= MUTATIONS; seed++)
		run_mutated(buf, size, seed);
	return 0;
}

/* The corpus has the program's name: tests/fuzz/corpus/X for fuzz_X. */
int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char path[4096], file[8192];
	const struct dirent *e;
	int n = 0;
	DIR *d;

	(void)argc;
	name = name ? name + 1 : argv[0];
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	d = opendir(path);
	if (!d) {
		printf("not ok 1 - no corpus %s\n", path);
		return 1;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		printf("%sok %d - %s\n", replay_file(file) ? "not " : "", ++n, file);
		fflush(stdout);
	}
	closedir(d);
	return n ? 0 : 1;
}
