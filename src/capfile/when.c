/* when.c - moments as text */
#include "capfile/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S  UINT64_C(1000000000)
#define S_PER_DAY 86400u
#define YEAR_MAX  2554u

/* A number of @least to @most digits, at the front of *p, which goes past it. */
static bool number(const char **p, unsigned least, unsigned most, uint64_t *v)
{
	unsigned n = 0;

	*v = 0;
	while (n < most && (*p)[n] >= '0' && (*p)[n] <= '9')
		*v = *v * 10 + (uint64_t)((*p)[n++] - '0');
	*p += n;
	return n >= least && !(**p >= '0' && **p <= '9');
}

/* ".5" as ns; nothing is 0. */
static bool fraction(const char **p, uint64_t *ns)
{
	const char *digits = *p + 1;

	*ns = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (!number(p, 1, 9, ns))
		return false;
	for (long n = (long)(*p - digits); n < 9; n++)
		*ns *= 10;
	return true;
}

static bool leap(uint64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint64_t month_days(uint64_t year, uint64_t month)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year));
}

/* Days from 1970-01-01 to the first of a month. */
static uint64_t days_before(uint64_t year, uint64_t month)
{
	uint64_t days = 0;

	for (uint64_t y = 1970; y < year; y++)
		days += 365 + leap(y);
	for (uint64_t m = 1; m < month; m++)
		days += month_days(year, m);
	return days;
}

static bool date_parse(const char **p, uint64_t *days)
{
	uint64_t year, month, day;

	if (!number(p, 4, 4, &year) || *(*p)++ != '-' || !number(p, 2, 2, &month) ||
	    *(*p)++ != '-' || !number(p, 2, 2, &day))
		return false;
	if (year < 1970 || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
	    day > month_days(year, month))
		return false;
	*days = days_before(year, month) + day - 1;
	return true;
}

static bool time_parse(const char **p, uint64_t *s, uint64_t *ns)
{
	uint64_t hour, minute, second = 0;

	*ns = 0;
	if (!number(p, 2, 2, &hour) || *(*p)++ != ':' || !number(p, 2, 2, &minute))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!number(p, 2, 2, &second) || !fraction(p, ns))
			return false;
	}
	*s = hour * 3600 + minute * 60 + second;
	/* 60 is a leap second, which UTC of computers counts as the next one. */
	return hour < 24 && minute < 60 && second <= 60;
}

/* Return: false where that is beyond 64 bits */
static bool join(uint64_t s, uint64_t fraction_ns, uint64_t *ns)
{
	if (s > UINT64_MAX / NS_PER_S - 1)
		return false;
	*ns = s * NS_PER_S + fraction_ns;
	return true;
}

bool when_parse(const char *text, uint64_t *ns)
{
	uint64_t days, s = 0, part = 0;
	const char *p = text;

	if (strlen(text) < 5 || text[4] != '-')
		return number(&p, 1, 11, &s) && fraction(&p, &part) && !*p && join(s, part, ns);
	if (!date_parse(&p, &days))
		return false;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p++;
		if (!time_parse(&p, &s, &part))
			return false;
	}
	if (*p == 'Z' || *p == 'z')
		p++;
	return !*p && join(days * S_PER_DAY + s, part, ns);
}

void when_text(uint64_t ns, char out[WHEN_TEXT_MAX])
{
	uint64_t s = ns / NS_PER_S, days = s / S_PER_DAY, year = 1970, month = 1;

	while (days >= 365u + leap(year))
		days -= 365u + leap(year++);
	while (days >= month_days(year, month))
		days -= month_days(year, month++);
	s %= S_PER_DAY;
	snprintf(out, WHEN_TEXT_MAX,
		 "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64
		 ".%09" PRIu64 "Z",
		 year, month, days + 1, s / 3600, s / 60 % 60, s % 60, ns % NS_PER_S);
}
