/* capfile_pcap.c - pcap: one header, then records (draft-ietf-opsawg-pcap) */
#include "capfile/capfile_private.h"

#include <inttypes.h>

#include "tap/frame.h"

#define HEADER_BYTES	      24u
#define RECORD_BYTES	      16u
#define RECORD_BYTES_MODIFIED 24u /* with interface index, protocol and packet type after it */

#define MAGIC_US	      0xa1b2c3d4u
#define MAGIC_NS	      0xa1b23c4du
#define MAGIC_MODIFIED	      0xa1b2cd34u /* Kuznetzov's libpcap, as in old Linux distributions */

#define NS_PER_S	      UINT64_C(1000000000)

/* The link type shares its field with the length of the FCS (bits 28 to 31, in 16-bit words) and
 * the bit that says whether that is known (26); 27 is reserved (libpcap's LT_LINKTYPE). The FCS
 * itself, where frames have one, stays on them. */
#define LINKTYPE_MASK 0x03ffffffu

/* Of the magic in either order. Return: false where it is none of pcap's */
static bool magic_read(struct capfile *c, const unsigned char *p)
{
	for (int big = 0; big < 2; big++) {
		c->big = big != 0;
		c->pcap.header_bytes = RECORD_BYTES;
		c->pcap.tick_ns = 1000;
		switch (capfile_u32(c, p)) {
		case MAGIC_US: return true;
		case MAGIC_NS: c->pcap.tick_ns = 1; return true;
		case MAGIC_MODIFIED: c->pcap.header_bytes = RECORD_BYTES_MODIFIED; return true;
		default: break;
		}
	}
	return false;
}

/* What each version means for the order of a record's two lengths. Return: false if not known */
static bool version_read(struct capfile *c, unsigned major, unsigned minor)
{
	/* DG/UX tcpdump said 543.0. */
	if (major == 543 && minor == 0) {
		c->pcap.swapped = true;
		return true;
	}
	if (major != 2 || minor > 4)
		return false;
	c->pcap.swapped = minor < 3;
	/* 2.3 was written both ways. */
	c->pcap.maybe_swapped = minor == 3;
	return true;
}

enum capfile_result capfile_pcap_open(struct capfile *c)
{
	struct capfile_interface in = {0};
	const unsigned char *p = c->buf + c->at;
	unsigned major, minor;

	if (!magic_read(c, p))
		return CAPFILE_END;
	p = capfile_want(c, HEADER_BYTES);
	if (!p)
		return capfile_short(c, 0, "pcap header", HEADER_BYTES);
	major = capfile_u16(c, p + 4);
	minor = capfile_u16(c, p + 6);
	if (!version_read(c, major, minor))
		return capfile_break(
			c, 0,
			"pcap version %u.%u is not known, 2.4 is today's; the header is "
			"damaged, or `editcap -F pcap` may convert the file",
			major, minor);
	in.linktype = (int)(capfile_u32(c, p + 20) & LINKTYPE_MASK);
	in.snaplen = capfile_u32(c, p + 16);
	in.tsresol = c->pcap.tick_ns == 1 ? 9 : 6;
	if (!capfile_interface_add(c, &in, (struct capfile_scale){0}))
		return capfile_break(c, 0, "no memory for its interface");
	capfile_take(c, HEADER_BYTES);
	return CAPFILE_FRAME;
}

enum capfile_result capfile_pcap_next(struct capfile *c, struct capfile_frame *frame)
{
	uint64_t offset = capfile_offset(c);
	uint32_t header = c->pcap.header_bytes;
	const unsigned char *p = capfile_want(c, header);
	uint32_t caplen, len;

	if (!p && capfile_left(c) == 0 && !c->read_error)
		return CAPFILE_END;
	if (!p)
		return capfile_short(c, offset, "record header", header);
	caplen = capfile_u32(c, p + 8);
	len = capfile_u32(c, p + 12);
	if (c->pcap.swapped || (c->pcap.maybe_swapped && caplen > len)) {
		uint32_t first = caplen;

		caplen = len;
		len = first;
	}
	if (caplen > FRAME_BYTES_MAX)
		return capfile_break(c, offset,
				     "the record says %" PRIu32
				     " captured bytes, the limit is %u: the "
				     "file is damaged, or not a capture; pcapfix or editcap may "
				     "repair it",
				     caplen, FRAME_BYTES_MAX);
	p = capfile_want(c, header + caplen);
	if (!p)
		return capfile_short(c, offset, "record", header + caplen);
	frame->data = p + header;
	frame->caplen = caplen;
	frame->len = len;
	/* At most 2^32 s and 2^32 us: below 2^63 ns, so that a fraction too large just carries. */
	frame->ts_ns =
		capfile_u32(c, p) * NS_PER_S + (uint64_t)capfile_u32(c, p + 4) * c->pcap.tick_ns;
	frame->offset = offset;
	frame->interface = 0;
	frame->linktype = c->interfaces[0].linktype;
	frame->comment = NULL;
	frame->comments = 0;
	frame->block = p;
	frame->block_bytes = header + caplen;
	frame->block_type = 0;
	frame->big = c->big;
	frame->options = NULL;
	frame->options_bytes = 0;
	frame->flags = 0;
	frame->dropcount = 0;
	frame->ticks = 0;
	capfile_take(c, header + caplen);
	return CAPFILE_FRAME;
}
