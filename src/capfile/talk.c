/* talk.c - which conversation a frame belongs to */
#include "capfile/talk.h"

#include <string.h>

#include "basic/basic.h"
#include "capfile/linktype.h"

#define MAC_BYTES 6u

static void fill(struct talk *t, const struct basic *b)
{
	unsigned n;

	if (b->flags & BASIC_HAS_ADDRESS) {
		n = b->family == BASIC_IPV4 ? 4 : 16;
		t->family = b->family;
		t->proto = b->ip_proto;
		memcpy(t->end[0].address, b->src, n);
		memcpy(t->end[1].address, b->dst, n);
		if (b->flags & BASIC_HAS_PORTS) {
			t->end[0].port = b->sport;
			t->end[1].port = b->dport;
		}
	} else {
		t->ethertype = b->flags & BASIC_LENGTH_FIELD ? 0 : b->ethertype;
		memcpy(t->end[0].address, b->eth_src, MAC_BYTES);
		memcpy(t->end[1].address, b->eth_dst, MAC_BYTES);
	}
}

bool talk_of(struct talk *t, int linktype, const unsigned char *data, uint32_t caplen)
{
	struct basic b;

	memset(t, 0, sizeof(*t));
	if (linktype != LINKTYPE_ETHERNET)
		return false;
	basic_decode(&b, data, caplen);
	if (!(b.flags & BASIC_HAS_ETH))
		return false;
	fill(t, &b);
	if (memcmp(&t->end[0], &t->end[1], sizeof(t->end[0])) > 0) {
		struct talk_end first = t->end[0];

		t->end[0] = t->end[1];
		t->end[1] = first;
	}
	return true;
}
