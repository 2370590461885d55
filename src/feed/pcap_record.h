/* pcap_record.h - the headers of a pcap stream, as tshark is fed one
 *
 * Source: draft-ietf-opsawg-pcap (magic a1b23c4d: nanoseconds)
 */
#ifndef SECVF_FEED_PCAP_RECORD_H
#define SECVF_FEED_PCAP_RECORD_H

#include "store/segment.h"

#define PCAP_FILE_BYTES	  24u
#define PCAP_RECORD_BYTES 16u

/** pcap_file_header() - Of Ethernet frames */
void pcap_file_header(unsigned char h[PCAP_FILE_BYTES]);

/** pcap_record_header() - Of one frame; seconds have 32 bits, so a time wraps in 2106 */
void pcap_record_header(unsigned char r[PCAP_RECORD_BYTES], const struct packet_view *v);

#endif
