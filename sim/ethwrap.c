/* ethwrap.c - frames of other link types as Ethernet */
#include "ethwrap.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "capfile/linktype.h"
#include "tap/frame.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define ETHERTYPE_NONE 0x88b5u /* IEEE 802 local experimental 1 */
#define ETHERTYPE_MIN  0x0600u /* below, the field is a length */
#define LENGTH_MAX     1500u   /* IEEE 802.3 */

#define NULL_BYTES     4u
#define SLL_BYTES      16u
#define SLL2_BYTES     20u
#define SLL_NOVELL     1u /* protocol types of cooked captures that are not EtherTypes */
#define SLL_LLC	       4u

static_assert(FRAME_BYTES_MAX <= UINT32_MAX - ETHWRAP_HEADER, "caplen and a header fit 32 bits");

/* Packet types of cooked captures (Linux if_packet.h). */
enum {
	SLL_TO_US,
	SLL_BROADCAST,
	SLL_MULTICAST,
	SLL_TO_OTHER,
	SLL_FROM_US
};

/* ARPHRD_ of Linux whose protocol type is no EtherType: frame relay, GRE, 802.11 with radiotap,
 * netlink (LINKTYPE_LINUX_SLL lists them). */
enum {
	ARPHRD_FRAD = 770,
	ARPHRD_IPGRE = 778,
	ARPHRD_RADIOTAP = 803,
	ARPHRD_NETLINK = 824
};

static const unsigned char nobody_src[6] = {2, 2, 0, 0, 0, 1};
static const unsigned char nobody_dst[6] = {2, 2, 0, 0, 0, 2};
static const unsigned char group_dst[6] = {3, 2, 0, 0, 0, 2};
static const unsigned char broadcast[6] = {255, 255, 255, 255, 255, 255};

bool ethwrap_knows(int linktype)
{
	switch (linktype) {
	case LINKTYPE_NULL:
	case LINKTYPE_RAW_BSD:
	case LINKTYPE_RAW_OPENBSD:
	case LINKTYPE_RAW:
	case LINKTYPE_LOOP:
	case LINKTYPE_LINUX_SLL:
	case LINKTYPE_IPV4:
	case LINKTYPE_IPV6:
	case LINKTYPE_LINUX_SLL2: return true;
	default: return false;
	}
}

static void ipv4_station(unsigned char *mac, const unsigned char *ip)
{
	mac[0] = 2;
	mac[1] = 0;
	memcpy(mac + 2, ip, 4);
}

/* FNV-1a, 32 bits: stations of a capture are few, and need to differ, not to be secret. */
static void ipv6_station(unsigned char *mac, const unsigned char *ip)
{
	uint32_t hash = 2166136261u;

	for (unsigned i = 0; i < 16; i++)
		hash = (hash ^ ip[i]) * 16777619u;
	mac[0] = 2;
	mac[1] = 1;
	be32_store(mac + 2, hash);
}

/* Sets both addresses from an IPv4 packet, where it has its own in sight. */
static void ipv4_addresses(struct ethwrap *w, const unsigned char *ip, uint32_t n)
{
	if (n < 20)
		return;
	ipv4_station(w->header + 6, ip + 12);
	if (be32_load(ip + 16) == UINT32_MAX) {
		memcpy(w->header, broadcast, 6);
	} else if (ip[16] >> 4 == 0xe) {
		/* RFC 1112 6.4: the low 23 bits of the group. */
		be16_store(w->header, 0x0100);
		w->header[2] = 0x5e;
		w->header[3] = ip[17] & 0x7f;
		memcpy(w->header + 4, ip + 18, 2);
	} else {
		ipv4_station(w->header, ip + 16);
	}
}

static void ipv6_addresses(struct ethwrap *w, const unsigned char *ip, uint32_t n)
{
	if (n < 40)
		return;
	ipv6_station(w->header + 6, ip + 8);
	if (ip[24] == 0xff) {
		/* RFC 2464 7: the last four bytes of the group. */
		be16_store(w->header, 0x3333);
		memcpy(w->header + 2, ip + 36, 4);
	} else {
		ipv6_station(w->header, ip + 24);
	}
}

static unsigned raw_ethertype(const unsigned char *data, uint32_t caplen)
{
	if (caplen && data[0] >> 4 == 4)
		return ETHERTYPE_IPV4;
	if (caplen && data[0] >> 4 == 6)
		return ETHERTYPE_IPV6;
	return ETHERTYPE_NONE;
}

/* The address family that NULL (in the order of the capturing machine) and LOOP (big-endian) have
 * in front. Families are small, so the wrong order shows. */
