/* fuzz_dfilter.c - the first line of any bytes as a display filter, what follows it as a frame
 *
 * An error lies inside the text and its words are printable. Of a filter that is taken: a certain
 * verdict is that of the headers alone; its negation says the opposite; it says the same when it is
 * joined with itself; and to write it between parentheses and blanks changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "basic/dfilter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct dfilter_error *err, size_t n)
{
	check(err->fault != DFILTER_MEMORY && err->at <= n && err->n <= n - err->at &&
	      err->text[0]);
	for (const char *p = err->text; *p; p++)
		check(*p >= 0x20 && *p < 0x7f);
}

/* The verdict of a filter that must be taken, unless it got too long or too deep. */
static bool verdict_of(const char *format_head, const char *text, const char *tail,
		       const struct dfilter_frame *frame, enum dfilter_verdict *out)
{
	size_t n = strlen(format_head) + strlen(text) + strlen(tail);
	char *whole = malloc(n + 1);
	struct dfilter_error err;
	struct dfilter *f;

	check(whole);
	stpcpy(stpcpy(stpcpy(whole, format_head), text), tail);
	f = dfilter_compile(whole, &err);
	if (f)
		*out = dfilter_match(f, frame);
	else
		check(err.fault == DFILTER_BEYOND);
	dfilter_free(f);
	free(whole);
	return f != NULL;
}

static void check_filter(const struct dfilter *f, const char *text,
			 const struct dfilter_frame *frame)
{
	enum dfilter_verdict verdict = dfilter_match(f, frame), other;

	check(verdict <= DFILTER_YES);
	if (verdict != DFILTER_UNSURE)
		check(dfilter_match_basic(f, frame) == (verdict == DFILTER_YES));
	else
		(void)dfilter_match_basic(f, frame);
	if (!text[strspn(text, " \t\r\n")])
		return;
	if (verdict_of(" ( ", text, "\t)", frame, &other))
		check(other == verdict);
	if (verdict_of("!(", text, ")", frame, &other))
		check(other == DFILTER_YES - verdict);
	if (verdict_of("frame and (", text, ")", frame, &other) && frame->caplen <= frame->len)
		check(other == verdict || frame->len > INT32_MAX);
	if (verdict_of("!frame or ", text, "", frame, &other) && frame->caplen <= frame->len)
		check(other == verdict || frame->len > INT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
	size_t n = line_end ? (size_t)(line_end - data) : size;
	uint32_t caplen = (uint32_t)(line_end ? size - n - 1 : 0);
	char *text = malloc(n + 1);
	unsigned char *bytes = malloc(caplen + !caplen);
	struct dfilter_error err;
	struct basic b;
	struct dfilter_frame frame = {.basic = &b, .data = bytes, .caplen = caplen, .len = caplen};
	struct dfilter *f;

	check(text && bytes);
	if (n)
		memcpy(text, data, n);
	text[n] = '\0';
	if (caplen)
		memcpy(bytes, line_end + 1, caplen);
	basic_decode(&b, bytes, caplen);
	f = dfilter_compile(text, &err);
	if (f) {
		check_filter(f, text, &frame);
		/* More on the wire than was captured; less, which is wrong; and a number. */
		frame.len = caplen + 100;
		frame.number = 3;
		check_filter(f, text, &frame);
		frame.len = caplen / 2;
		check_filter(f, text, &frame);
	} else {
		check_error(&err, strlen(text));
	}
	dfilter_free(f);
	free(text);
	free(bytes);
	return 0;
}
