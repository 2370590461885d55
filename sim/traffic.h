/* traffic.h - what the VMs of a scenario send, as one capture that either world replays
 *
 * Items are captures or generators, each with a start, a rate, and what a bad line does to them:
 * loss, duplication, reordering, corruption, delay (after tc-netem(8)). Everything random comes
 * from the scenario's seed. The result is a pcapng file with an interface for each port, in the
 * order of time, so that a scenario can be looked at, and replayed by hand.
 */
#ifndef SECVF_SIM_TRAFFIC_H
#define SECVF_SIM_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/jsontext.h"

/* Frames of a scenario, all items together: they are sorted in memory. */
#define TRAFFIC_FRAMES_MAX 5000000u

/* Time stamp of the first moment: 2026-01-02T03:04:05Z */
#define TRAFFIC_START_NS UINT64_C(1767323045000000000)

/**
 * traffic_write() - Make the capture
 * @at:      Object with "traffic", a list, and "seed"
 * @folder:  That captures are named from, where their names do not begin with /
 * @path:    File to write
 * @frames:  Set to their number
 * @err:     File, line and key of what is wrong; or the capture and why it could not be read
 */
bool traffic_write(const struct jt_at *at, const char *folder, const char *path, uint64_t *frames,
		   struct err *err);

#endif
