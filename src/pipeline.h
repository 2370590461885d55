/* pipeline.h - START HERE: owns the stages and wires them together
 *
 *   switch --publish--> tap --ring--> capture --> store --> feed --FIFO--> tshark
 *                    scope, BPF                    |                         | stdout
 *                                              settled  <-- match <-- ek <---+
 *                                                  |
 *                                                 emit --> sink (table, JSON, EK, ...)
 *
 * Theory of operation: pipeline_step() does all that can be done now and returns at once; it says
 * what to wait for. It is called by the pipeline's thread (os/actor) or by the simulator, through
 * the same port. The tap's publishing side belongs to the switch's thread; everything else here to
 * the pipeline's.
 *
 * Who gives way when tshark is slower than the traffic:
 * - live: capture never waits. A FIFO without progress for stall_ns makes the pending frames
 * skipped (skipped_stall); a backlog longer than the store skips the oldest (skipped_backlog). A
 * sink that is full misses rows, counted.
 * - lossless: the source waits instead (the tap's ring fills, and the source sleeps on it). Nothing
 * is skipped.
 *
 * Shards: the traffic is split among several tsharks by pairs of hosts (feed/shard.h). A shard has
 * two lanes, each a tshark with its FIFO, so that the next generation can be started before the
 * last one has ended: where tshark has grown beyond its memory, or another profile is wanted.
 *
 * When a generation ends badly, the frame that it was on is a suspect; the frame that ends
 * PIPELINE_SUSPECT_MAX generations is quarantined: settled without decode, named in the audit log.
 * All others are fed again.
 */
#ifndef SECVF_PIPELINE_H
#define SECVF_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/audit.h"
#include "base/hist.h"
#include "base/ledger.h"
#include "base/port.h"
#include "ek/ek_codes.h"
#include "ek/ek_lines.h"
#include "fanout/decoded.h"
#include "fanout/stats.h"
#include "feed/feed.h"
#include "store/gaps.h"
#include "store/spill.h"
#include "store/store.h"
#include "tap/tap.h"
#include "tshark/adapt.h"
#include "tshark/args.h"
#include "tshark/child.h"
#include "tshark/tail.h"

#define PIPELINE_SUSPECT_MAX 2u

/* What one step does at most of each thing, so that none keeps the others waiting. */
#define PIPELINE_STEP_FRAMES 4096
#define PIPELINE_STEP_READS  16
#define PIPELINE_STEP_EMITS  4096

/* Frames in flight above which pipes are looked at once a batch time, not whenever they move. */
#define PIPELINE_CROWD 32

/* With more coming than even summary keeps up with: what waits for a tshark at most. */
#define PIPELINE_OVERLOAD_BYTES (4 * FEED_BATCH_BYTES)

/* With several shards, live: how long rows wait for one whose frame has not been decoded. */
#define PIPELINE_REORDER_NS UINT64_C(1000000000)

/* Lossless: what waits for a tshark before the source is held back, where each has as much; and in
 * all. */
#define PIPELINE_AHEAD_BYTES	 (8 * FEED_BATCH_BYTES)
#define PIPELINE_AHEAD_BYTES_MAX (256 * FEED_BATCH_BYTES)

/* How often a tshark that is missing is looked for. */
#define PIPELINE_FIND_NS UINT64_C(2000000000)

/* After stop was asked for, how long tshark may go on with what it has. */
#define PIPELINE_STOP_NS UINT64_C(2000000000)

/* Lines of a generation's stderr that are told; of the rest, the last one and their number. */
#define PIPELINE_STDERR_LINES 100u

/* A run of losses that nothing was added to for this long is told. */
#define PIPELINE_RUN_NS UINT64_C(1000000000)

/* How often a tshark's memory is looked at, and when a successor that failed is tried again. */
#define LANE_MEMORY_BYTES UINT64_C(512000000) /* --tshark-memory */
#define LANE_MEMORY_NS	  UINT64_C(250000000)
#define SHARD_RETRY_NS	  UINT64_C(10000000000)

