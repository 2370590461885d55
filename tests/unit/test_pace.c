/* test_pace.c - deadlines and rates of pace.c
 *
 * Goal: a deadline is exact after any time and any number of frames, never falls, and never wraps;
 * a rate is what the user wrote, digit for digit, or is refused with words that help.
 *
 * Method: a deadline is held against its definition, floor(count * unit * den / num), by checking
 * the two inequalities of the floor in 128 bits, and at places where the result is a round number
 * against that number. Parsing is a table of texts, and every text of up to five characters of a
 * small alphabet against a second, slower reading of the rule.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pace.h"

__extension__ typedef unsigned __int128 u128;

#define S  UINT64_C(1000000000)
#define T0 (UINT64_C(7) * S + 123) /* a start that is not round */

static struct pace pace_of(enum pace_mode mode, uint64_t num, uint64_t den)
{
	struct pace p;

	pace_init(&p, (struct pace_rate){.mode = mode, .num = num, .den = den});
	return p;
}

/* Steps are ramp.c's; here only that they start with the first frame, and end. */
static void steps_start_and_end(void **state)
{
	struct ramp r;
	struct pace p;

	(void)state;
	assert_true(ramp_parse(&r, "--pps", "2/1s,4/500ms", NULL));
	pace_init(&p, (struct pace_rate){.mode = PACE_RAMP, .num = 1, .den = 1, .ramp = &r});
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0 + S / 2);
	assert_int_equal(pace_next(&p, 0, 60, T0 + 9 * S), T0 + S);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0 + S + S / 4);
	assert_int_equal(pace_next(&p, 0, 60, T0), UINT64_MAX);
	assert_int_equal(pace_next(&p, 0, 60, T0), UINT64_MAX);
}

static struct pace_rate parsed(enum pace_mode mode, const char *text)
{
	struct pace_rate rate;
	struct err err;

	if (!pace_rate_parse(&rate, mode, "--rate", text, &err))
		fail_msg("%s", err.text);
	return rate;
}

/* ---- pace_next() ---- */

static void first_frame_is_due_now(void **state)
{
	static const enum pace_mode modes[] = {PACE_RECORDED, PACE_PPS, PACE_MBPS, PACE_TOPSPEED};
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct pace p = pace_of(modes[i], 3, 7);

		assert_int_equal(pace_next(&p, 99 * S, 1500, T0), T0);
		assert_int_equal(p.frames, 1);
		assert_int_equal(p.bits, 12000);
	}
}

/* A tenth of a frame a second for 30 days: every deadline is a round number of seconds. */
static void no_drift_in_thirty_days(void **state)
{
	struct pace p;
	uint64_t k;

	(void)state;
	pace_init(&p, parsed(PACE_PPS, "0.1"));
	for (k = 0; k <= UINT64_C(30) * 86400 / 10; k++)
		assert_int_equal(pace_next(&p, 0, 60, T0 + k), T0 + k * 10 * S);
}

static void exact_at_500000(void **state)
{
	struct pace p;
	uint64_t k;

	(void)state;
	pace_init(&p, parsed(PACE_PPS, "500000"));
	for (k = 0; k < 3000000; k++) {
		uint64_t due = pace_next(&p, 0, 60, T0);

		if (due != T0 + k * 2000)
			assert_int_equal(due, T0 + k * 2000);
	}
	/* The ten-thousandth hour: as if all frames before it had been asked for. */
	p.frames = UINT64_C(500000) * 3600 * 10000;
	assert_int_equal(pace_next(&p, 0, 60, T0), T0 + UINT64_C(3600) * 10000 * S);
}

static void floor_holds(const char *text, uint64_t frames)
{
	struct pace_rate rate = parsed(PACE_PPS, text);
	struct pace p;
	uint64_t k;

	pace_init(&p, rate);
	for (k = 0; k < frames; k++) {
		u128 elapsed = pace_next(&p, 0, 60, T0) - T0;
		u128 exact = (u128)k * S * rate.den;

		if (elapsed * rate.num > exact || (elapsed + 1) * rate.num <= exact)
			fail_msg("%s: frame %llu", text, (unsigned long long)k);
	}
}

