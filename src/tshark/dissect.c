/* dissect.c - tshark's -o, -d, -N and the TLS key log */
#include "tshark/dissect.h"

#include <stdio.h>
#include <string.h>

static bool add(const char **words, unsigned *n, const char *option, const char *text,
		const char *separator, const char *example, struct err *err)
{
	const char *at = strstr(text, separator);

	if (!at || at == text) {
		err_set(err, EXIT_USAGE, "%s '%s': it is written as %s", option, text, example);
		return false;
	}
	if (*n == DISSECT_WORDS_MAX) {
		err_set(err, EXIT_USAGE, "%s: at most %d of them", option, DISSECT_WORDS_MAX);
		return false;
	}
	words[(*n)++] = text;
	return true;
}

bool dissect_option(struct dissect *d, int word, const char *text, struct err *err)
{
	switch (word) {
	case 'o':
		return add(d->preference, &d->preferences, "-o", text, ":",
			   "NAME:VALUE, 'tcp.desegment_tcp_streams:FALSE'", err);
	case 'd':
		return add(d->decode_as, &d->decodes, "-d", text,
			   "==", "FIELD==VALUE,PROTOCOL, 'tcp.port==8888,http'", err);
	case 'N':
		if (!*text || text[strspn(text, "dmnNtvsg")]) {
			err_set(err, EXIT_USAGE,
				"-N '%s': letters of what is resolved are wanted: d m n N t v s g, "
				"as tshark -N has them",
				text);
			return false;
		}
		d->resolve = text;
		return true;
	default:
		if (snprintf(d->keylog, sizeof(d->keylog), "tls.keylog_file:%s", text) <
		    (int)sizeof(d->keylog))
			return true;
		err_set(err, EXIT_USAGE, "--keylog: the path is too long");
		return false;
	}
}

bool dissect_is_plain(const struct dissect *d)
{
	return !d->preferences && !d->decodes && !d->resolve && !d->keylog[0];
}

int dissect_args(const struct dissect *d, char *argv[DISSECT_ARGS_MAX])
{
	int n = 0;

	if (d && d->resolve) {
		argv[n++] = (char *)"-N";
		argv[n++] = (char *)d->resolve;
	} else {
		argv[n++] = (char *)"-n";
	}
	for (unsigned i = 0; d && i < d->preferences; i++) {
		argv[n++] = (char *)"-o";
		argv[n++] = (char *)d->preference[i];
	}
	for (unsigned i = 0; d && i < d->decodes; i++) {
		argv[n++] = (char *)"-d";
		argv[n++] = (char *)d->decode_as[i];
	}
	if (d && d->keylog[0]) {
		argv[n++] = (char *)"-o";
		argv[n++] = (char *)d->keylog;
	}
	return n;
}
