/* ipshift.c - IPv4 addresses of a frame moved by a number, checksums mended */
#include "ipshift.h"

#include "base/bytes.h"

#define ETHERTYPE_IPV4	0x0800u
#define TAGS_MAX	4u  /* no real frame has more VLAN tags */
#define IPV4_BYTES	20u /* header without options */
#define FRAGMENT_OFFSET 0x1fffu
#define PROTOCOL_TCP	6u
#define PROTOCOL_UDP	17u
#define TCP_CHECKSUM	16u /* where it is in the header */
#define UDP_CHECKSUM	6u

/* 802.1Q, 802.1ad, and what switches used before it. */
static bool is_tag(unsigned ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

/* Where the IPv4 header starts, or 0. */
static uint32_t ipv4_at(const unsigned char *data, uint32_t bytes)
{
	uint32_t at = 12;

	for (unsigned tags = 0; tags <= TAGS_MAX && at + 2 + IPV4_BYTES <= bytes; tags++) {
		unsigned ethertype = be16_load(data + at);

		if (ethertype == ETHERTYPE_IPV4)
			return data[at + 2] >> 4 == 4 && (data[at + 2] & 15) >= 5 ? at + 2 : 0;
		if (!is_tag(ethertype))
			return 0;
		at += 4;
	}
	return 0;
}

/* RFC 1624 equation 3 for one 32-bit word: HC' = ~(~HC + ~m + m'). @sum is ~HC, not folded. */
static uint32_t word_mend(uint32_t sum, uint32_t old, uint32_t new)
{
	return sum + (~old >> 16) + (~old & 0xffff) + (new >> 16) + (new & 0xffff);
}

/* The checksum after both addresses moved. */
static uint16_t mended(uint16_t checksum, uint32_t src, uint32_t dst, uint32_t add)
{
	uint32_t sum = (uint16_t)~checksum;

	sum = word_mend(sum, src, src + add);
	sum = word_mend(sum, dst, dst + add);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Where the transport's checksum is in the packet, which covers the addresses, or 0. */
static uint32_t transport_checksum_at(const unsigned char *ip, uint32_t bytes)
{
	uint32_t total = be16_load(ip + 2);
	uint32_t at = (ip[0] & 15u) * 4;

	if (be16_load(ip + 6) & FRAGMENT_OFFSET)
		return 0;
	if (ip[9] == PROTOCOL_TCP)
		at += TCP_CHECKSUM;
	else if (ip[9] == PROTOCOL_UDP)
		at += UDP_CHECKSUM;
	else
		return 0;
	/* What follows the packet is padding; a total of 0 is segmentation offload's. */
	if (at + 2 > bytes || (total && at + 2 > total))
		return 0;
	return at;
}

static void transport_mend(unsigned char *ip, uint32_t at, uint32_t src, uint32_t dst, uint32_t add)
{
	uint16_t old = be16_load(ip + at);
	uint16_t new = mended(old, src, dst, add);

	/* RFC 768: 0 says that there is none, and a sum of 0 is sent as its other representation.
	 */
	if (ip[9] == PROTOCOL_UDP && old == 0)
		return;
	if (ip[9] == PROTOCOL_UDP && new == 0)
		new = 0xffff;
	be16_store(ip + at, new);
}

bool ipshift(unsigned char *data, uint32_t bytes, uint32_t add)
{
	uint32_t at = ipv4_at(data, bytes);
	unsigned char *ip = data + at;
	uint32_t src, dst, checksum_at;

	if (!at)
		return false;
	src = be32_load(ip + 12);
	dst = be32_load(ip + 16);
	checksum_at = transport_checksum_at(ip, bytes - at);
	be32_store(ip + 12, src + add);
	be32_store(ip + 16, dst + add);
	be16_store(ip + 10, mended(be16_load(ip + 10), src, dst, add));
	if (checksum_at)
		transport_mend(ip, checksum_at, src, dst, add);
	return true;
}