static void rounds_down_once(void **state)
{
	struct pace p;
	uint64_t k;

	(void)state;
	floor_holds("3.7", 1000000);
	floor_holds("3", 100000);
	floor_holds("999999.999999999999", 100000);
	floor_holds("0.00000012345678901", 1000); /* 257 years, near the end of the clock */
	pace_init(&p, parsed(PACE_PPS, "3.7"));
	for (k = 0; k <= 3700000; k++) {
		uint64_t due = pace_next(&p, 0, 60, T0);

		if (k % 37 == 0)
			assert_int_equal(due, T0 + k / 37 * 10 * S);
	}
}

static void start_is_fixed_by_the_first_frame(void **state)
{
	struct pace p = pace_of(PACE_PPS, 10, 1);

	(void)state;
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	/* Late by an hour: the deadlines stay where they were, so the sender catches up. */
	assert_int_equal(pace_next(&p, 0, 60, T0 + 3600 * S), T0 + S / 10);
	assert_int_equal(pace_next(&p, 0, 60, T0 + 3600 * S), T0 + S / 5);
	pace_init(&p, p.rate);
	assert_int_equal(pace_next(&p, 0, 60, T0 + 3600 * S), T0 + 3600 * S);
}

static void recorded_times_are_divided(void **state)
{
	static const struct {
		uint64_t num, den, gap, want;
	} cases[] = {
		{1, 1, 5 * S + 1, 5 * S + 1}, {2, 1, 5 * S, 5 * S / 2},
		{1, 2, 5 * S, 10 * S},	      {3, 1, 10, 3},
		{37, 10, 37 * S, 10 * S},     {1, 1, 0, 0},
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pace p = pace_of(PACE_RECORDED, cases[i].num, cases[i].den);

		assert_int_equal(pace_next(&p, 1700000000 * S, 60, T0), T0);
		assert_int_equal(pace_next(&p, 1700000000 * S + cases[i].gap, 60, T0),
				 T0 + cases[i].want);
	}
}

/* Many short gaps, which do not divide by three, are in sum as exact as one long one. */
static void recorded_times_do_not_drift(void **state)
{
	struct pace p = pace_of(PACE_RECORDED, 3, 1);
	uint64_t k;

	(void)state;
	for (k = 0; k <= 1000000; k++) {
		uint64_t due = pace_next(&p, 5 * S + k * 1000, 60, T0);

		if (due != T0 + k * 1000 / 3)
			assert_int_equal(due, T0 + k * 1000 / 3);
	}
}

static void backwards_is_due_at_once(void **state)
{
	struct pace p = pace_of(PACE_RECORDED, 1, 1);

	(void)state;
	assert_int_equal(pace_next(&p, 100 * S, 60, T0), T0);
	assert_int_equal(pace_next(&p, 103 * S, 60, T0), T0 + 3 * S);
	/* Behind the frame before it; then before the first of all; then on as if they had not
	 * been. */
	assert_int_equal(pace_next(&p, 101 * S, 60, T0), T0 + 3 * S);
	assert_int_equal(pace_next(&p, 2 * S, 60, T0), T0 + 3 * S);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0 + 3 * S);
	assert_int_equal(pace_next(&p, 103 * S + 1, 60, T0), T0 + 3 * S + 1);
}

static void megabits_count_the_bits_before(void **state)
{
	struct pace p;
	uint64_t k;

	(void)state;
	/* 1,250 bytes are 10,000 bits: at 10 Mbit/s a millisecond. */
	p = pace_of(PACE_MBPS, 10, 1);
	assert_int_equal(pace_next(&p, 0, 1250, T0), T0);
	assert_int_equal(pace_next(&p, 0, 125, T0), T0 + S / 1000);
	assert_int_equal(pace_next(&p, 0, 0, T0), T0 + S / 1000 + S / 10000);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0 + S / 1000 + S / 10000);

	/* An hour at 0.3 Mbit/s, which no gap divides into evenly. */
	pace_init(&p, parsed(PACE_MBPS, "0.3"));
	for (k = 0; k <= 1000000; k++) {
		uint64_t due = pace_next(&p, 0, 131, T0);
		uint64_t want = T0 + k * 131 * 8 * 10000 / 3;

		if (due != want)
			assert_int_equal(due, want);
	}
}

