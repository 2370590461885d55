/* spool.h - captured frames on their way to files: writing, rotation, deletion, and a disk that
 * fails
 *
 * Theory of operation: the pipeline hands over jobs, ranges of a segment's bytes in the order of
 * ids; the spool appends them to the open file, which is named NAME.part, and cuts, seals, deletes
 * as the limits say. A file gets its own name once it is whole. Each job comes back: written, or
 * not at all.
 *
 * A disk that fails: what a failed write left is cut off again, so that a file ends with a whole
 * block always. The job comes back refused, and so do all that were under way behind it, which an
 * epoch tells from those that the pipeline sends when it tries again. The spool keeps no frame
 * back: what is to be given up is the pipeline's to say, whose memory is bounded. A file that
 * somebody removed, or whose folder went, has lost its frames: that is told, and a new one begun.
 *
 *     CLOSED --job--> OPEN --limit, cut, end--> seal --> CLOSED
 *       ^               | file gone, told               |
 *       +---------------+-------------------------------+
 *
 * Journal: the spool keeps files at hand, empty but for a header, that are mapped into memory; the
 * tap lays frames out right there (segment.h). A kill of the process loses none of them: the kernel
 * has the pages. Such a segment comes back once, when its last frame has left memory's care, and is
 * sealed: cut to its length, or written anew where frames got comments. Where none is at hand, as
 * the disk is full or slow, the tap takes memory, and its frames are written as others are.
 *
 * Threads: two rings, jobs and events, between the pipeline's thread and the spool's.
 */
#ifndef SECVF_STORE_SPOOL_H
#define SECVF_STORE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/disk.h"
#include "pcapng/pcapng_write.h"
#include "store/places.h"
#include "store/segment.h"
#include "tap/ring.h"
#include "tap/tap.h"

/* Jobs under way: a segment each; with as many waiting the pipeline waits, too. */
#define SPOOL_JOBS_MAX 64u
/* Events under way; when the pipeline is behind by as many, the spool waits for it. */
#define SPOOL_EVENTS_MAX 1024u

/* How long the spool waits for the pipeline to take events, before it looks again. */
#define SPOOL_RETRY_NS UINT64_C(1000000)

/* Journal: files at hand, and their size where the limits name none. */
#define SPOOL_SPARES	    2u
#define SPOOL_JOURNAL_BYTES (32u << 20)
#define SPOOL_JOURNAL_MIN   (300u << 10) /* room for the longest frame and all interface blocks */
#define SPOOL_JOURNAL_MAX   (1u << 30)
/* Bytes of a packet block at least, as it is laid out by the tap; bounds the frames in a file. */
#define SPOOL_BLOCK_MIN 58u

/** struct spool_limits - When a file ends, and which are kept; 0: no such limit */
struct spool_limits {
	uint64_t bytes, frames, duration_ns; /* a file ends once it reaches one of these */
	uint64_t interval_ns;		     /* files begin at multiples of this, wall time */
	uint32_t ring_files;		     /* newest files kept */
	uint64_t ring_bytes;		     /* bytes in the newest files kept */
	uint64_t quota;			     /* bytes of all captures in the folder */
};

/* How files are named, from config.path and their number. */
enum spool_naming {
	SPOOL_ROTATION, /* PATH-rotN.pcapng */
	SPOOL_SINGLE,	/* PATH; what follows a cut or a gap, as SPOOL_NUMBERED */
	SPOOL_NUMBERED, /* PATH's base_NNNNN_YYYYmmddHHMMSS.ext, as dumpcap does */
};

struct spool_config {
	const char *path; /* borrowed */
	enum spool_naming naming;
	struct spool_limits limits;
	const char *session; /* goes into the section's comment; borrowed */
	const char *os;	     /* likewise into its os option; NULL: none */
	const char *(*port_name)(void *ctx, unsigned port); /* on the spool's thread */
	/* What a port has counted so far, for the statistics at a file's end; spool's thread */
	void (*port_counts)(void *ctx, unsigned port, struct pcapng_counts *counts);
	void *port_ctx;
	bool journal;
	uint32_t journal_bytes;	 /* 0: as the limits say; else it must hold the longest frame */
	struct wake wake_source; /* a journal file is at hand again */
	struct disk disk;
	struct wake wake_spool;	   /* jobs have come */
	struct wake wake_pipeline; /* events have come */
};

