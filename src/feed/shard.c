/* shard.c - an unordered pair of addresses as a number */
#include "feed/shard.h"

#include <string.h>

#include "base/mix.h"

static uint64_t hash(const unsigned char *address, size_t n)
{
	uint64_t word[2] = {0, 0};

	memcpy(word, address, n);
	return mix64(word[0] + mix64(word[1] + n));
}

unsigned shard_of(const struct basic *b, unsigned shards)
{
	uint64_t pair;

	if (shards < 2)
		return 0;
	/* A sum has no order. ARP's addresses are not those of the frames that it is about to
	 * make possible: its MAC addresses are. */
	if (b->flags & BASIC_HAS_ADDRESS && !(b->flags & BASIC_HAS_ARP)) {
		size_t n = b->family == BASIC_IPV4 ? 4 : 16;

		pair = hash(b->src, n) + hash(b->dst, n);
	} else {
		pair = hash(b->eth_src, 6) + hash(b->eth_dst, 6);
	}
	return (unsigned)(mix64(pair) % shards);
}
