/* scratch.h - a folder for files that nobody else should see or keep */
#ifndef SECVF_OS_SCRATCH_H
#define SECVF_OS_SCRATCH_H

#include <limits.h>
#include <stddef.h>

/** struct scratch - A folder with mode 0700, by its absolute path; "" where there is none */
struct scratch {
	char path[PATH_MAX];
};

/** scratch_base() - Where it is made: $TMPDIR, else /tmp */
const char *scratch_base(void);

/** scratch_make() - Make one. Return: 0, or -errno */
int scratch_make(struct scratch *s);

/** scratch_file() - Put a new file with these bytes in, in place of one of that name that may be
 * open elsewhere. Return: 0, or -errno */
int scratch_file(const char *path, const void *p, size_t n);

/** scratch_open() - A new file to be written to, likewise. Return: its descriptor, or -errno */
int scratch_open(const char *path);

/** scratch_write() - All of these bytes. Return: 0, or -errno */
int scratch_write(int fd, const void *p, size_t n);

/** scratch_remove() - Remove it and all in it; nothing happens without one */
void scratch_remove(struct scratch *s);

#endif
