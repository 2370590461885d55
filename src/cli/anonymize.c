/* anonymize.c - `secvf anonymize`: a capture without the addresses, names and contents it had */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anonymize/anonymize.h"
#include "capfile/export.h"
#include "cli/cli.h"
#include "cli/outfile.h"

static const char help[] =
	"usage: secvf anonymize FILE -w OUT --key-file F|--key KEY [OPTION...]\n"
	"\n"
	"Writes a capture anew with other addresses and names, the same ones each time under the same key. IP\n"
	"addresses keep the prefixes that they share (Crypto-PAn). Frames keep their lengths and times, checksums\n"
	"stay right or wrong. Kept as they are: 0.0.0.0/8, loopback, multicast, broadcast; prefixes of link-local\n"
	"addresses; names of interfaces. OUT has no comments and no other blocks, and is there whole or not at all.\n"
	"\n"
	"  -w OUT              file to write; .gz and .zst are compressed; '-' is standard output\n"
	"  -F FORMAT           pcapng (default), pcap (microseconds), nsecpcap\n"
	"  --key-file F        file with the key: one line of text, or 64 hexadecimal digits (Crypto-PAn's key)\n"
	"  --key KEY           the key itself, which others on this machine may see while it runs\n"
	"  --payload MODE      what packets carry: zero (default), random, or keep, but for DNS, DHCP and the\n"
	"                      names in HTTP and TLS, which are replaced\n"
	"  --unknown MODE      what is not understood: zero (default), keep, or drop the frame\n"
	"  --keep-oui          the first three bytes of MAC addresses stay\n"
	"  --keep-private      10/8, 172.16/12, 192.168/16 and fc00::/7 stay what they are, addresses in them do not\n"
	"  --tolerant          a broken file is no error\n"
	"  -q, --quiet         no account\n";

#define KEY_FILE_MAX 4096u

struct job {
	const char *in, *out, *key, *key_file;
	enum export_format format;
	struct anonymize_config config;
	bool tolerant, quiet;
	struct anonymize *anonymize;
};

/* ---- options ---- */

static bool parse_format(struct job *j, const char *text, struct err *err)
{
	if (strcmp(text, "pcapng") == 0)
		j->format = EXPORT_PCAPNG;
	else if (strcmp(text, "pcap") == 0)
		j->format = EXPORT_PCAP;
	else if (strcmp(text, "nsecpcap") == 0)
		j->format = EXPORT_PCAP_NS;
	else {
		err_set(err, EXIT_USAGE, "-F '%s': pcapng, pcap or nsecpcap is wanted", text);
		return false;
	}
	return true;
}

static bool parse_mode(const char *option, const char *text, const char *third,
		       enum anonymize_mode third_mode, enum anonymize_mode *mode, struct err *err)
{
	if (strcmp(text, "zero") == 0)
		*mode = ANONYMIZE_ZERO;
	else if (strcmp(text, "keep") == 0)
		*mode = ANONYMIZE_KEEP;
	else if (strcmp(text, third) == 0)
		*mode = third_mode;
	else {
		err_set(err, EXIT_USAGE, "%s '%s': zero, keep or %s is wanted", option, text,
			third);
		return false;
	}
	return true;
}

static bool parse_word(struct job *j, int word, struct err *err)
{
	switch (word) {
	case 'w': j->out = optarg; return true;
	case 'F': return parse_format(j, optarg, err);
	case 'q': j->quiet = true; return true;
	case 'k': j->key = optarg; return true;
	case 'f': j->key_file = optarg; return true;
	case 'o': j->config.pseudonym.keep_oui = true; return true;
	case 'r': j->config.pseudonym.keep_private = true; return true;
	case 't': j->tolerant = true; return true;
	case 'p':
		return parse_mode("--payload", optarg, "random", ANONYMIZE_RANDOM,
				  &j->config.payload, err);
	case 'u':
		return parse_mode("--unknown", optarg, "drop", ANONYMIZE_DROP, &j->config.unknown,
				  err);
	case 'h':
		fputs(help, stdout);
		err_set(err, EXIT_BALANCED, "%s", "");
		return false;
	default: return false;
	}
}

static bool parse_done(struct job *j, char **rest, int count, struct err *err)
{
	if (count != 1)
		err_set(err, EXIT_USAGE, "%s",
			count ? "one FILE is anonymized at a time"
			      : "what is to be anonymized? name a capture");
	else if (!j->out)
		err_set(err, EXIT_USAGE,
			"where to? name a file: -w OUT, or -w - for standard output");
	else if (!j->key == !j->key_file)
		err_set(err, EXIT_USAGE,
			"%s; 'head -c 32 /dev/urandom | xxd -p -c 64 >key' makes one for --key-file",
			j->key ? "--key and --key-file: one of them" : "a key is wanted");
	else if (j->key && !*j->key)
		err_set(err, EXIT_USAGE, "--key '': an empty key hides nothing");
	else
		j->in = rest[0];
	return j->in != NULL;
}

static bool parse(struct job *j, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"key", required_argument, NULL, 'k'},
		{"key-file", required_argument, NULL, 'f'},
		{"payload", required_argument, NULL, 'p'},
		{"unknown", required_argument, NULL, 'u'},
		{"keep-oui", no_argument, NULL, 'o'},
		{"keep-private", no_argument, NULL, 'r'},
		{"tolerant", no_argument, NULL, 't'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":w:F:qh", words, NULL)) != -1) {
		if (word == '?' || word == ':') {
			cli_usage(word, argv, "anonymize", err);
			return false;
		}
		if (!parse_word(j, word, err))
			return false;
	}
	return parse_done(j, argv + optind, argc - optind, err);
}

