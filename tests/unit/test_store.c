/* test_store.c - captured frames by id
 *
 * Goal: ids without gaps, the newest frames held, nothing pushed out before it was settled and
 * emitted, rows in the order of ids whatever the order of settling, counters of the ledger.
 *
 * Method: random calls held against a model that keeps a state for each id; the address sanitizer
 * sees what is freed twice or never; calls that the contract forbids must end the process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"
#include "store/store.h"

static struct frame *frame_of(uint64_t serial)
{
	struct frame *f = frame_new(8);

	memcpy(f->data, &serial, 8);
	f->serial = serial;
	return f;
}

static char *text_of(const char *s)
{
	char *copy = malloc(strlen(s));

	memcpy(copy, s, strlen(s));
	return copy;
}

static uint64_t emit(struct store *s)
{
	uint64_t id = 0;
	struct slot *slot = store_emit(s, &id);

	if (slot)
		assert_int_equal(slot->frame->serial, id);
	return slot ? id : 0;
}

static void ids_count_from_one(void **state)
{
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 3), 0);
	assert_int_equal(store_oldest_unsettled(&s), 1); /* head: none */
	assert_false(store_emit_ready(&s));
	for (uint64_t id = 1; id <= 3; id++) {
		assert_false(store_full(&s));
		assert_int_equal(store_add(&s, frame_of(id)), id);
		assert_int_equal(store_slot(&s, id)->state, SLOT_PENDING);
		assert_int_equal(store_slot(&s, id)->frame->serial, id);
	}
	assert_int_equal(s.captured, 3);
	assert_int_equal(store_unsettled(&s), 3);
	assert_true(store_full(&s));
	store_done(&s);
}

static void settled_keeps_what_it_was_given(void **state)
{
	struct decoded_fields *fields = calloc(1, sizeof(*fields));
	char *raw = text_of("{}\n");
	struct store s;
	uint64_t id;

	(void)state;
	assert_int_equal(store_init(&s, 4), 0);
	store_add(&s, frame_of(1));
	store_add(&s, frame_of(2));
	store_slot(&s, 1)->state = SLOT_FED;
	store_decoded(&s, 1, fields, raw, 3);
	assert_int_equal(store_slot(&s, 1)->state, SLOT_DECODED);
	store_slot(&s, 2)->state = SLOT_FED;
	store_decoded(&s, 2, NULL, NULL, 0);
	assert_ptr_equal(store_emit(&s, &id)->fields, fields);
	assert_int_equal(id, 1);
	assert_ptr_equal(store_slot(&s, 1)->raw, raw);
	assert_int_equal(store_slot(&s, 1)->raw_n, 3);
	assert_int_equal(emit(&s), 2);
	assert_int_equal(s.decoded, 2);
	assert_int_equal(store_unsettled(&s), 0);
	store_done(&s);
}

static void cause_says_basic_or_skipped(void **state)
{
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, UNDECODED_CAUSES), 0);
	for (int cause = 0; cause < UNDECODED_CAUSES; cause++) {
		bool basic = cause == UNDECODED_NO_TSHARK || cause == UNDECODED_NOT_ASKED;
		uint64_t id = store_add(&s, frame_of((uint64_t)cause + 1));

		if (cause % 2)
			store_slot(&s, id)->state = SLOT_FED;
		store_undecoded(&s, id, (enum undecoded)cause);
		assert_int_equal(store_slot(&s, id)->state, basic ? SLOT_BASIC : SLOT_SKIPPED);
		assert_int_equal(store_slot(&s, id)->cause, cause);
		assert_int_equal(s.cause[cause], 1);
		assert_int_equal(s.undecoded, cause + 1);
	}
	assert_int_equal(s.decoded, 0);
	assert_int_equal(store_unsettled(&s), 0);
	store_done(&s);
}

static void rows_come_in_order_of_ids(void **state)
{
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 5), 0);
	for (uint64_t id = 1; id <= 4; id++)
		store_add(&s, frame_of(id));
	store_decoded(&s, 3, NULL, NULL, 0);
	store_undecoded(&s, 2, UNDECODED_STOPPED);
	assert_false(store_emit_ready(&s));
	assert_int_equal(emit(&s), 0);
	assert_int_equal(store_oldest_unsettled(&s), 1);
	store_decoded(&s, 1, NULL, NULL, 0);
	assert_int_equal(store_oldest_unsettled(&s), 4);
	assert_int_equal(emit(&s), 1);
	assert_int_equal(emit(&s), 2);
	assert_true(store_emit_ready(&s));
	assert_int_equal(emit(&s), 3);
	assert_int_equal(emit(&s), 0);
	store_done(&s);
}

