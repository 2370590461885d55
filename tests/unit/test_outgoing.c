/* test_outgoing.c - which frames may go, and the ledger of them
 *
 * Goal: every frame ends in one counter whatever the interface answers, an interface without room
 * is asked again for OUTGOING_PATIENCE_NS and no longer, only one that is down is the end, and what
 * is told adds up to what is counted.
 *
 * Method: frames at both sides of each bound; every error once; then random frames and answers
 * against a second count.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "outgoing.h"
#include "random.h"

#define MTU 1500u

static uint64_t told[OUTGOING_FATES], lines;

static void on_run(void *ctx, enum outgoing_fate fate, const struct run *run)
{
	(void)ctx;
	assert_true(run->count > 0 && run->first <= run->last);
	assert_true(run->count <= run->last - run->first + 1);
	told[fate] += run->count;
	lines++;
}

static struct outgoing fresh(void)
{
	struct outgoing o;

	memset(told, 0, sizeof(told));
	lines = 0;
	outgoing_init(&o, MTU, (struct outgoing_teller){.run = on_run});
	return o;
}

static unsigned char bytes[70000];

static bool offer(struct outgoing *o, uint32_t caplen, uint32_t len)
{
	struct frame f = {.data = bytes, .caplen = caplen, .len = len, .serial = o->offered + 1};

	return outgoing_offer(o, &f, 1);
}

static void bounds_of_a_frame(void **state)
{
	struct outgoing o = fresh();

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_false(offer(&o, 0, 0));
	assert_false(offer(&o, 13, 13));
	assert_true(offer(&o, 14, 14));
	assert_true(offer(&o, MTU + 14, MTU + 14));
	assert_false(offer(&o, MTU + 15, MTU + 15));
	assert_int_equal(o.count[OUTGOING_RUNT], 2);
	assert_int_equal(o.count[OUTGOING_OVER_MTU], 1);
	/* A tag does not count, two count once. */
	bytes[12] = 0x81;
	assert_true(offer(&o, MTU + 18, MTU + 18));
	assert_false(offer(&o, MTU + 19, MTU + 19));
	assert_int_equal(o.count[OUTGOING_OVER_MTU], 2);
	bytes[12] = 0;
}

static void lengths_are_noticed(void **state)
{
	struct outgoing o = fresh();

	(void)state;
	assert_true(offer(&o, 60, 60));
	assert_true(offer(&o, 60, 61));
	assert_true(offer(&o, 60, FRAME_BYTES_MAX));
	assert_int_equal(o.count[OUTGOING_CUT_SHORT], 2);
	assert_true(offer(&o, 60, FRAME_BYTES_MAX + 1));
	assert_true(offer(&o, 60, UINT32_MAX));
	assert_true(offer(&o, 60, 59));
	assert_true(offer(&o, 60, 0));
	assert_int_equal(o.count[OUTGOING_ABSURD_LENGTH], 4);
	assert_int_equal(o.count[OUTGOING_CUT_SHORT], 2);
	assert_int_equal(outgoing_refused(&o), 0);
	outgoing_flush(&o);
	assert_int_equal(told[OUTGOING_ABSURD_LENGTH], 4);
	assert_int_equal(told[OUTGOING_CUT_SHORT], 2);
}

static void patience_has_an_end(void **state)
{
	static const int errors[] = {EAGAIN, ENOBUFS, ENOMEM};
	const struct outgoing_frame f = {.serial = 1, .bytes = 60};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct outgoing o = fresh();

		offer(&o, 60, 60);
		assert_int_equal(outgoing_failed(&o, &f, errors[i], 5), OUTGOING_RETRY);
		assert_int_equal(outgoing_failed(&o, &f, errors[i], 4 + OUTGOING_PATIENCE_NS),
				 OUTGOING_RETRY);
		assert_false(outgoing_balanced(&o));
		assert_int_equal(outgoing_failed(&o, &f, errors[i], 5 + OUTGOING_PATIENCE_NS),
				 OUTGOING_NEXT);
		assert_int_equal(o.count[OUTGOING_NO_BUFFERS], 1);
		assert_int_equal(o.retries, 2);
		assert_true(outgoing_balanced(&o));
		/* The next has patience of its own, and so has one after a success. */
		assert_int_equal(outgoing_failed(&o, &f, errors[i], 2 * OUTGOING_PATIENCE_NS),
				 OUTGOING_RETRY);
		outgoing_sent(&o, &f);
		assert_int_equal(outgoing_failed(&o, &f, errors[i], 9 * OUTGOING_PATIENCE_NS),
				 OUTGOING_RETRY);
	}
}

