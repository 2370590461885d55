/* test_basic.c - header decode without tshark
 *
 * Goal: each header that basic.h names is read right, alone and within the others; where a frame is
 * cut, BASIC_TRUNCATED says so exactly if a header was cut, and no field is made up; what
 * contradicts itself is BASIC_MALFORMED, with words; no byte outside the frame is read.
 *
 * Method: a table of frames put together header by header, with the protocol, addresses and line
 * that each must give. Each is then cut at every length, in memory of just that length, so that the
 * address sanitizer sees a read past its end, and has bytes changed at random. Contradictions are
 * made one at a time out of good frames. Address text is compared with inet_ntop()'s.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "basic/basic.h"
#include "packet.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define MAC_1	 "02:00:00:00:00:01"
#define MAC_2	 "02:00:00:00:00:02"
#define IP4_1	 "10.0.0.1"
#define IP4_2	 "10.0.0.2"
#define IP6_1	 "2001:db8::1"
#define IP6_2	 "2001:db8::2"

#define SENDER	 "\x0a\0\0\x02"
#define TARGET	 "\x0a\0\0\x01"

static void arp_request(struct packet *k)
{
	packet_eth(k, 0x0806);
	packet_arp(k, 1, SENDER, TARGET);
	packet_fill(k, 18);
}

static void arp_reply(struct packet *k)
{
	packet_eth(k, 0x0806);
	packet_arp(k, 2, TARGET, SENDER);
}

static void arp_probe(struct packet *k)
{
	packet_eth(k, 0x0806);
	packet_arp(k, 1, "\0\0\0\0", TARGET);
}

static void arp_announcement(struct packet *k)
{
	packet_eth(k, 0x0806);
	packet_arp(k, 1, TARGET, TARGET);
}

static void rarp(struct packet *k)
{
	packet_eth(k, 0x8035);
	packet_arp(k, 3, "\0\0\0\0", "\0\0\0\0");
}

/* Addresses that are neither Ethernet's nor IPv4's: lengths are the header's to say. */
static void arp_other(struct packet *k)
{
	packet_eth(k, 0x0806);
	PACKET_PUT(k, "\0\x20\x80\0\x14\x02\0\x0b");
	for (unsigned i = 0; i < 2 * (20 + 2); i++)
		packet_u8(k, i);
	packet_headers(k);
}

static void ipv4_tcp(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0x4000, 0);
	packet_tcp(k, 0x12, 0);
	packet_ipv4_end(k, at);
}

/* Two bytes of payload, and four of padding that belong to nobody. */
static void ipv4_tcp_padded(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0, 0);
	packet_tcp(k, 0x18, 0);
	packet_fill(k, 2);
	packet_ipv4_end(k, at);
	packet_fill(k, 4);
}

static void ipv4_options_tcp_options(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0, 40);
	packet_tcp(k, 0x02, 40);
	packet_fill(k, 9);
	packet_ipv4_end(k, at);
}

static void ipv4_tcp_all_flags(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0, 0);
	packet_tcp(k, 0xff, 0);
	packet_ipv4_end(k, at);
}

static void ipv4_tcp_no_flags(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0, 0);
	packet_tcp(k, 0, 0);
	packet_ipv4_end(k, at);
}

/* Segmentation offload: the total length is left to the card. */
static void ipv4_offload(struct packet *k)
{
	packet_eth(k, 0x0800);
	(void)packet_ipv4(k, 6, 0, 0);
	packet_tcp(k, 0x10, 0);
}

static void ipv4_udp(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 30);
	packet_ipv4_end(k, at);
}

static void ipv4_icmp_echo(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 1, 0, 0);
	packet_icmp(k, 8, 0);
	packet_fill(k, 48);
	packet_ipv4_end(k, at);
}

static void ipv4_icmp_unreachable(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 1, 0, 0);
	packet_icmp(k, 3, 3);
	packet_fill(k, 28);
	packet_ipv4_end(k, at);
}

static void ipv4_icmp_unknown(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 1, 0, 0);
	packet_icmp(k, 200, 4);
	packet_ipv4_end(k, at);
}

static void ipv4_first_fragment(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 17, 0x2000, 0);
	packet_udp(k, 100);
	k->n -= 60;
	packet_ipv4_end(k, at);
}

/* It ends inside the TCP header, as an attacker's may; there is no contradiction in that. */
static void ipv4_tiny_fragment(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 6, 0x2000, 0);
	PACKET_PUT(k, "\x9c\x40\x01\xbb\0\0\x03\xe8");
	packet_headers(k);
	packet_ipv4_end(k, at);
}

static void ipv4_middle_fragment(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 17, 0x2000 | 1480 / 8, 0);
	packet_fill(k, 16);
	packet_ipv4_end(k, at);
}

static void ipv4_last_fragment(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 253, 0x1fff, 0);
	packet_fill(k, 16);
	packet_ipv4_end(k, at);
}

static void ipv4_ah(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 51, 0, 0);
	packet_ah(k, 6);
	packet_tcp(k, 0x01, 0);
	packet_ipv4_end(k, at);
}

static void ipv4_of(struct packet *k, unsigned proto, const char *header, uint32_t n)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, proto, 0, 0);
	packet_put(k, header, n);
	packet_headers(k);
	packet_fill(k, 20);
	packet_ipv4_end(k, at);
}

static void ipv4_gre(struct packet *k)
{
	ipv4_of(k, 47, "", 0);
}

static void ipv4_in_ipv4(struct packet *k)
{
	ipv4_of(k, 4, "", 0);
}

static void ipv4_unknown(struct packet *k)
{
	ipv4_of(k, 253, "", 0);
}

static void ipv4_igmp_report(struct packet *k)
{
	ipv4_of(k, 2, "\x16\0\0\0\xe0\0\0\xfb", 8);
}

static void ipv4_igmp_query(struct packet *k)
{
	ipv4_of(k, 2, "\x11\x64\0\0\0\0\0\0", 8);
}

