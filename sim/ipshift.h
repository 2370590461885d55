/* ipshift.h - IPv4 addresses of a frame moved by a number, checksums mended */
#ifndef SECVF_SIM_IPSHIFT_H
#define SECVF_SIM_IPSHIFT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * ipshift() - Add a number to source and destination of an IPv4 packet in an Ethernet frame
 * @data:   Frame, changed in place
 * @bytes:  In @data
 * @add:    Added to both addresses, modulo 2^32
 *
 * Behind up to four VLAN tags too. The IPv4 checksum and, in a first or only fragment, that of TCP
 * or UDP are mended by RFC 1624 equation 3, as far as they are in @bytes: a right one stays right,
 * and a wrong one stays wrong by as much. A UDP checksum of 0 (none, RFC 768) stays 0, and one that
 * comes out as 0 becomes 0xffff. Addresses elsewhere (ARP, ICMP errors, tunnels) stay.
 *
 * Return: whether it was an IPv4 packet with a whole header
 */
bool ipshift(unsigned char *data, uint32_t bytes, uint32_t add);

#endif