/* Times that a successor is fed what was fed to the other meanwhile, before it takes over. */
#define LANE_WARMINGS 3u

/** struct sink - Where decoded frames go, in the order of ids */
struct sink {
	/* @d is the sink's on true; false: full, ask again after a wake-up or at the next step */
	bool (*offer)(void *ctx, struct decoded *d);
	void *ctx;
};

struct pipeline_config {
	struct tap_config tap;
	uint32_t buffer_frames; /* 0: STORE_FRAMES */
	uint64_t buffer_bytes;	/* 0: only frames are bounded */
	struct spool *spool;	/* that frames are written by, borrowed; NULL: none are */
	bool write;		/* write each frame (-w); else only what leaves memory */
	bool direct;   /* capture to disk, no more: PROFILE_OFF, no sink, no counts by protocol */
	bool cut_each; /* each spilled half is a file of its own */
	bool lossless;
	enum profile profile;
	bool gaps;		/* remember what was skipped, for backfill */
	bool adaptive;		/* from PROFILE_FULL down and up again, as it keeps up */
	unsigned shards;	/* tsharks that share the traffic, at most SHARDS_MAX; 0: one */
	uint64_t tshark_memory; /* bytes of all of them, beyond which one is replaced; 0: any */
	bool verbatim;		/* keep tshark's own lines, for -T ek */
	bool flush;	    /* tshark -l from the first generation on; later ones always have it */
	const char *tshark; /* path, borrowed; NULL: there is none */
	const struct dissect *dissect; /* how it dissects, borrowed; NULL: as it is set up */
	/* Live, without one: asked each PIPELINE_FIND_NS whether there is one now; must not block.
	 * NULL: nobody is. Return: its path, borrowed for good, or NULL */
	const char *(*find_tshark)(void *ctx);
	void *find_tshark_ctx;
	const char *tshark_write; /* file that tshark is to write, too, borrowed; NULL: none */
	uint64_t stall_ns;	  /* 0: never skip; ignored where lossless */
	uint64_t hang_ns;	  /* watchdog; 0: none */
	struct sink sink;	  /* offer NULL: nobody wants decoded frames */
	const char *(*port_name)(void *ctx, unsigned port); /* names that outlive the pipeline */
	void *port_name_ctx;
	struct port port;
	struct audit audit; /* line and ctx set */
};

/* Lines of tshark's that were refused, by why; names from ek_refusal_name(). */
enum ek_refusal {
	EK_REFUSED_OVERSIZE,
	EK_REFUSED_CUT,	       /* the stream ended inside it */
	EK_REFUSED_NOISE,      /* not JSON */
	EK_REFUSED_BROKEN,     /* JSON that breaks */
	EK_REFUSED_UNNUMBERED, /* a document without a frame number */
	EK_REFUSED_UNMATCHED,  /* a number that no frame waits for: repeated, too late, or wrong */
	EK_REFUSALS
};

struct pipeline_fd {
	int fd;
	bool write; /* until writable; else until readable */
};

/* Two lanes a shard, with a FIFO, stdout and stderr each; as many of backfill. */
#define PIPELINE_FDS_MAX (2 * SHARDS_MAX * 2 * 3)

/** struct pipeline_wait - What to sleep on after a step */
struct pipeline_wait {
	struct pipeline_fd fd[PIPELINE_FDS_MAX];
	unsigned fds;
	uint64_t due_ns; /* monotonic; UINT64_MAX: no deadline, 0: do not sleep */
	bool frames;	 /* wake on the tap too (ring_consumer_sleeps() first); else it is looked at
			    when due */
};

enum frame_where {
	FRAME_NONE,	 /* there is no such frame yet */
	FRAME_IN_MEMORY, /* here it is */
	FRAME_LEFT,	 /* it has left memory: frame_read() finds it, unless it was discarded */
};

