/* examine.h - what show, follow and filter share: tshark and sharkd found, options of dissection */
#ifndef SECVF_CLI_EXAMINE_H
#define SECVF_CLI_EXAMINE_H

#include <getopt.h>
#include <stdbool.h>

#include "base/err.h"
#include "os/inspector.h"
#include "tshark/detect.h"
#include "tshark/dissect.h"

struct examine {
	struct dissect dissect;
	const char *asked; /* --tshark PATH, or NULL */
	bool no_sharkd;
	struct detected tshark;
	char sharkd[4096];
	struct inspector inspector;
};

enum {
	EXAMINE_TSHARK = 0x5453,
	EXAMINE_NO_SHARKD,
};

/* For the array of getopt_long(), and what --help says of them. */
#define EXAMINE_OPTIONS                                              \
	{"tshark", required_argument, NULL, EXAMINE_TSHARK},         \
		{"no-sharkd", no_argument, NULL, EXAMINE_NO_SHARKD}, \
	{                                                            \
		"keylog", required_argument, NULL, DISSECT_KEYLOG    \
	}
#define EXAMINE_LETTERS "o:d:N:"
#define EXAMINE_HELP                                                                           \
	"  -o NAME:VALUE       a preference of Wireshark's, as tshark -o\n"                    \
	"  -d FIELD==N,PROTO   decode as, as tshark -d ('tcp.port==8888,http')\n"              \
	"  -N LETTERS          resolve names, as tshark -N (default: none)\n"                  \
	"  --keylog FILE       secrets of TLS sessions (SSLKEYLOGFILE)\n"                      \
	"  --tshark PATH       tshark to run; sharkd is looked for beside it, then in $PATH\n" \
	"  --no-sharkd         by tshark alone: slower, and without byte views\n"

/** examine_option() - Take one of these options. Return: 1 taken, 0 not one of them, -1 with @err
 */
int examine_option(struct examine *x, int word, const char *text, struct err *err);

/** examine_open() - Find the programs. @err: EXIT_ENVIRONMENT where there is neither */
bool examine_open(struct examine *x, struct err *err);

/** examine_close() - End what was started */
void examine_close(struct examine *x);

/** examine_print() - @out to standard output; freed. Return: EXIT_BALANCED, or EXIT_ENVIRONMENT
 * after having said why */
int examine_print(struct buf *out);

#endif
