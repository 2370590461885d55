/* judge.h - which frames a tshark with a display filter has judged, and which it was on when it
 * died
 *
 * Theory of operation: tshark is fed records and prints the numbers of those that its filter shows;
 * of the others it says nothing. What it says is told by judge_line(). That a frame has been judged
 * is known
 * - where a later one was printed: frames are dissected in order;
 * - where it has taken so many bytes after it that its reader cannot hold them all: JUDGE_AHEAD;
 * - where it has taken all there is and sleeps: then it waits for more, as it flushes what it
 * prints (tshark -l);
 * - where it has ended well.
 *
 * Where it dies or hangs, the frame that it was on is among those that were fed and not judged. The
 * next one is then fed *carefully*, a frame at a time, up to the last of them: a frame is judged
 * once the record after it is taken. If it dies again, the frame is known: it is left out for good,
 * and counted.
 *
 *     run ---died---> careful ---died---> left out: careful again, past it
 *      ^                 |
 *      +--past the last--+
 *
 * The frames before the first that is not judged are fed anew to give the next tshark its bearings
 * (JUDGE_CONTEXT); what it says of them is not heard.
 */
#ifndef SECVF_ANALYSIS_JUDGE_H
#define SECVF_ANALYSIS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/matches.h"

/* More than wiretap's reader holds: 131,075 bytes in Wireshark 4.0, and one record of at most
 * 262,144. */
#define JUDGE_AHEAD	 (512u << 10)
#define JUDGE_CONTEXT	 10000u /* frames */
#define JUDGE_OUT_MAX	 16u	/* frames left out; then it is given up */
#define JUDGE_FUTILE_MAX 8u
/* Fed and not judged: a pipe and JUDGE_AHEAD full of the shortest records, and room. */
#define JUDGE_FED_MAX 65536u

struct judge_fed {
	uint64_t id, end; /* bytes fed up to its end, of this process */
};

struct judge {
	struct matches *matches; /* borrowed */
	struct judge_fed *fed;	 /* ring of JUDGE_FED_MAX */
	uint64_t head, tail;	 /* of it; tail - 1 is the last number that was passed */
	uint64_t bytes, taken;	 /* fed to this process, and taken by it */
	uint64_t from;		 /* ids below are context, or were judged */
	uint64_t next;		 /* to be fed; every id below that is not in the ring is judged */
	uint64_t careful_to;	 /* ids up to this are fed one at a time; 0: none */
	uint64_t out[JUDGE_OUT_MAX];
	unsigned outs;
	unsigned futile; /* deaths in a row before anything new was judged */
};

/** judge_init() - From frame 1 on. Return: 0, or -ENOMEM */
int judge_init(struct judge *j, struct matches *matches);

/** judge_done() - Free */
void judge_done(struct judge *j);

/** judge_may_feed() - Whether the next record may be put behind those that were fed; @taken: bytes
 * that tshark has taken */
bool judge_may_feed(const struct judge *j, uint64_t taken);

/** judge_is_out() - Whether a frame is left out */
bool judge_is_out(const struct judge *j, uint64_t id);

/** judge_fed() - Frame @id, the next, was fed, as a record of @bytes */
void judge_fed(struct judge *j, uint64_t id, uint64_t bytes);

/** judge_skip() - Frame judge.next was not fed: its verdict is known, or it can't be had */
void judge_skip(struct judge *j);

/** judge_line() - It printed a number. Return: false where that is none that it can print */
bool judge_line(struct judge *j, uint64_t number);

/** judge_taken() - It has taken so many bytes in all */
void judge_taken(struct judge *j, uint64_t taken);

/** judge_all() - It has judged all that it was fed: it sleeps, or has ended well */
void judge_all(struct judge *j);

/** judge_unjudged() - Frames fed and not judged */
uint64_t judge_unjudged(const struct judge *j);

/**
 * judge_restart() - A new process is to be fed from judge.next on
 * @died:  The last one did, or was killed as it hung
 * @left_out:  Set to the frame that is left out from here on, 0: none is
 *
 * Return: false where too many have been left out, or it dies before it gets anywhere
 */
bool judge_restart(struct judge *j, bool died, uint64_t *left_out);

#endif
