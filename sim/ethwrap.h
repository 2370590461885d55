/* ethwrap.h - frames of other link types as Ethernet, for a switch that forwards nothing else
 *
 * Theory of operation: an Ethernet header is made for each frame, and takes the place of the
 * header that the link type has, if any. The payload stays as it is.
 *
 * EtherType: from the link type, the header, or the version of a raw IP packet; LLC and Novell
 * payloads of cooked captures get an IEEE 802.3 length instead; what has no EtherType (or a
 * header cut short, which then is payload) gets 0x88b5, IEEE 802 local experimental 1.
 *
 * Addresses, all locally administered: 02:00 and an IPv4 address, 02:01 and a hash of an IPv6
 * one, so that each host of the capture becomes a station of the switch; 02:02:00:00:00:01 to :02
 * where there is no IP address to be had. Destinations that are IP multicast map as RFC 1112 and
 * RFC 2464 say, and 255.255.255.255 is broadcast. Cooked captures keep the sender's address where
 * it has 6 bytes, and their broadcasts and multicasts stay such.
 *
 * Sources: https://www.tcpdump.org/linktypes.html, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 there
 */
#ifndef SECVF_SIM_ETHWRAP_H
#define SECVF_SIM_ETHWRAP_H

#include <stdbool.h>
#include <stdint.h>

#define ETHWRAP_HEADER 14u

/** struct ethwrap - An Ethernet frame: @header, then the frame's bytes from @skip on */
struct ethwrap {
	unsigned char header[ETHWRAP_HEADER];
	uint32_t skip;	 /* bytes of the frame's own header that are left out */
	uint32_t caplen; /* of the Ethernet frame; cut to FRAME_BYTES_MAX */
	uint32_t len;	 /* grown or shrunk as caplen was before that cut, within 0 to UINT32_MAX */
};

/** ethwrap_knows() - Whether ethwrap() takes this link type */
bool ethwrap_knows(int linktype);

/**
 * ethwrap() - Make the Ethernet header of a frame
 * @linktype:  LINKTYPE_, one that ethwrap_knows()
 * @data:      Frame, @caplen bytes; borrowed for the call
 * @caplen:    Bytes captured, at most FRAME_BYTES_MAX
 * @len:       Bytes on the wire, as recorded
 * @w:         Filled
 */
void ethwrap(int linktype, const unsigned char *data, uint32_t caplen, uint32_t len,
	     struct ethwrap *w);

#endif