/* ---- the key ---- */

static bool key_failed(const struct job *j, const char *why, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "--key-file %s: %s", j->key_file, why);
	return false;
}

/* The text of the file's only line, in @text, which the caller cleanses. */
static bool read_key(const struct job *j, char text[KEY_FILE_MAX], size_t *n, struct err *err)
{
	FILE *f = fopen(j->key_file, "re");

	if (!f)
		return key_failed(j, strerror(errno), err);
	/* No buffer of its own that the key would stay in. */
	setvbuf(f, NULL, _IONBF, 0);
	*n = fread(text, 1, KEY_FILE_MAX, f);
	if (ferror(f)) {
		fclose(f);
		return key_failed(j, "cannot be read", err);
	}
	fclose(f);
	while (*n && (text[*n - 1] == '\n' || text[*n - 1] == '\r'))
		(*n)--;
	if (!*n)
		return key_failed(j, "it is empty, which hides nothing", err);
	if (*n == KEY_FILE_MAX || memchr(text, '\n', *n))
		return key_failed(j, "it has more than a line; is it the key?", err);
	return true;
}

static bool take_key(struct job *j, struct err *err)
{
	unsigned char *key = j->config.pseudonym.key;
	char text[KEY_FILE_MAX];
	size_t n = 0;
	bool ok;

	if (j->key)
		ok = pseudonym_key(j->key, strlen(j->key), key);
	else if (!read_key(j, text, &n, err))
		return false;
	else
		ok = pseudonym_key(text, n, key);
	OPENSSL_cleanse(text, sizeof(text));
	j->anonymize = ok ? anonymize_open(&j->config) : NULL;
	OPENSSL_cleanse(key, PSEUDONYM_KEY_BYTES);
	if (!j->anonymize)
		err_set(err, EXIT_ENVIRONMENT,
			"the cipher cannot be set up (libcrypto), or no memory");
	return j->anonymize != NULL;
}

/* ---- work ---- */

static bool on_frame(void *ctx, int linktype, unsigned char *data, uint32_t caplen)
{
	struct job *j = ctx;

	return anonymize_frame(j->anonymize, linktype, data, caplen);
}

static void account(const struct job *j, const struct export_stats *out)
{
	const struct anonymize_stats *s = anonymize_stats(j->anonymize);

	if (j->quiet)
		return;
	fprintf(stderr, "anonymized %" PRIu64 " frames, %" PRIu64 " of them changed, to %s\n",
		s->frames, s->changed, strcmp(j->out, "-") == 0 ? "standard output" : j->out);
	fprintf(stderr,
		"replaced %" PRIu64 " IPv4, %" PRIu64 " IPv6, %" PRIu64 " MAC addresses, %" PRIu64
		" labels of names; %s %" PRIu64 " contents; mended %" PRIu64 " checksums\n",
		s->ipv4, s->ipv6, s->mac, s->name,
		j->config.payload == ANONYMIZE_RANDOM ? "randomized" : "zeroed", s->payload,
		s->sums);
	if (s->unknown)
		fprintf(stderr, "not understood in all parts: %" PRIu64 " frames; %s\n", s->unknown,
			j->config.unknown == ANONYMIZE_KEEP   ? "those parts are as they were"
			: j->config.unknown == ANONYMIZE_DROP ? "those frames were left out"
							      : "those parts were zeroed");
	if (s->broken_sums)
		fprintf(stderr,
			"fragments: %" PRIu64
			"; their transport's checksum covers contents that are "
			"others now\n",
			s->broken_sums);
	if (out->left_out)
		fprintf(stderr, "left out %" PRIu64 " blocks that are no frames\n", out->left_out);
}

static bool write_all(struct job *j, struct capfile *c, struct selection *selection, bool *broken,
		      struct err *err)
{
	const struct export_config config = {.format = j->format,
					     .compress = compress_kind_of(j->out),
					     .application = "secvf " SECVF_VERSION,
					     .selection = selection,
					     .bare = true,
					     .frame = on_frame,
					     .write = outfile_write,
					     .ctx = j};
	struct export *e = export_open(&config, err);
	enum export_result result = e ? export_input(e, c, err) : EXPORT_FAILED;
	bool ok = result != EXPORT_FAILED;

	*broken = result == EXPORT_BROKEN;
	if (*broken)
		cli_say(err);
	ok = ok && export_end(e, err) && outfile_seal(err);
	if (ok)
		account(j, export_stats(e));
	export_close(e);
	return ok;
}

static bool run(struct job *j, bool *broken, struct err *err)
{
	const struct selection_config all = {0};
	struct selection *selection = NULL;
	struct capfile *c = NULL;
	bool ok = take_key(j, err);

	if (ok)
		c = capfile_open(j->in, err);
	if (c)
		selection = selection_open(&all, err);
	ok = selection && outfile_open(j->out, err) && write_all(j, c, selection, broken, err);
	outfile_drop();
	selection_close(selection);
	capfile_close(c);
	return ok;
}

int cli_anonymize(int argc, char **argv)
{
	struct job j = {.format = EXPORT_PCAPNG};
	struct err err = {0};
	bool broken = false;
	bool ok = parse(&j, argc, argv, &err) && run(&j, &broken, &err);

	anonymize_close(j.anonymize);
	if (!ok)
		return err.exit == EXIT_BALANCED ? EXIT_BALANCED : cli_say(&err);
	return broken && !j.tolerant ? EXIT_ENVIRONMENT : EXIT_BALANCED;
}