static void topspeed_is_now(void **state)
{
	struct pace p = pace_of(PACE_TOPSPEED, 0, 0);

	(void)state;
	assert_int_equal(pace_next(&p, 500, 60, T0), T0);
	assert_int_equal(pace_next(&p, 0, 60, T0 + 5), T0 + 5);
	assert_int_equal(pace_next(&p, 900 * S, 60, T0 + 5), T0 + 5);
	assert_int_equal(pace_next(&p, 0, 60, T0 + 3), T0 + 5);
	assert_int_equal(pace_next(&p, 0, 60, T0 - 3), T0 + 5);
}

/* Where the deadline is past the clock, or the product past 128 bits, it is "never": not a small
 * number that has wrapped round. */
static void past_the_clock_is_never(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, parsed(PACE_PPS, "0.00000000000000001"));
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	assert_true(pace_next(&p, 0, 60, T0) == UINT64_MAX);
	assert_true(pace_next(&p, 0, 60, T0) == UINT64_MAX);

	p = pace_of(PACE_RECORDED, 1, UINT64_MAX);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	assert_true(pace_next(&p, UINT64_MAX, 60, T0) == UINT64_MAX);

	/* Just inside, just outside: the sum with the start. */
	p = pace_of(PACE_RECORDED, 1, 1);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	assert_true(pace_next(&p, UINT64_MAX - T0 - 1, 60, T0) == UINT64_MAX - 1);
	assert_true(pace_next(&p, UINT64_MAX - T0 + 1, 60, T0) == UINT64_MAX);

	/* The largest of all three; and a product that is 0 again in 128 bits. */
	p = pace_of(PACE_PPS, UINT64_MAX, UINT64_MAX);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	p.frames = UINT64_MAX;
	assert_true(pace_next(&p, 0, 60, T0) == UINT64_MAX);
	p = pace_of(PACE_PPS, 1, UINT64_C(1) << 62);
	assert_int_equal(pace_next(&p, 0, 60, T0), T0);
	p.frames = UINT64_C(1) << 57;
	assert_true(pace_next(&p, 0, 60, T0) == UINT64_MAX);
}

static void deadlines_never_fall(void **state)
{
	static const enum pace_mode modes[] = {PACE_RECORDED, PACE_PPS, PACE_MBPS, PACE_TOPSPEED};
	uint64_t random = 88172645463325252u;
	unsigned round, i;

	(void)state;
	for (round = 0; round < 4000; round++) {
		struct pace p = pace_of(modes[round % 4], 1 + random % 1000000, 1 + random % 977);
		uint64_t last = 0;

		for (i = 0; i < 100; i++) {
			uint64_t due;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			due = pace_next(&p, random >> (random % 64), (uint32_t)(random % 70000),
					T0 + random % S);
			assert_true(due >= last && due >= p.start_ns);
			last = due;
		}
	}
}

/* ---- pace_rate_parse() ---- */

static void decimals_are_exact(void **state)
{
	static const struct {
		const char *text;
		uint64_t num, den;
	} cases[] = {
		{"1", 1, 1},
		{"1000", 1000, 1},
		{"500000", 500000, 1},
		{"0.1", 1, 10},
		{"2.5", 5, 2},
		{"3.7", 37, 10},
		{"0.10", 1, 10},
		{"1.0", 1, 1},
		{".5", 1, 2},
		{"007", 7, 1},
		{"000000000000000001", 1, 1},
		{"999999999999999999", UINT64_C(999999999999999999), 1},
		{"0.00000000000000001", 1, UINT64_C(100000000000000000)},
		{".000000000000000001", 1, UINT64_C(1000000000000000000)},
		{"1.23456789012345679", UINT64_C(123456789012345679), UINT64_C(100000000000000000)},
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pace_rate rate = parsed(PACE_MBPS, cases[i].text);

		assert_int_equal(rate.num, cases[i].num);
		assert_int_equal(rate.den, cases[i].den);
		assert_int_equal(rate.mode, PACE_MBPS);
	}
}

