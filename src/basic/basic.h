/* basic.h - header decode of one Ethernet frame without tshark
 *
 * Theory of operation: one pass over the headers of a frame, no state between frames, no
 * allocation. It stops at the first thing that it does not know, that is cut short by the capture
 * length, or that contradicts itself, and says which of those it was: a field is filled only where
 * its bytes were there. Link layers in front of IP (VLAN tags, LLC with SNAP, MPLS labels, PPPoE)
 * are walked through; tunnels inside IP are not, so that addresses are those of the outer packet.
 *
 * Sources: IEEE 802.3, 802.2, 802.1Q, 802.1ad; RFC 826 (ARP), 3032 (MPLS), 2516 (PPPoE), 791
 * (IPv4), 8200 (IPv6 and its extension headers), 4302 (AH), 9293 (TCP), 768 (UDP), 792 (ICMP), 4443
 * (ICMPv6).
 */
#ifndef SECVF_BASIC_BASIC_H
#define SECVF_BASIC_BASIC_H

#include <stddef.h>
#include <stdint.h>

#define BASIC_VLANS_MAX	       4   /* tags kept; QinQ has two, the rest is for hostile stacks */
#define BASIC_VLANS_WALKED_MAX 16  /* tags walked before we call it malformed */
#define BASIC_LABELS_MAX       16  /* MPLS labels walked before we call it malformed */
#define BASIC_EXTENSIONS_MAX   16  /* IPv6 extension headers walked before we call it malformed */
#define BASIC_ADDRESS_MAX      46  /* longest address text, NUL included (INET6_ADDRSTRLEN) */
#define BASIC_INFO_MAX	       160 /* longest info text, NUL included */

enum basic_flag {
	BASIC_HAS_ETH = 1 << 0,	       /* eth_src, eth_dst, ethertype */
	BASIC_HAS_ADDRESS = 1 << 1,    /* src, dst: IPv4, IPv6, or the protocol addresses of ARP */
	BASIC_HAS_PORTS = 1 << 2,      /* sport, dport: of TCP, UDP, UDP-Lite, SCTP, DCCP */
	BASIC_HAS_ICMP = 1 << 3,       /* icmp_type, icmp_code; ip_proto says whether ICMPv6 */
	BASIC_HAS_TCP = 1 << 4,	       /* tcp_flags, tcp_seq, tcp_ack, tcp_window, l4_length */
	BASIC_FRAGMENT = 1 << 5,       /* one of several IP fragments */
	BASIC_FRAGMENT_LATER = 1 << 6, /* not the first fragment: has no L4 header of its own */
	BASIC_TRUNCATED = 1 << 7,      /* the capture ends inside a header */
	BASIC_MALFORMED = 1 << 8,      /* a header contradicts itself; see basic_info() */
	BASIC_LENGTH_FIELD = 1 << 9,   /* 802.3 length in place of an EtherType (below 0x600) */
	BASIC_FRAGMENT_MORE = 1 << 10, /* with BASIC_FRAGMENT: not the last one */
	BASIC_HAS_ARP = 1 << 11,       /* arp_op; with BASIC_HAS_ADDRESS also arp_mac */
	BASIC_HAS_ECHO = 1 << 12,      /* icmp_id, icmp_seq */
};

enum basic_family {
	BASIC_NO_ADDRESS,
	BASIC_IPV4,
	BASIC_IPV6
};

/** struct basic - What the headers of one frame say */
struct basic {
	uint16_t flags;	    /* enum basic_flag */
	uint16_t ethertype; /* after all VLAN tags; host order; a length with BASIC_LENGTH_FIELD */
	unsigned char eth_dst[6], eth_src[6];
	uint8_t vlan_count;		/* tags met; the first BASIC_VLANS_MAX are kept */
	uint8_t family;			/* enum basic_family, of src and dst */
	uint16_t vlan[BASIC_VLANS_MAX]; /* VLAN ids, outermost first */
	unsigned char src[16], dst[16]; /* IPv4 in the first 4 bytes */
	uint8_t ip_proto;		/* last protocol or next header reached; IANA number */
	uint8_t ttl;			/* IP: time to live, or hop limit */
	uint8_t icmp_type, icmp_code;
	uint8_t tcp_flags;	    /* as on the wire: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
	uint8_t llc_dsap, llc_ssap; /* BASIC_LENGTH_FIELD: service access points, 0 if not there */
	unsigned char arp_mac[6];   /* sender's hardware address, where it has six bytes */
	uint16_t sport, dport;
	uint16_t arp_op; /* 1 request, 2 reply */
	uint16_t tcp_window;
	uint16_t icmp_id, icmp_seq;
	uint16_t fragment_offset; /* bytes */
	uint32_t fragment_id;
	uint32_t tcp_seq, tcp_ack;
	uint32_t l4_length;   /* payload bytes of TCP or UDP as the IP header declares them */
	uint32_t l3_offset;   /* from the frame's start, at most caplen; 0 if not reached */
	uint32_t l4_offset;   /* likewise */
	const char *protocol; /* static; NULL: the EtherType alone names it */
	const char *why;      /* static; what is malformed or truncated, else NULL */
};

/**
 * basic_decode() - Decode the headers of a frame
 * @b:       Filled whole
 * @data:    Frame from its destination MAC on; may be NULL where @caplen is 0
 * @caplen:  Bytes in @data, any number
 *
 * Linear in the headers, never reads outside @data, whatever the bytes. An IPv4 total length or an
 * IPv6 payload length of 0 (segmentation offload, jumbograms) means up to the end of the capture.
 */
void basic_decode(struct basic *b, const unsigned char *data, uint32_t caplen);

/**
 * basic_protocol() - Protocol as tshark's column would most likely call it
 * @b:        Decoded frame
 * @scratch:  For the text of an unknown EtherType, "0x88cc"
 *
 * "TCP", "ARP", "ICMPv6", "STP", "802.1Q". A fragment is "IPv4" or "IPv6", as it is for tshark
 * until the last one came. Nothing is guessed from ports.
 *
 * Return: static text, or @scratch
 */
const char *basic_protocol(const struct basic *b, char scratch[8]);

/**
 * basic_source(), basic_destination() - Address text: IP where there is one, else MAC, else ""
 * @b:    Decoded frame; ARP has MACs here, as in tshark's columns
 * @out:  Written with a NUL; IPv6 as RFC 5952 has it
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
