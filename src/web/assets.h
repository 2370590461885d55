/* assets.h - the page: what was built into the program, or a plain one that says that none was */
#ifndef SECVF_WEB_ASSETS_H
#define SECVF_WEB_ASSETS_H

#include "web/embedded.h"

/** assets_find() - A file by its name in @table. Return: NULL where there is none */
const struct embedded *assets_find(const struct embedded *table, const char *name);

/** assets_index() - The page of @table; where it has no index.html, one that says how to build it,
 * and leads to the API */
const struct embedded *assets_index(const struct embedded *table);

#endif
