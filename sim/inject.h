/* inject.h - the faults of a plan at the seam: over the port, the disk, the sink and the audit log
 *
 * Theory of operation: a layer between the pipeline and either world's port, disk and sink. Calls
 * go through to the world below unless a fault is on; then they fail as the system's would, or the
 * hook does for real what can be done for real (a file removed, a folder moved, descriptors used
 * up).
 *
 * A fault begins by time, before a frame, or with an audit event; it ends by time. Beginnings and
 * ends are events of the audit log themselves ("fault_begins", "fault_ends"), written on the
 * pipeline's thread.
 *
 * Threads: any may call; one lock, which nobody holds for long. Hooks are called with it held, and
 * must not call back.
 */
#ifndef SECVF_SIM_INJECT_H
#define SECVF_SIM_INJECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/audit.h"
#include "base/buf.h"
#include "base/disk.h"
#include "base/port.h"
#include "pipeline.h"
#include "plan.h"
#include "random.h"

struct inject_hooks {
	/* Monotonic */
	uint64_t (*now)(void *ctx);
	/* A fault begins or ends: do it for real. Return: true where the calls below need not fail
	 * by our word */
	bool (*act)(void *ctx, const struct fault *f, bool begins);
	/* A call to the disk takes so long: sleep, or say so to the simulated clock. Not locked */
	void (*spend)(void *ctx, uint64_t ns);
	/* A port of the switch goes or comes; on the thread that called inject_frame() */
	void (*port)(void *ctx, const char *name, bool down);
	void *ctx;
};

struct inject_state {
	bool on;	 /* has begun, and has not ended */
	bool real;	 /* the hook does it */
	bool port_told;	 /* port.down: the switch knows */
	uint64_t due_ns; /* next beginning by time; UINT64_MAX: none */
	uint64_t end_ns;
	uint64_t events; /* seen of "on" */
};

struct inject {
	const struct plan *plan;
	struct inject_hooks hooks;
	struct port port; /* the world's */
	struct disk disk;
	struct disk_ops disk_ops; /* ours, over it */
	struct sink sink;
	void (*line)(void *ctx, const char *members, size_t n);
	void *line_ctx;
	pthread_mutex_t lock;
	struct sim_random random;
	uint64_t start_ns;
	char fifo[PORT_PATH_MAX]; /* there now, or "" */
	struct inject_state state[PLAN_FAULTS_MAX];
	struct buf told; /* audit lines to come, NUL-terminated each */
	/* Kinds that are on, a bit each, so that a call costs no lock. */
	atomic_uint_least64_t on;
	bool sink_is_real; /* who reads the rows stalls for real: the layer lets all through */
	int64_t wall_ns;   /* sum of jumps that the hook did not do for real */
	uint64_t
		trouble_ns; /* when a fault last ended, or a tshark; 0: a frame was decoded since */
	uint64_t recovery_ns; /* the longest from there to the next decoded frame */
};

/** inject_init() - @plan: borrowed. Nothing happens before inject_start() */
void inject_init(struct inject *j, const struct plan *plan, const struct inject_hooks *hooks);

/** inject_wrap() - Put the layer over port, sink and audit of @config; the disk is @disk */
void inject_wrap(struct inject *j, struct pipeline_config *config);
struct disk inject_disk(struct inject *j, struct disk disk);

/** inject_start() - The run begins now: faults "at" 0 are on from here */
void inject_start(struct inject *j);

/** inject_frame() - Before the @n-th frame, from 1 */
void inject_frame(struct inject *j, uint64_t n);

/** inject_tick() - What is due by time. Return: when to call again; UINT64_MAX: not by time */
uint64_t inject_tick(struct inject *j);

/** inject_is_on() - Whether a fault of that kind is on */
bool inject_is_on(struct inject *j, enum fault_kind kind);

/** inject_end() - End all that is on, tell the rest; the pipeline's thread has ended */
void inject_end(struct inject *j);

/** inject_done() - Free */
void inject_done(struct inject *j);

#endif
