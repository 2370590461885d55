/* talk.h - which conversation a frame belongs to
 *
 * Two frames are of one conversation where they have the same two addresses, protocol and ports,
 * in either direction. Where there is no IP it is the two MAC addresses and the EtherType. Later
 * fragments have no ports, and make a conversation of their own. Addresses are those of the outer
 * packet of a tunnel.
 */
#ifndef SECVF_CAPFILE_TALK_H
#define SECVF_CAPFILE_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "capfile/capfile.h"

/** struct talk - Who talks to whom: the lesser end first. Equal where all bytes are equal */
struct talk {
	uint8_t family, proto;
	uint16_t ethertype; /* where there is no IP */
	struct talk_end {
		unsigned char address[16];
		uint16_t port;
	} end[2];
};

_Static_assert(sizeof(struct talk) == 40, "a talk has no padding, so that its bytes compare");

/**
 * talk_of() - The conversation of a frame
 * @t:         Filled, zeroed first
 * @linktype:  LINKTYPE_
 * @data:      Frame, @caplen bytes
 *
 * Return: false where it is no Ethernet frame with a whole header
 */
bool talk_of(struct talk *t, int linktype, const unsigned char *data, uint32_t caplen);

#endif
