/* opened.h - a capture in memory, opened as a file would be; after cmocka.h and its headers */
#ifndef SECVF_TESTS_OPENED_H
#define SECVF_TESTS_OPENED_H

#include <string.h>
#include <sys/types.h>

#include "capfile/capfile.h"
#include "unit/capture_image.h"

struct bytes {
	const unsigned char *p;
	size_t n, at;
};

static inline ssize_t bytes_read(void *ctx, void *buf, size_t n)
{
	struct bytes *b = ctx;

	if (n > b->n - b->at)
		n = b->n - b->at;
	if (n)
		memcpy(buf, b->p + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

static inline struct capfile *opened(struct bytes *b, const void *p, size_t n)
{
	struct capfile_source source = {.read = bytes_read, .ctx = b};
	struct capfile *c;
	struct err err;

	*b = (struct bytes){.p = p, .n = n};
	c = capfile_open_source("x", source, 0, &err);
	if (!c)
		fail_msg("%s", err.text);
	return c;
}

#endif
