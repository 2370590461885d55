/* bundle.h - what reproduces a run, in one file: `--bundle FILE.tar.zst`, played again by `secvf
 * run`
 *
 * In it: scenario.json (options, seed, faults as they happened), traffic.pcapng (each frame with
 * its port and time), report.json, audit.log and versions.json of the run it was made of. Faults
 * that were planned are kept as planned; a tshark that ended badly by itself becomes a fault at the
 * record that it was on.
 *
 * Frames are written as they are sent, on the source's thread; all else at the end.
 */
#ifndef SECVF_CLI_BUNDLE_H
#define SECVF_CLI_BUNDLE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "tap/frame.h"

struct session;

struct bundle {
	const char *path; /* borrowed */
	char folder[4096];
	FILE *traffic;
	struct buf block;
	int interface[PORTS_MAX]; /* of a port; -1: not declared yet */
	int interfaces;
	struct buf audit;	   /* lines of this session */
	struct json_object *ended; /* faults that tshark's ends were */
	int error;		   /* first errno */
};

/** bundle_open() - Return: NULL with @err filled */
struct bundle *bundle_open(const char *path, struct err *err);

/** bundle_frame() - A frame that is sent. @name: of its port */
void bundle_frame(struct bundle *b, const struct frame *f, unsigned port, const char *name);

/** bundle_line() - An audit line of the session, on any one thread at a time */
void bundle_line(struct bundle *b, const char *members, size_t n);

/** bundle_close() - Write it, whole or not at all, and free. Return: 0, or EXIT_* with @err filled
 */
int bundle_close(struct bundle *b, const struct session *s, const char *report, int exit,
		 struct err *err);

/** bundle_drop() - Free and remove what was kept; NULL is allowed */
void bundle_drop(struct bundle *b);

/** bundle_is() - Whether a file's name is that of a bundle */
bool bundle_is(const char *path);

/** bundle_unpack() - Into @folder, which is there: files of the names above only */
bool bundle_unpack(const char *path, const char *folder, struct err *err);

#endif
