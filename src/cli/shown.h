/* shown.h - which frames of a file a display filter shows, as tshark says
 *
 * tshark reads the file by itself and prints where in it the frames are that the filter accepts.
 * Its numbers would not do: it counts records that are no packets (systemd's journal, custom
 * blocks), too. In compressed files it counts unpacked bytes, as capfile does. It is run without a
 * shell.
 *
 * Source: tshark(1), wireshark-filter(4)
 */
#ifndef SECVF_CLI_SHOWN_H
#define SECVF_CLI_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHOWN_FRAMES_MAX (1u << 27) /* of one file; 1 GiB of offsets */

struct shown {
	const char *tshark, *filter; /* borrowed */
	uint64_t *offsets;	     /* ascending */
	size_t count, cap, at;
	char trouble[512]; /* what tshark said where it read the last file not to its end; "" */
};

/** shown_check() - Ask tshark whether the filter is right. Return: false with @err, EXIT_USAGE with
 * tshark's message where it is not */
bool shown_check(struct shown *s, struct err *err);

/** shown_file() - Ask tshark about one file. Return: false with @err where it cannot be asked */
bool shown_file(struct shown *s, const char *path, struct err *err);

/** shown_has() - Whether the frame at byte @offset of the file is shown; frames are asked for in
 * order. The selection_config.shown, @ctx a struct shown */
bool shown_has(void *ctx, uint64_t offset);

/** shown_done() - Free */
void shown_done(struct shown *s);

#endif