static void ipv4_pim(struct packet *k)
{
	ipv4_of(k, 103, "\x20\0\0\0", 4);
}

static void ipv4_sctp(struct packet *k)
{
	ipv4_of(k, 132, "\x0b\x59\x0b\x5a\0\0\0\0\0\0\0\0", 12);
}

static void ipv4_udp_lite(struct packet *k)
{
	ipv4_of(k, 136, "\x13\x88\x00\x35\0\0\0\0", 8);
}

static void ipv4_dccp(struct packet *k)
{
	ipv4_of(k, 33, "\x13\x88\x00\x35\0\0\0\0\0\0\0\0", 12);
}

static void ipv6_tcp(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 6);
	packet_tcp(k, 0x11, 12);
	packet_fill(k, 5);
	packet_ipv6_end(k, at);
	packet_fill(k, 3);
}

static void ipv6_udp(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 17);
	packet_udp(k, 12);
	packet_ipv6_end(k, at);
}

static void ipv6_jumbogram(struct packet *k)
{
	packet_eth(k, 0x86dd);
	(void)packet_ipv6(k, 0);
	packet_extension(k, 17, 1);
	packet_udp(k, 12);
	be16_store(k->p + k->headers - 4, 0);
}

/* Each extension header there is, in no order that RFC 8200 would like. */
static void ipv6_extensions(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 0);
	packet_extension(k, 60, 1);
	packet_extension(k, 43, 2);
	packet_extension(k, 140, 3);
	packet_extension(k, 139, 5);
	packet_extension(k, 135, 1);
	packet_extension(k, 51, 4);
	packet_ah(k, 44);
	packet_fragment(k, 60, 0, 0);
	packet_extension(k, 58, 1);
	packet_icmp(k, 128, 0);
	packet_ipv6_end(k, at);
}

static void ipv6_first_fragment(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 44);
	packet_fragment(k, 17, 0, 1);
	packet_udp(k, 32);
	packet_ipv6_end(k, at);
}

static void ipv6_later_fragment(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 44);
	packet_fragment(k, 0, 1448, 0);
	packet_fill(k, 32);
	packet_ipv6_end(k, at);
}

static void ipv6_icmp_neighbor(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 58);
	PACKET_PUT(k, "\x87\0\0\0");
	packet_headers(k);
	packet_fill(k, 20);
	packet_ipv6_end(k, at);
}

static void ipv6_esp(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 60);
	packet_extension(k, 50, 1);
	packet_fill(k, 40);
	packet_ipv6_end(k, at);
}

static void ipv6_no_next(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 0);
	packet_extension(k, 59, 1);
	packet_ipv6_end(k, at);
}

static void ipv6_bare(struct packet *k)
{
	packet_eth(k, 0x86dd);
	(void)packet_ipv6(k, 59);
}

static void ipv6_mobility(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x86dd);
	at = packet_ipv6(k, 135);
	packet_extension(k, 59, 2);
	packet_ipv6_end(k, at);
}

static void vlan_ipv4(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x8100);
	packet_vlan(k, 100, 0x0800);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 4);
	packet_ipv4_end(k, at);
}

static void qinq_ipv6(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x88a8);
	packet_vlan(k, 200, 0x8100);
	packet_vlan(k, 4095, 0x86dd);
	at = packet_ipv6(k, 17);
	packet_udp(k, 4);
	packet_ipv6_end(k, at);
}

static void vlan_stack(struct packet *k)
{
	packet_eth(k, 0x9100);
	for (unsigned i = 1; i < BASIC_VLANS_WALKED_MAX; i++)
		packet_vlan(k, i, 0x8100);
	packet_vlan(k, 77, 0x88cc);
	packet_fill(k, 10);
}

static void llc_stp(struct packet *k)
{
	packet_eth(k, 38);
	PACKET_PUT(k, "\x42\x42\x03");
	packet_headers(k);
	packet_fill(k, 43);
}

static void llc_supervisory(struct packet *k)
{
	packet_eth(k, 4);
	PACKET_PUT(k, "\xf0\xf1\x01\x02");
	packet_headers(k);
	packet_fill(k, 42);
}

static void llc_numbered(struct packet *k)
{
	packet_eth(k, 30);
	PACKET_PUT(k, "\xf0\xf0\x02\x02");
	packet_headers(k);
	packet_fill(k, 26);
}

static void llc_isis(struct packet *k)
{
	packet_eth(k, 1500);
	PACKET_PUT(k, "\xfe\xfe\x03\x83");
	packet_headers(k);
	packet_fill(k, 30);
}

static void llc_snap_ipv4(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 8 + 20 + 8 + 4);
	PACKET_PUT(k, "\xaa\xaa\x03\0\0\0\x08\0");
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 4);
	packet_ipv4_end(k, at);
	packet_fill(k, 6);
}

static void vlan_llc_cdp(struct packet *k)
{
	packet_eth(k, 0x8100);
	packet_vlan(k, 1, 100);
	PACKET_PUT(k, "\xaa\xaa\x03\0\0\x0c\x20\0");
	packet_headers(k);
	packet_fill(k, 92);
}

static void llc_snap_unknown(struct packet *k)
{
	packet_eth(k, 50);
	PACKET_PUT(k, "\xaa\xaa\x03\x12\x34\x56\x08\0"); /* IPv4's number is not theirs */
	packet_headers(k);
	packet_fill(k, 42);
}

/* What is behind it is the destination's to say. */
static void llc_saps_differ(struct packet *k)
{
	packet_eth(k, 30);
	PACKET_PUT(k, "\x42\xf1\x03");
	packet_headers(k);
	packet_fill(k, 27);
}

static void llc_half_snap(struct packet *k)
{
	packet_eth(k, 30);
	PACKET_PUT(k, "\xaa\0\x03");
	packet_headers(k);
	packet_fill(k, 27);
}

