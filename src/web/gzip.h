/* gzip.h - answers made smaller for who takes that (RFC 9110, 12.5.3; RFC 1952) */
#ifndef SECVF_WEB_GZIP_H
#define SECVF_WEB_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Below this a packet or two are all there is to save. */
#define GZIP_LEAST 4096u

/** gzip_accepted() - Whether an Accept-Encoding header takes gzip; NULL: no */
bool gzip_accepted(const char *header);

/** gzip_put() - Add @n bytes, compressed. Return: false where memory runs out, and @out is as it
 * was */
bool gzip_put(struct buf *out, const void *bytes, size_t n);

#endif
