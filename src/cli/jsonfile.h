/* jsonfile.h - a JSON file that people write: read whole, and errors have their place */
#ifndef SECVF_CLI_JSONFILE_H
#define SECVF_CLI_JSONFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct json_object;

struct jsonfile {
	const char *path; /* borrowed */
	struct json_object *root;
};

/**
 * jsonfile_read() - Read a file that is one JSON object
 * @what:       What it is, or the option that named it; the message begins with it
 * @path:       Borrowed until jsonfile_done()
 * @bytes_max:  A longer one is refused
 * @err:        EXIT_ENVIRONMENT where it can't be read; EXIT_USAGE with line, column and offset
 *              where it is no JSON, and where it is none to the end or no object
 */
bool jsonfile_read(struct jsonfile *f, const char *what, const char *path, size_t bytes_max,
		   struct err *err);

/** jsonfile_done() - Free; a zeroed one, too */
void jsonfile_done(struct jsonfile *f);

#endif