static void smallest_type(struct packet *k)
{
	packet_eth(k, 0x600);
	packet_fill(k, 46);
}

static void llc_snap_unknown_type(struct packet *k)
{
	packet_eth(k, 50);
	PACKET_PUT(k, "\xaa\xaa\x03\0\0\0\x12\x34");
	packet_headers(k);
	packet_fill(k, 42);
}

/* The tunnel encapsulation of 802.1H. */
static void llc_snap_tunnel_rarp(struct packet *k)
{
	packet_eth(k, 36);
	PACKET_PUT(k, "\xaa\xaa\x03\0\0\xf8\x80\x35");
	packet_arp(k, 4, "\0\0\0\0", "\0\0\0\0");
}

static void raw_ipx(struct packet *k)
{
	packet_eth(k, 40);
	PACKET_PUT(k, "\xff\xff");
	packet_headers(k);
	packet_fill(k, 38);
}

static void mpls_ipv4(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x8847);
	packet_u32(k, 0x00010040);
	packet_u32(k, 0x00011140);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 4);
	packet_ipv4_end(k, at);
}

static void mpls_ipv6(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x8848);
	packet_u32(k, 0x00011140);
	at = packet_ipv6(k, 17);
	packet_udp(k, 4);
	packet_ipv6_end(k, at);
}

static void mpls_other(struct packet *k)
{
	packet_eth(k, 0x8847);
	packet_u32(k, 0x00011140);
	packet_u8(k, 0);
	packet_headers(k);
	packet_fill(k, 20);
}

static void pppoe_ipv4(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x8864);
	PACKET_PUT(k, "\x11\0\0\x01\0\x22\0\x21");
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 4);
	packet_ipv4_end(k, at);
}

/* The protocol in one byte. */
static void pppoe_ipv6(struct packet *k)
{
	uint32_t at;

	packet_eth(k, 0x8864);
	PACKET_PUT(k, "\x11\0\0\x01\0\x35\x57");
	at = packet_ipv6(k, 17);
	packet_udp(k, 4);
	packet_ipv6_end(k, at);
}

static void pppoe_lcp(struct packet *k)
{
	packet_eth(k, 0x8864);
	PACKET_PUT(k, "\x11\0\0\x01\0\x0a\xc0\x21");
	packet_headers(k);
	packet_fill(k, 8);
}

static void lldp(struct packet *k)
{
	packet_eth(k, 0x88cc);
	packet_fill(k, 50);
}

static void eapol_key(struct packet *k)
{
	packet_eth(k, 0x888e);
	PACKET_PUT(k, "\x02\x03\0\x5f");
	packet_headers(k);
	packet_fill(k, 95);
}

static void eap(struct packet *k)
{
	packet_eth(k, 0x888e);
	PACKET_PUT(k, "\x02\0\0\x05");
	packet_headers(k);
	packet_fill(k, 5);
}

static void lacp(struct packet *k)
{
	packet_eth(k, 0x8809);
	PACKET_PUT(k, "\x01");
	packet_headers(k);
	packet_fill(k, 100);
}

static void unknown_type(struct packet *k)
{
	packet_eth(k, 0x1234);
	packet_fill(k, 46);
}

