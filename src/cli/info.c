/* info.c - `secvf info`: what captures and sessions hold */
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/safe.h"
#include "capfile/linktype.h"
#include "capfile/survey.h"
#include "capfile/when.h"
#include "cli/cli.h"
#include "cli/inputs.h"

static const char help[] =
	"usage: secvf info [OPTION...] [FILE|FOLDER...]\n"
	"\n"
	"What captures (pcap, pcapng, also .gz and .zst) hold: frames, time, interfaces and what those dropped,\n"
	"texts, and over all of them protocols and the addresses with most bytes. A broken file is told as far as\n"
	"it is whole, and the exit code is 3.\n"
	"\n"
	"  --session NAME   the files NAME-rotN.pcapng of $AVF_HOME/Captures\n"
	"  --top N          addresses to list (default 10)\n"
	"  --json           one JSON object\n"
	"  --tolerant       a broken file is no error\n";

#define TOP_MAX	     1000u
#define TEXT_COLUMNS 200u
#define NS_PER_S     UINT64_C(1000000000)

struct info {
	struct inputs inputs;
	unsigned long long top;
	bool json, tolerant;
	struct survey survey;
	struct json_object *root, *files;
	unsigned broken;
};

/* ---- text ---- */

/* "label      text", made harmless. */
static void say_text(const char *label, const char *text)
{
	struct buf b = {0};
	unsigned columns;

	if (!text)
		return;
	(void)safe_put(&b, text, strlen(text), TEXT_COLUMNS, &columns);
	printf("%-11s%.*s\n", label, (int)b.n, b.p ? b.p : "");
	buf_done(&b);
}

static void say_interface(const struct capfile_interface *in, const struct survey_interface *n,
			  unsigned index)
{
	struct buf b = {0};
	unsigned columns;

	if (in->name)
		(void)safe_put(&b, in->name, strlen(in->name), TEXT_COLUMNS, &columns);
	if (in->description) {
		buf_puts(&b, " (");
		(void)safe_put(&b, in->description, strlen(in->description), TEXT_COLUMNS,
			       &columns);
		buf_puts(&b, ")");
	}
	printf("interface  %u %.*s%s%s: %" PRIu64 " frames, %" PRIu64 " bytes", index, (int)b.n,
	       b.p ? b.p : "", b.n ? " " : "", linktype_name(in->linktype), n->frames, n->bytes);
	if (n->drops)
		printf(", %" PRIu64 " dropped before frames", n->drops);
	if (n->received != SURVEY_UNKNOWN)
		printf(", %" PRIu64 " received", n->received);
	if (n->dropped != SURVEY_UNKNOWN)
		printf(", %" PRIu64 " dropped", n->dropped);
	putchar('\n');
	buf_done(&b);
}

static void say_span(const struct survey_file *file)
{
	char first[WHEN_TEXT_MAX], last[WHEN_TEXT_MAX];
	uint64_t span = file->last_ns - file->first_ns;

	when_text(file->first_ns, first);
	when_text(file->last_ns, last);
	printf("time       %s to %s, %" PRIu64 ".%09" PRIu64 " s", first, last, span / NS_PER_S,
	       span % NS_PER_S);
	if (file->backwards)
		printf("; %" PRIu64 " frames are earlier than the one before", file->backwards);
	putchar('\n');
}

static void say_file(const struct survey *s, const struct capfile *c)
{
	const struct survey_file *file = &s->file;
	const struct capfile_section *section = capfile_section(c);
	unsigned count;
	const struct capfile_interface *in = capfile_interfaces(c, &count);

	say_text("file", capfile_path(c));
	printf("format     %s, %" PRIu64 " bytes%s\n", capfile_is_pcapng(c) ? "pcapng" : "pcap",
	       capfile_taken(c), capfile_is_packed(c) ? " compressed" : "");
	say_text("hardware", section->hardware);
	say_text("os", section->os);
	say_text("writer", section->application);
	say_text("comment", section->comment);
	printf("frames     %" PRIu64 ", %" PRIu64 " bytes captured of %" PRIu64 "\n", file->frames,
	       file->caplen_bytes, file->len_bytes);
	if (file->frames)
		say_span(file);
	for (unsigned i = 0; i < count && i < file->interface_count; i++)
		say_interface(&in[i], &file->interfaces[i], i);
	if (file->comments)
		printf("comments   %" PRIu64 "\n", file->comments);
	if (file->names + file->secrets + file->statistics + file->other || file->sections > 1)
		printf("blocks     %" PRIu64 " sections, %" PRIu64 " of names, %" PRIu64
		       " of secrets, %" PRIu64 " of statistics, %" PRIu64 " others\n",
		       file->sections, file->names, file->secrets, file->statistics, file->other);
	putchar('\n');
}