static void errors_have_their_fate(void **state)
{
	static const struct {
		int error;
		enum outgoing_fate fate;
		enum outgoing_step step;
	} all[] = {
		{EMSGSIZE, OUTGOING_OVER_MTU, OUTGOING_NEXT},
		{ENETDOWN, OUTGOING_DOWN, OUTGOING_END},
		{ENXIO, OUTGOING_DOWN, OUTGOING_END},
		{ENODEV, OUTGOING_DOWN, OUTGOING_END},
		{EINVAL, OUTGOING_FAILED, OUTGOING_NEXT},
		{EIO, OUTGOING_FAILED, OUTGOING_NEXT},
	};
	const struct outgoing_frame f = {.serial = 1, .bytes = 60};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct outgoing o = fresh();

		offer(&o, 60, 60);
		assert_int_equal(outgoing_failed(&o, &f, all[i].error, 1), all[i].step);
		assert_int_equal(o.count[all[i].fate], 1);
		assert_int_equal(outgoing_refused(&o), 1);
		assert_true(outgoing_balanced(&o));
		assert_int_equal(o.last_error, all[i].fate == OUTGOING_FAILED ? all[i].error : 0);
	}
}

/* Every other frame too long, at a million a second: a line a second, and the count exact. */
static void runs_are_joined(void **state)
{
	struct outgoing o = fresh();

	(void)state;
	for (uint64_t i = 0; i < 6000; i++) {
		struct frame f = {.data = bytes, .serial = i + 1, .ts_ns = i};

		f.caplen = f.len = i % 2 ? 60 : 9000;
		outgoing_offer(&o, &f, i * (OUTGOING_TELL_NS / 1000));
	}
	outgoing_flush(&o);
	assert_int_equal(told[OUTGOING_OVER_MTU], 3000);
	assert_int_equal(o.count[OUTGOING_OVER_MTU], 3000);
	assert_in_range(lines, 5, 7);
}

static void random_answers_balance(void **state)
{
	static const int errors[] = {EAGAIN, ENOBUFS, EMSGSIZE, EINVAL, EPERM, ENOMEM};

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct sim_random r = {seed};
		struct outgoing o = fresh();
		uint64_t now_ns = 1, went = 0;

		for (uint64_t i = 0; i < 500; i++) {
			uint32_t caplen = (uint32_t)random_range(&r, 0, 1600);
			struct frame f = {.data = bytes,
					  .serial = i + 1,
					  .caplen = caplen,
					  .len = (uint32_t)random_range(&r, 0, 1600)};
			struct outgoing_frame seen = {.serial = i + 1, .bytes = caplen};
			enum outgoing_step step = OUTGOING_RETRY;

			now_ns += random_range(&r, 1, OUTGOING_TELL_NS / 10);
			if (!outgoing_offer(&o, &f, now_ns))
				continue;
			while (step == OUTGOING_RETRY && random_range(&r, 0, 3) == 0) {
				now_ns += random_range(&r, 1, OUTGOING_PATIENCE_NS / 2);
				step = outgoing_failed(&o, &seen, errors[random_range(&r, 0, 5)],
						       now_ns);
			}
			if (step == OUTGOING_RETRY) {
				outgoing_sent(&o, &seen);
				went++;
			}
			assert_true(outgoing_balanced(&o));
		}
		outgoing_flush(&o);
		assert_int_equal(o.offered, 500);
		assert_int_equal(o.sent, went);
		for (int fate = 0; fate < OUTGOING_FATES; fate++)
			assert_int_equal(told[fate], o.count[fate]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_of_a_frame),   cmocka_unit_test(lengths_are_noticed),
		cmocka_unit_test(patience_has_an_end), cmocka_unit_test(errors_have_their_fate),
		cmocka_unit_test(runs_are_joined),     cmocka_unit_test(random_answers_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
