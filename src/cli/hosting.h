/* hosting.h - a session that a panel looks at: started, stopped, kept for as long as it is looked
 * at
 *
 * Theory of operation: `secvf serve` has at most one session, on a thread of its own. It is made of
 * the words that serve was given and those of the request, read as `secvf replay` reads them. Its
 * decoded frames go to a rowfile; once its source has ended it stays, and answers for its frames,
 * until it is cleared.
 *
 * Threads: the server's call the panel's operations, which hold the session meanwhile: it is taken
 * down once nobody does. Starting and clearing are one at a time. A thread counts rows that the
 * display filter shows; another has the first frames loaded into a sharkd, from time to time. Order
 * of the locks: life, inspect_lock, check_lock, tally_lock, whole's own, lock; what the session has
 * of its own comes after tally_lock. None is kept for what may take long, but
 * inspect_lock and check_lock, of those who wait for sharkd. values_lock comes after life;
 * nothing is taken under it.
 */
#ifndef SECVF_CLI_HOSTING_H
#define SECVF_CLI_HOSTING_H

#include <json-c/json.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "analysis/tally.h"
#include "cli/session.h"
#include "os/frame_scan.h"
#include "os/inspector.h"
#include "os/rowfile.h"
#include "os/scratch.h"
#include "os/settings_file.h"
#include "os/waker.h"
#include "web/panel.h"

#define HOSTING_WORDS_MAX 512
#define HOSTING_PATH_MAX  (PATH_MAX + 16) /* a file in a scratch folder */
/* Frames that a frame's layers are dissected with where it is not among the first ones; of these,
 * those behind it; and those before it without which they are loaded anew, where there are as many.
 * Frames that a stream is looked for in. All at most. */
#define HOSTING_CONTEXT	      700u
#define HOSTING_CONTEXT_AFTER 100u
#define HOSTING_CONTEXT_LEAST 500u
#define HOSTING_STREAM	      20000u
/* The first frames, which sharkd has loaded: 100,000 of mixed captures take it half a second and 66
 * MB. The bytes lie in a file of $TMPDIR, and in its memory as far as they are reassembled. */
#define HOSTING_WHOLE_FRAMES 300000u
#define HOSTING_WHOLE_BYTES  (256u << 20)
#define HOSTING_WHOLE_FAILS  3u /* then it is left alone */
/* Frames that a column's values are found with, how many of them for the sake of one frame, and how
 * far back they are looked for. One tshark at a time finds them, for at most so long: below
 * SERVER_STOP_NS, should the server end meanwhile. */
#define HOSTING_VALUES_CONTEXT 4000u
#define HOSTING_VALUES_EACH    500u
#define HOSTING_VALUES_BACK    100000u
#define HOSTING_VALUES_NS      UINT64_C(8000000000)
#define HOSTING_FILES	       64u /* of a session, the newest */
#define HOSTING_NOTES_MAX      100000u
#define HOSTING_POINTS	       6000u /* ten minutes */
#define HOSTING_POINT_NS       UINT64_C(100000000)

enum hosting_state {
	HOSTING_IDLE,
	HOSTING_RUNNING,
	HOSTING_ENDED
};

/** struct hosting_note - What a person said of a frame */
struct hosting_note {
	uint64_t id;
	bool mark;
	char *comment; /* or NULL */
};

struct hosting_point {
	uint64_t ms, in, bytes, decoded, dropped;
	uint32_t queue;
	uint64_t behind;
};

/** struct hosting_view - Frames that an inspector has loaded */
struct hosting_view {
	struct inspector inspector;
	struct scratch scratch; /* of their capture; none where it is open and has gone */
	uint64_t *ids; /* of its frames, in order, HOSTING_STREAM at most; NULL: from 1 on */
	size_t n;      /* its frames; 0: nothing is loaded */
	bool first;    /* it begins with the first frame of its kind */
};

enum hosting_load {
	HOSTING_RESTS,
	HOSTING_LOADS,
	HOSTING_LOADED /* the thread is about to end */
};

/** struct hosting_whole - The session's first frames, loaded on a thread of their own */
struct hosting_whole {
	struct hosting_view view; /* under inspect_lock, but for the thread's own that comes */
	atomic_uint frames;	  /* of it; written under inspect_lock */
	atomic_bool full;	  /* it has as many bytes as it may, or a frame is not there */
	atomic_bool watched;	  /* somebody looks at the session's rows */
	atomic_bool wanted;	  /* somebody looked at a frame that is not in it */
	atomic_uint fails;
	pthread_mutex_t lock; /* of what follows */
	bool stopped, joins;
	pthread_t thread;
	atomic_int load; /* enum hosting_load; released by the thread as it ends */
	atomic_bool stop;
	struct waker stop_waker;
	struct session *session; /* held for the thread */
	uint64_t end;		 /* ids below it are to be loaded */
	bool ended;		 /* there are no others */
};
struct valuing;

