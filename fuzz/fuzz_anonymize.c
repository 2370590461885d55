/* fuzz_anonymize.c - any bytes as a frame to be anonymized
 *
 * The first byte picks link type and modes; the rest is the frame, at the end of its memory. Beyond
 * what the sanitizers see: the same frame comes out the same, and a checksum of IPv4's own that was
 * right is right after.
 */
#include <stdlib.h>
#include <string.h>

#include "anonymize/anonymize.h"
#include "base/bytes.h"
#include "base/check.h"
#include "capfile/linktype.h"
#include "tap/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether an IPv4 packet right behind an Ethernet header has a right header checksum. */
static bool sum_is_right(const unsigned char *p, size_t n)
{
	uint32_t sum = 0;
	size_t header;

	if (n < 34 || be16_load(p + 12) != 0x0800 || p[14] >> 4 != 4)
		return false;
	header = (p[14] & 15u) * 4;
	if (header < 20 || 14 + header > n)
		return false;
	for (size_t i = 0; i < header; i += 2)
		sum += be16_load(p + 14 + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static unsigned char *copy(const uint8_t *data, size_t n)
{
	unsigned char *p = malloc(n ? n : 1);

	check(p != NULL);
	if (n)
		memcpy(p, data, n);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int linktypes[] = {LINKTYPE_ETHERNET,   LINKTYPE_RAW,  LINKTYPE_LINUX_SLL,
					LINKTYPE_LINUX_SLL2, LINKTYPE_NULL, LINKTYPE_ETHERNET,
					LINKTYPE_ETHERNET,   9999};
	static const enum anonymize_mode payloads[] = {ANONYMIZE_ZERO, ANONYMIZE_KEEP,
						       ANONYMIZE_RANDOM, ANONYMIZE_KEEP};
	static const enum anonymize_mode unknowns[] = {ANONYMIZE_ZERO, ANONYMIZE_KEEP,
						       ANONYMIZE_DROP, ANONYMIZE_ZERO};
	static struct anonymize *all[16];
	unsigned char *a, *b;
	unsigned modes;
	bool kept;
	int linktype;

	if (size == 0 || size - 1 > FRAME_BYTES_MAX)
		return 0;
	linktype = linktypes[data[0] & 7];
	modes = data[0] >> 3 & 15;
	if (!all[modes]) {
		const struct anonymize_config config = {
			.pseudonym = {.keep_oui = modes & 1, .keep_private = modes & 4},
			.payload = payloads[modes & 3],
			.unknown = unknowns[modes >> 2]};

		all[modes] = anonymize_open(&config);
		check(all[modes] != NULL);
	}
	data++;
	size--;
	a = copy(data, size);
	b = copy(data, size);
	kept = anonymize_frame(all[modes], linktype, a, (uint32_t)size);
	check(anonymize_frame(all[modes], linktype, b, (uint32_t)size) == kept);
	check(size == 0 || memcmp(a, b, size) == 0);
	if (linktype == LINKTYPE_ETHERNET && sum_is_right(data, size))
		check(sum_is_right(a, size));
	free(a);
	free(b);
	return 0;
}
