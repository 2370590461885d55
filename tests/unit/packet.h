/* packet.h - frames put together header by header, for tests */
#ifndef SECVF_TESTS_PACKET_H
#define SECVF_TESTS_PACKET_H

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

/* A frame being written; headers: where its last header ends. */
struct packet {
	unsigned char p[2048];
	uint32_t n;
	uint32_t headers;
};

static inline void packet_put(struct packet *k, const void *bytes, uint32_t n)
{
	check(n <= sizeof(k->p) - k->n);
	memcpy(k->p + k->n, bytes, n);
	k->n += n;
}

/* Bytes as a string literal, its NUL left out. */
#define PACKET_PUT(k, literal) packet_put(k, literal, sizeof(literal) - 1)

static inline void packet_u8(struct packet *k, unsigned v)
{
	unsigned char byte = (unsigned char)v;

	packet_put(k, &byte, 1);
}

static inline void packet_u16(struct packet *k, unsigned v)
{
	packet_u8(k, v >> 8);
	packet_u8(k, v & 255);
}

static inline void packet_u32(struct packet *k, uint32_t v)
{
	packet_u16(k, v >> 16);
	packet_u16(k, v & 0xffff);
}

/* Content, or padding: it is no header. */
static inline void packet_fill(struct packet *k, uint32_t n)
{
	check(n <= sizeof(k->p) - k->n);
	memset(k->p + k->n, 0xa5, n);
	k->n += n;
}

/* What was written so far is headers. */
static inline void packet_headers(struct packet *k)
{
	k->headers = k->n;
}

/* 02:00:00:00:00:01 to 02:00:00:00:00:02 */
static inline void packet_eth(struct packet *k, unsigned type)
{
	memset(k, 0, sizeof(*k));
	PACKET_PUT(k, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01");
	packet_u16(k, type);
	packet_headers(k);
}

static inline void packet_vlan(struct packet *k, unsigned id, unsigned type)
{
	packet_u16(k, 0x6000 | id);
	packet_u16(k, type);
	packet_headers(k);
}

/* 10.0.0.1 to 10.0.0.2, ttl 64. Return: what packet_ipv4_end() takes */
static inline uint32_t packet_ipv4(struct packet *k, unsigned proto, unsigned fragment,
				   unsigned options)
{
	uint32_t at = k->n;

	packet_u8(k, 0x45 + options / 4);
	packet_u8(k, 0);
	packet_u16(k, 0);
	packet_u16(k, 0x1234);
	packet_u16(k, fragment);
	packet_u8(k, 64);
	packet_u8(k, proto);
	packet_u16(k, 0);
	PACKET_PUT(k, "\x0a\0\0\x01\x0a\0\0\x02");
	for (unsigned i = 0; i < options; i++)
		packet_u8(k, 1);
	packet_headers(k);
	return at;
}

/* The packet that began at @at ends here. */
static inline void packet_ipv4_end(struct packet *k, uint32_t at)
{
	be16_store(k->p + at + 2, (uint16_t)(k->n - at));
}

/* 2001:db8::1 to 2001:db8::2, hop limit 64. Return: what packet_ipv6_end() takes */
static inline uint32_t packet_ipv6(struct packet *k, unsigned next)
{
	uint32_t at = k->n;

	packet_u32(k, 0x60000000);
	packet_u16(k, 0);
	packet_u8(k, next);
	packet_u8(k, 64);
	PACKET_PUT(k, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
	PACKET_PUT(k, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02");
	packet_headers(k);
	return at;
}

static inline void packet_ipv6_end(struct packet *k, uint32_t at)
{
	be16_store(k->p + at + 4, (uint16_t)(k->n - at - 40));
}

/* An extension header of @units times eight bytes. */
static inline void packet_extension(struct packet *k, unsigned next, unsigned units)
{
	packet_u8(k, next);
	packet_u8(k, units - 1);
	for (unsigned i = 2; i < units * 8; i++)
		packet_u8(k, 0);
	packet_headers(k);
}

/* The fragment header, @offset in bytes. */
static inline void packet_fragment(struct packet *k, unsigned next, unsigned offset, unsigned more)
{
	packet_u8(k, next);
	packet_u8(k, 0);
	packet_u16(k, offset | more);
	packet_u32(k, 0xcafe0001);
	packet_headers(k);
}

/* An authentication header of 24 bytes. */
static inline void packet_ah(struct packet *k, unsigned next)
{
	packet_u8(k, next);
	packet_u8(k, 4);
	for (unsigned i = 2; i < 24; i++)
		packet_u8(k, 0);
	packet_headers(k);
}

/* 40000 to 443, sequence number 1000, acknowledgement 2000, window 512 */
static inline void packet_tcp(struct packet *k, unsigned flags, unsigned options)
{
	packet_u16(k, 40000);
	packet_u16(k, 443);
	packet_u32(k, 1000);
	packet_u32(k, 2000);
	packet_u8(k, (5 + options / 4) << 4);
	packet_u8(k, flags);
	packet_u16(k, 512);
	packet_u32(k, 0);
	for (unsigned i = 0; i < options; i++)
		packet_u8(k, 1);
	packet_headers(k);
}

/* 5000 to 53 with @payload bytes */
static inline void packet_udp(struct packet *k, uint32_t payload)
{
	packet_u16(k, 5000);
	packet_u16(k, 53);
	packet_u16(k, 8 + payload);
	packet_u16(k, 0);
	packet_headers(k);
	packet_fill(k, payload);
}

/* An ICMP or ICMPv6 message with id 7 and sequence number 9 */
static inline void packet_icmp(struct packet *k, unsigned type, unsigned code)
{
	packet_u8(k, type);
	packet_u8(k, code);
	packet_u16(k, 0);
	packet_u16(k, 7);
	packet_u16(k, 9);
	packet_headers(k);
}

/* From 02:00:00:00:00:01, @sender, for @target */
static inline void packet_arp(struct packet *k, unsigned op, const char *sender, const char *target)
{
	PACKET_PUT(k, "\0\x01\x08\0\x06\x04");
	packet_u16(k, op);
	PACKET_PUT(k, "\x02\0\0\0\0\x01");
	packet_put(k, sender, 4);
	PACKET_PUT(k, "\0\0\0\0\0\0");
	packet_put(k, target, 4);
	packet_headers(k);
}

#endif
