/* rowfile.h - decoded rows on disk, by id: what a view shows of any frame, and counts again
 *
 * Theory of operation: rows are appended to a file without a name in $TMPDIR, what basic decode and
 * tshark said of a frame, without its bytes. A ring of the newest rows_max entries tells where each
 * is; what is older is gone, and its part of the file is given back to the system (Linux). A row
 * that comes again (decoded later) takes the place of the one before. Who follows the rows, one
 * alone, takes each by rowfile_take(), and is told by rowfile_again() of those that came again
 * since they were taken. What the disk does not take is lost and counted; there is no row then.
 *
 * Threads: one puts, any get, one follows.
 */
#ifndef SECVF_OS_ROWFILE_H
#define SECVF_OS_ROWFILE_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "fanout/decoded.h"

#define ROWFILE_ROWS	  (1u << 20)
#define ROWFILE_BUFFER	  (256u << 10)
#define ROWFILE_GIVE_BACK (64u << 20)
#define ROWFILE_AGAIN_MAX 65536u /* more are not told one by one */

struct rowfile_entry {
	uint64_t at;	    /* in the file */
	uint32_t n;	    /* bytes; 0: no row */
	uint32_t pair : 31; /* of hosts: equal for frames between the same two */
	uint32_t taken : 1; /* by who follows the rows */
};

struct rowfile {
	pthread_mutex_t lock;
	int fd;
	struct rowfile_entry *entry; /* ring of rows_max */
	uint32_t rows_max;
	uint64_t head;		      /* ids below may have a row */
	uint64_t end, flushed;	      /* bytes put, and of them in the file */
	uint64_t given_back, look_at; /* end at which there may be more to give back */
	struct buf pending;	      /* from flushed on */
	uint64_t lost;		      /* rows that could not be written */
	uint64_t again[ROWFILE_AGAIN_MAX], again_head, again_tail;
	bool again_missed;
};

static_assert(sizeof(struct rowfile_entry) == 16, "a million of them");

/** rowfile_init() - @rows_max: 0: ROWFILE_ROWS. Return: 0, or -errno */
int rowfile_init(struct rowfile *r, uint32_t rows_max);

/** rowfile_done() - Free, and the file is gone */
void rowfile_done(struct rowfile *r);

/** rowfile_put() - Keep a row; nothing of @d is kept otherwise */
void rowfile_put(struct rowfile *r, const struct decoded *d);

/** rowfile_range() - Ids [*first, *head) may have rows */
void rowfile_range(struct rowfile *r, uint64_t *first, uint64_t *head);

/**
 * rowfile_get() - A row
 * @d:  Filled on true: without the frame's bytes and its segment; fields are the caller's, to be
 *      freed; vm is as it was put
 */
bool rowfile_get(struct rowfile *r, uint64_t id, struct decoded *d);

/** rowfile_pair() - Frames between the hosts of frame @id, itself among them: at most @n of those
 * nearest to it, none before @from, at most @after of them behind it. Return: how many were put
 * into @ids, in order */
size_t rowfile_pair(struct rowfile *r, uint64_t id, uint64_t from, size_t after, uint64_t *ids,
		    size_t n);

/** rowfile_take() - As rowfile_get(), for who follows the rows */
bool rowfile_take(struct rowfile *r, uint64_t id, struct decoded *d);

/** rowfile_again() - Take a row that came again since it was taken; as rowfile_take(). *missed:
 * there were more than could be told. Return: false where there is none */
bool rowfile_again(struct rowfile *r, struct decoded *d, bool *missed);

/** rowfile_follow() - From the first row on: none has been taken */
void rowfile_follow(struct rowfile *r);

/** rowfile_lost() - Rows that could not be kept */
uint64_t rowfile_lost(struct rowfile *r);

#endif