/* Frames in which nothing is wrong. */
static const struct sample {
	const char *name;
	void (*make)(struct packet *k);
	const char *protocol, *source, *destination, *info;
} samples[] = {
	{"ARP request", arp_request, "ARP", MAC_1, MAC_2, "Who has 10.0.0.1? Tell 10.0.0.2"},
	{"ARP reply", arp_reply, "ARP", MAC_1, MAC_2, "10.0.0.1 is at 02:00:00:00:00:01"},
	{"ARP probe", arp_probe, "ARP", MAC_1, MAC_2, "Who has 10.0.0.1? (ARP Probe)"},
	{"ARP announcement", arp_announcement, "ARP", MAC_1, MAC_2,
	 "ARP Announcement for 10.0.0.1"},
	{"RARP", rarp, "RARP", MAC_1, MAC_2, "operation 3"},
	{"ARP of others", arp_other, "ARP", MAC_1, MAC_2, "operation 11"},
	{"TCP", ipv4_tcp, "TCP", IP4_1, IP4_2,
	 "40000 > 443 [SYN, ACK] Seq=1000 Ack=2000 Win=512 Len=0"},
	{"TCP padded", ipv4_tcp_padded, "TCP", IP4_1, IP4_2,
	 "40000 > 443 [PSH, ACK] Seq=1000 Ack=2000 Win=512 Len=2"},
	{"options", ipv4_options_tcp_options, "TCP", IP4_1, IP4_2,
	 "40000 > 443 [SYN] Seq=1000 Win=512 Len=9"},
	{"TCP all flags", ipv4_tcp_all_flags, "TCP", IP4_1, IP4_2,
	 "40000 > 443 [FIN, SYN, RST, PSH, ACK, URG, ECE, CWR] Seq=1000 Ack=2000 Win=512 Len=0"},
	{"TCP no flags", ipv4_tcp_no_flags, "TCP", IP4_1, IP4_2,
	 "40000 > 443 [<None>] Seq=1000 Win=512 Len=0"},
	{"IPv4 offload", ipv4_offload, "TCP", IP4_1, IP4_2,
	 "40000 > 443 [ACK] Seq=1000 Ack=2000 Win=512 Len=0"},
	{"UDP", ipv4_udp, "UDP", IP4_1, IP4_2, "5000 > 53 Len=30"},
	{"ICMP echo", ipv4_icmp_echo, "ICMP", IP4_1, IP4_2,
	 "Echo (ping) request id=0x0007, seq=9, ttl=64"},
	{"ICMP unreachable", ipv4_icmp_unreachable, "ICMP", IP4_1, IP4_2,
	 "Destination unreachable (Port unreachable)"},
	{"ICMP unknown", ipv4_icmp_unknown, "ICMP", IP4_1, IP4_2, "type 200 (code 4)"},
	{"first fragment", ipv4_first_fragment, "IPv4", IP4_1, IP4_2,
	 "Fragmented IP protocol (proto=UDP 17, off=0, ID=1234, more) 5000 > 53"},
	{"tiny fragment", ipv4_tiny_fragment, "IPv4", IP4_1, IP4_2,
	 "Fragmented IP protocol (proto=TCP 6, off=0, ID=1234, more) 40000 > 443"},
	{"middle fragment", ipv4_middle_fragment, "IPv4", IP4_1, IP4_2,
	 "Fragmented IP protocol (proto=UDP 17, off=1480, ID=1234, more)"},
	{"last fragment", ipv4_last_fragment, "IPv4", IP4_1, IP4_2,
	 "Fragmented IP protocol (proto=unknown 253, off=65528, ID=1234)"},
	{"AH", ipv4_ah, "TCP", IP4_1, IP4_2, "40000 > 443 [FIN] Seq=1000 Win=512 Len=0"},
	{"GRE", ipv4_gre, "GRE", IP4_1, IP4_2, "GRE 47"},
	{"IPv4 in IPv4", ipv4_in_ipv4, "IPv4", IP4_1, IP4_2, "IPv4 4"},
	{"unknown protocol", ipv4_unknown, "IPv4", IP4_1, IP4_2, "unknown 253"},
	{"IGMP report", ipv4_igmp_report, "IGMPv2", IP4_1, IP4_2, "IGMP 2"},
	{"IGMP query", ipv4_igmp_query, "IGMPv3", IP4_1, IP4_2, "IGMP 2"},
	{"PIM", ipv4_pim, "PIMv2", IP4_1, IP4_2, "PIM 103"},
	{"SCTP", ipv4_sctp, "SCTP", IP4_1, IP4_2, "2905 > 2906"},
	{"UDP-Lite", ipv4_udp_lite, "UDP-Lite", IP4_1, IP4_2, "5000 > 53"},
	{"DCCP", ipv4_dccp, "DCCP", IP4_1, IP4_2, "5000 > 53"},
	{"IPv6 TCP", ipv6_tcp, "TCP", IP6_1, IP6_2,
	 "40000 > 443 [FIN, ACK] Seq=1000 Ack=2000 Win=512 Len=5"},
	{"IPv6 UDP", ipv6_udp, "UDP", IP6_1, IP6_2, "5000 > 53 Len=12"},
	{"IPv6 extensions", ipv6_extensions, "ICMPv6", IP6_1, IP6_2,
	 "Echo (ping) request id=0x0007, seq=9, hop limit=64"},
	{"IPv6 first fragment", ipv6_first_fragment, "IPv6", IP6_1, IP6_2,
	 "Fragmented IP protocol (proto=UDP 17, off=0, ID=cafe0001, more) 5000 > 53"},
	{"IPv6 later fragment", ipv6_later_fragment, "IPv6", IP6_1, IP6_2,
	 "Fragmented IP protocol (proto=unknown 0, off=1448, ID=cafe0001)"},
	{"ICMPv6", ipv6_icmp_neighbor, "ICMPv6", IP6_1, IP6_2, "Neighbor Solicitation"},
	{"ESP", ipv6_esp, "ESP", IP6_1, IP6_2, "ESP 50"},
	{"no next header", ipv6_no_next, "IPv6", IP6_1, IP6_2, "IPv6 no next header"},
	{"bare IPv6", ipv6_bare, "IPv6", IP6_1, IP6_2, "IPv6 no next header"},
	{"mobility", ipv6_mobility, "MIPv6", IP6_1, IP6_2, "MIPv6 135"},
	{"VLAN", vlan_ipv4, "UDP", IP4_1, IP4_2, "5000 > 53 Len=4"},
	{"QinQ", qinq_ipv6, "UDP", IP6_1, IP6_2, "5000 > 53 Len=4"},
	{"VLAN stack", vlan_stack, "LLDP", MAC_1, MAC_2, "Ethernet II, type 0x88cc, VLAN 1"},
	{"STP", llc_stp, "STP", MAC_1, MAC_2, "802.3, length 38, DSAP 0x42, SSAP 0x42"},
	{"LLC supervisory", llc_supervisory, "LLC", MAC_1, MAC_2,
	 "802.3, length 4, DSAP 0xf0, SSAP 0xf1"},
	{"LLC numbered", llc_numbered, "NetBIOS", MAC_1, MAC_2,
	 "802.3, length 30, DSAP 0xf0, SSAP 0xf0"},
	{"LLC of two", llc_saps_differ, "STP", MAC_1, MAC_2,
	 "802.3, length 30, DSAP 0x42, SSAP 0xf1"},
	{"half a SNAP", llc_half_snap, "LLC", MAC_1, MAC_2,
	 "802.3, length 30, DSAP 0xaa, SSAP 0x00"},
	{"smallest type", smallest_type, "IDP", MAC_1, MAC_2, "Ethernet II, type 0x0600"},
	{"IS-IS", llc_isis, "ISIS", MAC_1, MAC_2, "802.3, length 1500, DSAP 0xfe, SSAP 0xfe"},
	{"SNAP IPv4", llc_snap_ipv4, "UDP", IP4_1, IP4_2, "5000 > 53 Len=4"},
	{"VLAN CDP", vlan_llc_cdp, "CDP", MAC_1, MAC_2,
	 "802.3, length 100, DSAP 0xaa, SSAP 0xaa, VLAN 1"},
	{"SNAP unknown", llc_snap_unknown, "LLC", MAC_1, MAC_2,
	 "802.3, length 50, DSAP 0xaa, SSAP 0xaa"},
	{"SNAP unknown type", llc_snap_unknown_type, "LLC", MAC_1, MAC_2,
	 "802.3, length 50, DSAP 0xaa, SSAP 0xaa"},
	{"SNAP tunnel", llc_snap_tunnel_rarp, "RARP", MAC_1, MAC_2, "operation 4"},
	{"raw IPX", raw_ipx, "IPX", MAC_1, MAC_2, "802.3, length 40"},
	{"MPLS IPv4", mpls_ipv4, "UDP", IP4_1, IP4_2, "5000 > 53 Len=4"},
	{"MPLS IPv6", mpls_ipv6, "UDP", IP6_1, IP6_2, "5000 > 53 Len=4"},
	{"MPLS other", mpls_other, "MPLS", MAC_1, MAC_2, "Ethernet II, type 0x8847"},
	{"PPPoE IPv4", pppoe_ipv4, "UDP", IP4_1, IP4_2, "5000 > 53 Len=4"},
	{"PPPoE IPv6", pppoe_ipv6, "UDP", IP6_1, IP6_2, "5000 > 53 Len=4"},
	{"PPPoE LCP", pppoe_lcp, "PPP LCP", MAC_1, MAC_2, "Ethernet II, type 0x8864"},
	{"LLDP", lldp, "LLDP", MAC_1, MAC_2, "Ethernet II, type 0x88cc"},
	{"EAPOL", eapol_key, "EAPOL", MAC_1, MAC_2, "Ethernet II, type 0x888e"},
	{"EAP", eap, "EAP", MAC_1, MAC_2, "Ethernet II, type 0x888e"},
	{"LACP", lacp, "LACP", MAC_1, MAC_2, "Ethernet II, type 0x8809"},
	{"unknown type", unknown_type, "0x1234", MAC_1, MAC_2, "Ethernet II, type 0x1234"},
	{"jumbogram", ipv6_jumbogram, "UDP", IP6_1, IP6_2, "5000 > 53 Len=12"},
};

