/* inspector.c - sharkd, or else tshark */
#include "os/inspector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "analysis/hint.h"
#include "base/check.h"
#include "capfile/capfile.h"
#include "os/collect.h"

/* A pcap of Ethernet without frames: what a filter is tried on. */
static const unsigned char no_frames[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
					    0,	  0,	0,    0,    0, 0, 4, 0, 1, 0, 0, 0};

/* Names of what -N resolves, as preferences; all others of them are off. */
static const struct {
	char letter;
	const char *name;
} resolutions[] = {
	{'m', "nameres.mac_name"},
	{'t', "nameres.transport_name"},
	{'n', "nameres.network_name"},
	{'d', "nameres.dns_pkt_addr_resolution"},
	{'N', "nameres.use_external_name_resolver"},
	{'v', "nameres.vlan_name"},
	{'s', "nameres.ss7_pc_name"},
};

/* tshark's exit statuses: an option that it does not take, an error in a file that it reads. */
#define TSHARK_WRONG_OPTION 1
#define TSHARK_BROKEN_FILE  2
/* Of one question to it: -2 -Y FILTER -T json -e frame.number, and -e FIELD each; then a NULL. */
#define WORDS_MAX (8 + 2 * VALUES_FIELDS_MAX)

void inspector_open(struct inspector *x, const char *tshark, const char *sharkd,
		    const struct dissect *dissect)
{
	*x = (struct inspector){.tshark = tshark, .sharkd_path = sharkd, .dissect = dissect};
}

void inspector_close(struct inspector *x)
{
	sharkd_close(&x->sharkd);
	fields_done(&x->fields);
	x->loaded = false;
}

void inspector_use(struct inspector *x, const char *sharkd)
{
	if (sharkd || x->tshark)
		x->sharkd_path = sharkd;
	if (x->sharkd_path)
		return;
	sharkd_close(&x->sharkd);
	x->loaded = false;
}

void inspector_load(struct inspector *x, const char *file)
{
	snprintf(x->file, sizeof(x->file), "%s%s", file[0] == '-' ? "./" : "", file);
	x->loaded = false;
}

void inspector_stop_by(struct inspector *x, const struct waker *stop)
{
	x->stop = x->sharkd.stop = stop;
}

/* ---- sharkd ---- */

/* "NAME:VALUE" */
static bool set_preference(struct inspector *x, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	char name[256];

	snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
	return sharkd_set(&x->sharkd, name, colon + 1, err) == SHARKD_OK;
}

static bool set_up(struct inspector *x, struct err *err)
{
	const struct dissect *d = x->dissect;
	const char *resolve = d && d->resolve ? d->resolve : "";
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(resolutions) / sizeof(resolutions[0]); i++)
		ok = sharkd_set(&x->sharkd, resolutions[i].name,
				strchr(resolve, resolutions[i].letter) ? "TRUE" : "FALSE",
				err) != SHARKD_GONE;
	for (unsigned i = 0; ok && d && i < d->preferences; i++)
		ok = set_preference(x, d->preference[i], err);
	if (ok && d && d->keylog[0])
		ok = set_preference(x, d->keylog, err);
	return ok;
}

/* sharkd knows no decode-as. */
bool inspector_by_tshark(const struct inspector *x)
{
	return !x->sharkd_path || (x->tshark && x->dissect && x->dissect->decodes);
}

static bool need_sharkd(struct inspector *x, struct err *err)
{
	if (sharkd_is_open(&x->sharkd))
		return true;
	x->loaded = false;
	x->loads = 0;
	if (!sharkd_open(&x->sharkd, x->sharkd_path, err))
		return false;
	x->sharkd.stop = x->stop;
	if (set_up(x, err))
		return true;
	sharkd_close(&x->sharkd);
	return false;
}

