/* basic.h - header decode of one Ethernet frame without tshark
 *
 * Theory of operation: one pass over the headers of a frame, no state between frames, no
 * allocation. It stops at the first thing that it does not know, that is cut short by the capture
 * length, or that contradicts itself, and says which of those it was: a field is filled only where
 * its bytes were there.
 *
 * Sources: IEEE 802.3, 802.1Q, 802.1ad; RFC 826 (ARP), 791 (IPv4), 8200 (IPv6 and its extension
 * headers), 9293 (TCP), 768 (UDP), 792 (ICMP), 4443 (ICMPv6).
 */
#ifndef SECVF_BASIC_BASIC_H
#define SECVF_BASIC_BASIC_H

#include <stddef.h>
#include <stdint.h>

#define BASIC_VLANS_MAX 4 /* tags kept; QinQ has two, the rest is for hostile stacks */
#define BASIC_EXTENSIONS_MAX 16 /* IPv6 extension headers walked before we call it malformed */
#define BASIC_ADDRESS_MAX 46 /* longest address text, NUL included (INET6_ADDRSTRLEN) */
#define BASIC_INFO_MAX 160 /* longest info text, NUL included */

enum basic_flag {
	BASIC_HAS_ETH = 1 << 0,       /* eth_src, eth_dst, ethertype */
	BASIC_HAS_ADDRESS = 1 << 1,   /* src, dst: IPv4, IPv6, or the protocol addresses of ARP */
	BASIC_HAS_PORTS = 1 << 2,     /* sport, dport */
	BASIC_HAS_ICMP = 1 << 3,      /* icmp_type, icmp_code */
	BASIC_HAS_TCP = 1 << 4,       /* tcp_flags, tcp_seq, tcp_ack, tcp_window, l4_length */
	BASIC_FRAGMENT = 1 << 5,      /* one of several IP fragments */
	BASIC_FRAGMENT_LATER = 1 << 6, /* not the first fragment: has no L4 header of its own */
	BASIC_TRUNCATED = 1 << 7,     /* the capture ends inside a header */
	BASIC_MALFORMED = 1 << 8,     /* a header contradicts itself; see basic_info() */
	BASIC_LENGTH_FIELD = 1 << 9,  /* 802.3 length in place of an EtherType (below 0x600) */
};

enum basic_family { BASIC_NO_ADDRESS, BASIC_IPV4, BASIC_IPV6 };

/** struct basic - What the headers of one frame say */
struct basic {
	uint16_t flags;      /* enum basic_flag */
	uint16_t ethertype;  /* after all VLAN tags; host order */
	unsigned char eth_dst[6], eth_src[6];
	uint8_t vlan_count;  /* tags met, at most BASIC_VLANS_MAX are kept */
	uint8_t family;      /* enum basic_family, of src and dst */
	uint16_t vlan[BASIC_VLANS_MAX]; /* VLAN ids, outermost first */
	unsigned char src[16], dst[16]; /* IPv4 in the first 4 bytes */
	uint8_t ip_proto;    /* last protocol or next header reached; IANA protocol number */
	uint8_t icmp_type, icmp_code;
	uint8_t tcp_flags;   /* as on the wire: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
	uint16_t sport, dport;
	uint16_t arp_op;     /* 1 request, 2 reply */
	uint16_t tcp_window;
	uint32_t tcp_seq, tcp_ack;
	uint32_t l4_length;  /* payload bytes of TCP or UDP as the IP header declares them */
	uint32_t l3_offset, l4_offset; /* from the frame's start; 0 where not reached */
	const char *why;     /* static text: what is malformed or truncated, else NULL */
};

/**
 * basic_decode() - Decode the headers of a frame
 * @b:       Filled whole
 * @data:    Frame from its destination MAC on; may be NULL where @caplen is 0
 * @caplen:  Bytes in @data, any number
 *
 * Linear in the headers, never reads outside @data, whatever the bytes.
 */
void basic_decode(struct basic *b, const unsigned char *data, uint32_t caplen);

/** basic_protocol() - Protocol as tshark's column would most likely call it: "TCP", "ARP", "IPv6",
 * "ICMPv6", "UDP", "802.1Q" or, unknown, "0x88cc". Return: static text, or @scratch (8 bytes) */
const char *basic_protocol(const struct basic *b, char scratch[8]);

/**
 * basic_source(), basic_destination() - Address text: IP where there is one, else MAC, else ""
 * @b:    Decoded frame
 * @out:  Written with a NUL
 */
void basic_source(const struct basic *b, char out[BASIC_ADDRESS_MAX]);
void basic_destination(const struct basic *b, char out[BASIC_ADDRESS_MAX]);

/** basic_mac() - "02:00:5e:10:00:01" into @out (18 bytes) */
void basic_mac(const unsigned char mac[6], char out[18]);

/**
 * basic_info() - One line for a person, ports, flags, what is malformed; only printable ASCII
 * @b:    Decoded frame
 * @out:  Written with a NUL, cut where it is longer
 *
 * Return: bytes written without the NUL
 */
size_t basic_info(const struct basic *b, char out[BASIC_INFO_MAX]);

#endif
