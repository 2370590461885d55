/* tell.c - `secvf control`: a command for a running replay */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"

static const char help[] =
	"usage: secvf control SOCKET COMMAND [ARGUMENT...]\n"
	"\n"
	"Speaks to a 'secvf replay --control SOCKET' that runs, and prints its answer, one JSON object.\n"
	"\n"
	"  status            counters, and the VMs that have appeared\n"
	"  filter [EXPR]     another capture filter from the next frame on; without one, every frame\n"
	"  scope all|VM...   capture the frames of other VMs from the next frame on\n"
	"  display [EXPR]    another display filter; none: every frame is shown. Without one: which it is\n"
	"  shown [FIRST [N]] ids of the frames that it shows, from the FIRST-th on, counted from 0\n"
	"  cut               end the file that is being written, begin another\n"
	"  frame ID          a captured frame, wherever it is: memory or the session's files\n"
	"  stop              end as by Ctrl-C\n"
	"\n"
	"Exit codes: 0 done, 1 refused (the answer says why), 2 usage, 3 nobody listens there.\n";

static int say(const char *path, int error)
{
	fprintf(stderr,
		"secvf: control: %s: %s; a replay listens there with --control, as long as it runs\n",
		path, strerror(error));
	return EXIT_ENVIRONMENT;
}

static int converse(int fd, const char *path, const struct buf *line)
{
	char bytes[65536];
	ssize_t n = send(fd, line->p, line->n, MSG_NOSIGNAL);
	bool first = true, ok = false;

	if (n != (ssize_t)line->n)
		return say(path, n < 0 ? errno : EPIPE);
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		if (first)
			ok = n >= 10 && memcmp(bytes, "{\"ok\":true", 10) == 0;
		first = false;
		fwrite(bytes, 1, (size_t)n, stdout);
	}
	if (first)
		return say(path, n < 0 ? errno : ECONNRESET);
	return ok ? EXIT_BALANCED : EXIT_UNBALANCED;
}

int cli_control(int argc, char **argv)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct buf line = {0};
	int fd, exit;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return EXIT_BALANCED;
	}
	if (argc < 3) {
		fprintf(stderr, "secvf: control: a socket and a command are wanted; 'secvf control "
				"--help' lists them\n");
		return EXIT_USAGE;
	}
	if (strlen(argv[1]) >= sizeof(at.sun_path))
		return say(argv[1], ENAMETOOLONG);
	memcpy(at.sun_path, argv[1], strlen(argv[1]) + 1);
	for (int i = 2; i < argc; i++)
		buf_printf(&line, "%s%s", i > 2 ? "\t" : "", argv[i]);
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\n')
			line.p[i] = ' ';
	}
	buf_putc(&line, '\n');
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		exit = say(argv[1], errno);
	else
		exit = converse(fd, argv[1], &line);
	if (fd >= 0)
		close(fd);
	buf_done(&line);
	return exit;
}
