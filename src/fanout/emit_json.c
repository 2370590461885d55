/* emit_json.c - a decoded frame as one JSON object; printf would be most of its cost */
#include "fanout/emit.h"

#include <string.h>

#include "base/digits.h"
#include "tshark/args.h"

#define NS 1000000000u

/* The longest run between two texts is from len to src: keys 52 bytes, numbers 20, MACs 38,
 * EtherType 8, in all 118. */
#define RUN_MAX 128u

static char *put_bytes(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

#define PUT(p, literal) put_bytes(p, literal, sizeof(literal) - 1)

static void put_string(struct buf *out, struct decoded_text text)
{
	if (text.n)
		buf_json(out, text.p, text.n);
	else
		buf_put(out, "null", 4);
}

static void put_key(struct buf *out, const char *key, struct decoded_text text)
{
	buf_puts(out, key);
	put_string(out, text);
}

/* A MAC, quoted, or null. */
static char *put_mac(char *p, const struct basic *b, const unsigned char mac[6])
{
	if (!(b->flags & BASIC_HAS_ETH))
		return PUT(p, "null");
	*p++ = '"';
	basic_mac(mac, p);
	p += 17;
	*p++ = '"';
	return p;
}

static char *put_ethertype(char *p, const struct basic *b)
{
	if (!(b->flags & BASIC_HAS_ETH) || b->flags & BASIC_LENGTH_FIELD)
		return PUT(p, "null");
	p = digits_hex(PUT(p, "\"0x"), b->ethertype, 4);
	*p++ = '"';
	return p;
}

static char *put_port(char *p, const struct basic *b, uint16_t port)
{
	return b->flags & BASIC_HAS_PORTS ? digits_u64(p, port) : PUT(p, "null");
}

void emit_json(const struct decoded *d, struct buf *out)
{
	const struct basic *b = &d->basic;
	const struct packet_view *f = &d->packet;
	struct decoded_text protocols = {0};
	struct decoded_summary s;
	char run[RUN_MAX], *p;

	decoded_summary(d, &s);
	if (d->status == DECODED_TSHARK)
		protocols.p = decoded_field(d, EK_PROTOCOLS, &protocols.n);

	p = digits_u64(PUT(run, "{\"id\":"), d->id);
	p = digits_u64(PUT(p, ",\"ts\":\""), f->ts_ns / NS);
	*p++ = '.';
	p = digits_fixed(p, f->ts_ns % NS, 9);
	p = PUT(p, "\",\"vm\":");
	buf_put(out, run, (size_t)(p - run));
	put_string(out, (struct decoded_text){.p = d->vm, .n = d->vm ? strlen(d->vm) : 0});

	p = digits_u64(PUT(run, ",\"len\":"), f->len);
	p = digits_u64(PUT(p, ",\"caplen\":"), f->caplen);
	p = put_mac(PUT(p, ",\"eth_src\":"), b, b->eth_src);
	p = put_mac(PUT(p, ",\"eth_dst\":"), b, b->eth_dst);
	p = put_ethertype(PUT(p, ",\"ethertype\":"), b);
	buf_put(out, run, (size_t)(p - run));
	put_key(out, ",\"src\":", s.source);
	put_key(out, ",\"dst\":", s.destination);

	p = put_port(PUT(run, ",\"sport\":"), b, b->sport);
	p = put_port(PUT(p, ",\"dport\":"), b, b->dport);
	buf_put(out, run, (size_t)(p - run));
	put_key(out, ",\"protocol\":", s.protocol);
	put_key(out, ",\"info\":", s.info);
	put_key(out, ",\"protocols\":", protocols);
	buf_puts(out, ",\"status\":\"");
	buf_puts(out, decoded_status_name(d->status));
	if (d->varied && d->status == DECODED_TSHARK) {
		buf_puts(out, "\",\"profile\":\"");
		buf_puts(out, profile_name((enum profile)d->profile));
	}
	buf_puts(out, d->update ? "\",\"update\":true}\n" : "\"}\n");
}
