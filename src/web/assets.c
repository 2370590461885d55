/* assets.c - the page */
#include "web/assets.h"

#include <string.h>

static const char plain_page[] =
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<head><meta charset=\"utf-8\"><title>secvf</title></head>\n"
	"<body>\n"
	"<h1>secvf</h1>\n"
	"<p>The server runs, but this program was built without the page.</p>\n"
	"<p>To build it: install <code>nodejs</code> and <code>npm</code> (<code>ci/setup</code> does), then run "
	"<code>ci/build release</code> again, and start the server anew.</p>\n"
	"<p>The API is there: <a href=\"/api/openapi.json\">its description (OpenAPI 3.1)</a>, "
	"<a href=\"/api/status\">the status</a>, <a href=\"/metrics\">metrics</a>.</p>\n"
	"</body>\n"
	"</html>\n";

static const struct embedded plain = {"index.html", "text/html; charset=utf-8",
				      (const unsigned char *)plain_page, sizeof(plain_page) - 1,
				      false};

const struct embedded *assets_find(const struct embedded *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

const struct embedded *assets_index(const struct embedded *table)
{
	const struct embedded *built = assets_find(table, "index.html");

	return built ? built : &plain;
}