static unsigned family_ethertype(const unsigned char *data)
{
	uint32_t family = be32_load(data);

	if (family > 0xffff)
		family = le32_load(data);
	switch (family) {
	case 2: return ETHERTYPE_IPV4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */ return ETHERTYPE_IPV6;
	default: return ETHERTYPE_NONE;
	}
}

static unsigned cooked_ethertype(unsigned protocol, unsigned arphrd, uint32_t payload_len)
{
	if (arphrd == ARPHRD_FRAD || arphrd == ARPHRD_IPGRE || arphrd == ARPHRD_RADIOTAP ||
	    arphrd == ARPHRD_NETLINK)
		return ETHERTYPE_NONE;
	if (protocol >= ETHERTYPE_MIN)
		return protocol;
	if ((protocol == SLL_LLC || protocol == SLL_NOVELL) && payload_len <= LENGTH_MAX)
		return payload_len;
	return ETHERTYPE_NONE;
}

/* After the addresses were set from IP: what a cooked header says of them counts more. */
static void cooked_addresses(struct ethwrap *w, unsigned packet_type, unsigned address_bytes,
			     const unsigned char *address)
{
	if (address_bytes == 6)
		memcpy(w->header + 6, address, 6);
	if (packet_type == SLL_BROADCAST)
		memcpy(w->header, broadcast, 6);
	else if (packet_type == SLL_MULTICAST && !(w->header[0] & 1))
		memcpy(w->header, group_dst, 6);
}

/* Skips a header of @skip bytes, and sets type and addresses from what follows it. */
static void payload_set(struct ethwrap *w, const unsigned char *data, uint32_t caplen,
			uint32_t skip, unsigned ethertype)
{
	w->skip = skip;
	be16_store(w->header + 12, (uint16_t)ethertype);
	if (ethertype == ETHERTYPE_IPV4)
		ipv4_addresses(w, data + skip, caplen - skip);
	else if (ethertype == ETHERTYPE_IPV6)
		ipv6_addresses(w, data + skip, caplen - skip);
}

static void wrap_cooked(struct ethwrap *w, int linktype, const unsigned char *data, uint32_t caplen,
			uint32_t len)
{
	bool v1 = linktype == LINKTYPE_LINUX_SLL;
	uint32_t skip = v1 ? SLL_BYTES : SLL2_BYTES;
	unsigned protocol = be16_load(v1 ? data + 14 : data);
	unsigned arphrd = be16_load(v1 ? data + 2 : data + 8);
	uint32_t payload_len = len > skip ? len - skip : 0;

	payload_set(w, data, caplen, skip, cooked_ethertype(protocol, arphrd, payload_len));
	if (v1)
		cooked_addresses(w, be16_load(data), be16_load(data + 4), data + 6);
	else
		cooked_addresses(w, data[10], data[11], data + 12);
}

static uint32_t header_bytes(int linktype)
{
	switch (linktype) {
	case LINKTYPE_NULL:
	case LINKTYPE_LOOP: return NULL_BYTES;
	case LINKTYPE_LINUX_SLL: return SLL_BYTES;
	case LINKTYPE_LINUX_SLL2: return SLL2_BYTES;
	default: return 0;
	}
}

static void lengths_set(struct ethwrap *w, uint32_t caplen, uint32_t len)
{
	uint64_t grown = (uint64_t)len + ETHWRAP_HEADER;

	w->caplen = caplen + ETHWRAP_HEADER - w->skip;
	if (w->caplen > FRAME_BYTES_MAX)
		w->caplen = FRAME_BYTES_MAX;
	grown = grown > w->skip ? grown - w->skip : 0;
	w->len = grown > UINT32_MAX ? UINT32_MAX : (uint32_t)grown;
}

void ethwrap(int linktype, const unsigned char *data, uint32_t caplen, uint32_t len,
	     struct ethwrap *w)
{
	uint32_t skip = header_bytes(linktype);

	check(ethwrap_knows(linktype));
	check(caplen <= FRAME_BYTES_MAX);
	w->skip = 0;
	memcpy(w->header, nobody_dst, 6);
	memcpy(w->header + 6, nobody_src, 6);
	if (caplen < skip)
		payload_set(w, data, caplen, 0, ETHERTYPE_NONE);
	else if (linktype == LINKTYPE_LINUX_SLL || linktype == LINKTYPE_LINUX_SLL2)
		wrap_cooked(w, linktype, data, caplen, len);
	else if (skip)
		payload_set(w, data, caplen, skip, family_ethertype(data));
	else if (linktype == LINKTYPE_IPV4)
		payload_set(w, data, caplen, 0, ETHERTYPE_IPV4);
	else if (linktype == LINKTYPE_IPV6)
		payload_set(w, data, caplen, 0, ETHERTYPE_IPV6);
	else
		payload_set(w, data, caplen, 0, raw_ethertype(data, caplen));
	lengths_set(w, caplen, len);
}