/** struct frame_query - A frame by its id, asked for on any thread, answered on the pipeline's */
struct frame_query {
	uint64_t id;
	/* Called once, on the pipeline's thread: must not block. The query is the asker's again */
	void (*answer)(struct frame_query *q);
	void *ctx;
	atomic_bool wait;	    /* answer once there is such a frame, or never will be */
	enum frame_where where;	    /* the answer; in memory: */
	struct segment *segment;    /* a reference, which is the asker's now */
	const unsigned char *block; /* in it */
	uint64_t tail;		    /* oldest frame in memory */
	uint64_t end; /* frames [id, end) were captured, and lie in it from there on; blocks that
			 are no packets may stand between them */
	struct frame_query *next;
};

/* Counters for another thread's progress line; each is written by the pipeline's thread, relaxed.
 */
struct pipeline_gauges {
	atomic_ullong captured, decoded, undecoded, generations;
	atomic_ullong spilled, discarded, backfilled, cause[UNDECODED_CAUSES];
	atomic_ullong latency_ns; /* the greatest since another thread set it to 0 */
	atomic_ullong oldest_ns;  /* monotonic, when the oldest unsettled frame was published; 0:
				     none is */
	struct shard_gauges {
		atomic_ullong captured, decoded, undecoded;
		atomic_ullong generation, memory; /* of the tshark that serves; bytes */
		atomic_int profile;		  /* likewise; enum profile */
	} shard[SHARDS_MAX];
};

/** pipeline_behind() - Frames captured and not settled, as the gauges say. Any thread */
uint64_t pipeline_behind(const struct pipeline_gauges *g);

enum lane_role {
	LANE_RESTS,
	LANE_SERVES, /* is given what its shard captures */
	LANE_COMES,  /* started, and to serve once it is there */
	LANE_GOES,   /* finishes what it was given */
	LANE_ROLES
};

/** lane_role_name() - "rests", "serves", "comes", "goes" */
const char *lane_role_name(enum lane_role role);

/** struct lane - One tshark after the other: its FIFO, what it was given, what it prints */
struct lane {
	struct pipeline *p;
	unsigned shard;
	enum lane_role role;
	enum profile profile; /* of the process, or of the next */
	uint32_t generation;  /* of the process, among all of the pipeline's; from 1 */
	bool flushes;	      /* tshark -l */
	unsigned warmed;      /* times that it was fed what the other lane had seen */
	struct feed feed;
	struct child child;
	struct ek_lines lines;
	struct tail tail;
	uint64_t stderr_lines;	       /* of this generation */
	struct port_child process;     /* out, err -1 when closed */
	int fifo;		       /* -1 when closed */
	uint64_t tried_ns;	       /* last time that the FIFO was written to */
	char fifo_path[PORT_PATH_MAX]; /* "" when there is none */
	struct buf index;	       /* verbatim: the index line that waits for its document */
	struct ek_codes codes;
	uint64_t memory; /* bytes of the process, when last looked at; 0: not known */
	uint64_t memory_due_ns;
};

/** struct shard - A part of the traffic, by pairs of hosts, and who decodes it */
struct shard {
	struct lane lane[2];
	struct warm warm; /* what a successor must have seen */
	uint64_t captured, decoded, undecoded;
	unsigned serving;     /* which of them is given frames */
	uint32_t generations; /* processes so far */
	uint64_t retry_ns;    /* no other successor before then */
};

