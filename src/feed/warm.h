/* warm.h - what a tshark that takes over must have seen of the conversations that go on
 *
 * Theory of operation: of each conversation (addresses and ports of either direction, RFC 793's
 * pair of sockets) the first WARM_FIRST frames that were fed are kept, which hold handshakes, and
 * the last WARM_LAST, which hold where the sequence numbers are; of the WARM_CONVERSATIONS that
 * spoke last. A successor is fed them before it takes over, and what it says of them is discarded:
 * it then knows what the streams are. What it cannot know is a message of which more than those
 * frames came before.
 *
 * The frames are copies of packet blocks, as those in segments would hold a megabyte each.
 */
#ifndef SECVF_FEED_WARM_H
#define SECVF_FEED_WARM_H

#include <stdbool.h>
#include <stdint.h>

#include "basic/basic.h"

#define WARM_CONVERSATIONS 1024u
#define WARM_FIRST	   6u
#define WARM_LAST	   4u

/* Longer blocks are not kept: 20 MiB are the most that all of them take. */
#define WARM_BLOCK_BYTES 2048u

struct warm_frame {
	uint64_t id;
	uint32_t bytes, cap;
	unsigned char *block;
};

struct warm_conversation {
	unsigned char key[38]; /* addresses, ports, protocol; the lesser socket first */
	uint64_t frames;       /* seen */
	struct warm_frame frame[WARM_FIRST + WARM_LAST];
	uint32_t next;	       /* in its chain, +1; 0: none */
	uint32_t newer, older; /* by who spoke last, +1 */
	uint32_t bucket;       /* of its key */
};

struct warm {
	struct warm_conversation *conversation;	 /* [WARM_CONVERSATIONS]; NULL: not made */
	uint32_t bucket[2 * WARM_CONVERSATIONS]; /* +1 */
	uint32_t count, newest, oldest;
};

/** struct warm_set - Frames to be fed, in the order of ids: packet blocks, one behind the other */
struct warm_set {
	unsigned char *blocks;
	uint64_t n, at; /* bytes in all, and given already */
	uint64_t frames;
	uint64_t last_id; /* of the last one; 0: none */
};

/** warm_init() - Empty. Return: 0, or -ENOMEM */
int warm_init(struct warm *w);

/** warm_done() - Free */
void warm_done(struct warm *w);

/** warm_note() - A frame was fed. Without memory it is not kept */
void warm_note(struct warm *w, uint64_t id, const unsigned char *block);

/** warm_take() - Those with ids above @after, into @set, which is empty or done with. Without
 * memory there are none */
void warm_take(struct warm *w, uint64_t after, struct warm_set *set);

/** warm_set_done() - Free; it is empty then */
void warm_set_done(struct warm_set *set);

#endif
