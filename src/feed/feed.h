/* feed.h - captured frames as libpcap records, on their way into the FIFO
 *
 * Theory of operation: for each generation of tshark the feed starts with the file header
 * (nanosecond magic), then gives the records of all pending frames in the order of ids, without
 * copying them: it lends an iovec that points into their segments, and is told how many bytes the
 * FIFO took. A record once begun is finished in that generation or never, even where its frame was
 * given up meanwhile: what is skipped is skipped between records.
 *
 * Shards: of several feeds over one store each gives the frames of its shard (slot.shard). One that
 * is retired finishes the record at the FIFO's mouth and gives no more: its successor has them.
 *
 * Batches: a frame waits up to FEED_BATCH_NS for others, or until FEED_BATCH_BYTES are there.
 * Stall: when there is something to write and the FIFO took no byte for stall_ns, the feed is
 * stalled and what is pending may be skipped, until bytes move again.
 *
 * Source: draft-ietf-opsawg-pcap (records, magic a1b23c4d); seconds are 32 bits there, so a time
 * beyond 2106 wraps in tshark's eyes. Ours stays right: it never comes from tshark.
 */
#ifndef SECVF_FEED_FEED_H
#define SECVF_FEED_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "feed/pcap_record.h"
#include "feed/warm.h"
#include "store/store.h"

#define FEED_BATCH_NS	 UINT64_C(1000000)
#define FEED_BATCH_BYTES 65536u
#define FEED_STALL_NS	 UINT64_C(250000000)

/* Records lent at a time: two iovecs each, and one for the file header; below IOV_MAX (1,024). */
#define FEED_RECORDS_MAX 500
#define FEED_IOVECS_MAX	 (2 * FEED_RECORDS_MAX + 1)
_Static_assert(FEED_IOVECS_MAX <= 1024, "writev() takes no more");

/* Frames in flight at most: what a pipe of PORT_PIPE_BYTES holds of the shortest ones, and more. */
#define FEED_IN_FLIGHT_MAX 65536u

/* In place of an id: a frame that is fed for the sake of what follows. */
#define FEED_WARM UINT64_MAX

struct feed {
	struct store *store;
	unsigned shard;
	uint32_t limit; /* frames in flight */
	bool retired;
	uint64_t next;			    /* id from which pending frames are looked for */
	uint64_t current;		    /* id whose record has been begun, 0 for none */
	const unsigned char *current_block; /* its frame's packet block, in */
	struct segment
		*current_segment; /* which is a reference of ours: its slot may go meanwhile */
	uint64_t offset;	  /* bytes of the file header or the current record taken so far */
	bool header_done;
	uint64_t waiting_since_ns; /* when the oldest pending frame came; 0: nothing pending */
	uint64_t pending_bytes;
	uint64_t progress_ns; /* last time the FIFO took bytes, or something first waited */
	bool blocked;	      /* the FIFO took less than was offered */
	bool stalled;
	uint64_t stall_ns; /* 0: never stalled */
	/* Ids fed in this generation and not yet settled, oldest first; base is the number tshark
	 * gives the first. */
	uint64_t *fed;
	uint64_t fed_base;
	uint64_t fed_count;
	uint64_t fed_from; /* index of the oldest in the ring fed[limit] */
	unsigned char header[PCAP_FILE_BYTES];
	unsigned char records[FEED_RECORDS_MAX][PCAP_RECORD_BYTES];
	uint64_t lent[FEED_RECORDS_MAX];		   /* ids of the records lent last, */
	const unsigned char *lent_block[FEED_RECORDS_MAX]; /* and their blocks, borrowed */
	int lent_count;
	uint64_t bytes;		  /* that the FIFO took, in all */
	struct warm *warm;	  /* told of each frame that was fed, borrowed; NULL: nobody is */
	uint64_t warmed_to;	  /* id of the last frame that this generation was warmed with */
	struct warm_set warm_set; /* to be fed before all else */
};

/** feed_init() - @store is borrowed while the feed lives; @shard: whose frames. Return: 0, or
 * -ENOMEM */
int feed_init(struct feed *f, struct store *store, unsigned shard, uint64_t stall_ns);

/** feed_done() - Free */
void feed_done(struct feed *f);

/** feed_restart() - A new generation: header first, then every pending frame of the shard. Nothing
 * is in flight: see feed_return() */
void feed_restart(struct feed *f, uint64_t now_ns);

/** feed_adopt() - Look for what is pending anew, as frames came back from another feed of the shard
 */
void feed_adopt(struct feed *f, uint64_t now_ns);

/** feed_warm() - Feed what @warm has beyond what this generation was warmed with. Return: frames */
uint64_t feed_warm(struct feed *f, struct warm *warm);

/** feed_warmed() - All of it is fed, and answered */
bool feed_warmed(const struct feed *f);

/** feed_retire() - Give no more frames, but finish the record that has been begun */
void feed_retire(struct feed *f);

/** feed_return() - The generation has ended: what it was given and did not answer is pending again,
 * for who restarts or adopts. Return: how many frames */
uint64_t feed_return(struct feed *f);

/** feed_arrived() - A frame was captured and is pending */
void feed_arrived(struct feed *f, const unsigned char *block, uint64_t now_ns);

/** feed_due() - Monotonic ns at which the feed wants to write: 0 for now, UINT64_MAX for nothing to
 * write */
uint64_t feed_due(const struct feed *f);

/**
 * feed_lend() - Bytes to write next
 * @f:    Feed
 * @iov:  Filled; points into segments and @f, until the next call on @f or its store
 *
 * Return: iovecs, 0 where nothing is pending
 */
int feed_lend(struct feed *f, struct iovec iov[FEED_IOVECS_MAX]);

/**
 * feed_took() - The FIFO took @n bytes of what was lent, 0 for EAGAIN
 * @more:    Whether less than was lent was taken
 *
 * Frames whose records are complete become SLOT_FED.
 */
void feed_took(struct feed *f, uint64_t n, bool more, uint64_t now_ns);

/** feed_check_stall() - Whether the FIFO has made no progress for the limit. Sets f->stalled */
bool feed_check_stall(struct feed *f, uint64_t now_ns);

/** feed_stall_due() - When feed_check_stall() may next change its answer; UINT64_MAX: not as things
 * are */
uint64_t feed_stall_due(const struct feed *f);

/** feed_begun() - Id of the frame whose record has been begun and is not complete, 0 for none */
uint64_t feed_begun(const struct feed *f);

/** feed_idle() - Nothing pending, no record begun */
bool feed_idle(const struct feed *f);

/** feed_forget() - A pending frame was settled by somebody else (skipped): keeps the account of
 * bytes */
void feed_forget(struct feed *f, const unsigned char *block);

/**
 * feed_match() - Which frame is tshark's number @number in this generation
 * @passed:  Set to how many fed frames before it were passed over; take those first, by feed_take()
 *
 * Return: id or FEED_WARM, or 0 where no frame with that number is awaited
 */
uint64_t feed_match(const struct feed *f, uint64_t number, uint64_t *passed);

/** feed_take() - Oldest frame that was fed and not yet taken; 0 where there is none */
uint64_t feed_take(struct feed *f);

/** feed_oldest() - As feed_take(), and leaves it */
uint64_t feed_oldest(const struct feed *f);

/** feed_nth() - The @n-th oldest that was fed and not yet taken, from 0 on, below fed_count */
uint64_t feed_nth(const struct feed *f, uint64_t n);

#endif
