/* recover.c - `secvf recover`: seal the captures that a crash left behind */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "os/audit_file.h"
#include "os/recover.h"

static const char help[] =
	"usage: secvf recover [FOLDER|FILE.part...]\n"
	"\n"
	"Makes captures whole that were being written when secvf was killed: keeps every whole frame, cuts\n"
	"off what follows, and gives them their names. Without an argument: $AVF_HOME/Captures. Files that\n"
	"are still being written are left alone. Each start of 'secvf replay' that writes there does it, too.\n";

static void say(void *ctx, const struct recovered *r)
{
	int *exit = ctx;

	if (r->error) {
		fprintf(stderr, "secvf: recover %s: %s\n", r->from, strerror(-r->error));
		*exit = EXIT_ENVIRONMENT;
	} else if (!r->to[0]) {
		printf("%s: no frame in it, removed\n", r->from);
	} else {
		printf("%s: %llu frames, %llu bytes; now %s\n", r->from,
		       (unsigned long long)r->frames, (unsigned long long)r->bytes, r->to);
	}
}

static int recover_one(const char *path, int *exit)
{
	struct recovered r;
	struct stat st;
	int n;

	if (stat(path, &st)) {
		fprintf(stderr, "secvf: recover %s: no such file or folder\n", path);
		*exit = EXIT_ENVIRONMENT;
		return 0;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (strlen(path) < 5 || strcmp(path + strlen(path) - 5, ".part") != 0) {
			fprintf(stderr,
				"secvf: recover %s: what is left behind is called NAME.part\n",
				path);
			*exit = EXIT_USAGE;
			return 0;
		}
		if (!recover_file(path, &r)) {
			printf("%s: is being written, or no capture of secvf's; left alone\n",
			       path);
			return 0;
		}
		say(exit, &r);
		return 1;
	}
	n = recover_folder(path, say, exit);
	if (n < 0) {
		fprintf(stderr, "secvf: recover %s: %s\n", path, strerror(-n));
		*exit = EXIT_ENVIRONMENT;
	}
	return n > 0 ? n : 0;
}

int cli_recover(int argc, char **argv)
{
	char captures[DISK_PATH_MAX];
	int exit = EXIT_BALANCED, n = 0;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return EXIT_BALANCED;
	}
	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "secvf: recover: there is no option '%s'; 'secvf recover --help'\n",
			argv[1]);
		return EXIT_USAGE;
	}
	for (int i = 1; i < argc; i++)
		n += recover_one(argv[i], &exit);
	if (argc == 1) {
		if (!home_path(captures, sizeof(captures), "Captures")) {
			fprintf(stderr,
				"secvf: recover: neither AVF_HOME nor HOME is set; name a folder\n");
			return EXIT_ENVIRONMENT;
		}
		n = recover_folder(captures, say, &exit);
	}
	if (n == 0 && exit == EXIT_BALANCED)
		printf("nothing was left to recover\n");
	return exit;
}