static bool need_capture(struct inspector *x, struct err *err)
{
	if (x->loaded && sharkd_is_open(&x->sharkd))
		return true;
	if (x->loads == INSPECTOR_LOADS_MAX)
		sharkd_close(&x->sharkd);
	if (!need_sharkd(x, err))
		return false;
	x->loads++;
	x->loaded = sharkd_load(&x->sharkd, x->file, err) == SHARKD_OK;
	if (!x->loaded && sharkd_is_open(&x->sharkd)) {
		/* Where our reader fails, too, it says more. */
		struct capfile *c = capfile_open(x->file, err);

		if (c)
			capfile_close(c);
	}
	return x->loaded;
}

bool inspector_read(struct inspector *x, struct err *err)
{
	return need_capture(x, err);
}

/* ---- tshark ---- */

/* `tshark PREFERENCES -r FILE WORDS...` Return: whether it ended well, @err else */
static bool ask_tshark(struct inspector *x, const char *file, const char *const words[],
		       struct collect *c, struct err *err)
{
	char *argv[DISSECT_ARGS_MAX + WORDS_MAX + 4] = {(char *)x->tshark};
	char why[640], *list;
	bool refused;
	int n = 1, error;

	n += dissect_args(x->dissect, argv + n);
	argv[n++] = (char *)"-r";
	argv[n++] = (char *)file;
	for (int i = 0; words[i]; i++)
		argv[n++] = (char *)words[i];
	if (!c->timeout_ns)
		c->timeout_ns = INSPECTOR_TSHARK_NS;
	c->bytes_max = INSPECTOR_OUTPUT_MAX;
	error = collect_run(c, argv);
	if (!error && WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0)
		return true;
	collect_why(c, error, why);
	/* Of what could stand for a wrong word of -d it names some hundred kinds. */
	list = strstr(why, " Valid layer types are:");
	if (!list)
		list = strstr(why, " Valid protocols for layer type");
	if (list)
		snprintf(list, sizeof(why) - (size_t)(list - why),
			 "; 'tshark -G decodes' lists what there is");
	refused = !error && WIFEXITED(c->status) && WEXITSTATUS(c->status) == TSHARK_WRONG_OPTION;
	err_set(err, refused ? EXIT_USAGE : EXIT_ENVIRONMENT, "%s: %s: %s", file, x->tshark, why);
	return false;
}

/* Whether it read a capture to where that is broken: what it printed until then is whole, as it is
 * with sharkd. */
static bool is_cut(const struct collect *c)
{
	return c->out.n && WIFEXITED(c->status) && WEXITSTATUS(c->status) == TSHARK_BROKEN_FILE;
}

/* In two passes, as sharkd does it: what later frames tell of this one is there, too. */
static bool frame_by_tshark(struct inspector *x, uint32_t number, const unsigned char *frame,
			    size_t frame_n, struct layers *l, struct err *err)
{
	char filter[64];
	const char *words[] = {"-2", "-Y", filter, "-T", "pdml", NULL};
	struct collect c = {0};
	bool ok;

	snprintf(filter, sizeof(filter), "frame.number == %u", number);
	ok = ask_tshark(x, x->file, words, &c, err) || is_cut(&c);
	if (ok && !memmem(c.out.p, c.out.n, "<packet>", 8)) {
		err_set(err, EXIT_USAGE, "%s: frame %u: the capture has no such frame", x->file,
			number);
		ok = false;
	}
	ok = ok && layers_from_pdml(l, c.out.p, c.out.n, frame, frame_n, err);
	collect_done(&c);
	return ok;
}

/* ---- questions ---- */

bool inspector_frame(struct inspector *x, uint32_t number, const unsigned char *frame,
		     size_t frame_n, struct layers *l, struct err *err)
{
	char params[128];
	const char *answer;
	size_t n;
	enum sharkd_result result;
	struct err why = {0};

	if (inspector_by_tshark(x))
		return frame_by_tshark(x, number, frame, frame_n, l, err);
	if (!need_capture(x, err))
		return false;
	snprintf(params, sizeof(params),
		 "{\"frame\":%u,\"proto\":true,\"bytes\":true,\"hidden\":true}", number);
	result = sharkd_ask(&x->sharkd, "frame", params, SHARKD_ASK_NS, &answer, &n, &why);
	if (result == SHARKD_OK)
		return layers_from_sharkd(l, answer, n, err);
	if (result == SHARKD_REFUSED)
		err_set(err, EXIT_USAGE, "%s: frame %u: %s", x->file, number, why.text);
	else
		err_set(err, EXIT_ENVIRONMENT, "%s: frame %u: %s", x->file, number, why.text);
	return false;
}

