/* live.h - ports of the switch that are interfaces of this machine
 *
 * Theory of operation: all on the source's thread. live_input() takes what has come, a bounded
 * number of frames at a time, and gives it to the switch; live_fds() says what to sleep on. A frame
 * that the switch sends out of a tap device's port is written to the device at once, or lost and
 * counted: the switch does not wait. What the kernel dropped before it came here is asked for each
 * LIVE_LOOK_NS and told in the audit log, as a run that begins and ends with the serial of the
 * frame that came before it was noticed.
 *
 * An interface that goes down is waited for; one that goes away is closed and said, and where it
 * was the last thing that frames could come from, the run ends.
 */
#ifndef SECVF_CLI_LIVE_H
#define SECVF_CLI_LIVE_H

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hist.h"
#include "cli/load.h"
#include "os/rxring.h"
#include "os/tapdev.h"
#include "tap/tap.h"

/* Frames that one port gives before the others have their turn: some tenths of a millisecond. */
#define LIVE_TURN_FRAMES 256u

/* Between two looks at ports while the source is busy with files; a device holds 500 frames. */
#define LIVE_TURN_NS UINT64_C(100000)

/* Between two questions about the kernel's drops. */
#define LIVE_LOOK_NS UINT64_C(200000000)

/* Why a frame did not get out of a tap device. */
enum live_loss {
	LIVE_FULL, /* no room */
	LIVE_DOWN, /* the device is down */
	LIVE_FAILED,
	LIVE_LOSSES
};

struct live_port {
	const struct load_port *asked;
	unsigned port; /* of the switch */
	bool open, down, troubled;
	struct rxring ring; /* of an interface */
	struct tapdev tap;  /* of a tap device */
	uint64_t in, in_bytes, out, out_bytes;
	uint64_t kernel_drops;
	uint64_t lost[LIVE_LOSSES];
	uint64_t dropped_before; /* the device's own count, when it was opened and since */
	/* Told, or waiting for room to be */
	struct tap_report kernel, loss[LIVE_LOSSES], state;
	/* Of an interface, by the kernel's time stamps */
	uint64_t first_ts_ns, last_ts_ns;
	struct hist gap, gap_error;
};

struct live {
	struct live_port port[LOAD_PORTS_MAX];
	unsigned count, open;
	uint64_t turn_ns, look_ns;  /* monotonic: the last of each */
	atomic_ullong kernel_drops; /* of all; the sampler reads it, relaxed */
};

struct session;
struct json_object;

/** live_open() - Open what was asked for, as ports of the session's switch, which exists. Return:
 * false with @err filled */
bool live_open(struct session *s, struct err *err);

/** live_say() - "interface_opened" in the audit log: from here on frames are captured. Before the
 * pipeline runs */
void live_say(struct session *s);

/** live_fds() - What to poll; @fds: LOAD_PORTS_MAX. Return: how many */
nfds_t live_fds(const struct live *l, struct pollfd *fds);

/** live_patience() - How long to sleep at most: an interface that is down does not say when it
 * comes up. UINT64_MAX: for ever */
uint64_t live_patience(const struct live *l);

/** live_input() - Take what has come. Return: whether there is more already */
bool live_input(struct session *s);

/** live_glance() - live_input(), if the last turn is long enough ago */
void live_glance(struct session *s, uint64_t now_ns);

/** live_close() - The source ends: the last drops are told, and everything is closed */
void live_close(struct session *s);

/** live_summary(), live_report() - What came and went */
void live_summary(const struct session *s);
void live_report(struct json_object *root, const struct session *s);

#endif