static void refusals_say_what_to_do(void **state)
{
	static const struct {
		const char *text, *why, *remedy;
	} cases[] = {
		{"0", "nothing would ever be sent at 0", "give a number above 0"},
		{"0.000", "nothing would ever be sent at 0", "give a number above 0"},
		{"-5", "negative", "give a number above 0"},
		{"", "empty", "give a number above 0"},
		{"1e5", "exponents", "write the number out"},
		{"1.5E3", "exponents", "write the number out"},
		{"+5", "not a decimal number", "give digits"},
		{" 5", "not a decimal number", "give digits"},
		{"5 ", "not a decimal number", "give digits"},
		{"1,5", "not a decimal number", "give digits"},
		{"1.2.3", "not a decimal number", "give digits"},
		{".", "not a decimal number", "give digits"},
		{"5.", "not a decimal number", "give digits"},
		{"e5", "not a decimal number", "give digits"},
		{"inf", "not a decimal number", "give digits"},
		{"nan", "not a decimal number", "give digits"},
		{"0x10", "not a decimal number", "give digits"},
		{"1000pps", "not a decimal number", "give digits"},
		{"1234567890123456789", "more than 18 digits", "round it"},
		{"0.000000000000000001", "more than 18 digits", "round it"},
		{"0000000000000000000000000000000000000000", "more than 18 digits", "round it"},
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pace_rate rate = {PACE_TOPSPEED, 11, 13, NULL};
		struct err err = {0};
		char head[80];

		assert_false(pace_rate_parse(&rate, PACE_PPS, "--pps", cases[i].text, &err));
		assert_int_equal(err.exit, EXIT_USAGE);
		snprintf(head, sizeof(head), "--pps: '%s': ", cases[i].text);
		assert_memory_equal(err.text, head, strlen(head));
		assert_non_null(strstr(err.text, cases[i].why));
		assert_non_null(strstr(err.text, cases[i].remedy));
		assert_int_equal(rate.mode, PACE_TOPSPEED);
		assert_int_equal(rate.num, 11);
		assert_int_equal(rate.den, 13);
		assert_false(pace_rate_parse(&rate, PACE_PPS, "--pps", cases[i].text, NULL));
	}
}

/* However much the user gave, the remedy is still there at the end. */
static void long_garbage_does_not_hide_the_remedy(void **state)
{
	struct pace_rate rate;
	char text[5000];
	struct err err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(pace_rate_parse(&rate, PACE_MBPS, "--mbps", text, &err));
	assert_non_null(strstr(err.text, "x...': not a decimal number"));
	assert_non_null(strstr(err.text, "such as 1000 or 0.1"));
	assert_true(strlen(err.text) < 300);
}

/* The rule, read slowly: digits with at most one point, a digit behind the point, not all zero. */
static bool rule_accepts(const char *text)
{
	const char *point = strchr(text, '.');
	size_t length = strlen(text);

	if (length == 0 || strspn(text, "0123456789.") != length)
		return false;
	if (point && (strchr(point + 1, '.') || point[1] == '\0'))
		return false;
	return strspn(text, "0.") != length;
}

static void short_texts_follow_the_rule(void **state)
{
	static const char alphabet[] = "019.-e ";
	unsigned code, accepted = 0;

	(void)state;
	for (code = 0; code < 8 * 8 * 8 * 8 * 8; code++) {
		struct pace_rate rate;
		char text[6] = {0};
		unsigned i, rest = code;

		for (i = 0; i < 5; i++, rest /= 8)
			text[i] = alphabet[rest % 8];
		if (pace_rate_parse(&rate, PACE_PPS, "--pps", text, NULL) != rule_accepts(text))
			fail_msg("'%s'", text);
		if (!rule_accepts(text))
			continue;
		accepted++;
		/* Five digits and a power of ten: exact as a double's quotient too, if rounded so.
		 */
		assert_true((double)rate.num / (double)rate.den == strtod(text, NULL));
	}
	assert_true(accepted > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_start_and_end),
		cmocka_unit_test(first_frame_is_due_now),
		cmocka_unit_test(no_drift_in_thirty_days),
		cmocka_unit_test(exact_at_500000),
		cmocka_unit_test(rounds_down_once),
		cmocka_unit_test(start_is_fixed_by_the_first_frame),
		cmocka_unit_test(recorded_times_are_divided),
		cmocka_unit_test(recorded_times_do_not_drift),
		cmocka_unit_test(backwards_is_due_at_once),
		cmocka_unit_test(megabits_count_the_bits_before),
		cmocka_unit_test(topspeed_is_now),
		cmocka_unit_test(past_the_clock_is_never),
		cmocka_unit_test(deadlines_never_fall),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test(long_garbage_does_not_hide_the_remedy),
		cmocka_unit_test(short_texts_follow_the_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