static void say_all(const struct info *info)
{
	const struct survey *s = &info->survey;
	const struct survey_talker *top[TOP_MAX];
	size_t n = survey_top(s, top, (size_t)info->top);

	for (unsigned i = 0; i < s->stats.rows; i++)
		printf("%-11s%s: %" PRIu64 " frames, %" PRIu64 " bytes\n", i ? "" : "protocols",
		       s->stats.row[i].name, s->stats.row[i].frames, s->stats.row[i].bytes);
	if (s->not_ethernet)
		printf("not decoded %" PRIu64 " frames that are not Ethernet\n", s->not_ethernet);
	for (size_t i = 0; i < n; i++) {
		char address[BASIC_ADDRESS_MAX];

		survey_address(top[i], address);
		printf("%-11s%s: %" PRIu64 " frames, %" PRIu64 " bytes\n", i ? "" : "talkers",
		       address, top[i]->frames, top[i]->bytes);
	}
	if (s->unfit)
		printf("           %" PRIu64
		       " frames had addresses that did not fit into the table of "
		       "%u\n",
		       s->unfit, SURVEY_TALKERS_MAX);
}

/* ---- JSON ---- */

static void put_u64(struct json_object *o, const char *key, uint64_t v)
{
	json_object_object_add(o, key, json_object_new_uint64(v));
}

/* Any bytes as a JSON string, valid UTF-8 always; null where there is none. */
static void put_text(struct json_object *o, const char *key, const char *text)
{
	struct buf b = {0};
	struct json_object *value = NULL;

	if (text) {
		buf_json(&b, text, strlen(text));
		buf_putc(&b, '\0');
		value = b.failed ? NULL : json_tokener_parse(b.p);
	}
	json_object_object_add(o, key, value);
	buf_done(&b);
}

static void put_interface(struct json_object *list, const struct capfile_interface *in,
			  const struct survey_interface *n)
{
	struct json_object *o = json_object_new_object();

	put_text(o, "name", in->name);
	put_text(o, "description", in->description);
	put_u64(o, "linktype", (uint64_t)in->linktype);
	put_text(o, "linktype_name", linktype_name(in->linktype));
	put_u64(o, "snaplen", in->snaplen);
	put_u64(o, "frames", n->frames);
	put_u64(o, "bytes", n->bytes);
	put_u64(o, "epb_dropcount", n->drops);
	if (n->received != SURVEY_UNKNOWN)
		put_u64(o, "received", n->received);
	if (n->dropped != SURVEY_UNKNOWN)
		put_u64(o, "dropped", n->dropped);
	json_object_array_add(list, o);
}

static void put_span(struct json_object *o, const struct survey_file *file)
{
	char text[WHEN_TEXT_MAX];

	when_text(file->first_ns, text);
	put_text(o, "first", text);
	when_text(file->last_ns, text);
	put_text(o, "last", text);
	put_u64(o, "span_ns", file->last_ns - file->first_ns);
	put_u64(o, "backwards", file->backwards);
}

static void put_file(struct info *info, const struct capfile *c)
{
	const struct survey_file *file = &info->survey.file;
	const struct capfile_section *section = capfile_section(c);
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	unsigned count;
	const struct capfile_interface *in = capfile_interfaces(c, &count);

	put_text(o, "path", capfile_path(c));
	put_text(o, "format", capfile_is_pcapng(c) ? "pcapng" : "pcap");
	json_object_object_add(o, "compressed", json_object_new_boolean(capfile_is_packed(c)));
	put_u64(o, "file_bytes", capfile_taken(c));
	put_text(o, "hardware", section->hardware);
	put_text(o, "os", section->os);
	put_text(o, "application", section->application);
	put_text(o, "comment", section->comment);
	put_u64(o, "frames", file->frames);
	put_u64(o, "bytes", file->caplen_bytes);
	put_u64(o, "wire_bytes", file->len_bytes);
	if (file->frames)
		put_span(o, file);
	for (unsigned i = 0; i < count && i < file->interface_count; i++)
		put_interface(list, &in[i], &file->interfaces[i]);
	json_object_object_add(o, "interfaces", list);
	put_u64(o, "comments", file->comments);
	put_u64(o, "sections", file->sections);
	put_u64(o, "name_blocks", file->names);
	put_u64(o, "secrets_blocks", file->secrets);
	put_u64(o, "statistics_blocks", file->statistics);
	put_u64(o, "other_blocks", file->other);
	put_text(o, "broken", file->broken ? file->err.text : NULL);
	json_object_array_add(info->files, o);
}

