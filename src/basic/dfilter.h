/* dfilter.h - display filters over the header decode, for a subset of tshark's language
 *
 * Theory of operation: a filter is compiled into a flat program of tests, joined by jumps, and run
 * over what basic_decode() said of a frame. A frame has more to it than its outer headers: tunnels,
 * quoted packets, fragments that tshark puts together. So a verdict has three values. DFILTER_YES
 * and DFILTER_NO are what tshark 4.0 with its own preferences says, too; where a part of the frame
 * that is not decoded here could decide, the verdict is DFILTER_UNSURE, and one asks tshark. They
 * are joined as Kleene has it: "unsure or yes" is yes, "unsure and no" is no. Without a tshark,
 * dfilter_match_basic() goes by the outer headers alone and knows yes and no.
 *
 * Language, with tshark's names, precedence and refusals (wireshark-filter(4), version 4.0):
 *
 *   frame frame.len frame.cap_len frame.number   eth eth.addr eth.src eth.dst eth.type
 *   vlan vlan.id   arp arp.opcode arp.src.proto_ipv4 arp.dst.proto_ipv4
 *   ip ip.addr ip.src ip.dst ip.proto ip.ttl ip.version
 *   ipv6 ipv6.addr ipv6.src ipv6.dst ipv6.nxt ipv6.hlim ipv6.version
 *   icmp icmp.type icmp.code   icmpv6 icmpv6.type icmpv6.code
 *   tcp tcp.port tcp.srcport tcp.dstport tcp.len tcp.flags and its .fin .syn .reset .push .ack .urg
 *   udp udp.port udp.srcport udp.dstport udp.length   sctp sctp.port sctp.srcport sctp.dstport
 *
 * A name alone asks whether the frame has it. == eq any_eq, != ne all_ne (none is equal), ===
 * all_eq (all are), !== ~= any_ne (one is not), > gt < lt >= ge <= le, in {a, b .. c}, not in,
 * FIELD & BITS with or without a comparison; ! not, && and, || or in this order, parentheses.
 * Numbers are decimal, octal (017), hexadecimal or binary; addresses may have a prefix length where
 * they are compared for equality or are of a set.
 */
#ifndef SECVF_BASIC_DFILTER_H
#define SECVF_BASIC_DFILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "basic/basic.h"

#define DFILTER_TEXT_MAX  4096u /* bytes of a filter's text */
#define DFILTER_DEPTH_MAX 64u	/* parentheses and negations within each other */

enum dfilter_verdict {
	DFILTER_NO,
	DFILTER_UNSURE,
	DFILTER_YES
};

enum dfilter_fault {
	DFILTER_SYNTAX, /* tshark refuses it, too */
	DFILTER_BEYOND, /* not of the subset; tshark may know it */
	DFILTER_MEMORY
};

/** struct dfilter_error - Why a text is no filter, and where */
struct dfilter_error {
	enum dfilter_fault fault;
	uint32_t at, n; /* bytes of the text that it is about; @n is 0 at the text's end */
	char text[256]; /* one line for a person; of the text, printable ASCII alone */
};

/** struct dfilter_frame - What a filter is run on; all of it is only looked at */
struct dfilter_frame {
	const struct basic *basic; /* of @data and @caplen */
	/* Ethernet frame, without a check sequence that the capture says is there; may be NULL
	 * where @caplen is 0 */
	const unsigned char *data;
	uint32_t caplen, len; /* bytes captured, and on the wire */
	uint64_t number;      /* that tshark gives the frame, from 1; 0: not known */
};

struct dfilter;

/**
 * dfilter_compile() - Compile a filter
 * @text:  Ends with a NUL; empty or blank takes every frame
 * @err:   Filled on NULL
 *
 * Whatever is taken here is taken by tshark 4.0, with the same meaning. Linear in the text.
 *
 * Return: a filter for dfilter_free(); may be used by many threads at a time
 */
struct dfilter *dfilter_compile(const char *text, struct dfilter_error *err);

/** dfilter_free() - Free a filter; NULL is let pass */
void dfilter_free(struct dfilter *f);

/**
 * dfilter_match() - What tshark would say of a frame, as far as that is certain
 * @f:      Filter
 * @frame:  Ethernet frame
 *
 * Certain means: for tshark 4.0 with the preferences, heuristics and "decode as" that it comes
 * with, and without keys for what is encrypted.
 *
 * Linear in the tests and ranges of the filter.
 */
enum dfilter_verdict dfilter_match(const struct dfilter *f, const struct dfilter_frame *frame);

/**
 * dfilter_match_basic() - Whether the outer headers alone match: the filter of who has no tshark
 * @f:      Filter
 * @frame:  Ethernet frame
 *
 * Says what dfilter_match() says wherever that is certain and the headers are whole.
 */
bool dfilter_match_basic(const struct dfilter *f, const struct dfilter_frame *frame);

#endif
