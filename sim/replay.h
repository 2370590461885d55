/* replay.h - captures as a stream of frames for the switch, with the port that each comes in by
 *
 * Theory of operation: files are read in turn, or merged by time; each frame is made an Ethernet
 * frame where its link type is not (if the user allows it), given a VM port, and handed out with
 * its recorded time. Nothing here waits or forwards: the caller paces (pace.h) and calls
 * switch_input(). Memory does not grow with the files.
 *
 * Ports: a file of several pcapng interfaces with names gives each interface its port; else each
 * distinct source MAC becomes vm-1, vm-2, ... in order of appearance, or the name that the user
 * gave to that MAC; past REPLAY_VMS_MAX, "uplink". A frame too short to have a source MAC, or with
 * that of a group, comes from "uplink" too. Which of the two a file does is settled at its first
 * frame: by interface where two of those described so far differ in name; one without a name, in
 * such a file, goes by source MAC. Ports of VMs that the user named are made in replay_open(), the
 * others when needed.
 *
 * Merging: each file keeps its own order; of their next frames the earliest goes first, and of
 * equal times that of the file named first. All are open at once, REPLAY_MERGE_MAX at most.
 *
 * Loops: pass k (0 first) adds k times (span of pass 0 + its mean gap) to the recorded times, so
 * that time stamps keep rising; where all times are equal, the gap is REPLAY_GAP_NS. Files are
 * opened anew in each pass, so pipes can't loop. A pass without frames is the last. --unique-ip: in
 * pass k, k is added to each IPv4 source and destination address (as tcpreplay does), checksums of
 * IPv4, TCP and UDP mended by RFC 1624; non-IPv4 frames stay as they are.
 *
 * Broken files: with tolerant, the message is kept in the file's stats and the next file goes on;
 * else all other files' frames of that pass are still replayed, no further pass is begun, and
 * REPLAY_FAILED comes last. A frame that is not Ethernet, and is not to be wrapped or can't be,
 * fails at once, with tolerant too: frames of a sound file would be missing.
 */
#ifndef SECVF_SIM_REPLAY_H
#define SECVF_SIM_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tap/frame.h"

#define REPLAY_VMS_MAX	 64u
#define REPLAY_MERGE_MAX 512u	  /* files open at once; half of the usual limit of descriptors */
#define REPLAY_GAP_NS	 1000000u /* between passes of frames that all have the same time */

struct replay_config {
	const char *const *files; /* borrowed while the replay lives */
	unsigned file_count;
	bool merge;	  /* by time, instead of in turn */
	bool tolerant;	  /* a broken file is said, and is no error */
	bool as_ethernet; /* wrap raw IP, Linux cooked v1 and v2, null and loopback */
	uint64_t loops;	  /* passes; 0: for ever */
	uint64_t limit;	  /* frames in all; 0: no limit */
	bool unique_ip;
	bool paced;		/* frames are due at times: reads are to be short */
	const char *const *vms; /* "NAME=MAC" each; borrowed */
	unsigned vm_count;
};

/** struct replay_port - Where the ports are asked for: the caller adds them to its switch */
struct replay_ports {
	/* Return: index of the port of that name, made if new; negative errno where it can't be */
	int (*port)(void *ctx, const char *name);
	void *ctx;
};

enum replay_result {
	REPLAY_FRAME,
	REPLAY_END,
	REPLAY_FAILED, /* err says why and which exit code; what came before stands */
};

/** struct replay_file_stats - What was read of each file so far (all passes together) */
struct replay_file_stats {
	const char *path;
	uint64_t frames, bytes; /* handed out; bytes as captured, before any wrapping */
	bool broken;		/* tolerated or not */
	char why[512];		/* the message, where broken */
};

struct replay;

/**
 * replay_open() - Check the options, look at the files
 * @config:  Copied; what it points to is borrowed
 * @ports:   Copied
 * @err:     EXIT_USAGE for bad --vm, no file, more to merge than REPLAY_MERGE_MAX, standard input
 *           named twice, and loops over what can be read once; EXIT_ENVIRONMENT for files; names
 *           file, place and remedy
 *
 * A file that is missing or must not be read is an error, and one that is no capture is one without
 * tolerant: before anything was replayed. Pipes and standard input are first read by replay_next().
 *
 * Return: replay, or NULL
 */
struct replay *replay_open(const struct replay_config *config, struct replay_ports ports,
			   struct err *err);

/** replay_close() - NULL is allowed */
void replay_close(struct replay *r);

/**
 * replay_next() - The next frame; waits where a file is a pipe without bytes
 * @r:      Replay
 * @f:      Set on REPLAY_FRAME: data (until the next call), caplen, len, ts_ns and serial (1 on);
 *          all else is zero
 * @port:   Set on REPLAY_FRAME: ingress port
 * @err:    Filled on REPLAY_FAILED
 *
 * REPLAY_FAILED comes once, and REPLAY_END ever after it. See "broken files" above for when.
 */
enum replay_result replay_next(struct replay *r, struct frame *f, unsigned *port, struct err *err);

/** replay_files() - Counters per file; @count is set. Borrowed until replay_close() */
const struct replay_file_stats *replay_files(const struct replay *r, unsigned *count);

#endif
