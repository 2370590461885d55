/* capture_image.h - captures written byte by byte for tests, right ones and wrong ones */
#ifndef SECVF_TESTS_CAPTURE_IMAGE_H
#define SECVF_TESTS_CAPTURE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCAP_US	      0xa1b2c3d4u
#define PCAP_NS	      0xa1b23c4du
#define PCAP_MODIFIED 0xa1b2cd34u

/** struct image - Bytes of a capture; zero it, or set @big, to start; image_done() to end */
struct image {
	unsigned char *p;
	size_t n, cap;
	bool big;
};

static inline void image_done(struct image *i)
{
	free(i->p);
	memset(i, 0, sizeof(*i));
}

static inline void image_put(struct image *i, const void *p, size_t n)
{
	if (i->n + n > i->cap) {
		i->cap = (i->n + n) * 2;
		i->p = realloc(i->p, i->cap);
		if (!i->p)
			abort();
	}
	if (n)
		memcpy(i->p + i->n, p, n);
	i->n += n;
}

/* An integer of @bytes bytes in the image's order. */
static inline void image_int(struct image *i, uint64_t v, unsigned bytes)
{
	for (unsigned b = 0; b < bytes; b++) {
		unsigned char c = (unsigned char)(v >> 8 * (i->big ? bytes - 1 - b : b));

		image_put(i, &c, 1);
	}
}

/* Overwrites a 32-bit integer at @at. */
static inline void image_set32(struct image *i, size_t at, uint32_t v)
{
	size_t n = i->n;

	i->n = at;
	image_int(i, v, 4);
	i->n = n;
}

static inline void image_pad4(struct image *i)
{
	while (i->n % 4)
		image_int(i, 0, 1);
}

static inline void image_pcap(struct image *i, uint32_t magic, unsigned major, unsigned minor,
			      uint32_t linktype)
{
	image_int(i, magic, 4);
	image_int(i, major, 2);
	image_int(i, minor, 2);
	image_int(i, 0, 8);
	image_int(i, 65535, 4);
	image_int(i, linktype, 4);
}

/* One record; the header has @n bytes of data after it, whatever @caplen says. */
static inline void image_record(struct image *i, uint32_t s, uint32_t fraction, uint32_t caplen,
				uint32_t len, const void *data, size_t n)
{
	image_int(i, s, 4);
	image_int(i, fraction, 4);
	image_int(i, caplen, 4);
	image_int(i, len, 4);
	image_put(i, data, n);
}

/* Starts a block. Return: where it starts, for image_block_end() */
static inline size_t image_block(struct image *i, uint32_t type)
{
	size_t at = i->n;

	image_int(i, type, 4);
	image_int(i, 0, 4);
	return at;
}

static inline void image_block_end(struct image *i, size_t at)
{
	uint32_t length;

	image_pad4(i);
	length = (uint32_t)(i->n - at) + 4;
	image_set32(i, at + 4, length);
	image_int(i, length, 4);
}

static inline void image_option(struct image *i, unsigned code, const void *value, size_t n)
{
	image_int(i, code, 2);
	image_int(i, n, 2);
	image_put(i, value, n);
	image_pad4(i);
}

static inline void image_section(struct image *i, uint64_t section_length)
{
	size_t at = image_block(i, 0x0a0d0d0a);

	image_int(i, 0x1a2b3c4d, 4);
	image_int(i, 1, 2);
	image_int(i, 0, 2);
	image_int(i, section_length, 8);
	image_option(i, 4, "a test", 6);
	image_option(i, 0, NULL, 0);
	image_block_end(i, at);
}

/* @name may be NULL, @tsresol -1: no option. */
static inline void image_interface(struct image *i, unsigned linktype, uint32_t snaplen,
				   const char *name, int tsresol, int64_t tsoffset)
{
	size_t at = image_block(i, 1);
	unsigned char resolution = (unsigned char)tsresol;

	image_int(i, linktype, 2);
	image_int(i, 0, 2);
	image_int(i, snaplen, 4);
	if (name)
		image_option(i, 2, name, strlen(name));
	if (tsresol >= 0)
		image_option(i, 9, &resolution, 1);
	if (tsoffset) {
		image_int(i, 14, 2);
		image_int(i, 8, 2);
		image_int(i, (uint64_t)tsoffset, 8);
	}
	if (name || tsresol >= 0 || tsoffset)
		image_option(i, 0, NULL, 0);
	image_block_end(i, at);
}

/* An enhanced packet; @comment may be NULL. */
static inline void image_packet(struct image *i, uint32_t interface, uint64_t ticks,
				const void *data, uint32_t n, uint32_t len, const char *comment)
{
	size_t at = image_block(i, 6);

	image_int(i, interface, 4);
	image_int(i, ticks >> 32, 4);
	image_int(i, ticks & 0xffffffff, 4);
	image_int(i, n, 4);
	image_int(i, len, 4);
	image_put(i, data, n);
	image_pad4(i);
	if (comment) {
		image_option(i, 1, comment, strlen(comment));
		image_option(i, 0, NULL, 0);
	}
	image_block_end(i, at);
}

/* Writes the image to a file. */
static inline void image_save(const struct image *i, const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(i->p, 1, i->n, f) != i->n || fclose(f) != 0)
		abort();
}

#endif
