/* test_ramp.c - steps and ramps, as written and as deadlines
 *
 * Goal: what is written is what is done, or is refused with words that help; frame k of a step is
 * due at the first ns at which the step has made k frames due, and no frame is due at its end.
 *
 * Method: deadlines are held against their definition, computed here in another way: the area under
 * the rate, in 128 bits, just reaches k at the deadline and not one ns before. Random steps, and
 * some whose numbers are round.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ramp.h"
#include "random.h"

#define S UINT64_C(1000000000)

__extension__ typedef unsigned __int128 u128;

static struct ramp parsed(const char *text)
{
	struct ramp r;
	struct err err;

	if (!ramp_parse(&r, "--pps", text, &err))
		fail_msg("%s", err.text);
	return r;
}

/* ---- as written ---- */

static void steps_are_read(void **state)
{
	struct ramp r = parsed("1000/10s,0.5/500ms,10..20000/2m,7..0/1h");

	(void)state;
	assert_int_equal(r.count, 4);
	assert_int_equal(r.step[0].num, 1000);
	assert_int_equal(r.step[0].ns, 10 * S);
	assert_false(r.step[0].sloped);
	assert_int_equal(r.step[1].num, 1);
	assert_int_equal(r.step[1].den, 2);
	assert_int_equal(r.step[1].ns, S / 2);
	assert_true(r.step[2].sloped);
	assert_int_equal(r.step[2].num, 10);
	assert_int_equal(r.step[2].to, 20000);
	assert_int_equal(r.step[2].ns, 120 * S);
	assert_int_equal(r.step[3].to, 0);
	assert_int_equal(r.step[3].ns, 3600 * S);
	assert_int_equal(r.ns, 10 * S + S / 2 + 3720 * S);
	assert_string_equal(r.text, "1000/10s,0.5/500ms,10..20000/2m,7..0/1h");
}

static void others_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "no '/'"},
		{"1000", "no '/'"},
		{"1000/10s,", "no '/'"},
		{"1000/10s,,5/1s", "no '/'"},
		{"1000/", "the time"},
		{"1000/10", "the time"},
		{"1000/s", "the time"},
		{"1000/1.5s", "the time"},
		{"1000/0s", "the time"},
		{"1000/-1s", "the time"},
		{"1000/25h", "the time"},
		{"1000/86401s", "the time"},
		{"1000/99999999999999999999s", "the time"},
		{"1000/10 s", "the time"},
		{"0/10s", "nothing would ever be sent"},
		{"x/10s", "not a decimal number"},
		{"-5/10s", "negative"},
		{"100000001/10s", "100000000 at most"},
		{"0..0/10s", "a ramp goes"},
		{"1.5..2/10s", "a ramp goes"},
		{"1../10s", "a ramp goes"},
		{"..5/10s", "a ramp goes"},
		{"1..2..3/10s", "a ramp goes"},
		{"1..100000001/10s", "a ramp goes"},
		{"1..99999999999999999999/10s", "a ramp goes"},
	};
	struct ramp r = {.count = 77};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (ramp_parse(&r, "--pps", bad[i].text, &err))
			fail_msg("'%s' was accepted", bad[i].text);
		assert_int_equal(err.exit, EXIT_USAGE);
		assert_int_equal(strncmp(err.text, "--pps", 5), 0);
		if (!strstr(err.text, bad[i].why))
			fail_msg("'%s': %s", bad[i].text, err.text);
		assert_int_equal(r.count, 77);
	}
}

static void bounds_of_the_text(void **state)
{
	char text[2000] = "1/1s";
	struct ramp r;
	struct err err;

	(void)state;
	for (int i = 1; i < 64; i++)
		strcat(text, ",1/1s");
	assert_true(ramp_parse(&r, "--pps", text, NULL));
	assert_int_equal(r.count, 64);
	strcat(text, ",1/1s");
	assert_false(ramp_parse(&r, "--pps", text, &err));
	assert_non_null(strstr(err.text, "64 steps"));
	memset(text, '1', sizeof(text) - 1);
	text[1024] = '\0';
	assert_false(ramp_parse(&r, "--pps", text, &err));
	assert_non_null(strstr(err.text, "1023 bytes"));
}

static void a_rate_is_no_ramp(void **state)
{
	(void)state;
	assert_false(ramp_is("1000"));
	assert_false(ramp_is("0.1"));
	assert_true(ramp_is("1000/1s"));
	assert_true(ramp_is("1..2"));
}

/* ---- deadlines ---- */

