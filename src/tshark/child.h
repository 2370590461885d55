/* child.h - the life of one tshark after the other
 *
 * Theory of operation: a machine of states that is told what happened and says what to do next. One
 * process lifetime is a generation. The owner does what it wishes (spawn, open the FIFO, close it,
 * TERM, KILL, reap) and reports back.
 *
 *     IDLE --start--> WAITING --due--> STARTING --open--> RUNNING --finish--> DRAINING
 *                        ^                |                  |                   |
 *                        |                +-- late, ended ---+---- hung, ended --+
 *                        |                                   v
 *                        |              TERMINATING --grace is over--> KILLING
 *                        |                   |                            |
 *                        +--- back-off ------+-- reaped, both pipes ended +----> GAVE_UP, IDLE
 *
 * It gives up (GAVE_UP) once CHILD_FAILURES_MAX generations in a row ended without decoding
 * anything while it is finishing: then nobody waits for what cannot come. While capture goes on it
 * never gives up; it backs off, up to CHILD_BACKOFF_NS_MAX.
 *
 * Deadlines: the FIFO must be opened within open_ns_max of the spawn, a frame in flight must come
 * back within hang_ns_max of the last progress, and after TERM comes KILL in CHILD_GRACE_NS: tshark
 * answers a signal only between packets, and one packet can take it many seconds.
 */
#ifndef SECVF_TSHARK_CHILD_H
#define SECVF_TSHARK_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#define CHILD_BACKOFF_NS     UINT64_C(50000000) /* before the first respawn; doubles */
#define CHILD_BACKOFF_NS_MAX UINT64_C(10000000000)
#define CHILD_OPEN_NS_MAX \
	UINT64_C(30000000000) /* start-up takes 0.16 s; a loaded machine far longer */
#define CHILD_HANG_NS_MAX  UINT64_C(60000000000) /* the slowest real frame took 15.3 s */
#define CHILD_GRACE_NS	   UINT64_C(2000000000)
#define CHILD_RETRY_NS	   UINT64_C(2000000) /* between tries to open the FIFO, and to reap */
#define CHILD_FAILURES_MAX 5

enum child_state {
	CHILD_IDLE,
	CHILD_WAITING,	/* for the back-off to pass */
	CHILD_STARTING, /* spawned; FIFO not open yet */
	CHILD_RUNNING,
	CHILD_DRAINING,	   /* FIFO closed: the rest comes, then the end */
	CHILD_TERMINATING, /* TERM sent */
	CHILD_KILLING,	   /* KILL sent */
	CHILD_GAVE_UP,
	CHILD_STATES
};

enum child_want {
	CHILD_NOTHING,
	CHILD_SPAWN,
	CHILD_OPEN, /* try to open the FIFO */
	CHILD_TERM,
	CHILD_KILL,
};

struct child {
	enum child_state state;
	uint64_t due_ns;      /* of the state: back-off, open retry, grace */
	uint64_t limit_ns;    /* STARTING: when opening has taken too long */
	uint64_t hang_ns_max; /* 0: no watchdog */
	uint64_t progress_ns; /* last record read */
	uint64_t backoff_ns;
	uint32_t generation; /* 1 on; 0 before the first */
	uint32_t failures;   /* generations in a row without a single record */
	bool finishing;	     /* the capture has ended */
	bool progressed;     /* this generation gave a record */
	bool out_ended, err_ended, reaped;
	bool hung;  /* this generation was ended by the watchdog */
	bool clean; /* last generation: ran to the end of its input and exited 0 */
	int status; /* as wait()'s, of the last one reaped */
};

/** child_init() - IDLE; @hang_ns_max: watchdog, 0 for none */
void child_init(struct child *c, uint64_t hang_ns_max);

/** child_state_name() - For reports: "idle", "waiting", ... */
const char *child_state_name(enum child_state state);

/** child_start() - There is something to decode: IDLE becomes WAITING, due at once */
void child_start(struct child *c, uint64_t now_ns);

/** child_finish() - The capture has ended: from now on it may give up */
void child_finish(struct child *c);

/**
 * child_tick() - What to do now
 * @in_flight:  Whether a frame has been fed and its record is awaited
 *
 * Call again after doing it. SPAWN must be answered by child_spawned(), OPEN by child_opened();
 * TERM and KILL are done once.
 */
enum child_want child_tick(struct child *c, uint64_t now_ns, bool in_flight);

/** child_due() - When child_tick() may next want something; UINT64_MAX: not as things are */
uint64_t child_due(const struct child *c, bool in_flight);

/** child_spawned() - @ok: started; else the spawn failed and is backed off from */
void child_spawned(struct child *c, bool ok, uint64_t now_ns);

/** child_opened() - @ok: FIFO open; else nobody reads yet, try again later */
void child_opened(struct child *c, bool ok, uint64_t now_ns);

/** child_input_closed() - RUNNING: the FIFO was closed as everything has been fed; now DRAINING */
void child_input_closed(struct child *c, uint64_t now_ns);

/** child_input_broke() - The FIFO gave EPIPE: nobody reads; the end will come, or KILL after a
 * grace period */
void child_input_broke(struct child *c, uint64_t now_ns);

/** child_progress() - A record was read */
void child_progress(struct child *c, uint64_t now_ns);

/** child_held() - Its output is not being read just now, so it can give no record: it is not hung
 */
void child_held(struct child *c, uint64_t now_ns);

/** child_ended() - One of the pipes ended: @out or @err */
void child_ended(struct child *c, bool out, bool err, uint64_t now_ns);

/** child_should_reap() - Whether reaping is worth a try now */
bool child_should_reap(const struct child *c);

/** child_reaped() - It exited with @status. Return: whether the generation is over (both pipes
 * ended too) */
bool child_reaped(struct child *c, int status);

/** child_over() - Process reaped and both pipes ended: settle accounts, then child_again() */
bool child_over(const struct child *c);

/**
 * child_again() - The generation is over and its accounts are settled
 * @more:  Whether frames are left to decode
 *
 * To IDLE where nothing is left, else to WAITING with back-off, or to GAVE_UP.
 */
void child_again(struct child *c, bool more, uint64_t now_ns);

/** child_stop() - End the process, TERM now, KILL after the grace period. Return: whether TERM is
 * to be sent */
bool child_stop(struct child *c, uint64_t now_ns);

/** child_give_up() - WAITING: there is no point in another generation */
void child_give_up(struct child *c);

/** child_rest() - No process, and none is wanted for now: IDLE */
void child_rest(struct child *c);

/** child_alive() - Whether there is a process */
bool child_alive(const struct child *c);

#endif
