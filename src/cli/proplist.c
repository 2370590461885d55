/* proplist.c - settings as a property list of Apple's */
#include "cli/proplist.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <plist/plist.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/saved.h"
#include "base/sanitized.h"
#include "base/utf8.h"

#define LIMIT_KEY "SecVFCaptureQueueLimit"
#define SAVED_KEY "SavedDisplayFilters"

#define KEY_MAX	  256u

/* ---- what libplist gives ---- */

struct reading {
	struct settings settings;
	const char *name;
	struct err *err;
};

static bool refuse(const struct reading *r, const char *key, const char *words)
{
	err_set(r->err, EXIT_USAGE, "%s: %s%s%s", r->name, key, *key ? ": " : "", words);
	return false;
}

static bool refuse_kind(const struct reading *r, const char *key, const char *wanted, plist_t node)
{
	static const char *const kinds[] = {
		[PLIST_BOOLEAN] = "a boolean", [PLIST_UINT] = "an integer", [PLIST_REAL] = "a real",
		[PLIST_STRING] = "a string",   [PLIST_ARRAY] = "an array",  [PLIST_DICT] = "a dict",
		[PLIST_DATE] = "a date",       [PLIST_DATA] = "data",	    [PLIST_KEY] = "a key",
		[PLIST_UID] = "a UID",
	};
	int kind = (int)plist_get_node_type(node);
	bool known = kind >= 0 && (size_t)kind < sizeof(kinds) / sizeof(kinds[0]);
	char words[128];

	snprintf(words, sizeof(words), "%s is wanted, and %s is there", wanted,
		 known ? kinds[kind] : "nothing");
	return refuse(r, key, words);
}

/* *text: borrowed from the node, right by @wrong. */
static bool read_string(const struct reading *r, const char *key, plist_t node,
			const char *(*wrong)(const char *, size_t), const char **text)
{
	uint64_t n = 0;
	const char *p, *why;

	if (!node || plist_get_node_type(node) != PLIST_STRING)
		return refuse_kind(r, key, "a string", node);
	p = plist_get_string_ptr(node, &n);
	why = p ? wrong(p, n) : "it is empty";
	if (p && !why)
		*text = p;
	return !why || refuse(r, key, why);
}

static bool merge(struct reading *r, const char *key, const char *name, const char *expression,
		  const char *note)
{
	struct err why = {0};
	size_t index;

	if (saved_merge(&r->settings, name, expression, note, &index, &why) != SAVED_REFUSED)
		return true;
	return refuse(r, key, why.text);
}

static bool read_dict(struct reading *r, size_t i, plist_t dict)
{
	const char *name = "", *expression = "", *note = "";
	plist_t given = plist_dict_get_item(dict, "note");
	char key[3][KEY_MAX];

	snprintf(key[0], KEY_MAX, SAVED_KEY "[%zu].name", i);
	snprintf(key[1], KEY_MAX, SAVED_KEY "[%zu].expression", i);
	snprintf(key[2], KEY_MAX, SAVED_KEY "[%zu].note", i);
	return read_string(r, key[0], plist_dict_get_item(dict, "name"), saved_name_wrong, &name) &&
	       read_string(r, key[1], plist_dict_get_item(dict, "expression"),
			   saved_expression_wrong, &expression) &&
	       (!given || read_string(r, key[2], given, saved_note_wrong, &note)) &&
	       merge(r, key[0], name, expression, note);
}

/* An expression as its own name: without control characters, and no longer than a name may be. */
static void name_of(const char *expression, char name[SAVED_NAME_MAX + 1])
{
	size_t n = strlen(expression), to = 0;

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t one = utf8_next(expression + i, n - i, &cp);

		if (to + one > SAVED_NAME_MAX)
			break;
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			name[to++] = ' ';
		else {
			memcpy(name + to, expression + i, one);
			to += one;
		}
		i += one;
	}
	name[to] = '\0';
}

