/* serve.c - `secvf serve`: the panel in a browser */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hosting.h"
#include "cli/serve.h"
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

static bool parse(struct serve *s, int argc, char **argv, struct err *err)
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
	unsigned long long port;
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		switch (word) {
		case 's': s->start = true; break;
		case 'p':
			if (!cli_u64("--port", optarg, 0, 65535, &port, err))
				return false;
			s->port = (uint16_t)port;
			break;
		case 'b': s->address = optarg; break;
		case 'c': s->certificate = optarg; break;
		case 'k': s->key = optarg; break;
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

/* ---- where ---- */

bool serve_where(struct serve *s, const char *option, char *text, struct err *err)
{
	char *port = text ? strrchr(text, ':') : NULL, *bracket = text ? strrchr(text, ']') : NULL;
	unsigned long long number = 0;

	if (!text)
		return true;
	if (bracket && port && port < bracket)
		port = NULL;
	/* More than one, and no brackets: an address of IPv6. */
	if (!bracket && port && strchr(text, ':') != port)
		port = NULL;
	if (!port && *text && !text[strspn(text, "0123456789")])
		port = text;
	else if (port)
		*port++ = '\0';
	if (port && !cli_u64(option, port, 0, 65535, &number, err))
		return false;
	s->port = (uint16_t)number;
	if (port == text || !*text)
		return true;
	if (bracket && text[0] == '[' && !bracket[1]) {
		*bracket = '\0';
		text++;
	}
	s->address = text;
	return true;
}

/* ---- serving ---- */

/* Return: EXIT_BALANCED, or why it can't go on */
static int start_capture(const struct serve *s, struct hosting *h)
{
	struct json_object *body = json_object_new_object();
	struct err err = {0};
	int exit = EXIT_BALANCED;

	if (hosting_start(&h->panel, body, &err) != PANEL_OK)
		exit = cli_say(&err);
	json_object_put(body);
	return s->must_start ? exit : EXIT_BALANCED;
}

static int serve(const struct serve *s, struct hosting *h, struct err *err)
{
	struct server_config config = {.panel = &h->panel,
				       .address = s->address,
				       .port = s->port,
				       .certificate = s->certificate,
				       .key = s->key};
	struct server *server;
	sigset_t ends;
	int number, exit = EXIT_BALANCED;

	/* Before any thread: they all leave these to us. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	server = hosting_open(h, s->words, s->word, s->tshark, err) ? server_start(&config, err)
								    : NULL;
	if (!server) {
		hosting_close(h);
		return cli_say(err);
	}
	printf("%s\n", server_url(server));
	fflush(stdout);
	if (s->start)
		exit = start_capture(s, h);
	if (exit == EXIT_BALANCED)
		sigwait(&ends, &number);
	if (!server_stop(server))
		_Exit(EXIT_ENVIRONMENT);
	hosting_close(h);
	/* A replay that is shown ends as one that is not. */
	return exit == EXIT_BALANCED && s->must_start ? h->exit : exit;
}

int serve_run(const struct serve *s)
{
	struct hosting *h = calloc(1, sizeof(*h));
	struct err err = {0};
	int exit;

	if (!h)
		return EXIT_ENVIRONMENT;
	exit = serve(s, h, &err);
	free(h);
	return exit;
}

int cli_serve(int argc, char **argv)
{
	struct serve s = {.port = 0};
	struct err err = {0};
	bool ok = parse(&s, argc, argv, &err);

	/* Trying them moves optind. */
	s.words = argc - optind;
	s.word = argv + optind;
	if (ok && try_words(s.words, s.word, &s.tshark, &err))
		return serve_run(&s);
	return err.text[0] ? cli_say(&err) : err.exit;
}