/* Decode from memory that ends where the frame does, and see that every text is fit to print. */
static void decode(struct basic *b, const unsigned char *data, uint32_t n)
{
	unsigned char *exact = malloc(n ? n : 1);
	char text[BASIC_INFO_MAX], address[BASIC_ADDRESS_MAX], scratch[8];
	size_t length;

	assert_non_null(exact);
	memcpy(exact, data, n);
	basic_decode(b, n ? exact : NULL, n);
	free(exact);
	length = basic_info(b, text);
	assert_int_equal(length, strlen(text));
	assert_true(length < sizeof(text));
	for (size_t i = 0; i < length; i++)
		assert_in_range(text[i], 0x20, 0x7e);
	basic_source(b, address);
	assert_true(strlen(address) < sizeof(address));
	basic_destination(b, address);
	assert_true(strlen(address) < sizeof(address));
	assert_true(strlen(basic_protocol(b, scratch)) > 0);
	assert_true(b->l3_offset <= n);
	assert_true(b->l4_offset <= n);
	assert_int_equal(b->why != NULL, (b->flags & (BASIC_TRUNCATED | BASIC_MALFORMED)) != 0);
}

static void expect(const struct sample *s, const char *text, const char *expected)
{
	if (strcmp(text, expected) != 0)
		fail_msg("%s: '%s', expected '%s'", s->name, text, expected);
}

static void each_header_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		const struct sample *s = &samples[i];
		char text[BASIC_INFO_MAX], scratch[8];
		struct packet k;
		struct basic b;

		s->make(&k);
		decode(&b, k.p, k.n);
		assert_false(b.flags & (BASIC_TRUNCATED | BASIC_MALFORMED));
		expect(s, basic_protocol(&b, scratch), s->protocol);
		basic_source(&b, text);
		expect(s, text, s->source);
		basic_destination(&b, text);
		expect(s, text, s->destination);
		basic_info(&b, text);
		expect(s, text, s->info);
	}
}

/* Whether what @cut says it has is what @whole has. */
static void assert_not_made_up(const struct basic *cut, const struct basic *whole)
{
	unsigned has = BASIC_HAS_ETH | BASIC_HAS_ADDRESS | BASIC_HAS_PORTS | BASIC_HAS_ICMP |
		       BASIC_HAS_TCP | BASIC_HAS_ARP | BASIC_HAS_ECHO | BASIC_FRAGMENT |
		       BASIC_FRAGMENT_LATER | BASIC_FRAGMENT_MORE | BASIC_LENGTH_FIELD;

	assert_int_equal(cut->flags & has & ~whole->flags, 0);
	for (unsigned i = 0; i < cut->vlan_count && i < BASIC_VLANS_MAX; i++)
		assert_int_equal(cut->vlan[i], whole->vlan[i]);
	if (cut->flags & BASIC_HAS_ETH)
		assert_memory_equal(cut->eth_dst, whole->eth_dst, 12);
	if (cut->flags & BASIC_HAS_ADDRESS) {
		assert_int_equal(cut->family, whole->family);
		assert_memory_equal(cut->src, whole->src, 32);
	} else {
		assert_int_equal(cut->family, BASIC_NO_ADDRESS);
	}
	if (cut->flags & BASIC_HAS_PORTS) {
		assert_int_equal(cut->sport, whole->sport);
		assert_int_equal(cut->dport, whole->dport);
	}
	if (cut->flags & BASIC_HAS_TCP) {
		assert_int_equal(cut->tcp_flags, whole->tcp_flags);
		assert_int_equal(cut->tcp_seq, whole->tcp_seq);
		assert_int_equal(cut->tcp_ack, whole->tcp_ack);
		assert_int_equal(cut->tcp_window, whole->tcp_window);
	}
	if (cut->flags & BASIC_HAS_ICMP) {
		assert_int_equal(cut->icmp_type, whole->icmp_type);
		assert_int_equal(cut->icmp_code, whole->icmp_code);
	}
	if (cut->flags & BASIC_HAS_ARP)
		assert_int_equal(cut->arp_op, whole->arp_op);
}

