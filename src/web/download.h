/* download.h - an export: from the panel, which pushes, to libmicrohttpd, which pulls
 *
 * Theory of operation: a thread of its own calls the panel; what it writes goes through a ring of
 * DOWNLOAD_BYTES, and it waits while that is full. So memory does not depend on the size of an
 * export, and a client that reads slowly slows its own export alone.
 */
#ifndef SECVF_WEB_DOWNLOAD_H
#define SECVF_WEB_DOWNLOAD_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "web/panel.h"

#define DOWNLOAD_BYTES (256u << 10)
/* Each has a thread in the panel that reads captures from disk. */
#define DOWNLOADS_MAX 4u

struct download;

/** struct downloads - All of a server */
struct downloads {
	pthread_mutex_t lock;
	struct download *slot[DOWNLOADS_MAX];
	bool ending;
};

void downloads_init(struct downloads *all);

/** downloads_end() - Every export ends soon: its next write is refused, download_read() returns -1
 */
void downloads_end(struct downloads *all);

/** downloads_done() - With every download closed */
void downloads_done(struct downloads *all);

/**
 * download_open() - Begin an export, and wait until there are bytes, or it has ended
 * @body:    Which frames; copied
 * @result:  Set where NULL is returned: why
 *
 * Return: NULL where the panel refused before the first byte, there are DOWNLOADS_MAX
 * (PANEL_STATE), or the system has no thread for it; @err says so
 */
struct download *download_open(struct downloads *all, struct panel *panel, struct json_object *body,
			       enum panel_result *result, struct err *err);

/** download_read() - Wait for bytes. Return: how many are at @to; 0: that was all; -1: it failed,
 * or the server ends */
ssize_t download_read(struct download *d, char *to, size_t max);

/** download_close() - Refuse what comes yet, wait for the panel to see it, and free */
void download_close(struct download *d);

#endif