struct hosting {
	struct panel panel;
	int words; /* serve's own */
	char **word;
	char settings_path[SETTINGS_FILE_PATH_MAX];
	pthread_mutex_t life; /* start and clear */
	/* Under life: the words of the session, which it borrows */
	struct options options;
	char *kept[HOSTING_WORDS_MAX]; /* words of the request, owned */
	int kept_count;
	int argc;
	char *argv[HOSTING_WORDS_MAX + 1];
	uint64_t number;     /* sessions so far */
	char started[32];    /* ISO 8601; of the session that is held, as what follows */
	uint64_t started_ns; /* monotonic */
	pthread_t thread;
	struct rowfile rows; /* there while a session is */
	/* The session */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	enum hosting_state state;
	bool release;		 /* the session may go */
	bool over;		 /* its thread has ended */
	struct err why;		 /* it could not be started */
	int exit;		 /* of the last session that ended */
	struct session *session; /* NULL: none to be held */
	unsigned holders;
	char capture_filter[PANEL_FILTER_MAX + 1]; /* of the session, as it was last set */
	struct port_set scope;
	bool scope_all, scope_set; /* set: since it started */
	/* What is counted, under tally_lock */
	pthread_mutex_t tally_lock;
	struct tally *tally;
	uint64_t tally_number; /* of the display filter that it is of */
	char tally_filter[SIEVE_FILTER_MAX];
	uint64_t tally_next; /* id, or rank among the matches */
	uint64_t tally_lost; /* rows that had gone before they were counted */
	/* Notes, sorted by id, under lock */
	struct hosting_note *note;
	size_t notes, notes_cap;
	/* Points of the series, under lock */
	struct hosting_point point[HOSTING_POINTS];
	uint64_t points;
	struct hosting_point last; /* totals at the last point */
	pthread_t watcher;
	bool watcher_runs;
	atomic_bool ending;
	struct waker watcher_waker;
	/* One frame at a time is dissected */
	pthread_mutex_t inspect_lock;
	char sharkd[4096]; /* set at the start, as the next one */
	struct detected tshark;
	struct hosting_view near;   /* frames of the conversation that was looked at last */
	struct hosting_whole whole; /* likewise, but what says otherwise */
	struct inspector checker;   /* of expressions */
	pthread_mutex_t check_lock;
	struct dissect
		dissect; /* the session's; changes under both locks, and while there is none */
	/* Who asks for values of fields, under values_lock */
	pthread_mutex_t values_lock;
	pthread_cond_t values_turn;
	struct valuing *valuing; /* all that wait, and the one that has its turn */
	bool values_busy, values_over;
};

/** hosting_ops - What the server is given */
extern const struct panel_ops hosting_ops;

/** hosting_*() - The panel's operations, by topic */
enum panel_result hosting_status(struct panel *p, struct buf *out, uint64_t *serial);
enum panel_result hosting_start(struct panel *p, struct json_object *body, struct err *err);
enum panel_result hosting_stop(struct panel *p, struct err *err);
enum panel_result hosting_clear(struct panel *p, struct err *err);
enum panel_result hosting_capture_filter(struct panel *p, const char *filter, bool set,
					 struct buf *out, struct err *err);
enum panel_result hosting_scope(struct panel *p, struct json_object *body, struct err *err);
enum panel_result hosting_filter(struct panel *p, const char *filter, bool set, struct buf *out,
				 struct err *err);
enum panel_result hosting_complete(struct panel *p, const char *prefix, uint32_t limit,
				   struct buf *out, struct err *err);
enum panel_result hosting_saved(struct panel *p, struct buf *out, struct err *err);
enum panel_result hosting_save(struct panel *p, const char *name, struct json_object *body,
			       struct err *err);
enum panel_result hosting_presets(struct panel *p, struct buf *out, struct err *err);
enum panel_result hosting_rows(struct panel *p, uint64_t from, uint32_t count, struct buf *out,
			       struct err *err);
enum panel_result hosting_rank(struct panel *p, uint64_t id, struct buf *out, struct err *err);
enum panel_result hosting_frame(struct panel *p, uint64_t id, struct buf *out, struct err *err);
enum panel_result hosting_values(struct panel *p, struct json_object *body, struct buf *out,
				 struct err *err);
void hosting_cancel(struct panel *p);
enum panel_result hosting_bytes(struct panel *p, uint64_t id, struct buf *out, struct err *err);
enum panel_result hosting_note(struct panel *p, uint64_t id, struct json_object *body,
			       struct err *err);