static void cut_at_every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct basic whole, b;
		struct packet k;

		samples[i].make(&k);
		decode(&whole, k.p, k.n);
		for (uint32_t n = 0; n <= k.n; n++) {
			decode(&b, k.p, n);
			if (!(b.flags & BASIC_TRUNCATED) != (n >= k.headers) ||
			    b.flags & BASIC_MALFORMED)
				fail_msg("%s, %u of %u bytes: flags %#x, %s", samples[i].name, n,
					 k.n, b.flags, b.why ? b.why : "nothing wrong");
			assert_not_made_up(&b, &whole);
			/* Payload that is cut is no less payload, where a length was declared. */
			if (n >= k.headers && samples[i].make != ipv4_offload &&
			    samples[i].make != ipv6_jumbogram)
				assert_int_equal(b.l4_length, whole.l4_length);
		}
	}
}

static void fields_of_tags_and_offsets(void **state)
{
	struct packet k;
	struct basic b;

	(void)state;
	qinq_ipv6(&k);
	decode(&b, k.p, k.n);
	assert_int_equal(b.ethertype, 0x86dd);
	assert_int_equal(b.vlan_count, 2);
	assert_int_equal(b.vlan[0], 200);
	assert_int_equal(b.vlan[1], 4095);
	assert_int_equal(b.l3_offset, 22);
	assert_int_equal(b.l4_offset, 62);
	assert_int_equal(b.ttl, 64);

	vlan_stack(&k);
	decode(&b, k.p, k.n);
	assert_int_equal(b.vlan_count, BASIC_VLANS_WALKED_MAX);
	assert_int_equal(b.vlan[BASIC_VLANS_MAX - 1], BASIC_VLANS_MAX);
	assert_int_equal(b.l4_offset, 0);

	ipv4_middle_fragment(&k);
	decode(&b, k.p, k.n);
	assert_int_equal(b.flags & (BASIC_FRAGMENT | BASIC_FRAGMENT_LATER | BASIC_FRAGMENT_MORE),
			 BASIC_FRAGMENT | BASIC_FRAGMENT_LATER | BASIC_FRAGMENT_MORE);
	assert_false(b.flags & BASIC_HAS_PORTS);
	assert_int_equal(b.ip_proto, 17);
	assert_int_equal(b.l4_offset, 0);
	assert_int_equal(b.fragment_offset, 1480);
	for (unsigned i = 4; i < sizeof(b.src); i++)
		assert_int_equal(b.src[i] | b.dst[i], 0);

	/* An atomic fragment is whole. */
	ipv6_extensions(&k);
	decode(&b, k.p, k.n);
	assert_false(b.flags & BASIC_FRAGMENT);
	assert_int_equal(b.ip_proto, 58);

	arp_reply(&k);
	decode(&b, k.p, k.n);
	assert_int_equal(b.flags & (BASIC_HAS_ARP | BASIC_HAS_ADDRESS),
			 BASIC_HAS_ARP | BASIC_HAS_ADDRESS);
	assert_int_equal(b.arp_op, 2);
	assert_memory_equal(b.src, TARGET, 4);
	assert_memory_equal(b.dst, SENDER, 4);
	assert_memory_equal(b.arp_mac, "\x02\0\0\0\0\x01", 6);
}

/* Good frames with one byte pair made wrong. */
static const struct contradiction {
	void (*make)(struct packet *k);
	uint32_t at;
	uint16_t value;
	const char *why;
	unsigned kept; /* flags that are there all the same */
} contradictions[] = {
	{ipv4_tcp, 14, 0x4400, "IPv4 header length below 20", 0},
	{ipv4_tcp, 14, 0x6500, "IPv4 version is not 4", 0},
	{ipv4_tcp, 16, 19, "IPv4 total length below the header's", 0},
	{ipv4_tcp, 16, 20, "TCP header past the packet's end", BASIC_HAS_ADDRESS},
	{ipv4_tcp, 16, 39, "TCP header past the packet's end", BASIC_HAS_PORTS},
	{ipv4_tcp, 46, 0x4002, "TCP header length below 20", BASIC_HAS_TCP},
	{ipv4_tcp, 46, 0x6002, "TCP options past the packet's end", BASIC_HAS_TCP},
	{ipv4_udp, 16, 27, "UDP header past the packet's end", BASIC_HAS_PORTS},
	{ipv4_udp, 38, 7, "UDP length below 8", BASIC_HAS_PORTS},
	{ipv4_udp, 38, 0, "UDP length below 8", BASIC_HAS_PORTS},
	{ipv4_udp, 38, 39, "UDP length past the packet's end", BASIC_HAS_PORTS},
	{ipv4_icmp_echo, 16, 27, "ICMP header past the packet's end", BASIC_HAS_ICMP},
	{ipv4_ah, 34, 0x0600, "AH length below 12", BASIC_HAS_ADDRESS},
	{ipv6_tcp, 14, 0x4500, "IPv6 version is not 6", 0},
	{ipv6_tcp, 18, 3, "TCP header past the packet's end", BASIC_HAS_ADDRESS},
	{ipv6_extensions, 54, 0x3cff, "IPv6 extension header past the packet's end",
	 BASIC_HAS_ADDRESS},
	{ipv6_no_next, 18, 4, "IPv6 extension header past the packet's end", BASIC_HAS_ADDRESS},
	{arp_request, 18, 0x0504, "ARP address length does not fit its type", BASIC_HAS_ARP},
	{arp_request, 18, 0x0606, "ARP address length does not fit its type", BASIC_HAS_ARP},
	{llc_stp, 12, 1501, "neither a length nor an EtherType", BASIC_LENGTH_FIELD},
	{llc_stp, 12, 1535, "neither a length nor an EtherType", BASIC_LENGTH_FIELD},
	{llc_stp, 12, 0, "LLC header past the packet's end", BASIC_LENGTH_FIELD},
	{llc_stp, 12, 2, "LLC header past the packet's end", BASIC_LENGTH_FIELD},
	{llc_supervisory, 12, 3, "LLC header past the packet's end", BASIC_LENGTH_FIELD},
	{llc_snap_ipv4, 12, 7, "SNAP header past the packet's end", BASIC_LENGTH_FIELD},
	{llc_snap_ipv4, 12, 27, "IPv4 header past the packet's end", BASIC_LENGTH_FIELD},
	{llc_snap_ipv4, 12, 28, "UDP header past the packet's end", BASIC_HAS_ADDRESS},
	{vlan_stack, 14 + 4 * BASIC_VLANS_WALKED_MAX - 2, 0x8100, "too many VLAN tags", 0},
	{pppoe_ipv4, 14, 0x1200, "PPPoE version, type or code of no session", 0},
	{pppoe_ipv4, 18, 1, "PPP protocol past the packet's end", 0},
	{pppoe_ipv4, 18, 0, "PPP protocol past the packet's end", 0},
};

