/* embedded.h - files that are part of the program; tables made by embed.cmake */
#ifndef SECVF_WEB_EMBEDDED_H
#define SECVF_WEB_EMBEDDED_H

#include <stdbool.h>
#include <stddef.h>

/** struct embedded - A file; a table ends with one without a name */
struct embedded {
	const char *name; /* "index.html", "assets/main-ABCD1234.js" */
	const char *mime;
	const unsigned char *bytes;
	size_t n;
	bool hashed; /* its name changes with its content, so it may be kept for ever */
};

/* What src/web/ui was built to, if it was; docs/openapi.json */
extern const struct embedded embedded_page[];
extern const struct embedded embedded_openapi[];

#endif