/* A full store takes one more frame exactly when its oldest was settled and emitted. */
static void oldest_is_pushed_out(void **state)
{
	struct frame *first = frame_of(1);
	struct store s;

	(void)state;
	assert_int_equal(store_init(&s, 2), 0);
	frame_ref(first);
	store_add(&s, first);
	store_add(&s, frame_of(2));
	assert_true(store_full(&s));
	store_decoded(&s, 1, calloc(1, sizeof(struct decoded_fields)), text_of("x"), 1);
	assert_true(store_full(&s));
	assert_int_equal(emit(&s), 1);
	assert_false(store_full(&s));
	assert_int_equal(atomic_load(&first->refs), 2);
	assert_int_equal(store_add(&s, frame_of(3)), 3);
	assert_int_equal(atomic_load(&first->refs), 1);
	assert_int_equal(s.discarded, 1);
	assert_int_equal(s.tail, 2);
	assert_int_equal(store_slot(&s, 3)->state, SLOT_PENDING); /* nothing of frame 1 is left */
	assert_null(store_slot(&s, 3)->fields);
	assert_null(store_slot(&s, 3)->raw);
	assert_true(store_full(&s));
	frame_unref(first);
	store_done(&s);
}

struct model {
	uint8_t state[20000]; /* by id */
	uint64_t captured, settled, emitted;
};

static void settle_one(struct store *s, struct model *m, struct sim_random *r)
{
	uint64_t id = random_range(r, s->tail, s->head - 1);

	if (m->state[id] >= SLOT_DECODED)
		return;
	if (random_chance(r, 300)) {
		store_slot(s, id)->state = m->state[id] = SLOT_FED;
	} else if (random_chance(r, 500)) {
		store_decoded(s, id, calloc(1, sizeof(struct decoded_fields)), text_of("raw"), 3);
		m->state[id] = SLOT_DECODED;
		m->settled++;
	} else {
		store_undecoded(s, id, UNDECODED_UNREADABLE);
		m->state[id] = SLOT_SKIPPED;
		m->settled++;
	}
}

static void walk(uint32_t limit)
{
	static struct model m;
	struct sim_random r = {limit};
	struct store s;

	memset(&m, 0, sizeof(m));
	assert_int_equal(store_init(&s, limit), 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t oldest;

		switch (random_range(&r, 0, 3)) {
		case 0:
			if (store_full(&s))
				break;
			m.captured++;
			assert_int_equal(store_add(&s, frame_of(m.captured)), m.captured);
			break;
		case 1: {
			bool ready =
				m.emitted < m.captured && m.state[m.emitted + 1] >= SLOT_DECODED;

			m.emitted += ready;
			assert_int_equal(emit(&s), ready ? m.emitted : 0);
			break;
		}
		default:
			if (s.head > s.tail)
				settle_one(&s, &m, &r);
		}
		oldest = m.emitted + 1;
		while (oldest <= m.captured && m.state[oldest] >= SLOT_DECODED)
			oldest++;
		assert_int_equal(store_oldest_unsettled(&s), oldest);
		assert_int_equal(store_unsettled(&s), m.captured - m.settled);
		assert_true(s.head - s.tail <= limit);
		assert_int_equal(s.captured, s.head - s.tail + s.discarded);
		assert_int_equal(s.decoded + s.undecoded, m.settled);
		assert_int_equal(store_full(&s), s.head - s.tail == limit && m.emitted < s.tail);
	}
	assert_true(m.captured > 1000);
	store_done(&s);
}

static void random_calls_agree_with_the_model(void **state)
{
	(void)state;
	walk(1);
	walk(2);
	walk(3);
	walk(10);
	walk(64);
	walk(100);
}

static void add_to_full(struct store *s)
{
	store_add(s, frame_of(3));
}

static void settle_twice(struct store *s)
{
	store_undecoded(s, 1, UNDECODED_STOPPED);
	store_undecoded(s, 1, UNDECODED_STOPPED);
}

static void slot_after_head(struct store *s)
{
	store_slot(s, 3);
}

static void slot_before_tail(struct store *s)
{
	store_slot(s, 0);
}

static void misuse_ends_the_process(void **state)
{
	void (*const misuses[])(struct store *) = {add_to_full, settle_twice, slot_after_head,
						   slot_before_tail};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			struct store s;

			signal(SIGABRT, SIG_DFL);
			fclose(stderr);
			store_init(&s, 2);
			store_add(&s, frame_of(1));
			store_add(&s, frame_of(2));
			misuses[i](&s);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_count_from_one),
		cmocka_unit_test(settled_keeps_what_it_was_given),
		cmocka_unit_test(cause_says_basic_or_skipped),
		cmocka_unit_test(rows_come_in_order_of_ids),
		cmocka_unit_test(oldest_is_pushed_out),
		cmocka_unit_test(random_calls_agree_with_the_model),
		cmocka_unit_test(misuse_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
