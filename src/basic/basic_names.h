/* basic_names.h - protocol numbers as tshark's Protocol column names them */
#ifndef SECVF_BASIC_BASIC_NAMES_H
#define SECVF_BASIC_BASIC_NAMES_H

#include <stdint.h>

/* IP protocols and next headers that the code tells apart (IANA). */
enum ip_proto {
	IP_PROTO_HOP_BY_HOP = 0,
	IP_PROTO_ICMP = 1,
	IP_PROTO_IGMP = 2,
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_DCCP = 33,
	IP_PROTO_ROUTING = 43,
	IP_PROTO_FRAGMENT = 44,
	IP_PROTO_AH = 51,
	IP_PROTO_ICMPV6 = 58,
	IP_PROTO_NO_NEXT = 59,
	IP_PROTO_OPTIONS = 60,
	IP_PROTO_EIGRP = 88,
	IP_PROTO_OSPF = 89,
	IP_PROTO_PIM = 103,
	IP_PROTO_VRRP = 112,
	IP_PROTO_SCTP = 132,
	IP_PROTO_MOBILITY = 135,
	IP_PROTO_UDP_LITE = 136,
	IP_PROTO_HIP = 139,
	IP_PROTO_SHIM6 = 140,
};

/* Each returns static text, or NULL for a number that tshark's column has no name for. What tshark
 * dissects further by state or by port has the name of the layer itself. */

/** basic_ethertype_name() - EtherType, IEEE's registry */
const char *basic_ethertype_name(uint16_t type);

/** basic_ip_proto_name() - Protocol or next header, IANA's registry */
const char *basic_ip_proto_name(uint8_t proto);

/** basic_sap_name() - Destination service access point of IEEE 802.2 */
const char *basic_sap_name(uint8_t dsap);

/** basic_snap_name() - Protocol id of an organization that is not just an EtherType */
const char *basic_snap_name(uint32_t oui, uint16_t pid);

/** basic_ppp_name() - PPP protocol number, RFC 3818 */
const char *basic_ppp_name(uint16_t ppp);

#endif
