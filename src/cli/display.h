/* display.h - the display filter of a run: which frames are shown
 *
 * Theory of operation: a sieve (os/sieve) judges frames by Wireshark's own filter; rows wait in the
 * output until theirs is known. Another filter takes the place of this one at any time, from the
 * first frame on; clearing it shows all. Without tshark, filters over fields of the basic decode
 * work all the same (basic/dfilter), and others are refused.
 *
 * Threads: display_set() is control's, and before that the session's; display_verdict() the
 * output's.
 */
#ifndef SECVF_CLI_DISPLAY_H
#define SECVF_CLI_DISPLAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "os/inspector.h"
#include "os/sieve.h"

struct session;

struct display {
	struct session *session;
	char sharkd[4096];
	struct inspector inspector; /* checks expressions */
	pthread_mutex_t lock;	    /* of sieve: the pointer */
	struct sieve *sieve;	    /* NULL: everything is shown */
	struct native *native;	    /* its quick way, or NULL */
	atomic_bool filters;	    /* whether there is one: rows need not lock where not */
	uint64_t set;		    /* filters so far */
	uint64_t number;	    /* of changes, clearing among them */
	uint64_t end;		    /* id behind the last frame, once known */
	bool ended;
};

/** display_open() - No filter. The pipeline exists */
void display_open(struct display *d, struct session *s);

/** display_check() - Whether it is right. @err: EXIT_USAGE with Wireshark's words */
bool display_check(struct display *d, const char *filter, struct err *err);

/** display_set() - From now on frames are shown by this; "" or NULL: all are. @err: EXIT_USAGE with
 * Wireshark's words where it is wrong; the last one then stays */
bool display_set(struct display *d, const char *filter, struct err *err);

/** display_verdict() - Whether frame @id is shown. Output's thread */
enum match display_verdict(struct display *d, uint64_t id);

/** display_list() - Frames that are shown, as matches_list(). Any thread. Return: false where there
 * is no filter */
bool display_list(struct display *d, uint64_t first, uint64_t *ids, size_t n, size_t *got);

/** display_below() - How many frames with ids below @id are shown; without a filter 0. Any thread
 */
uint64_t display_below(struct display *d, uint64_t id);

/** display_number() - Changes with each filter that is set or cleared. Any thread */
uint64_t display_number(struct display *d);

/** display_filter() - The expression, "" where there is none. Any thread */
void display_filter(struct display *d, char filter[SIEVE_FILTER_MAX]);

/** display_finish() - All frames have been captured, and the pipeline's thread has ended: wait
 * until each has its verdict. @interrupted: the user wants an end */
void display_finish(struct display *d, bool (*interrupted)(void));

/** display_put_status() - As a JSON object */
void display_put_status(struct display *d, struct buf *out);

/** display_close() - End what runs; pipeline answers, or has been hushed */
void display_close(struct display *d);

#endif