/* Frames that a step has made due by @t, times @unit. */
static u128 made(const struct ramp_step *s, uint64_t t, u128 *unit)
{
	u128 up;

	if (!s->sloped) {
		*unit = (u128)s->den * S;
		return (u128)s->num * t;
	}
	*unit = (u128)2 * s->ns * S;
	up = (u128)2 * s->num * t * s->ns;
	return s->to >= s->num ? up + (u128)(s->to - s->num) * t * t
			       : up - (u128)(s->num - s->to) * t * t;
}

/* Every deadline of @r, as far as @most frames. */
static uint64_t expect_exact(const struct ramp *r, uint64_t most)
{
	struct ramp_at at = {.ramp = r};
	uint64_t begin = 0, frames = 0;

	for (unsigned i = 0; i < r->count; i++) {
		const struct ramp_step *s = &r->step[i];
		uint64_t k = 0;
		u128 unit, whole = made(s, s->ns, &unit);

		for (; k * unit < whole; k++) {
			uint64_t due, t;

			if (frames++ == most)
				return frames;
			due = ramp_next(&at);
			assert_in_range(due, begin, begin + s->ns - 1);
			t = due - begin;
			if (s->sloped) {
				/* Up to the ns. */
				assert_true(made(s, t, &unit) >= k * unit);
				assert_true(t == 0 || made(s, t - 1, &unit) < k * unit);
			} else {
				/* Down to it, as pace.h has it. */
				assert_true(made(s, t, &unit) <= k * unit);
				assert_true(made(s, t + 1, &unit) > k * unit);
			}
		}
		begin += s->ns;
	}
	assert_int_equal(ramp_next(&at), UINT64_MAX);
	assert_int_equal(ramp_next(&at), UINT64_MAX);
	return frames;
}

static void deadlines_are_exact(void **state)
{
	static const struct {
		const char *text;
		uint64_t frames;
	} known[] = {
		{"1000/1s", 1000},	 {"3/1s", 3},
		{"0.5/4s", 2},		 {"0.3/1s", 1},
		{"1000..3000/1s", 2000}, {"3000..1000/1s", 2000},
		{"0..1000/1s", 500},	 {"1000..0/1s", 500},
		{"5..5/2s", 10},	 {"1000/10ms,2000/10ms,0..10/1ms", 31},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct ramp r = parsed(known[i].text);

		assert_int_equal(expect_exact(&r, UINT64_MAX), known[i].frames);
	}
}

static void random_deadlines_are_exact(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct sim_random random = {seed};
		struct ramp r = {.count = (unsigned)random_range(&random, 1, 4)};

		for (unsigned i = 0; i < r.count; i++) {
			struct ramp_step *s = &r.step[i];

			s->sloped = random_range(&random, 0, 1);
			s->ns = random_range(&random, 1,
					     RAMP_NS_MAX >> random_range(&random, 0, 40));
			s->num = random_range(&random, 1,
					      RAMP_PPS_MAX >> random_range(&random, 0, 26));
			s->to = random_range(&random, 0,
					     RAMP_PPS_MAX >> random_range(&random, 0, 26));
			s->den = s->sloped ? 1 : random_range(&random, 1, 1000);
		}
		expect_exact(&r, 2000);
	}
}

/* The greatest numbers of all fit 128 bits: near the end of the longest and steepest ramp. */
static void greatest_ramp_fits(void **state)
{
	struct ramp r = parsed("0..100000000/24h");
	struct ramp_at at = {
		.ramp = &r, .frames = RAMP_PPS_MAX * 43200 - 1, .last_ns = RAMP_NS_MAX / 2};
	uint64_t due = ramp_next(&at);

	(void)state;
	assert_in_range(due, RAMP_NS_MAX - 20, RAMP_NS_MAX - 1);
	assert_int_equal(ramp_next(&at), UINT64_MAX);
}

static void rate_at_a_time(void **state)
{
	struct ramp r = parsed("0.5/2s,1000..3000/2s,9..0/1s");

	(void)state;
	assert_int_equal(ramp_rate(&r, 0), 500);
	assert_int_equal(ramp_rate(&r, 2 * S - 1), 500);
	assert_int_equal(ramp_rate(&r, 2 * S), 1000000);
	assert_int_equal(ramp_rate(&r, 3 * S), 2000000);
	assert_int_equal(ramp_rate(&r, 4 * S + S / 2), 4500);
	assert_int_equal(ramp_rate(&r, 5 * S), 0);
	assert_int_equal(ramp_rate(&r, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_read),      cmocka_unit_test(others_are_refused),
		cmocka_unit_test(bounds_of_the_text),  cmocka_unit_test(a_rate_is_no_ramp),
		cmocka_unit_test(deadlines_are_exact), cmocka_unit_test(random_deadlines_are_exact),
		cmocka_unit_test(greatest_ramp_fits),  cmocka_unit_test(rate_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
