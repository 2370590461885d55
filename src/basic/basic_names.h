/* basic_names.h - protocol numbers as tshark's Protocol column names them; private to src/basic */
#ifndef SECVF_BASIC_BASIC_NAMES_H
#define SECVF_BASIC_BASIC_NAMES_H

#include <stdint.h>

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
