/* made_up_server.c - the server with a made-up panel, for the tests in Python
 *
 * Prints its address, then serves until standard input ends. --routes prints the table of routes as
 * JSON instead; --hang-not has the frame that hangs come back at once, with a failure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "web/made_up.h"
#include "web/route.h"
#include "web/server.h"

static int routes(void)
{
	struct buf out = {0};

	route_list(&out);
	fwrite(out.p, 1, out.n, stdout);
	buf_done(&out);
	return 0;
}

int main(int argc, char **argv)
{
	static struct made_up m;
	struct server_config config = {.panel = &m.panel};
	struct server *s;
	struct err err = {0};
	char byte;

	if (argc > 1 && strcmp(argv[1], "--routes") == 0)
		return routes();
	made_up_init(&m);
	if (argc > 1 && strcmp(argv[1], "--hang-not") == 0)
		made_up_cancel(&m);
	s = server_start(&config, &err);
	if (!s) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	printf("%s\n", server_url(s));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
	}
	if (!server_stop(s))
		return 1;
	made_up_done(&m);
	return 0;
}