static void contradictions_are_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contradictions); i++) {
		const struct contradiction *c = &contradictions[i];
		char text[BASIC_INFO_MAX];
		struct packet k;
		struct basic b;

		c->make(&k);
		be16_store(k.p + c->at, c->value);
		decode(&b, k.p, k.n);
		assert_non_null(b.why);
		assert_string_equal(b.why, c->why);
		assert_int_equal(b.flags & (BASIC_MALFORMED | BASIC_TRUNCATED), BASIC_MALFORMED);
		assert_int_equal(b.flags & c->kept, c->kept);
		basic_info(&b, text);
		assert_non_null(strstr(text, c->why));
	}
}

static void long_chains_end(void **state)
{
	uint32_t at;
	struct packet k;
	struct basic b;

	(void)state;
	packet_eth(&k, 0x86dd);
	at = packet_ipv6(&k, 60);
	for (unsigned i = 1; i < BASIC_EXTENSIONS_MAX; i++)
		packet_extension(&k, 60, 1);
	packet_extension(&k, 17, 1);
	packet_udp(&k, 0);
	packet_ipv6_end(&k, at);
	decode(&b, k.p, k.n);
	assert_false(b.flags & BASIC_MALFORMED);
	assert_true(b.flags & BASIC_HAS_PORTS);

	/* One more, to make it one too many. */
	packet_eth(&k, 0x86dd);
	at = packet_ipv6(&k, 60);
	for (unsigned i = 0; i < BASIC_EXTENSIONS_MAX; i++)
		packet_extension(&k, 60, 1);
	packet_extension(&k, 17, 1);
	packet_udp(&k, 0);
	packet_ipv6_end(&k, at);
	decode(&b, k.p, k.n);
	assert_true(b.flags & BASIC_MALFORMED);
	assert_string_equal(b.why, "too many IPv6 extension headers");

	packet_eth(&k, 0x8100);
	for (unsigned i = 0; i < BASIC_VLANS_WALKED_MAX + 2; i++)
		packet_vlan(&k, i, 0x8100);
	packet_vlan(&k, 1, 0x0800);
	(void)packet_ipv4(&k, 17, 0, 0);
	decode(&b, k.p, k.n);
	assert_string_equal(b.why, "too many VLAN tags");
	assert_int_equal(b.vlan_count, BASIC_VLANS_WALKED_MAX);
	assert_false(b.flags & BASIC_HAS_ADDRESS);

	packet_eth(&k, 0x8847);
	for (unsigned i = 0; i < BASIC_LABELS_MAX + 1; i++)
		packet_u32(&k, 0x00010040);
	decode(&b, k.p, k.n);
	assert_true(b.flags & BASIC_MALFORMED);
	assert_string_equal(b.why, "too many MPLS labels");
}

