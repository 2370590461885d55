/* files.h - a folder of a test's own and whole files in it; after cmocka.h */
#ifndef SECVF_TESTS_FILES_H
#define SECVF_TESTS_FILES_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char files_folder[64];

/* Set-up: a fresh folder, files_folder. */
static inline int files_begin(void **state)
{
	(void)state;
	snprintf(files_folder, sizeof(files_folder), "/tmp/secvf-unit-XXXXXX");
	return mkdtemp(files_folder) ? 0 : -1;
}

static inline int files_remove_one(const char *path, const struct stat *st, int kind,
				   struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* Teardown: the folder goes with all that is in it. */
static inline int files_end(void **state)
{
	(void)state;
	return nftw(files_folder, files_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Teardown: likewise, where every test has to remove what it made; else it fails. */
static inline int files_end_empty(void **state)
{
	(void)state;
	return rmdir(files_folder);
}

/* Path of a name in the folder; the last eight live. */
static inline const char *files_path(const char *name)
{
	static char path[8][512];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", files_folder, name);
	return p;
}

static inline void files_put(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* A whole file, NUL-terminated, to be freed; NULL where there is none. @n may be NULL. */
static inline char *files_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char *text;

	if (!f)
		return NULL;
	assert_int_equal(fstat(fileno(f), &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)st.st_size, f), st.st_size);
	fclose(f);
	if (n)
		*n = (size_t)st.st_size;
	return text;
}

static inline void files_expect(const char *path, const char *want)
{
	char *text = files_read(path, NULL);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

#endif
