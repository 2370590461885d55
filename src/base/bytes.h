/* bytes.h - integers of a given byte order read from and written to unaligned bytes */
#ifndef SECVF_BASE_BYTES_H
#define SECVF_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

/* be16_load() and its kin: @p has at least as many bytes as the integer; no alignment needed. */
static inline uint16_t be16_load(const unsigned char *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t be32_load(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t le16_load(const unsigned char *p)
{
	return (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

static inline uint32_t le32_load(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t le64_load(const unsigned char *p)
{
	return (uint64_t)le32_load(p + 4) << 32 | le32_load(p);
}

static inline void be16_store(unsigned char *p, uint16_t v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static inline void be32_store(unsigned char *p, uint32_t v)
{
	be16_store(p, (uint16_t)(v >> 16));
	be16_store(p + 2, (uint16_t)v);
}

static inline void le32_store(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	p[2] = (unsigned char)(v >> 16);
	p[3] = (unsigned char)(v >> 24);
}

#endif