enum spool_event_kind {
	SPOOL_JOB,	 /* a job is back */
	SPOOL_SEALED,	 /* a file has its final name */
	SPOOL_DELETED,	 /* a file was deleted, as the limits say */
	SPOOL_FILE_LOST, /* a file had gone: removed by somebody, or with its folder */
	SPOOL_TROUBLE,	 /* what the disk refused; the job comes back by itself */
};

/** struct spool_event - From spool to pipeline; free()d there, but for a job's */
struct spool_event {
	enum spool_event_kind kind;
	uint64_t first, last, frames, bytes; /* of the file; ids */
	const char *what;		     /* TROUBLE: "create", "write", "seal"; static */
	int error;			     /* TROUBLE: -errno */
	char path[DISK_PATH_MAX];
};

enum spool_job_kind {
	SPOOL_CUT, /* end the file, if it has frames */
	SPOOL_WRITE,
	SPOOL_SEAL_JOURNAL, /* segment is a journal's, and done with; rebuilt: with comments */
};

/** struct journal_file - The file that a segment is mapped from */
struct journal_file {
	const struct disk_ops *ops;
	void *ctx;
	int fd; /* -1: closed */
	uint32_t bytes;
	char part[DISK_PATH_MAX];
};

/** struct spool_job - Made with calloc(), freed by spool_job_free() when it is back */
struct spool_job {
	enum spool_job_kind kind;
	bool cut_after;		 /* end the file behind it */
	bool written;		 /* set by the spool */
	struct segment *segment; /* one reference */
	struct buf rebuilt;	 /* p not NULL: these bytes instead of the segment's */
	uint32_t from, to;	 /* bytes, on block boundaries */
	uint64_t first_id, frames;
	unsigned interfaces; /* declared before `from` */
	uint64_t epoch;
	int error; /* where it was not written: -errno, or 0 where it was refused behind another */
};

struct spool_file {
	char *path;
	uint64_t first, last, frames, bytes;
};

struct spool {
	struct spool_config config;
	struct ring jobs, events;
	struct places places; /* where frames are; any thread may look */
	bool places_made;
	struct ring spares; /* journal segments at hand, from the spool's thread to the switch's */
	atomic_bool no_spares; /* the disk refuses to make any */
	unsigned journals;
	uint64_t spare_retry_ns;
	/* Spool's thread */
	struct spool_job *job; /* taken, its event not sent yet */
	struct spool_event *event;
	int fd; /* -1: closed */
	char part[DISK_PATH_MAX], path[DISK_PATH_MAX];
	unsigned number; /* of the open file, or of the last */
	unsigned interfaces;
	uint64_t bytes, frames, first, last, opened_ns, interval_end_ns;
	uint64_t failed_epoch;	  /* jobs of it, or before, are refused */
	struct spool_file *files; /* sealed and kept, oldest first */
	unsigned file_count, file_cap;
	uint64_t kept_bytes;
	atomic_bool ended; /* the last file is sealed, every event sent */
};

/** spool_init() - @config: copied. Return: 0, or -ENOMEM */
int spool_init(struct spool *s, const struct spool_config *config);

/** spool_done() - Free; both threads are at rest. An open file stays, as NAME.part */
void spool_done(struct spool *s);

/** spool_push() - Hand a job over; taken on true. Pipeline. Return: false where there is no room */
bool spool_push(struct spool *s, struct spool_job *job);

/** spool_source() - The tap's source of segments, for a journal */
struct tap_source spool_source(struct spool *s);

/** spool_end() - No more jobs: seal, then end. Pipeline, last call */
void spool_end(struct spool *s);

/** spool_take_event() - NULL where there is none. Pipeline. A job's event is the job itself, told
 * by @job */
struct spool_event *spool_take_event(struct spool *s, struct spool_job **job);

/**
 * spool_step() - Do one job, if there is one; may block on the disk. Spool's thread
 *
 * Return: monotonic ns at which to call again at the latest, @now_ns for at once; UINT64_MAX: when
 * woken
 */
uint64_t spool_step(struct spool *s, uint64_t now_ns);

/** spool_ended() - After spool_end(): everything is done. Any thread */
bool spool_ended(struct spool *s);

/** spool_job_clear() - Let go of what it holds, to be used again */
void spool_job_clear(struct spool_job *job);

/** spool_job_free() - NULL is allowed */
void spool_job_free(struct spool_job *job);

#endif