static void put_counted(struct json_object *list, const char *key, const char *name,
			uint64_t frames, uint64_t bytes)
{
	struct json_object *o = json_object_new_object();

	put_text(o, key, name);
	put_u64(o, "frames", frames);
	put_u64(o, "bytes", bytes);
	json_object_array_add(list, o);
}

static void print_json(struct info *info)
{
	const struct survey *s = &info->survey;
	const struct survey_talker *top[TOP_MAX];
	size_t n = survey_top(s, top, (size_t)info->top);
	struct json_object *protocols = json_object_new_array(), *talkers = json_object_new_array();

	for (unsigned i = 0; i < s->stats.rows; i++)
		put_counted(protocols, "name", s->stats.row[i].name, s->stats.row[i].frames,
			    s->stats.row[i].bytes);
	for (size_t i = 0; i < n; i++) {
		char address[BASIC_ADDRESS_MAX];

		survey_address(top[i], address);
		put_counted(talkers, "address", address, top[i]->frames, top[i]->bytes);
	}
	json_object_object_add(info->root, "files", info->files);
	json_object_object_add(info->root, "protocols", protocols);
	put_u64(info->root, "not_ethernet", s->not_ethernet);
	json_object_object_add(info->root, "talkers", talkers);
	put_u64(info->root, "addresses", s->talkers);
	put_u64(info->root, "addresses_unfit_frames", s->unfit);
	printf("%s\n",
	       json_object_to_json_string_ext(info->root, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---- work ---- */

static bool parse(struct info *info, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"session", required_argument, NULL, 's'}, {"top", required_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'j'},	   {"tolerant", no_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},	   {NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		switch (word) {
		case 's':
			if (!inputs_session(&info->inputs, optarg, err))
				return false;
			break;
		case 'n':
			if (!cli_u64("--top", optarg, 0, TOP_MAX, &info->top, err))
				return false;
			break;
		case 'j': info->json = true; break;
		case 't': info->tolerant = true; break;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default: cli_usage(word, argv, "info", err); return false;
		}
	}
	for (; optind < argc; optind++) {
		if (!inputs_add(&info->inputs, argv[optind], err))
			return false;
	}
	if (!info->inputs.count)
		err_set(err, EXIT_USAGE,
			"of what? name captures, a folder of them, or --session NAME");
	return info->inputs.count > 0;
}

static bool read_one(struct info *info, const char *path, struct err *err)
{
	struct capfile *c = capfile_open(path, err);

	if (!c) {
		cli_say(err);
		info->broken++;
		return true;
	}
	if (!survey_read(&info->survey, c, NULL, NULL)) {
		err_set(err, EXIT_ENVIRONMENT, "%s: no memory", path);
		capfile_close(c);
		return false;
	}
	if (info->json)
		put_file(info, c);
	else
		say_file(&info->survey, c);
	if (info->survey.file.broken) {
		fflush(stdout);
		cli_say(&info->survey.file.err);
		info->broken++;
	}
	capfile_close(c);
	return true;
}

static bool run(struct info *info, struct err *err)
{
	bool ok = survey_init(&info->survey);

	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "no memory");
	info->root = json_object_new_object();
	info->files = json_object_new_array();
	for (size_t i = 0; ok && i < info->inputs.count; i++)
		ok = read_one(info, info->inputs.paths[i], err);
	if (ok && info->json)
		print_json(info);
	else
		json_object_put(info->files);
	if (ok && !info->json)
		say_all(info);
	json_object_put(info->root);
	if (ok && (fflush(stdout) || ferror(stdout))) {
		err_set(err, EXIT_ENVIRONMENT, "standard output cannot be written");
		ok = false;
	}
	return ok;
}

int cli_info(int argc, char **argv)
{
	struct info info = {.top = 10};
	struct err err = {0};
	bool ok = parse(&info, argc, argv, &err) && run(&info, &err);

	survey_done(&info.survey);
	inputs_done(&info.inputs);
	if (!ok && err.exit != EXIT_BALANCED)
		return cli_say(&err);
	return ok && info.broken && !info.tolerant ? EXIT_ENVIRONMENT : EXIT_BALANCED;
}