/* As sharkd and tshark call the followers: "HTTP", "TCP"; "http", "tcp". */
static void in_case(const char *word, bool upper, char out[16])
{
	size_t i = 0;

	for (; i < 15 && word[i]; i++)
		out[i] = (char)(word[i] >= 'a' && word[i] <= 'z' && upper ? word[i] - 32 : word[i]);
	out[i] = '\0';
}

static bool follow_by_tshark(struct inspector *x, const char *kind, const char *filter,
			     struct follow *f, struct err *err)
{
	const char *number = strrchr(filter, ' ');
	char tap[128];
	const char *words[] = {"-q", "-z", tap, NULL};
	struct collect c = {0};
	bool ok;

	/* Of those that have streams in a stream, sharkd gives the first. */
	snprintf(tap, sizeof(tap), "follow,%s,raw,%s%s", kind, number ? number + 1 : filter,
		 strcmp(kind, "http2") == 0 || strcmp(kind, "quic") == 0 ? ",0" : "");
	ok = (ask_tshark(x, x->file, words, &c, err) || is_cut(&c)) &&
	     follow_from_tshark(f, c.out.p, c.out.n, err);
	collect_done(&c);
	return ok;
}

bool inspector_follow(struct inspector *x, const char *kind, const char *filter, struct follow *f,
		      struct err *err)
{
	struct buf params = {0};
	char upper[16];
	const char *answer;
	size_t n;
	enum sharkd_result result;
	struct err why = {0};

	if (inspector_by_tshark(x))
		return follow_by_tshark(x, kind, filter, f, err);
	if (!need_capture(x, err))
		return false;
	in_case(kind, true, upper);
	buf_printf(&params, "{\"follow\":\"%s\",\"filter\":", upper);
	buf_json(&params, filter, strlen(filter));
	buf_puts(&params, "}");
	buf_putc(&params, '\0');
	result = sharkd_ask(&x->sharkd, "follow", params.p, SHARKD_LOAD_NS, &answer, &n, &why);
	buf_done(&params);
	if (result == SHARKD_OK)
		return follow_from_sharkd(f, answer, n, err);
	err_set(err, result == SHARKD_REFUSED ? EXIT_USAGE : EXIT_ENVIRONMENT, "%s: %s: %s",
		x->file, filter, why.text);
	return false;
}

/* tshark prints the expression, indented by four, and a caret below the place; collect has joined
 * the lines by blanks: "MESSAGE     EXPRESSION     ^~~". The message may quote the expression. */
static void read_place(const char *said, const char *filter, struct filter_verdict *v)
{
	const char *caret = strrchr(said, '^');
	size_t n = strlen(filter);
	const char *at = caret ? caret : said;

	snprintf(v->message, sizeof(v->message), "%s", said);
	while (at > said && !(strncmp(at, "     ", 5) == 0 && strncmp(at + 5, filter, n) == 0 &&
			      strncmp(at + 5 + n, "     ", 5) == 0))
		at--;
	/* Behind the expression: a blank, as many as it was indented by, and as far as the place
	 * is. */
	if (at == said || caret < at + n + 10)
		return;
	v->message[at - said < (ptrdiff_t)sizeof(v->message) ? at - said : 0] = '\0';
	v->at = (size_t)(caret - (at + n + 10));
	v->n = 1 + strspn(caret + 1, "~");
	if (v->at > n || v->at + v->n > n + 1)
		v->at = v->n = 0;
}

static bool check_by_tshark(struct inspector *x, const char *filter, struct filter_verdict *v,
			    struct err *err)
{
	const char *words[] = {"-Y", filter, NULL};
	struct collect c = {.input = no_frames, .input_n = sizeof(no_frames)};
	struct err why;

