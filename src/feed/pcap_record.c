/* pcap_record.c - file and record headers, little-endian */
#include "feed/pcap_record.h"

#include <string.h>

#include "base/bytes.h"

#define LINKTYPE_ETHERNET 1

void pcap_file_header(unsigned char h[PCAP_FILE_BYTES])
{
	memset(h, 0, PCAP_FILE_BYTES);
	le32_store(h, 0xa1b23c4d);
	h[4] = 2;
	h[6] = 4;
	le32_store(h + 16, FRAME_BYTES_MAX);
	le32_store(h + 20, LINKTYPE_ETHERNET);
}

void pcap_record_header(unsigned char r[PCAP_RECORD_BYTES], const struct packet_view *v)
{
	le32_store(r, (uint32_t)(v->ts_ns / 1000000000));
	le32_store(r + 4, (uint32_t)(v->ts_ns % 1000000000));
	le32_store(r + 8, v->caplen);
	le32_store(r + 12, v->len);
}
