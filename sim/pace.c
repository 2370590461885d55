/* pace.c - exact deadlines, and the rates that users write */
#include "pace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* A sum of digits of at most this many stays below 2^60, and so does the power of ten below it. */
#define RATE_DIGITS_MAX 18u
/* Longest piece of the user's text that a message repeats, so that the remedy after it is not cut.
 */
#define QUOTE_BYTES_MAX 60

#define NS_PER_S	1000000000u
/* bits / (rate * 10^6 bits a second) in ns is bits * 10^9 / 10^6 / rate. */
#define NS_PER_S_OVER_MEGA 1000u

__extension__ typedef unsigned __int128 u128;

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static bool refuse(struct err *err, const char *option, const char *text, const char *why)
{
	err_set(err, EXIT_USAGE, "%s: '%.*s%s': %s", option, QUOTE_BYTES_MAX, text,
		strlen(text) > QUOTE_BYTES_MAX ? "..." : "", why);
	return false;
}

/* Why @text, which is no decimal number, is none: in the words of what the user probably meant. */
static const char *garbage_reason(const char *text)
{
	size_t digits = strspn(text, "0123456789.");

	if (text[0] == '\0')
		return "empty; give a number above 0, such as 1000 or 0.1";
	if (text[0] == '-')
		return "negative; give a number above 0, such as 1000 or 0.1";
	if (digits > 0 && (text[digits] == 'e' || text[digits] == 'E'))
		return "exponents are not understood; write the number out, such as 100000";
	return "not a decimal number; give digits with at most one point among them, no sign and "
	       "no unit, such as 1000 or 0.1";
}

bool pace_rate_parse(struct pace_rate *rate, enum pace_mode mode, const char *option,
		     const char *text, struct err *err)
{
	uint64_t num = 0, den = 1, common;
	unsigned digits = 0;
	bool point = false;
	const char *at;

	check(mode != PACE_TOPSPEED && mode != PACE_RAMP);
	for (at = text; (*at >= '0' && *at <= '9') || (*at == '.' && !point); at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		/* Goes on past the limit: what follows decides which message is right. */
		if (++digits > RATE_DIGITS_MAX)
			continue;
		num = num * 10 + (uint64_t)(*at - '0');
		if (point)
			den *= 10;
	}
	/* "5." is refused: it looks more like a number cut short than like 5. */
	if (*at != '\0' || digits == 0 || at[-1] == '.')
		return refuse(err, option, text, garbage_reason(text));
	if (digits > RATE_DIGITS_MAX)
		return refuse(err, option, text, "more than 18 digits; round it to 18 or fewer");
	if (num == 0)
		return refuse(err, option, text,
			      "nothing would ever be sent at 0; give a number above 0, such as "
			      "1000 or 0.1");
	common = gcd(num, den);
	rate->mode = mode;
	rate->num = num / common;
	rate->den = den / common;
	rate->ramp = NULL;
	return true;
}

void pace_init(struct pace *p, struct pace_rate rate)
{
	check(rate.mode == PACE_TOPSPEED || (rate.num > 0 && rate.den > 0));
	check((rate.mode == PACE_RAMP) == (rate.ramp != NULL));
	memset(p, 0, sizeof(*p));
	p->rate = rate;
	p->at.ramp = rate.ramp;
}

/* @count * @unit_ns / rate, rounded down, or UINT64_MAX where that is more. A product past 128
 * bits needs no more of them: divided by num, which is below 2^64, it is past 2^64 all the same. */
static uint64_t elapsed_ns(const struct pace_rate *rate, uint64_t count, uint32_t unit_ns)
{
	u128 product = (u128)count * rate->den;

	if (__builtin_mul_overflow(product, (u128)unit_ns, &product))
		return UINT64_MAX;
	product /= rate->num;
	return product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
}

uint64_t pace_next(struct pace *p, uint64_t ts_ns, uint32_t bytes, uint64_t now_ns)
{
	uint64_t elapsed = 0, due_ns;

	if (!p->started) {
		p->started = true;
		p->start_ns = now_ns;
		p->first_ts_ns = ts_ns;
	}
	switch (p->rate.mode) {
	case PACE_RECORDED:
		if (ts_ns > p->first_ts_ns)
			elapsed = elapsed_ns(&p->rate, ts_ns - p->first_ts_ns, 1);
		break;
	case PACE_PPS: elapsed = elapsed_ns(&p->rate, p->frames, NS_PER_S); break;
	case PACE_MBPS: elapsed = elapsed_ns(&p->rate, p->bits, NS_PER_S_OVER_MEGA); break;
	case PACE_RAMP: elapsed = ramp_next(&p->at); break;
	case PACE_TOPSPEED: elapsed = now_ns > p->start_ns ? now_ns - p->start_ns : 0; break;
	}
	due_ns = elapsed > UINT64_MAX - p->start_ns ? UINT64_MAX : p->start_ns + elapsed;
	if (due_ns < p->last_ns)
		due_ns = p->last_ns;
	p->last_ns = due_ns;
	p->frames++;
	p->bits += (uint64_t)bytes * 8;
	return due_ns;
}

/* ---- for a person ---- */

/* num / den in decimal, at most three digits after the point, for a person. */
static void put_fraction(char *text, size_t n, uint64_t num, uint64_t den)
{
	uint64_t whole = num / den, rest = num % den;
	unsigned milli = (unsigned)(rest / (den / 1000 + (den < 1000)) % 1000);

	if (den < 1000)
		milli = (unsigned)(rest * 1000 / den);
	if (milli)
		snprintf(text, n, "%" PRIu64 ".%03u", whole, milli);
	else
		snprintf(text, n, "%" PRIu64, whole);
}

void pace_rate_text(const struct pace_rate *rate, char *text, size_t n)
{
	char number[48];

	switch (rate->mode) {
	case PACE_TOPSPEED: snprintf(text, n, "top speed"); return;
	case PACE_RAMP: snprintf(text, n, "%s frames/s", rate->ramp->text); return;
	default: break;
	}
	put_fraction(number, sizeof(number), rate->num, rate->den);
	if (rate->mode == PACE_PPS)
		snprintf(text, n, "%s frames/s", number);
	else if (rate->mode == PACE_MBPS)
		snprintf(text, n, "%s Mbit/s", number);
	else if (rate->num == rate->den)
		snprintf(text, n, "as recorded");
	else
		snprintf(text, n, "as recorded x %s", number);
}

const char *pace_mode_name(enum pace_mode mode)
{
	static const char *const names[] = {"recorded", "pps", "mbps", "topspeed", "ramp"};

	check((unsigned)mode < sizeof(names) / sizeof(names[0]));
	return names[mode];
}
