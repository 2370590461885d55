/* nothing_left.h - whether a test left a child or a descriptor; after cmocka.h and its headers */
#ifndef SECVF_TESTS_NOTHING_LEFT_H
#define SECVF_TESTS_NOTHING_LEFT_H

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>

static unsigned nothing_left_open;

/* Descriptors that are open, the one that counts them included. */
static inline unsigned nothing_left_count(void)
{
	DIR *d = opendir("/dev/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Set-up of a test. */
static inline int nothing_left_begin(void **state)
{
	(void)state;
	nothing_left_open = nothing_left_count();
	return 0;
}

static inline void nothing_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(nothing_left_count(), nothing_left_open);
}

#endif
