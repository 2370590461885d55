/* inspector.h - frames of a capture looked at one by one: layers, bytes, streams
 *
 * Theory of operation: sharkd is asked, which keeps the capture in memory and needs a millisecond a
 * frame. Where there is none, or where it can't do what is wanted (it knows no decode-as), one
 * tshark is run for each question, which reads the capture anew. Both are given the same
 * preferences. Both are bounded in time and memory; a capture that ends sharkd is loaded again by
 * the next question, in a fresh one.
 *
 * Blocking; one thread at a time.
 */
#ifndef SECVF_OS_INSPECTOR_H
#define SECVF_OS_INSPECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/fields.h"
#include "analysis/follow.h"
#include "analysis/layers.h"
#include "analysis/values.h"
#include "base/err.h"
#include "os/sharkd.h"
#include "os/waker.h"
#include "tshark/dissect.h"

#define INSPECTOR_TSHARK_NS  UINT64_C(120000000000)
#define INSPECTOR_OUTPUT_MAX (256u << 20)
/* A load leaves 12 MB behind in sharkd 4.0, so after so many it is replaced: 148 MB at its start,
 * 550 MB then, and 120 ms of start for each. */
#define INSPECTOR_LOADS_MAX 32u

struct inspector {
	const char *tshark;	       /* path, borrowed; NULL: none */
	const char *sharkd_path;       /* likewise */
	const struct dissect *dissect; /* borrowed */
	const struct waker *stop;      /* borrowed, or NULL */
	struct sharkd sharkd;
	struct fields fields;
	char file[4096];
	bool loaded;
	unsigned loads; /* of this sharkd */
};

/**
 * inspector_open() - Nothing is started yet
 * @tshark, @sharkd:  Paths; NULL where there is none, but not both
 */
void inspector_open(struct inspector *x, const char *tshark, const char *sharkd,
		    const struct dissect *dissect);

/** inspector_close() - End what was started; a zeroed one, too. It may be used again, which starts
 * it anew */
void inspector_close(struct inspector *x);

/** inspector_load() - The capture that is meant from here on; read when it is needed */
void inspector_load(struct inspector *x, const char *file);

/** inspector_stop_by() - Once @stop is awake no answer of sharkd's is waited for; borrowed, NULL:
 * none. Not between questions of another thread */
void inspector_stop_by(struct inspector *x, const struct waker *stop);

/** inspector_read() - Have sharkd read the capture now; the file is opened, so that it may be
 * removed where another load is not wanted. @err: EXIT_ENVIRONMENT */
bool inspector_read(struct inspector *x, struct err *err);

/** inspector_by_tshark() - Whether tshark is asked for frames and streams, not sharkd: it wants
 * their bytes */
bool inspector_by_tshark(const struct inspector *x);

/**
 * inspector_frame() - Layers of one frame
 * @number:  As tshark counts, from 1
 * @frame:   Its bytes, where the caller has them (PDML has none); may be NULL with a @frame_n of 0
 * @l:       Zeroed; filled
 * @err:     EXIT_ENVIRONMENT; EXIT_USAGE where there is no such frame or preference
 */
bool inspector_frame(struct inspector *x, uint32_t number, const unsigned char *frame,
		     size_t frame_n, struct layers *l, struct err *err);

/** inspector_follow() - What a stream carried. @kind: "tcp", "udp", "http", "http2", "tls",
 * "quic". @filter: "tcp.stream eq 0". @f: zeroed; filled */
bool inspector_follow(struct inspector *x, const char *kind, const char *filter, struct follow *f,
		      struct err *err);

/** struct filter_verdict - What Wireshark says of a display filter */
struct filter_verdict {
	bool ok;
	char message[512]; /* why not, or a warning; "" */
	size_t at, n;	   /* the place in the filter; n 0: not known */
	const char *hint;  /* static; what it costs; NULL: nothing to say */
};

/**
 * inspector_check() - Whether a display filter is right, and where not
 * @v:    Filled on true, whether the filter is right or not
 * @err:  EXIT_ENVIRONMENT where nobody could be asked
 */
bool inspector_check(struct inspector *x, const char *filter, struct filter_verdict *v,
		     struct err *err);

/** inspector_takes() - Whether the sharkd of it runs, and takes a display filter. @v: filled on
 * true alone: why it does not is for inspector_check() to say */
bool inspector_takes(struct inspector *x, const char *filter, struct filter_verdict *v);

/** inspector_use() - From here on ask @sharkd; NULL: end the one that runs, and ask tshark alone,
 * where there is one. Fields are kept */
void inspector_use(struct inspector *x, const char *sharkd);

/**
 * inspector_values() - What fields hold in some frames, by one tshark; sharkd is not asked
 * @filter:  Display filter that picks the frames
 * @field:   Names, @n of them, at most VALUES_FIELDS_MAX
 * @ns:      How long it may take
 * @stop:    Woken: it is given up, which is a failure; NULL: nobody does
 * @json:    Zeroed; filled with what values_read() takes; the caller frees it, on false, too
 */
bool inspector_values(struct inspector *x, const char *filter, const char *const *field, unsigned n,
		      uint64_t ns, const struct waker *stop, struct buf *json, struct err *err);

/** inspector_fields() - All fields; tshark is asked once. Return: borrowed, or NULL with @err */
const struct fields *inspector_fields(struct inspector *x, struct err *err);

#endif