enum panel_result hosting_follow(struct panel *p, const char *kind, uint64_t id, struct buf *out,
				 struct err *err);
enum panel_result hosting_statistics(struct panel *p, uint32_t top, struct buf *out,
				     struct err *err);
enum panel_result hosting_series(struct panel *p, uint64_t from_ms, struct buf *out,
				 struct err *err);
enum panel_result hosting_export(struct panel *p, struct json_object *body,
				 bool (*write)(void *ctx, const void *bytes, size_t n), void *ctx,
				 struct err *err);
enum panel_result hosting_audit(struct panel *p, uint64_t after, uint32_t count, struct buf *out,
				struct err *err);
enum panel_result hosting_settings(struct panel *p, struct json_object *body, struct buf *out,
				   struct err *err);
enum panel_result hosting_doctor(struct panel *p, struct buf *out, struct err *err);
enum panel_result hosting_metrics(struct panel *p, struct buf *out, struct err *err);

/** hosting_open() - @word: serve's words, as for `secvf replay`; borrowed. @tshark: as --tshark
 * says in them, or NULL. Return: false with @err */
bool hosting_open(struct hosting *h, int words, char **word, const char *tshark, struct err *err);

/** hosting_close() - End the session and free all */
void hosting_close(struct hosting *h);

/** hosting_hold(), hosting_let_go() - The session, for the caller to look at meanwhile. Return:
 * NULL, nothing held, where there is none */
struct session *hosting_hold(struct hosting *h);
void hosting_let_go(struct hosting *h);

/** hosting_no_session() - Fills @err. Return: PANEL_STATE */
enum panel_result hosting_no_session(struct err *err);

/** struct hosting_reader - Reads many frames: those that lie together in memory take one question,
 * those on disk follow each other */
struct hosting_reader {
	struct session *s;
	struct segment *segment;    /* a reference; NULL: none */
	const unsigned char *block; /* of frame @id, in it */
	uint64_t id, end;
	struct frame_scan scan;
	bool scans;
	bool over; /* the pipeline answers no more: what is not there need not have gone */
};

/** hosting_read_open() - Of the session that is held until hosting_read_close() */
void hosting_read_open(struct hosting_reader *r, struct session *s);
void hosting_read_close(struct hosting_reader *r);

/** hosting_read() - The packet block of a frame; quickest in the order of ids. Return: borrowed
 * until the next call; NULL where it has gone */
const unsigned char *hosting_read(struct hosting_reader *r, uint64_t id);

/** hosting_write() - A pcap of frames in a folder of its own, as what is dissected; @path is its
 * name. Those that have gone are left out of @ids. Return: false with @err */
bool hosting_write(struct session *s, struct scratch *scratch, uint64_t *ids, size_t *n,
		   char path[HOSTING_PATH_MAX], struct err *err);

/** hosting_give_up() - Whoever asks for values of fields is refused. @over: and will be */
void hosting_give_up(struct hosting *h, bool over);

/** hosting_block() - The packet block of a frame, of the session that is held. Return: false where
 * it has gone */
bool hosting_block(struct session *s, uint64_t id, struct buf *block);

/** hosting_count() - Rows that came since are counted, of the session that is held; under
 * tally_lock
 */
void hosting_count(struct hosting *h, struct session *s);

/** hosting_view_done() - Nothing is loaded any more */
void hosting_view_done(struct hosting_view *v);

/** hosting_whole_tend() - Load the first frames where that is worth it, of the session that is
 * held; the watcher's thread. @ended: there will be no more */
void hosting_whole_tend(struct hosting *h, bool ended);

/** hosting_whole_stop() - End what loads, before the session is taken down; hosting_whole_begin():
 * before the next one begins */
void hosting_whole_stop(struct hosting *h);
void hosting_whole_begin(struct hosting *h);
/** hosting_kept() - Those of the panel's settings that a person has set, as an object that is the
 * caller's to put; NULL with @err: the file cannot be read */
struct json_object *hosting_kept(struct hosting *h, struct err *err);
/** hosting_used() - A display filter was applied: it is the newest of the recent ones, in the
 * settings file. Return: false with @err, where it could not be kept */
bool hosting_used(struct hosting *h, const char *filter, struct err *err);

/** hosting_note_of() - What was noted of a frame, under lock; NULL: nothing */
const struct hosting_note *hosting_note_of(const struct hosting *h, uint64_t id);

/** hosting_put_member() - A text of an object: @before, which is its '{' or ',', then its name;
 * NULL is "" */
void hosting_put_member(struct buf *out, char before, const char *key, const char *text);

/** hosting_text() - A member of an object; NULL where it is not there */
const char *hosting_text(struct json_object *o, const char *key);

#endif