static void igmp_versions(void **state)
{
	static const struct {
		unsigned type, response, bytes;
		const char *protocol;
	} cases[] = {
		{0x11, 0, 8, "IGMPv1"},	 {0x11, 1, 8, "IGMPv2"}, {0x11, 1, 11, "IGMPv2"},
		{0x11, 1, 12, "IGMPv3"}, {0x12, 0, 8, "IGMPv1"}, {0x13, 1, 8, "DVMRP"},
		{0x14, 0, 8, "PIMv1"},	 {0x16, 0, 8, "IGMPv2"}, {0x17, 0, 8, "IGMPv2"},
		{0x22, 0, 8, "IGMPv3"},	 {0x30, 0, 8, "IGMP"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char scratch[8];
		struct packet k;
		struct basic b;
		uint32_t at;

		packet_eth(&k, 0x0800);
		at = packet_ipv4(&k, 2, 0, 0);
		packet_u8(&k, cases[i].type);
		packet_u8(&k, cases[i].response);
		packet_fill(&k, cases[i].bytes - 2);
		packet_ipv4_end(&k, at);
		packet_fill(&k, 10);
		decode(&b, k.p, k.n);
		assert_string_equal(basic_protocol(&b, scratch), cases[i].protocol);
	}
}

/* The line of an ICMP message alone. */
static void icmp_info(unsigned proto, unsigned type, unsigned code, char text[BASIC_INFO_MAX])
{
	struct packet k;
	struct basic b;
	uint32_t at;

	if (proto == 1) {
		packet_eth(&k, 0x0800);
		at = packet_ipv4(&k, proto, 0, 0);
		packet_icmp(&k, type, code);
		packet_ipv4_end(&k, at);
	} else {
		packet_eth(&k, 0x86dd);
		at = packet_ipv6(&k, proto);
		packet_icmp(&k, type, code);
		packet_ipv6_end(&k, at);
	}
	decode(&b, k.p, k.n);
	basic_info(&b, text);
}

static void icmp_messages_have_names(void **state)
{
	static const struct {
		unsigned proto, type, code;
		const char *info;
	} cases[] = {
		{1, 0, 0, "Echo (ping) reply id=0x0007, seq=9, ttl=64"},
		{1, 3, 0, "Destination unreachable (Network unreachable)"},
		{1, 3, 1, "Destination unreachable (Host unreachable)"},
		{1, 3, 2, "Destination unreachable (Protocol unreachable)"},
		{1, 3, 4, "Destination unreachable (Fragmentation needed)"},
		{1, 3, 5, "Destination unreachable (code 5)"},
		{1, 4, 0, "Source quench"},
		{1, 5, 1, "Redirect (code 1)"},
		{1, 9, 0, "Router advertisement"},
		{1, 10, 0, "Router solicitation"},
		{1, 11, 0, "Time-to-live exceeded"},
		{1, 12, 0, "Parameter problem"},
		{1, 13, 0, "Timestamp request"},
		{1, 14, 0, "Timestamp reply"},
		{1, 17, 0, "Address mask request"},
		{1, 18, 0, "Address mask reply"},
		{1, 128, 0, "type 128"},
		{58, 1, 3, "Destination Unreachable (code 3)"},
		{58, 2, 0, "Packet Too Big"},
		{58, 3, 0, "Time Exceeded"},
		{58, 4, 0, "Parameter Problem"},
		{58, 8, 0, "type 8"},
		{58, 129, 0, "Echo (ping) reply id=0x0007, seq=9, hop limit=64"},
		{58, 130, 0, "Multicast Listener Query"},
		{58, 131, 0, "Multicast Listener Report"},
		{58, 132, 0, "Multicast Listener Done"},
		{58, 133, 0, "Router Solicitation"},
		{58, 134, 0, "Router Advertisement"},
		{58, 136, 0, "Neighbor Advertisement"},
		{58, 137, 0, "Redirect"},
		{58, 143, 0, "Multicast Listener Report Message v2"},
	};
	char text[BASIC_INFO_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		icmp_info(cases[i].proto, cases[i].type, cases[i].code, text);
		assert_string_equal(text, cases[i].info);
	}
}

static void empty_and_huge(void **state)
{
	char text[BASIC_INFO_MAX];
	unsigned char *zeros = calloc(1, 262144);
	struct basic b;

	(void)state;
	assert_non_null(zeros);
	decode(&b, zeros, 0);
	assert_int_equal(b.flags, BASIC_TRUNCATED);
	basic_source(&b, text);
	assert_string_equal(text, "");
	basic_info(&b, text);
	assert_string_equal(text, "[Ethernet header cut short]");
	decode(&b, zeros, 262144);
	memset(zeros, 0x88, 262144); /* tags of 0x8888 are none, but plenty of bytes */
	decode(&b, zeros, 262144);
	memset(zeros, 0xff, 262144);
	decode(&b, zeros, 262144);
	assert_int_equal(b.ethertype, 0xffff);
	free(zeros);
}

/* A generator of its own, so that a failure is the same on each machine. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void damaged_frames_are_survived(void **state)
{
	uint64_t random = 20240229;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		for (size_t i = 0; i < COUNT(samples); i++) {
			struct packet k;
			struct basic b;

			samples[i].make(&k);
			for (unsigned n = 1 + next_random(&random) % 4; n; n--)
				k.p[12 + next_random(&random) % (k.n - 12)] =
					(unsigned char)next_random(&random);
			decode(&b, k.p, (uint32_t)(next_random(&random) % (k.n + 1)));
			decode(&b, k.p, k.n);
		}
	}
}

static void ipv6_text_is_inet_ntop_s(void **state)
{
	uint64_t random = 4193;
	char text[BASIC_ADDRESS_MAX], expected[INET6_ADDRSTRLEN];
	struct basic b;

	(void)state;
	memset(&b, 0, sizeof(b));
	b.flags = BASIC_HAS_ADDRESS;
	b.family = BASIC_IPV6;
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t zero = next_random(&random), small = next_random(&random);

		for (unsigned g = 0; g < 8; g++) {
			uint16_t v = (uint16_t)next_random(&random);

			/* Mostly zeros, as runs of them are what is hard. */
			v = zero >> 2 * g & 3 ? 0 : small >> g & 1 ? v & 15 : v;
			if (zero >> 20 & 1 && g == 5)
				v = 0xffff;
			be16_store(b.src + (size_t)2 * g, v);
		}
		basic_source(&b, text);
		assert_non_null(inet_ntop(AF_INET6, b.src, expected, sizeof(expected)));
		assert_string_equal(text, expected);
	}
}

/* The longest of everything has to fit, and the end of what does not is left out. */
static void long_info_is_cut(void **state)
{
	char text[BASIC_INFO_MAX];
	struct packet k;
	struct basic b;
	size_t n;

	(void)state;
	ipv4_tcp_all_flags(&k);
	memset(k.p + 34, 0xff, 12);
	decode(&b, k.p, k.n);
	n = basic_info(&b, text);
	assert_string_equal(text, "65535 > 65535 [FIN, SYN, RST, PSH, ACK, URG, ECE, CWR] "
				  "Seq=4294967295 Ack=4294967295 Win=512 Len=0");
	assert_true(n + 40 < BASIC_INFO_MAX);
	b.why = "words that go on and on and on and on and on and on and on and on and on and on";
	n = basic_info(&b, text);
	assert_int_equal(n, BASIC_INFO_MAX - 1);
	assert_int_equal(strlen(text), n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header_is_read),
		cmocka_unit_test(cut_at_every_length),
		cmocka_unit_test(fields_of_tags_and_offsets),
		cmocka_unit_test(contradictions_are_malformed),
		cmocka_unit_test(long_chains_end),
		cmocka_unit_test(igmp_versions),
		cmocka_unit_test(icmp_messages_have_names),
		cmocka_unit_test(empty_and_huge),
		cmocka_unit_test(damaged_frames_are_survived),
		cmocka_unit_test(ipv6_text_is_inet_ntop_s),
		cmocka_unit_test(long_info_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
