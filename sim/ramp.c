/* ramp.c - steps and ramps, as written and as deadlines */
#include "ramp.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "pace.h"

#define NS_PER_S UINT64_C(1000000000)

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

/* ---- as written ---- */

bool ramp_is(const char *text)
{
	return strchr(text, '/') || strstr(text, "..");
}

static bool refuse(struct err *err, const char *option, const char *step, const char *why)
{
	err_set(err, EXIT_USAGE,
		"%s: '%.60s': %s; steps are written as 1000/10s (a rate for a time) or "
		"1000..20000/60s (a ramp), with commas between",
		option, step, why);
	return false;
}

/* A whole number of units. Return: false where it is anything else, or too long a time */
static bool parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"ms", 1000000}, {"s", NS_PER_S}, {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	if (!digits || digits > RAMP_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		*ns = n <= RAMP_NS_MAX / units[i].ns ? n * units[i].ns : 0;
		return *ns != 0;
	}
	return false;
}

/* An end of a ramp. */
static bool parse_end(const char *text, uint64_t *pps)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	if (!digits || digits > RAMP_DIGITS_MAX || text[digits])
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	*pps = n;
	return n <= RAMP_PPS_MAX;
}

/* @text is the step without comma; it is cut into its parts. */
static bool parse_step(struct ramp_step *s, const char *option, char *text, struct err *err)
{
	char whole[80];
	char *slash = strchr(text, '/');
	char *dots = strstr(text, "..");
	struct pace_rate rate;

	snprintf(whole, sizeof(whole), "%.70s", text);
	*s = (struct ramp_step){.den = 1};
	if (!slash)
		return refuse(err, option, whole, "there is no '/' and time");
	*slash = '\0';
	if (!parse_time(slash + 1, &s->ns))
		return refuse(
			err, option, whole,
			"the time is a whole number above 0 and ms, s, m or h, a day at most");
	if (dots) {
		*dots = '\0';
		s->sloped = true;
		if (!parse_end(text, &s->num) || !parse_end(dots + 2, &s->to) ||
		    (!s->num && !s->to))
			return refuse(
				err, option, whole,
				"a ramp goes between whole numbers up to 100000000, which are "
				"not both 0");
		return true;
	}
	if (!pace_rate_parse(&rate, PACE_PPS, option, text, err))
		return false;
	if (rate.num / rate.den > RAMP_PPS_MAX)
		return refuse(err, option, whole, "a rate is 100000000 at most");
	s->num = rate.num;
	s->den = rate.den;
	return true;
}

bool ramp_parse(struct ramp *r, const char *option, const char *text, struct err *err)
{
	struct ramp made = {0};
	char copy[RAMP_BYTES_MAX];
	char *rest = copy, *step;

	if (strlen(text) >= sizeof(copy))
		return refuse(err, option, text, "it is longer than 1023 bytes");
	memcpy(copy, text, strlen(text) + 1);
	while ((step = strsep(&rest, ","))) {
		if (made.count == RAMP_STEPS_MAX)
			return refuse(err, option, step, "64 steps are the most");
		if (!parse_step(&made.step[made.count], option, step, err))
			return false;
		made.ns += made.step[made.count++].ns;
	}
	memcpy(made.text, text, strlen(text) + 1);
	*r = made;
	return true;
}

/* ---- deadlines ---- */

/* Frames that a ramp has made due by @t_ns into it, times 2 T 10^9; T is its length. Below 2^121.
 */
static u128 area(const struct ramp_step *s, uint64_t t_ns)
{
	s128 slope = (s128)s->to - (s128)s->num;

	return (u128)((s128)2 * s->num * t_ns * s->ns + slope * t_ns * t_ns);
}

/* The first ns at which @count frames are due, from @from_ns on; s->ns where that is later. */
static uint64_t reach(const struct ramp_step *s, uint64_t count, uint64_t from_ns)
{
	u128 target = (u128)count * 2 * s->ns * NS_PER_S;
	uint64_t low = from_ns, high, gap = 1024;

	if (target >= area(s, s->ns))
		return s->ns;
	if (area(s, low) >= target)
		return low;
	/* Below at low, and at high not: by ever longer leaps first, as the next is near. */
	for (high = low; area(s, high) < target; gap *= 2) {
		low = high;
		high = gap < s->ns - low ? low + gap : s->ns;
	}
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (area(s, middle) < target)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static uint64_t due_in_step(const struct ramp_step *s, uint64_t count, uint64_t last_ns)
{
	u128 ns;

	if (s->sloped)
		return reach(s, count, last_ns);
	ns = (u128)count * s->den * NS_PER_S / s->num;
	return ns < s->ns ? (uint64_t)ns : s->ns;
}

uint64_t ramp_next(struct ramp_at *at)
{
	const struct ramp *r = at->ramp;

	while (at->step < r->count) {
		const struct ramp_step *s = &r->step[at->step];

		at->last_ns = due_in_step(s, at->frames, at->last_ns);
		if (at->last_ns < s->ns) {
			at->frames++;
			return at->begin_ns + at->last_ns;
		}
		at->begin_ns += s->ns;
		at->frames = at->last_ns = 0;
		at->step++;
	}
	return UINT64_MAX;
}

uint64_t ramp_rate(const struct ramp *r, uint64_t ns)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct ramp_step *s = &r->step[i];

		if (ns < s->ns && s->sloped)
			return (uint64_t)((s128)1000 * s->num +
					  ((s128)s->to - (s128)s->num) * 1000 * ns / s->ns);
		if (ns < s->ns)
			return (uint64_t)((u128)s->num * 1000 / s->den);
		ns -= s->ns;
	}
	return 0;
}
