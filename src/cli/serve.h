/* serve.h - the panel served to a browser, until a signal ends it */
#ifndef SECVF_CLI_SERVE_H
#define SECVF_CLI_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/** struct serve - Where the panel is served, and what is captured */
struct serve {
	const char *address, *certificate, *key; /* as struct server_config has them */
	uint16_t port;
	const char *tshark;	/* as --tshark says in the words, or NULL */
	int words;		/* of `secvf replay`, without the command */
	char **word;		/* borrowed */
	bool start, must_start; /* at once; and where it can't, that is the end */
};

/**
 * serve_where() - Read an address to serve at: "127.0.0.1:8080", "127.0.0.1", ":8080", "8080",
 * "[::1]:8080"
 * @text:  Cut into pieces, and borrowed by @s; NULL: the defaults stay
 * @err:   EXIT_USAGE, naming @option
 */
bool serve_where(struct serve *s, const char *option, char *text, struct err *err);

/** serve_run() - Print the address, and serve until SIGINT, SIGTERM or SIGHUP. Return: EXIT_* */
int serve_run(const struct serve *s);

#endif