	v->ok = ask_tshark(x, "-", words, &c, &why);
	if (!v->ok && !c.said[0]) {
		/* What the file's name would say is of no use: it has none. */
		err_set(err, why.exit, "%s", strncmp(why.text, "-: ", 3) ? why.text : why.text + 3);
		collect_done(&c);
		return false;
	}
	if (!v->ok)
		read_place(c.said, filter, v);
	collect_done(&c);
	return true;
}

/* Return: false where sharkd can't say */
static bool check_by_sharkd(struct inspector *x, const char *filter, struct filter_verdict *v,
			    struct err *err)
{
	struct buf params = {0};
	const char *answer, *warning;
	size_t n;
	enum sharkd_result result;
	struct err why = {0};

	if (!need_sharkd(x, err))
		return false;
	buf_puts(&params, "{\"filter\":");
	buf_json(&params, filter, strlen(filter));
	buf_puts(&params, "}");
	buf_putc(&params, '\0');
	result = sharkd_ask(&x->sharkd, "check", params.p, SHARKD_ASK_NS, &answer, &n, &why);
	buf_done(&params);
	if (result == SHARKD_GONE) {
		*err = why;
		return false;
	}
	v->ok = result == SHARKD_OK;
	if (!v->ok)
		snprintf(v->message, sizeof(v->message), "%s",
			 strncmp(why.text, "Filter invalid - ", 17) ? why.text : why.text + 17);
	else if ((warning = strstr(answer, "\"warning\":\"")))
		snprintf(v->message, sizeof(v->message), "%.*s", (int)strcspn(warning + 11, "\""),
			 warning + 11);
	return true;
}

bool inspector_check(struct inspector *x, const char *filter, struct filter_verdict *v,
		     struct err *err)
{
	bool asked;

	*v = (struct filter_verdict){0};
	/* To tshark no filter at all is right, and so it is here. */
	if (!filter[strspn(filter, " \t")]) {
		v->ok = true;
		return true;
	}
	asked = x->sharkd_path && check_by_sharkd(x, filter, v, err);
	/* Only tshark tells the place. */
	if ((!asked || !v->ok) && x->tshark)
		asked = check_by_tshark(x, filter, v, err);
	if (asked && v->ok)
		v->hint = hint_of(filter);
	return asked;
}

bool inspector_takes(struct inspector *x, const char *filter, struct filter_verdict *v)
{
	struct err err;

	*v = (struct filter_verdict){0};
	if (!sharkd_is_open(&x->sharkd) || !check_by_sharkd(x, filter, v, &err) || !v->ok)
		return false;
	v->hint = hint_of(filter);
	return true;
}

bool inspector_values(struct inspector *x, const char *filter, const char *const *field, unsigned n,
		      uint64_t ns, const struct waker *stop, struct buf *json, struct err *err)
{
	const char *words[WORDS_MAX] = {"-2", "-Y", filter, "-T", "json", "-e", VALUES_NUMBER};
	struct collect c = {.timeout_ns = ns, .stop = stop};
	unsigned at = 7;
	bool ok;

	check(n <= VALUES_FIELDS_MAX);
	for (unsigned i = 0; i < n; i++) {
		words[at++] = "-e";
		words[at++] = field[i];
	}
	ok = ask_tshark(x, x->file, words, &c, err);
	*json = c.out;
	return ok;
}

const struct fields *inspector_fields(struct inspector *x, struct err *err)
{
	char *argv[] = {(char *)x->tshark, (char *)"-G", (char *)"fields", NULL};
	struct collect c = {.timeout_ns = INSPECTOR_TSHARK_NS, .bytes_max = INSPECTOR_OUTPUT_MAX};
	char why[640];
	int error;

	if (x->fields.count)
		return &x->fields;
	if (!x->tshark) {
		err_set(err, EXIT_ENVIRONMENT, "fields are asked of tshark, and there is none");
		return NULL;
	}
	error = collect_run(&c, argv);
	if (error || !fields_parse(&x->fields, &c.out))
		err_set(err, EXIT_ENVIRONMENT, "%s -G fields: %s", x->tshark,
			collect_why(&c, error, why));
	collect_done(&c);
	return x->fields.count ? &x->fields : NULL;
}
