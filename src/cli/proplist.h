/* proplist.h - settings as a property list of Apple's: com.daxxsec.SecVF.plist, XML and binary
 *
 * Of it are taken SecVFCaptureQueueLimit, an integer, and SavedDisplayFilters: an array of dicts
 * with the strings name, expression and note; or of strings, each an expression and its own name;
 * or a dict of names to expressions. What else is there is passed over.
 *
 * Theory of operation: libplist builds all that a file asks for. A binary list of 200 bytes can ask
 * for more than any memory, as its arrays may hold the same array again and again, and XML may be
 * nested deeper than the stack is. So bytes that somebody else made are read in a child process
 * with bounds on its memory and time, which sends back what it found as settings' JSON; one that
 * dies is a file that is refused.
 *
 * Source: plist(5), libplist 2.2
 */
#ifndef SECVF_CLI_PROPLIST_H
#define SECVF_CLI_PROPLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/settings.h"
#include "base/buf.h"
#include "base/err.h"

#define PROPLIST_BYTES_MAX  (16u << 20)
#define PROPLIST_MEMORY_MAX (512u << 20) /* 2.4 million nodes of 16 MiB of <true/> are 400 MB */
#define PROPLIST_SECONDS    10u		 /* of a processor */

/** proplist_is() - Whether bytes begin as a property list does, XML or binary */
bool proplist_is(const char *p, size_t n);

/**
 * proplist_read() - Read a property list, in a child
 * @s:     Replaced on true, untouched on false
 * @name:  What errors call it: the file
 * @p:     Any bytes, @n of them
 * @err:   NAME: KEY: what is wanted there; EXIT_USAGE, or EXIT_ENVIRONMENT where there is no child
 *
 * A name that is there twice with different expressions is kept as "NAME (2)" too.
 */
bool proplist_read(struct settings *s, const char *name, const char *p, size_t n, struct err *err);

/** proplist_read_here() - The same within this process: for bytes that are ours, and tests */
bool proplist_read_here(struct settings *s, const char *name, const char *p, size_t n,
			struct err *err);

/** proplist_print() - Add queue limit and saved filters as a property list. Return: false where
 * memory ran out */
bool proplist_print(const struct settings *s, bool binary, struct buf *out);

#endif
