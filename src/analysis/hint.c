/* hint.c - costly terms */
#include "analysis/hint.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A word of an expression: a run of letters, digits, '_', '.', '-'; or one other character. Text in
 * quotes is one word, and stands for nothing. Return: its length, 0 at the end */
static size_t next(const char **at, const char **word)
{
	const char *p = *at;
	size_t n = 0;

	while (isspace((unsigned char)*p))
		p++;
	*word = p;
	if (*p == '"') {
		for (n = 1; p[n] && p[n] != '"'; n++)
			n += p[n] == '\\' && p[n + 1];
		n += p[n] == '"';
	} else {
		while (isalnum((unsigned char)p[n]) || (p[n] && strchr("_.-", p[n])))
			n++;
		n += !n && *p;
	}
	*at = p + n;
	return n;
}

static bool is(const char *word, size_t n, const char *what)
{
	return strlen(what) == n && memcmp(word, what, n) == 0;
}

const char *hint_of(const char *expression)
{
	const char *word, *at = expression, *before = "";
	size_t n, before_n = 0;
	unsigned terms = 0;
	bool costly_first = false;

	while ((n = next(&at, &word))) {
		bool searches =
			is(word, n, "contains") || is(word, n, "matches") || is(word, n, "~");

		if (is(word, n, "and") || is(word, n, "&") || is(word, n, "or") || is(word, n, "|"))
			terms++;
		if (searches && is(before, before_n, "frame") && terms == 0)
			costly_first = true;
		else if (searches && is(before, before_n, "frame"))
			return "'frame contains' and 'frame matches' search each byte of those "
			       "frames that the terms before let pass";
		before = word;
		before_n = n;
	}
	if (!costly_first)
		return NULL;
	return terms ? "'frame contains' and 'frame matches' search every byte of every frame: put "
		       "what says no to most frames before it, 'tcp.port == 80 and frame contains ...'"
		     : "'frame contains' and 'frame matches' search every byte of every frame: a "
		       "term before it that says no to most frames makes it quicker, "
		       "'tcp.port == 80 and frame contains ...'";
}
