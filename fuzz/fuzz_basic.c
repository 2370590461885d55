/* fuzz_basic.c - header decode of any bytes
 *
 * Beyond what the sanitizers see: texts are printable and end, offsets stay inside, a frame cut
 * anywhere before the end of its headers is not called whole, and what it says then is what the
 * whole says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/safe.h"
#include "basic/basic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_text(const char *text, size_t most)
{
	size_t n = strlen(text);

	check(n < most);
	for (size_t i = 0; i < n; i++)
		check(text[i] >= 0x20 && text[i] < 0x7f);
}

/* Decode from memory that ends with the frame. */
static void decode(struct basic *b, const uint8_t *data, size_t n)
{
	char address[BASIC_ADDRESS_MAX], info[BASIC_INFO_MAX], scratch[8];
	uint8_t *exact = malloc(n ? n : 1);

	check(exact != NULL);
	if (n)
		memcpy(exact, data, n);
	basic_decode(b, exact, (uint32_t)n);
	free(exact);
	check(b->l3_offset <= n && b->l4_offset <= n &&
	      b->l3_offset <= (b->l4_offset ? b->l4_offset : n));
	check(!b->why == !(b->flags & (BASIC_TRUNCATED | BASIC_MALFORMED)));
	basic_source(b, address);
	check_text(address, sizeof(address));
	basic_destination(b, address);
	check_text(address, sizeof(address));
	check_text(basic_protocol(b, scratch), 32);
	check(basic_info(b, info) == strlen(info));
	check_text(info, sizeof(info));
}

/* The bytes as a text from a frame: what is shown is harmless, and takes the columns said. */
static void show(const uint8_t *data, size_t n)
{
	struct buf out = {0};
	unsigned columns, most = n ? data[0] : 0;

	check(safe_put(&out, (const char *)data, n, most, &columns) <= n);
	check(columns <= most);
	for (size_t i = 0; i < out.n; i++)
		check((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned has = BASIC_HAS_ETH | BASIC_HAS_ADDRESS | BASIC_HAS_PORTS | BASIC_HAS_ICMP |
		       BASIC_HAS_TCP | BASIC_HAS_ARP | BASIC_HAS_ECHO | BASIC_FRAGMENT;
	struct basic whole, cut;
	size_t end;

	decode(&whole, data, n);
	for (end = 0; end < n && end < 256; end++) {
		decode(&cut, data, end);
		/* A frame once whole, or wrong, stays what it is as more of it comes. */
		if (!(cut.flags & BASIC_TRUNCATED))
			break;
		check(!(cut.flags & has & ~whole.flags));
		if (cut.flags & BASIC_HAS_ADDRESS)
			check(!memcmp(cut.src, whole.src, 16) && !memcmp(cut.dst, whole.dst, 16));
		if (cut.flags & BASIC_HAS_PORTS)
			check(cut.sport == whole.sport && cut.dport == whole.dport);
	}
	/* Only what is wrong may be known before all of a header is there. */
	if (end < n && end < 256) {
		check(cut.why == whole.why);
		check(cut.flags == whole.flags ||
		      (cut.flags & BASIC_MALFORMED && !(cut.flags & ~whole.flags)));
	}
	show(data, n);
	return 0;
}
