/* test_tallied.c - goal: each frame is counted once, whether or not the next sink takes it at once,
 * and goes on to it. Method: a sink that refuses each second offer; none at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "blocks.h"
#include "cli/tallied.h"

struct reluctant {
	unsigned offers, taken;
};

static bool offer(void *ctx, struct decoded *d)
{
	struct reluctant *r = ctx;

	if (r->offers++ % 2 == 0)
		return false;
	r->taken++;
	decoded_free(d);
	return true;
}

static struct decoded *frame(void)
{
	static const unsigned char bytes[60] = {2};
	struct decoded *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->segment = blocks_one(&(struct pcapng_packet){.data = bytes, .caplen = 60, .len = 60}, 1);
	d->packet = packet_of(d->segment->base);
	d->status = DECODED_BASIC;
	basic_decode(&d->basic, d->packet.data, 60);
	return d;
}

static void test_refused(void **state)
{
	struct reluctant r = {0};
	struct tallied t = {.tally = tally_new(1)};
	struct sink sink = tallied_sink(&t, (struct sink){.offer = offer, .ctx = &r});

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct decoded *d = frame();

		assert_false(sink.offer(sink.ctx, d));
		assert_true(sink.offer(sink.ctx, d));
	}
	assert_int_equal(r.taken, 10);
	assert_int_equal(t.tally->frames, 10);
	tally_free(t.tally);
}

static void test_last_and_updates(void **state)
{
	struct tallied t = {.tally = tally_new(1)};
	struct sink sink = tallied_sink(&t, (struct sink){0});
	struct decoded *d = frame();

	(void)state;
	assert_true(sink.offer(sink.ctx, frame()));
	d->update = true;
	assert_true(sink.offer(sink.ctx, d));
	assert_int_equal(t.tally->frames, 1);
	tally_free(t.tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_last_and_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
