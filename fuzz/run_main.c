/* run_main.c - a fuzz target without a fuzzer: each file once
 *
 *	fuzz_TARGET FILE|FOLDER...
 *
 * Where the target has a mutator of its own, some mutants of each file too, the same ones each
 *time.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "mutate.h"

#define INPUT_MAX (64u << 20)
#define MUTANTS	  16u

#pragma weak LLVMFuzzerCustomMutator

/* From memory of the very length, so that a read beyond it is seen. */
static void run(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n + !n);

	check(exact);
	if (n)
		memcpy(exact, data, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

static void run_mutants(uint8_t *data, size_t n, size_t n_max)
{
	for (unsigned seed = 1; seed <= MUTANTS && n; seed++) {
		n = LLVMFuzzerCustomMutator(data, n, n_max, seed);
		run(data, n);
	}
}

static bool run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		return false;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	run(data, n);
	if (LLVMFuzzerCustomMutator)
		run_mutants(data, n, n * 2 < sizeof(data) ? n * 2 : sizeof(data));
	return true;
}

static int shown(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Return: files run, or -1 */
static int run_path(const char *path)
{
	struct dirent **entry;
	struct stat st;
	int n, files = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return run_file(path) ? 1 : -1;
	n = scandir(path, &entry, shown, alphasort);
	if (n < 0) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		free(entry[i]);
		if (files >= 0)
			files = run_file(file) ? files + 1 : -1;
	}
	free(entry);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		int n = run_path(argv[i]);

		if (n < 0)
			return 1;
		files += n;
	}
	if (!files) {
		fprintf(stderr, "usage: %s FILE|FOLDER...; none held a file\n", argv[0]);
		return 2;
	}
	printf("%d files\n", files);
	return 0;
}
