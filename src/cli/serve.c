/* serve.c - `secvf serve`: the panel in a browser */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hosting.h"
#include "web/server.h"

static const char help[] =
	"usage: secvf serve [OPTION...] [-- REPLAY-OPTION... FILE...]\n"
	"\n"
	"Opens the Packet Analysis panel for a browser, and prints its address. What stands behind -- are\n"
	"words of 'secvf replay': captures that are replayed through the switch, --port tap:NAME,\n"
	"--from iface:NAME, rates, filters. Captures are started, stopped and opened in the panel.\n"
	"\n"
	"  --start             start the capture at once\n"
	"  --port N            port to listen at (default: one that is free)\n"
	"  --bind ADDRESS      address to listen at (default 127.0.0.1); another than loopback needs TLS\n"
	"  --tls-cert FILE     certificate, PEM\n"
	"  --tls-key FILE      its key, PEM\n"
	"  -h, --help          this text\n"
	"\n"
	"Whoever has the address with its token is let in. SIGINT ends it.\n";

struct serving {
	struct hosting hosting;
	struct server_config config;
	unsigned long long port;
	const char *tshark; /* as the words of replay say */
	bool start;
};

static bool parse(struct serving *s, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"start", no_argument, NULL, 's'},
		{"port", required_argument, NULL, 'p'},
		{"bind", required_argument, NULL, 'b'},
		{"tls-cert", required_argument, NULL, 'c'},
		{"tls-key", required_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		switch (word) {
		case 's': s->start = true; break;
		case 'p':
			if (!cli_u64("--port", optarg, 0, 65535, &s->port, err))
				return false;
			break;
		case 'b': s->config.address = optarg; break;
		case 'c': s->config.certificate = optarg; break;
		case 'k': s->config.key = optarg; break;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default:
			err_set(err, EXIT_USAGE,
				"%s '%s'; 'secvf serve --help' lists the options, and words of "
				"'secvf replay' stand behind --",
				word == ':' ? "a value is missing after" : "there is no option",
				argv[optind - 1]);
			return false;
		}
	}
	return true;
}

/* The words behind -- are right, as far as they can be told now. Files may come later. */
static bool try_words(int words, char **word, const char **tshark, struct err *err)
{
	struct options *o = calloc(1, sizeof(*o));
	char **argv = calloc((size_t)words + 3, sizeof(*argv));
	bool ok = false;

	if (o && argv && words) {
		argv[0] = (char *)"replay";
		memcpy(argv + 1, word, (size_t)words * sizeof(*argv));
		ok = options_parse(o, words + 1, argv, err);
		/* A capture may be named in the panel. */
		if (!ok && strstr(err->text, "no capture was named"))
			ok = true;
		*tshark = o->tshark;
	}
	free(argv);
	free(o);
	return ok || !words;
}

static int serve(struct serving *s, struct err *err)
{
	struct server *server;
	sigset_t ends;
	int number;

	/* Before any thread: they all leave these to us. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!hosting_open(&s->hosting, s->hosting.words, s->hosting.word, s->tshark, err)) {
		hosting_close(&s->hosting);
		return cli_say(err);
	}
	s->config.panel = &s->hosting.panel;
	s->config.port = (uint16_t)s->port;
	server = server_start(&s->config, err);
	if (!server) {
		hosting_close(&s->hosting);
		return cli_say(err);
	}
	printf("%s\n", server_url(server));
	fflush(stdout);
	if (s->start) {
		struct json_object *body = json_object_new_object();

		if (hosting_start(&s->hosting.panel, body, err) != PANEL_OK)
			cli_say(err);
		json_object_put(body);
	}
	sigwait(&ends, &number);
	if (!server_stop(server))
		_Exit(EXIT_ENVIRONMENT);
	hosting_close(&s->hosting);
	return EXIT_BALANCED;
}

int cli_serve(int argc, char **argv)
{
	struct serving *s = calloc(1, sizeof(*s));
	struct err err = {0};
	bool ok;
	int exit;

	if (!s)
		return EXIT_ENVIRONMENT;
	ok = parse(s, argc, argv, &err);

	/* Trying them moves optind. */
	s->hosting.words = argc - optind;
	s->hosting.word = argv + optind;
	if (ok && try_words(s->hosting.words, s->hosting.word, &s->tshark, &err))
		exit = serve(s, &err);
	else
		exit = err.text[0] ? cli_say(&err) : err.exit;
	free(s);
	return exit;
}
