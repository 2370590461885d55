/* fuzz_file.h - an input as a file, for parsers that are given a path */
#ifndef SECVF_FUZZ_FUZZ_FILE_H
#define SECVF_FUZZ_FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"

/** fuzz_file() - A path that reads as these bytes until the next call */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[32];
	static FILE *f;

	if (!f) {
		f = tmpfile();
		check(f);
		snprintf(path, sizeof(path), "/dev/fd/%d", fileno(f));
	}
	/* Where opening a descriptor's path does not open it anew, it is read from where it is. */
	rewind(f);
	check(ftruncate(fileno(f), 0) == 0);
	check(fwrite(data, 1, size, f) == size && fflush(f) == 0);
	rewind(f);
	return path;
}

#endif
