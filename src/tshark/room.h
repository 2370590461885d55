/* room.h - whether live decode leaves room for other work
 *
 * Theory of operation: it is shown a few times a second, and whenever somebody is about to begin
 * something, what waits and what comes. There is none, at once, where
 * - more than a twentieth of the buffer waits, or the oldest frame has for ROOM_AGE_NS,
 * - frames are being given up as more comes than even summary takes, or a profile is being changed,
 * - rows were missed as who reads them is too slow,
 * - more than three quarters come of what decode managed when it last had a backlog.
 * There is some again after ROOM_CALM_NS with less than half of each. Room that was lost sooner
 * than ROOM_VAIN_NS after it was found was found in vain: the next is waited for twice as long, up
 * to ROOM_CALM_NS_MAX.
 *
 *     CROWDED --calm for so long--> ROOM --any of these--> CROWDED
 */
#ifndef SECVF_TSHARK_ROOM_H
#define SECVF_TSHARK_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#define ROOM_TICK_NS	 UINT64_C(100000000)
#define ROOM_AGE_NS	 UINT64_C(500000000)
#define ROOM_CALM_NS	 UINT64_C(1000000000)
#define ROOM_CALM_NS_MAX UINT64_C(64000000000)
#define ROOM_VAIN_NS	 UINT64_C(2000000000)

/* Of small buffers these few are none: there are always some in flight. */
#define ROOM_BACKLOG_MIN 16u

/** struct room_view - Live decode at a moment */
struct room_view {
	uint64_t captured, decoded; /* counts so far */
	uint64_t backlog;	    /* frames queued, or captured and not settled */
	uint64_t age_ns;	    /* since the oldest of them was published; 0: there is none */
	uint64_t missed;	    /* rows so far that the output had no room for */
	int level;		    /* that is decoded at; another one has another rate */
	bool sheds;		    /* frames are given up as too many come */
	bool changing;		    /* to another profile */
};

struct room {
	bool open;
	uint64_t limit;		       /* backlog at most, frames */
	uint64_t looked_ns, ticked_ns; /* 0: not yet */
	uint64_t calm_since_ns;	       /* UINT64_MAX: it is not */
	uint64_t calm_ns, opened_ns;   /* how long it has to be calm; since when there is room */
	uint64_t captured, decoded, missed; /* at the last tick; missed: at the last look */
	bool waited;			    /* there was a backlog then */
	int level;
	uint64_t in_rate, out_rate; /* frames/s, smoothed */
	uint64_t managed;	    /* frames/s that were decoded while more waited; 0: not known */
};

/** room_init() - There is none yet; @limit: frames that the buffer holds */
void room_init(struct room *r, uint64_t limit);

/** room_due() - When room_look() learns something by the time */
uint64_t room_due(const struct room *r);

/** room_look() - Look, at any time. Return: whether there is room */
bool room_look(struct room *r, uint64_t now_ns, const struct room_view *v);

#endif
