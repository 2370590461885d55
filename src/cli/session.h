/* session.h - one run of `secvf replay`: source, switch, pipeline, output, and what was measured */
#ifndef SECVF_CLI_SESSION_H
#define SECVF_CLI_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "cli/bundle.h"
#include "cli/control.h"
#include "cli/display.h"
#include "cli/faulty.h"
#include "cli/filling.h"
#include "cli/live.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/sampler.h"
#include "os/nap.h"
#include "os/actor.h"
#include "os/alone.h"
#include "os/audit_file.h"
#include "os/port_posix.h"
#include "os/refill.h"
#include "os/spooler.h"
#include "pipeline.h"
#include "replay.h"
#include "switch.h"
#include "tshark/detect.h"

struct session {
	struct options options;
	struct detected tshark;
	char found_later[4096]; /* the pipeline's thread's: a tshark that was not there at first */
	struct port_posix posix;
	struct audit_file audit;
	pthread_mutex_t audit_lock; /* the pipeline's thread, the display filter's, ours */
	atomic_ullong audit_lines;  /* told; any thread may read it, relaxed */
	struct bpf *filter;
	struct eth_switch *eth;
	struct replay *replay; /* NULL: no files */
	struct live live;
	struct pipeline *pipeline;
	struct actor actor;
	bool is_alone; /* pipeline and spool run on the source's thread */
	struct alone alone;
	/* For other threads: each is set before the first frame of its port is published. */
	_Atomic(const char *) port_name[PORTS_MAX];
	struct control control;
	struct display display;
	struct bundle *bundle;	      /* --bundle, or NULL */
	struct faulty *faulty;	      /* --faults, or NULL */
	unsigned port_now[PORTS_MAX]; /* where the frames of a port come in, after it left and came
					 back */
	atomic_bool scope_changed;    /* by --control: --interface says no more what is in scope */
	char name[64];		      /* of the session */
	char path[DISK_PATH_MAX];     /* that files are named from */
	char system[256];	      /* uname, for the files */
	bool spools;		      /* spool is made */
	struct spool spool;
	struct spooler spooler;
	struct waker spool_waker;  /* wakes the spool */
	struct waker waker;	   /* wakes the pipeline */
	struct waker source_waker; /* wakes the source: a signal, or room in the tap's queue */
	struct nap nap;		   /* of the source */
	struct output output;
	struct sink sink; /* for decoded frames: the output, or what stands before it */
	/* The switch's drops that are not told yet, by port and cause; the last column: spoofed,
	 * forwarded. */
	struct tap_report drops[PORTS_MAX][SWITCH_DROPS + 1];
	/* Written by the source's thread; the progress line reads them, relaxed. */
	atomic_ullong sent, sent_bytes;
	atomic_ullong
		start_ns;   /* monotonic, first frame due; the progress line reads it, relaxed */
	uint64_t end_ns;    /* monotonic: first frame due, last frame sent */
	uint64_t done_ns;   /* when the pipeline had finished */
	struct hist jitter; /* ns that frames were sent after they were due; paced runs only */
	bool seen[OPTIONS_NAMES_MAX]; /* --interface names that appeared */
	struct err failure;	      /* of the source; exit 0: none */
	bool interrupted;
	uint64_t recovery_ns; /* --faults: inject.recovery_ns */
	bool over;	      /* the source's thread: enough frames, or no more can come */
	uint64_t stop_ns;     /* monotonic: the source ends; UINT64_MAX: not by time */
	struct sampler sampler;
	struct backfill backfill;
	struct refill refill; /* reads frames for it */
};

struct trial;

/** session_run() - One run, from its start to its report. @o: settled. @result: what it came to, or
 * NULL. Return: EXIT_* */
int session_run(const struct options *o, struct trial *result);

/** session_port_add() - The switch's port of a name, made where there is none. Return: index, or
 * -errno. Source's thread */
int session_port_add(struct session *s, const char *name);

/** session_tell() - Report a run of drops, waiting for room; it is empty afterwards. Source's
 * thread, at its end */
void session_tell(struct session *s, struct tap_report *report);

/** session_offer() - Count a frame, number it, and give it to the switch. Source's thread */
void session_offer(struct session *s, struct frame *f, unsigned port, uint64_t now_ns);

/** session_port_name() - NULL: there is no such port yet. Any thread */
const char *session_port_name(const struct session *s, unsigned port);

/** session_cut() - End the file being written, as SIGUSR1 does. Any thread */
void session_cut(struct session *s);

/** session_stop() - End, as the first SIGINT does. Any thread */
void session_stop(struct session *s);

/** session_abandon() - Likewise, and backfill nothing. Any thread */
void session_abandon(struct session *s);

/** session_port_flap() - A VM's port leaves the switch, or comes back. The source's thread */
void session_port_flap(struct session *s, const char *name, bool down);

/** session_audit_line() - A line for the audit log; an audit's line, @ctx a struct session */
void session_audit_line(void *ctx, const char *members, size_t n);

/**
 * session_ask() - Ask the pipeline for a frame, and wait for its answer; any thread but its own
 * @q:  Its id set; the answer. A segment in it is a reference of the caller's
 *
 * Return: false where the pipeline answers no more
 */
bool session_ask(struct session *s, struct frame_query *q);

/** session_sleep() - Until the source's waker or a signal wakes. Source's thread */
void session_sleep(struct session *s);

/** session_interrupted() - Whether a signal has come since the source ended, or before */
bool session_interrupted(void);

/** session_rate() - "as recorded", "1000 frames/s", "top speed", ... into @text */
void session_rate(const struct session *s, char *text, size_t n);

/** session_report() - Write --report. Return: 0, or EXIT_ENVIRONMENT with @err filled */
int session_report(struct session *s, const struct ledger *l, struct err *err);

/** session_summary() - Print what was done on stderr, the ledger with it */
void session_summary(struct session *s, const struct ledger *l);

/** session_watch() - Begin to sample, where --series or --plot asks for it. Return: false where
 * that can't be */
bool session_watch(struct session *s);

/** session_watched() - Write what was sampled. Return: 0, or EXIT_ENVIRONMENT with @err filled */
int session_watched(struct session *s, struct err *err);

/** session_progress() - The progress line; the output's progress, @ctx a struct session */
void session_progress(void *ctx, struct buf *line);

#endif