struct pipeline {
	struct pipeline_config config;
	struct tap tap;
	struct store store;
	struct spill spill;
	atomic_bool cut_asked; /* by pipeline_cut() */
	struct shard *shard;   /* [shards] */
	unsigned shards;
	enum profile profile; /* wanted now */
	struct adapt adapt;   /* where adaptive */
	uint32_t profile_changes;
	struct gaps gaps;	/* where config.gaps */
	bool overloaded;	/* frames are fed as they are taken: even summary is too slow */
	struct shard *changing; /* a lane is being replaced as it has grown; one at a time */
	uint32_t generations;	/* processes so far */
	uint32_t changes;	/* of them, those that took over from one that still ran */
	struct stats stats;
	struct hist latency;	 /* ns from the switch to tshark's decode */
	struct decoded *refused; /* the sink was full; offered again first */
	struct run run[UNDECODED_CAUSES];
	uint64_t run_ns[UNDECODED_CAUSES]; /* when it was last extended */
	uint64_t refusals[EK_REFUSALS];
	uint64_t passed;	 /* frames that had a row before they were settled */
	uint64_t missed_updates; /* rows of those, or of what had been passed */
	struct run missed_update_run;
	uint64_t missed;       /* decoded frames that the sink had no room for */
	struct run missed_run; /* of them, not told yet */
	uint64_t retried;      /* frames fed again after their generation died */
	uint64_t find_ns;      /* when tshark is looked for next */
	uint64_t stop_ns;      /* deadline for tshark after pipeline_stop(); 0: not asked */
	bool stop_termed;
	bool draining; /* the tap has ended */
	bool sink_full;
	struct pipeline_gauges gauges;
	_Atomic(struct frame_query *) queries; /* asked, newest first */
	struct frame_query *waiting;	       /* of them, for a frame that is yet to come */
	struct iovec iov[FEED_IOVECS_MAX];
};

/** pipeline_lanes() - How many lanes there are: two a shard */
static inline unsigned pipeline_lanes(const struct pipeline *p)
{
	return 2 * p->shards;
}

/** pipeline_lane() - The @i-th of them */
static inline struct lane *pipeline_lane(const struct pipeline *p, unsigned i)
{
	return &p->shard[i / 2].lane[i % 2];
}

/** pipeline_init() - @config: copied, what it points to is borrowed. Return: 0, or -ENOMEM */
int pipeline_init(struct pipeline *p, const struct pipeline_config *config);

/** pipeline_done() - Free; a child that is still alive is killed, not waited for */
void pipeline_done(struct pipeline *p);

/** pipeline_step() - Do what can be done at @now_ns (monotonic); say what to wait for */
void pipeline_step(struct pipeline *p, uint64_t now_ns, struct pipeline_wait *wait);

/** pipeline_stop() - The user wants an end: once the source has ended, tshark has PIPELINE_STOP_NS
 * left */
void pipeline_stop(struct pipeline *p, uint64_t now_ns);

/** pipeline_cut() - End the file that is being written, begin another with the next frame. Any
 * thread, and a signal's handler; wake the pipeline afterwards */
void pipeline_cut(struct pipeline *p);

/** pipeline_ask() - Any thread; wake the pipeline afterwards. Return: false, and nothing asked,
 * once pipeline_hush() was called */
bool pipeline_ask(struct pipeline *p, struct frame_query *q);

/** pipeline_answer() - Answer what was asked, as each step does: the pipeline's owner, once its
 * thread has ended */
void pipeline_answer(struct pipeline *p);

/** pipeline_hush() - Answer what was asked, take no more questions. The pipeline's thread, or its
 * owner's once it is finished */
void pipeline_hush(struct pipeline *p);

/** pipeline_finished() - The tap has ended, every frame is settled, emitted and written, no child
 * is left */
bool pipeline_finished(struct pipeline *p);

/** pipeline_ledger() - The ledger as it stands; exact where the switch's thread rests */
struct ledger pipeline_ledger(struct pipeline *p);

/** pipeline_show() - Bring the gauges up to date. Whoever steps it, or did until it ended */
void pipeline_show(struct pipeline *p);

/** ek_refusal_name() - "oversize", "cut", "noise", "broken", "unnumbered", "unmatched" */
const char *ek_refusal_name(enum ek_refusal why);

#endif