static bool read_array(struct reading *r, plist_t array)
{
	uint32_t n = plist_array_get_size(array);

	for (uint32_t i = 0; i < n; i++) {
		plist_t item = plist_array_get_item(array, i);
		char key[KEY_MAX], name[SAVED_NAME_MAX + 1];
		const char *expression;

		snprintf(key, sizeof(key), SAVED_KEY "[%" PRIu32 "]", i);
		/* The bound comes first: to find an item of an array libplist may take long. */
		if (r->settings.saved_count == SETTINGS_SAVED_MAX)
			return refuse(r, key, "1000 display filters are the most");
		if (item && plist_get_node_type(item) == PLIST_DICT) {
			if (!read_dict(r, i, item))
				return false;
			continue;
		}
		if (!item || plist_get_node_type(item) != PLIST_STRING)
			return refuse_kind(r, key, "a dict or a string", item);
		if (!read_string(r, key, item, saved_expression_wrong, &expression))
			return false;
		name_of(expression, name);
		if (!merge(r, key, name, expression, ""))
			return false;
	}
	return true;
}

static bool read_named(struct reading *r, plist_t dict)
{
	plist_dict_iter at = NULL;
	bool ok = true, more = true;

	plist_dict_new_iter(dict, &at);
	while (at && ok && more) {
		char *name = NULL, quoted[SAVED_QUOTED_MAX];
		const char *expression = NULL, *why;
		plist_t value = NULL;

		plist_dict_next_item(dict, at, &name, &value);
		more = name && value;
		if (more) {
			char key[SAVED_QUOTED_MAX + 32];

			saved_quote(name, quoted);
			snprintf(key, sizeof(key), SAVED_KEY ".%s", quoted);
			why = saved_name_wrong(name, strlen(name));
			ok = why ? refuse(r, key, why)
				 : read_string(r, key, value, saved_expression_wrong,
					       &expression) &&
					     merge(r, key, name, expression, "");
		}
		free(name);
	}
	free(at);
	return ok;
}

static bool read_root(struct reading *r, plist_t root)
{
	plist_t limit, saved;
	uint64_t value = 0;

	if (plist_get_node_type(root) != PLIST_DICT)
		return refuse_kind(r, "", "a dict", root);
	limit = plist_dict_get_item(root, LIMIT_KEY);
	saved = plist_dict_get_item(root, SAVED_KEY);
	if (limit && plist_get_node_type(limit) != PLIST_UINT)
		return refuse_kind(r, LIMIT_KEY, "an integer", limit);
	if (limit)
		plist_get_uint_val(limit, &value);
	if (value > UINT32_MAX)
		return refuse(r, LIMIT_KEY, "a whole number from 0 to 4294967295 is wanted");
	r->settings.queue_limit = (uint32_t)value;
	if (!saved)
		return true;
	if (plist_get_node_type(saved) == PLIST_ARRAY)
		return read_array(r, saved);
	if (plist_get_node_type(saved) == PLIST_DICT)
		return read_named(r, saved);
	return refuse_kind(r, SAVED_KEY, "an array or a dict", saved);
}

static bool is_binary(const char *p, size_t n)
{
	return n >= 8 && memcmp(p, "bplist00", 8) == 0;
}

bool proplist_is(const char *p, size_t n)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t i = n >= 3 && memcmp(p, bom, 3) == 0 ? 3 : 0;

	while (i < n && p[i] && strchr(" \t\r\n", p[i]))
		i++;
	return is_binary(p, n) || (i < n && p[i] == '<');
}

bool proplist_read_here(struct settings *s, const char *name, const char *p, size_t n,
			struct err *err)
{
	struct reading r = {.name = name, .err = err};
	plist_t root = NULL;
	bool ok;

	if (n > PROPLIST_BYTES_MAX)
		return refuse(&r, "", "longer than 16 MiB");
	if (is_binary(p, n))
		plist_from_bin(p, (uint32_t)n, &root);
	else
		plist_from_xml(p, (uint32_t)n, &root);
	ok = root ? read_root(&r, root)
		  : refuse(&r, "",
			   is_binary(p, n) ? "a binary property list that is broken"
					   : "no XML property list, or one that is broken");
	plist_free(root);
	if (ok) {
		settings_done(s);
		*s = r.settings;
	} else {
		settings_done(&r.settings);
	}
	return ok;
}

/* ---- in a child ---- */

