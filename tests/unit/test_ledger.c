/* test_ledger.c - the balance of frames
 *
 * Goal: a ledger that adds up balances; one that is off by a single frame anywhere does not, and
 * the line that is wrong is named with its numbers; each counter is listed once, under its name.
 *
 * Method: a balanced ledger with a different number in every counter, then each counter one more
 * and one less, with the line of the header that must be named.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/ledger.h"

static struct ledger balanced(void)
{
	struct ledger l = {
		.out_of_scope = 3,
		.prefiltered = 5,
		.dropped_queue = 7,
		.queued = 11,
		.spilled = 13,
		.discarded = 17,
		.in_flight = 19,
		.decoded_live = 1000,
		.backfilled = 23,
	};

	for (int i = 0; i < UNDECODED_CAUSES; i++) {
		l.cause[i] = 100 + (uint64_t)i;
		l.undecoded += l.cause[i];
	}
	l.decoded = l.decoded_live + l.backfilled;
	l.captured = l.decoded + l.undecoded + l.in_flight;
	l.in_memory = l.captured - l.spilled - l.discarded;
	l.forwarded = l.out_of_scope + l.prefiltered + l.dropped_queue + l.queued + l.captured;
	return l;
}

static void expect_wrong(const struct ledger *l, const char *line)
{
	char why[256] = "";

	assert_false(ledger_balanced(l, why, sizeof(why)));
	if (strncmp(why, line, strlen(line)) != 0)
		fail_msg("'%s' should begin with '%s'", why, line);
	assert_false(ledger_balanced(l, NULL, 0));
}

#define FORWARDED "forwarded = out_of_scope + prefiltered + dropped_queue + queued + captured: "
#define HELD	  "captured = in_memory + spilled + discarded: "
#define SETTLED	  "captured = decoded + undecoded + in_flight: "
#define CAUSES	  "undecoded = the sum of its causes: "
#define DECODED	  "decoded = decoded_live + backfilled: "

static void each_line_is_checked(void **state)
{
	static const struct {
		size_t at;
		const char *line;
	} counters[] = {
		{offsetof(struct ledger, forwarded), FORWARDED},
		{offsetof(struct ledger, out_of_scope), FORWARDED},
		{offsetof(struct ledger, prefiltered), FORWARDED},
		{offsetof(struct ledger, dropped_queue), FORWARDED},
		{offsetof(struct ledger, queued), FORWARDED},
		{offsetof(struct ledger, captured), FORWARDED},
		{offsetof(struct ledger, in_memory), HELD},
		{offsetof(struct ledger, spilled), HELD},
		{offsetof(struct ledger, discarded), HELD},
		{offsetof(struct ledger, decoded), SETTLED},
		{offsetof(struct ledger, undecoded), SETTLED},
		{offsetof(struct ledger, in_flight), SETTLED},
		{offsetof(struct ledger, cause[UNDECODED_SKIPPED_STALL]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_SKIPPED_BACKLOG]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_SKIPPED_LOAD]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_LOST_CHILD]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_QUARANTINED]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_UNREADABLE]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_NO_TSHARK]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_NOT_ASKED]), CAUSES},
		{offsetof(struct ledger, cause[UNDECODED_STOPPED]), CAUSES},
		{offsetof(struct ledger, decoded_live), DECODED},
		{offsetof(struct ledger, backfilled), DECODED},
	};
	_Static_assert(sizeof(counters) / sizeof(counters[0]) ==
			       sizeof(struct ledger) / sizeof(uint64_t),
		       "every counter is here");

	(void)state;
	for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		for (int more = 0; more < 2; more++) {
			struct ledger l = balanced();
			uint64_t *counter = (uint64_t *)((char *)&l + counters[i].at);

			*counter += more ? 1 : UINT64_MAX;
			expect_wrong(&l, counters[i].line);
		}
	}
}

static void balance_is_silent(void **state)
{
	struct ledger l = balanced(), zero = {0};
	char why[8] = "kept";

	(void)state;
	assert_true(ledger_balanced(&l, why, sizeof(why)));
	assert_true(ledger_balanced(&zero, why, sizeof(why)));
	assert_true(ledger_balanced(&l, NULL, 0));
	assert_string_equal(why, "kept");
}

static void numbers_are_named(void **state)
{
	struct ledger l = {.forwarded = UINT64_MAX, .queued = 3};
	char why[256], small[10];

	(void)state;
	assert_false(ledger_balanced(&l, why, sizeof(why)));
	assert_string_equal(why, FORWARDED "18446744073709551615 is not 3");
	memset(small, 'x', sizeof(small));
	assert_false(ledger_balanced(&l, small, sizeof(small) - 1));
	assert_string_equal(small, "forwarde"); /* cut, with its NUL */
	assert_int_equal(small[9], 'x');
}

static const char *const names[] = {
	"forwarded",	   "out_of_scope", "prefiltered",  "dropped_queue", "queued",
	"captured",	   "in_memory",	   "spilled",	   "discarded",	    "decoded",
	"undecoded",	   "in_flight",	   "decoded_live", "backfilled",    "skipped_stall",
	"skipped_backlog", "skipped_load", "lost_child",   "quarantined",   "unreadable",
	"no_tshark",	   "not_asked",	   "stopped",
};

struct listing {
	const uint64_t *values;
	size_t n;
};

static void list(void *ctx, const char *name, uint64_t value)
{
	struct listing *l = ctx;

	assert_true(l->n < sizeof(names) / sizeof(names[0]));
	assert_string_equal(name, names[l->n]);
	assert_int_equal(value, l->values[l->n]);
	l->n++;
}

/* The struct is counters only, in the order of the listing. */
static void every_counter_is_listed(void **state)
{
	struct ledger l = balanced();
	uint64_t values[sizeof(l) / sizeof(uint64_t)];
	struct listing listing = {values, 0};

	(void)state;
	memcpy(values, &l, sizeof(l));
	ledger_each(&l, list, &listing);
	assert_int_equal(listing.n, sizeof(names) / sizeof(names[0]));
	for (int i = 0; i < UNDECODED_CAUSES; i++)
		assert_string_equal(undecoded_name((enum undecoded)i), names[14 + i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_checked),
		cmocka_unit_test(balance_is_silent),
		cmocka_unit_test(numbers_are_named),
		cmocka_unit_test(every_counter_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
