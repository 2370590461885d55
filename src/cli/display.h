/* display.h - the display filter of a run: which frames are shown
 *
 * Theory of operation: a sieve (os/sieve) judges frames by Wireshark's own filter; rows wait in the
 * output until theirs is known. Another filter takes the place of this one at any time, from the
 * first frame on; clearing it shows all. Without tshark, filters over fields of the basic decode
 * work all the same (basic/dfilter), and others are refused.
 *
 * Threads: any, but for display_open(), display_finish() and display_close(), which are the
 * session's.
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

#define DISPLAY_NO_STATE \
	"{\"filter\":\"\",\"state\":\"none\",\"matches\":0,\"judged\":0,\"known\":0}"

struct display {
	struct session *session;
	char sharkd[4096];
	struct inspector inspector; /* checks expressions */
	pthread_mutex_t setting;    /* of the inspector, and of who sets a filter: before lock */
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

/** display_set() - From now on frames are shown by this; "" or NULL: all are. @checked: the caller
 * has asked Wireshark already. @err: EXIT_USAGE with Wireshark's words where it is wrong; the last
 * one then stays */
bool display_set(struct display *d, const char *filter, bool checked, struct err *err);

/** display_verdict() - Whether frame @id is shown */
enum match display_verdict(struct display *d, uint64_t id);

/** display_list() - Frames that are shown, as matches_list(). Return: false where there is no
 * filter
 */
bool display_list(struct display *d, uint64_t first, uint64_t *ids, size_t n, size_t *got);

/** display_below() - How many frames with ids below @id are shown; without a filter 0 */
uint64_t display_below(struct display *d, uint64_t id);

/** display_now() - Whether there is a filter, its expression ("" where there is none; @filter may
 * be NULL), and a number that changes with each that is set or cleared: all of one moment */
bool display_now(struct display *d, char filter[SIEVE_FILTER_MAX], uint64_t *number);

/** display_finish() - All frames have been captured, and the pipeline's thread has ended: wait
 * until each has its verdict. @interrupted: the user wants an end */
void display_finish(struct display *d, bool (*interrupted)(void));

/** display_put_status() - As a JSON object */
void display_put_status(struct display *d, struct buf *out);

/** display_put_state() - As the panel has it: an object, DISPLAY_NO_STATE where there is no filter
 */
void display_put_state(struct display *d, struct buf *out);

/** display_close() - End what runs; pipeline answers, or has been hushed */
void display_close(struct display *d);

#endif
