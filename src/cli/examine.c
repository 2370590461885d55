/* examine.c - the programs found, the options read */
#include "cli/examine.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int examine_option(struct examine *x, int word, const char *text, struct err *err)
{
	switch (word) {
	case 'o':
	case 'd':
	case 'N':
	case DISSECT_KEYLOG: return dissect_option(&x->dissect, word, text, err) ? 1 : -1;
	case EXAMINE_TSHARK: x->asked = text; return 1;
	case EXAMINE_NO_SHARKD: x->no_sharkd = true; return 1;
	default: return 0;
	}
}

bool examine_open(struct examine *x, struct err *err)
{
	bool found;

	if (!cli_detect(&x->tshark, x->asked, err))
		return false;
	found = !x->no_sharkd &&
		cli_find_sharkd(x->sharkd, x->tshark.found ? x->tshark.path : NULL);
	if (!found && !x->tshark.found) {
		err_set(err, EXIT_ENVIRONMENT,
			"neither tshark nor sharkd was found: install them (Debian: tshark, "
			"wireshark-common), or name a tshark with --tshark");
		return false;
	}
	inspector_open(&x->inspector, x->tshark.found ? x->tshark.path : NULL,
		       found ? x->sharkd : NULL, &x->dissect);
	return true;
}

void examine_close(struct examine *x)
{
	inspector_close(&x->inspector);
}

int examine_print(struct buf *out)
{
	bool ok = !out->failed && fwrite(out->p, 1, out->n, stdout) == out->n && !fflush(stdout);

	buf_done(out);
	if (ok)
		return EXIT_BALANCED;
	fprintf(stderr, "secvf: standard output cannot be written\n");
	return EXIT_ENVIRONMENT;
}
