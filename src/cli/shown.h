/* shown.h - which frames of a file a display filter shows, as tshark says
 *
 * tshark reads the file by itself and prints the numbers of the frames that the filter accepts;
 * they are kept as one bit a frame. It is run without a shell. tshark counts records that are no
 * packets (systemd's journal, system calls) as frames, and capfile does not: in files that hold
 * both, its numbers run ahead.
 *
 * Source: tshark(1), wireshark-filter(4)
 */
#ifndef SECVF_CLI_SHOWN_H
#define SECVF_CLI_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHOWN_FRAMES_MAX (UINT64_C(1) << 33) /* 1 GiB of bits */

struct shown {
	const char *tshark, *filter; /* borrowed */
	uint64_t *bits;
	size_t words;
	char trouble[512]; /* what tshark said where it read the last file not to its end; "" */
};

/** shown_check() - Ask tshark whether the filter is right. Return: false with @err, EXIT_USAGE with
 * tshark's message where it is not */
bool shown_check(struct shown *s, struct err *err);

/** shown_file() - Ask tshark about one file. Return: false with @err where it cannot be asked */
bool shown_file(struct shown *s, const char *path, struct err *err);

/** shown_has() - Whether the file's frame @number, 1 on, is shown; the selection_config.shown, @ctx
 * a struct shown */
bool shown_has(void *ctx, uint64_t number);

/** shown_done() - Free */
void shown_done(struct shown *s);

#endif