static void bound(void)
{
	static const int deaths[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU};
	const struct rlimit memory = {PROPLIST_MEMORY_MAX, PROPLIST_MEMORY_MAX};
	const struct rlimit seconds = {PROPLIST_SECONDS, PROPLIST_SECONDS}, none = {0, 0};
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* To die is what it is there for: the process' own handlers are not asked. */
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
		signal(deaths[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &seconds);
	/* A sanitizer reserves terabytes. */
	if (!SANITIZED)
		setrlimit(RLIMIT_AS, &memory);
	/* An allocator that gives up says so; the parent says it better. */
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t took = write(fd, p, n);

		if (took < 0 && errno != EINTR)
			return false;
		p += took > 0 ? took : 0;
		n -= took > 0 ? (size_t)took : 0;
	}
	return true;
}

/* Sends a struct err, and after one that is EXIT_BALANCED the settings. */
static _Noreturn void be_child(int fd, const char *name, const char *p, size_t n)
{
	struct settings s = {0};
	struct buf text = {0};
	struct err err = {.exit = EXIT_BALANCED};
	bool ok;

	bound();
	if (proplist_read_here(&s, name, p, n, &err))
		settings_print(&s, &text);
	ok = !text.failed && send_all(fd, (const char *)&err, sizeof(err)) &&
	     send_all(fd, text.p, text.n);
	_exit(ok ? 0 : 1);
}

/* Return: whether all of it came, and the child has ended well */
static bool receive(int fd, pid_t pid, struct buf *to)
{
	ssize_t n = 1;
	int status = 0;

	while (n && to->n <= 2 * SETTINGS_BYTES_MAX && buf_reserve(to, 65536)) {
		n = read(fd, to->p + to->n, 65536);
		if (n < 0 && errno != EINTR)
			break;
		to->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return n == 0 && status == 0 && to->n >= sizeof(struct err);
}

static bool no_child(const char *name, int error, struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "%s: no process to read it in: %s", name, strerror(error));
	return false;
}

bool proplist_read(struct settings *s, const char *name, const char *p, size_t n, struct err *err)
{
	struct buf got = {0};
	struct err said;
	int ends[2];
	pid_t pid;
	bool ok;

	if (pipe2(ends, O_CLOEXEC))
		return no_child(name, errno, err);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_child(ends[1], name, p, n);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return no_child(name, errno, err);
	}
	ok = receive(ends[0], pid, &got);
	if (ok) {
		memcpy(&said, got.p, sizeof(said));
		said.text[sizeof(said.text) - 1] = '\0';
		ok = said.exit == EXIT_BALANCED &&
		     settings_parse(s, name, got.p + sizeof(said), got.n - sizeof(said), err);
		if (said.exit != EXIT_BALANCED)
			*err = said;
	} else {
		err_set(err, EXIT_USAGE,
			"%s: a property list that asks for more than %u MiB of memory or %u s, or "
			"is made to break its reader",
			name, PROPLIST_MEMORY_MAX >> 20, PROPLIST_SECONDS);
	}
	buf_done(&got);
	return ok;
}

/* ---- writing ---- */

static void put_string(plist_t dict, const char *key, const char *text)
{
	plist_dict_set_item(dict, key, plist_new_string(text));
}

bool proplist_print(const struct settings *s, bool binary, struct buf *out)
{
	plist_t root = plist_new_dict(), saved = plist_new_array();
	uint32_t n = 0;
	char *text = NULL;

	if (s->queue_limit)
		plist_dict_set_item(root, LIMIT_KEY, plist_new_uint(s->queue_limit));
	for (size_t i = 0; i < s->saved_count; i++) {
		plist_t dict = plist_new_dict();

		put_string(dict, "name", s->saved[i].name);
		put_string(dict, "expression", s->saved[i].expression);
		if (s->saved[i].note[0])
			put_string(dict, "note", s->saved[i].note);
		plist_array_append_item(saved, dict);
	}
	plist_dict_set_item(root, SAVED_KEY, saved);
	if (binary)
		plist_to_bin(root, &text, &n);
	else
		plist_to_xml(root, &text, &n);
	plist_free(root);
	buf_put(out, text, text ? n : 0);
	/* Both are free(), by the library's own allocator. */
	plist_to_bin_free(text);
	return text && !out->failed;
}
