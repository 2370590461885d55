/* test_child.c - the life of one tshark after the other
 *
 * Goal: each arrow of the diagram in the header, and no other; back-off doubles up to its cap and
 * begins again after a generation that decoded; every deadline is kept to the nanosecond.
 *
 * Method: the machine is told what happened, at times that are numbers; what it wants and where it
 * is are compared after each step. Events that a state forbids must end the process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tshark/child.h"

#define T0		      UINT64_C(1000000000)
#define HANG		      CHILD_HANG_NS_MAX
#define EXITED(code)	      ((code) << 8) /* as wait() has it */

#define expect(c, want_state) assert_string_equal(child_state_name((c)->state), want_state)

static enum child_want idle_tick(struct child *c, uint64_t now_ns)
{
	return child_tick(c, now_ns, false);
}

/* To RUNNING, at @now_ns. */
static void run_at(struct child *c, uint64_t now_ns)
{
	assert_int_equal(idle_tick(c, now_ns), CHILD_SPAWN);
	child_spawned(c, true, now_ns);
	expect(c, "starting");
	assert_int_equal(idle_tick(c, now_ns), CHILD_OPEN);
	child_opened(c, true, now_ns);
	expect(c, "running");
}

static void begin(struct child *c)
{
	child_init(c, HANG);
	expect(c, "idle");
	child_start(c, T0);
	expect(c, "waiting");
	run_at(c, T0);
}

/* Pipes end, process reaped: the generation is over. */
static void die(struct child *c, int status, uint64_t now_ns)
{
	child_ended(c, true, false, now_ns);
	child_ended(c, false, true, now_ns);
	assert_false(child_over(c));
	assert_true(child_should_reap(c));
	assert_true(child_reaped(c, status));
	assert_true(child_over(c));
	assert_false(child_should_reap(c));
}

static void names_are_those_of_reports(void **state)
{
	static const char *const names[] = {"idle",	"waiting",     "starting", "running",
					    "draining", "terminating", "killing",  "gave_up"};

	(void)state;
	for (int i = 0; i < CHILD_STATES; i++)
		assert_string_equal(child_state_name((enum child_state)i), names[i]);
}

static void idle_wants_nothing(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, HANG);
	assert_int_equal(idle_tick(&c, UINT64_MAX - 1), CHILD_NOTHING);
	assert_int_equal(child_due(&c, false), UINT64_MAX);
	assert_false(child_alive(&c));
	assert_false(child_should_reap(&c));
	assert_false(child_over(&c));
	assert_int_equal(c.generation, 0);
	child_start(&c, T0);
	assert_int_equal(child_due(&c, false), T0);
	assert_int_equal(idle_tick(&c, T0), CHILD_SPAWN); /* due at once */
}

static void a_good_life(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	assert_int_equal(c.generation, 1);
	assert_true(child_alive(&c));
	child_progress(&c, T0 + 1);
	child_input_closed(&c, T0 + 2);
	expect(&c, "draining");
	die(&c, EXITED(0), T0 + 3);
	expect(&c, "draining");
	assert_true(c.clean);
	child_again(&c, false, T0 + 4);
	expect(&c, "idle");
	assert_false(child_alive(&c));
	child_start(&c, T0 + 5); /* and another */
	run_at(&c, T0 + 5);
	assert_int_equal(c.generation, 2);
	assert_false(c.clean || c.progressed || c.hung);
}

static void clean_is_zero_after_all_input(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	die(&c, EXITED(0), T0); /* while it should have read */
	assert_false(c.clean);
	begin(&c);
	child_input_closed(&c, T0);
	die(&c, EXITED(2), T0);
	assert_false(c.clean);
	assert_int_equal(c.status, EXITED(2));
	begin(&c);
	child_input_closed(&c, T0);
	die(&c, SIGSEGV, T0);
	assert_false(c.clean);
}

static void fifo_is_tried_until_the_limit(void **state)
{
	uint64_t now_ns = T0;
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_start(&c, T0);
	assert_int_equal(idle_tick(&c, T0), CHILD_SPAWN);
	child_spawned(&c, true, T0);
	while (now_ns < T0 + CHILD_OPEN_NS_MAX) {
		assert_int_equal(idle_tick(&c, now_ns), CHILD_OPEN);
		child_opened(&c, false, now_ns);
		expect(&c, "starting");
		assert_int_equal(child_due(&c, false), now_ns + CHILD_RETRY_NS);
		assert_int_equal(idle_tick(&c, now_ns + CHILD_RETRY_NS - 1), CHILD_NOTHING);
		now_ns += CHILD_RETRY_NS;
	}
	assert_int_equal(idle_tick(&c, now_ns), CHILD_TERM);
	expect(&c, "terminating");
	assert_true(c.hung);
}

static void late_opener_is_not_too_late(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_start(&c, T0);
	idle_tick(&c, T0);
	child_spawned(&c, true, T0);
	assert_int_equal(idle_tick(&c, T0 + CHILD_OPEN_NS_MAX - 1), CHILD_OPEN);
	child_opened(&c, true, T0 + CHILD_OPEN_NS_MAX - 1);
	assert_int_equal(idle_tick(&c, T0 + CHILD_OPEN_NS_MAX), CHILD_NOTHING);
	expect(&c, "running");
}

static void grace_then_kill_once(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	assert_true(child_stop(&c, T0));
	expect(&c, "terminating");
	assert_false(child_stop(&c, T0 + 1)); /* TERM has been sent */
	assert_int_equal(child_due(&c, true), T0 + CHILD_GRACE_NS);
	assert_int_equal(idle_tick(&c, T0 + CHILD_GRACE_NS - 1), CHILD_NOTHING);
	assert_int_equal(idle_tick(&c, T0 + CHILD_GRACE_NS), CHILD_KILL);
	expect(&c, "killing");
	assert_int_equal(idle_tick(&c, T0 + 100 * CHILD_GRACE_NS), CHILD_NOTHING);
	assert_int_equal(child_due(&c, true), UINT64_MAX);
	assert_false(child_stop(&c, T0));
	die(&c, SIGKILL, T0);
	expect(&c, "killing");
	child_again(&c, true, T0);
	expect(&c, "waiting");
}

static void stop_in_every_live_state(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_start(&c, T0);
	idle_tick(&c, T0);
	child_spawned(&c, true, T0);
	assert_true(child_stop(&c, T0)); /* starting */
	expect(&c, "terminating");
	begin(&c);
	child_input_closed(&c, T0);
	assert_true(child_stop(&c, T0)); /* draining */
	expect(&c, "terminating");
	assert_false(c.hung);
}

/* The clock of the watchdog starts with the first frame in flight, and again with each record. */
static void hang_is_measured_from_the_last_sign(void **state)
{
	uint64_t fed_ns = T0 + 5 * HANG;
	struct child c;

	(void)state;
	begin(&c);
	assert_int_equal(child_tick(&c, fed_ns, false), CHILD_NOTHING); /* idle for long */
	assert_int_equal(child_due(&c, false), UINT64_MAX);
	assert_int_equal(child_due(&c, true), fed_ns + HANG);
	assert_int_equal(child_tick(&c, fed_ns + HANG - 1, true), CHILD_NOTHING);
	child_progress(&c, fed_ns + HANG - 1);
	assert_int_equal(child_tick(&c, fed_ns + 2 * HANG - 2, true), CHILD_NOTHING);
	assert_int_equal(child_due(&c, true), fed_ns + 2 * HANG - 1);
	assert_int_equal(child_tick(&c, fed_ns + 2 * HANG - 1, true), CHILD_TERM);
	expect(&c, "terminating");
	assert_true(c.hung);
}

static void draining_is_watched_too(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	child_input_closed(&c, T0 + 7);
	assert_int_equal(child_due(&c, false), T0 + 7 + HANG);
	assert_int_equal(child_tick(&c, T0 + 6 + HANG, false), CHILD_NOTHING);
	assert_int_equal(child_tick(&c, T0 + 7 + HANG, false), CHILD_TERM);
	assert_true(c.hung);
}

static void no_watchdog_where_none_was_asked(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, 0);
	child_start(&c, T0);
	run_at(&c, T0);
	assert_int_equal(child_tick(&c, T0 + 1000 * HANG, true), CHILD_NOTHING);
	assert_int_equal(child_due(&c, true), UINT64_MAX);
	child_input_closed(&c, T0);
	assert_int_equal(child_tick(&c, T0 + 1000 * HANG, true), CHILD_NOTHING);
}

static void broken_input_gets_a_grace_period(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	child_input_broke(&c, T0);
	expect(&c, "terminating");
	assert_false(c.hung);
	child_progress(&c, T0 + 1); /* its output is still read */
	assert_int_equal(idle_tick(&c, T0 + CHILD_GRACE_NS - 1), CHILD_NOTHING);
	assert_int_equal(idle_tick(&c, T0 + CHILD_GRACE_NS), CHILD_KILL);
	child_input_broke(&c, T0 + CHILD_GRACE_NS); /* known */
	expect(&c, "killing");
}

/* Who has closed its output decodes nothing more. */
static void ended_output_gets_a_grace_period(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	child_ended(&c, false, true, T0); /* stderr alone means nothing */
	expect(&c, "running");
	child_ended(&c, true, false, T0 + 1);
	expect(&c, "terminating");
	assert_int_equal(child_due(&c, true), T0 + 1 + CHILD_GRACE_NS);
	assert_int_equal(idle_tick(&c, T0 + 1 + CHILD_GRACE_NS), CHILD_KILL);
	child_init(&c, HANG); /* before it opened the FIFO: bad arguments, say */
	child_start(&c, T0);
	idle_tick(&c, T0);
	child_spawned(&c, true, T0);
	child_ended(&c, true, true, T0);
	expect(&c, "terminating");
	assert_int_equal(idle_tick(&c, T0 + 1), CHILD_NOTHING); /* no OPEN */
	begin(&c);
	child_input_closed(&c, T0);
	child_ended(&c, true, false, T0); /* as it should: still watched */
	expect(&c, "draining");
}

/* Over means three things, in any order. */
static void over_in_any_order(void **state)
{
	(void)state;
	for (int order = 0; order < 6; order++) {
		static const char *const orders[] = {"oer", "ore", "eor", "ero", "roe", "reo"};
		struct child c;

		begin(&c);
		for (int i = 0; i < 3; i++) {
			assert_false(child_over(&c));
			switch (orders[order][i]) {
			case 'o': child_ended(&c, true, false, T0); break;
			case 'e': child_ended(&c, false, true, T0); break;
			default: assert_int_equal(child_reaped(&c, EXITED(1)), i == 2); break;
			}
		}
		assert_true(child_over(&c));
		child_again(&c, true, T0);
		expect(&c, "waiting");
	}
}

/* Reaped, with a pipe held open by a grandchild: nobody is there to be killed. */
static void reaped_is_not_killed(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	assert_true(child_stop(&c, T0));
	assert_false(child_reaped(&c, EXITED(0)));
	assert_false(child_should_reap(&c));
	assert_int_equal(idle_tick(&c, T0 + 10 * CHILD_GRACE_NS), CHILD_NOTHING);
	assert_int_equal(child_due(&c, true), UINT64_MAX);
	child_ended(&c, true, true, T0);
	assert_true(child_over(&c));
}

static void fail_once(struct child *c, uint64_t now_ns)
{
	assert_int_equal(idle_tick(c, now_ns), CHILD_SPAWN);
	child_spawned(c, false, now_ns);
	assert_true(child_over(c)); /* over as soon as it began */
	assert_false(child_should_reap(c));
	assert_int_equal(idle_tick(c, now_ns), CHILD_NOTHING); /* no FIFO to open */
	child_again(c, true, now_ns);
}

static void backoff_doubles_to_its_cap(void **state)
{
	uint64_t now_ns = T0, backoff_ns = CHILD_BACKOFF_NS;
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_start(&c, T0);
	for (int i = 0; i < 40; i++) {
		fail_once(&c, now_ns);
		expect(&c, "waiting"); /* capture goes on: it never gives up */
		assert_int_equal(c.failures, i + 1);
		assert_int_equal(child_due(&c, false), now_ns + backoff_ns);
		assert_int_equal(idle_tick(&c, now_ns + backoff_ns - 1), CHILD_NOTHING);
		now_ns += backoff_ns;
		backoff_ns = backoff_ns * 2 < CHILD_BACKOFF_NS_MAX ? backoff_ns * 2
								   : CHILD_BACKOFF_NS_MAX;
	}
	assert_int_equal(backoff_ns, CHILD_BACKOFF_NS_MAX);
	assert_int_equal(c.generation, 40);
}

static void a_record_makes_it_good_again(void **state)
{
	struct child c;

	(void)state;
	begin(&c);
	die(&c, EXITED(1), T0);
	child_again(&c, true, T0);
	fail_once(&c, T0 + CHILD_BACKOFF_NS);
	assert_int_equal(c.failures, 2);
	run_at(&c, T0 + CHILD_BACKOFF_NS_MAX);
	child_progress(&c, T0 + CHILD_BACKOFF_NS_MAX);
	die(&c, SIGSEGV, T0 + CHILD_BACKOFF_NS_MAX);
	child_again(&c, true, T0 + CHILD_BACKOFF_NS_MAX);
	assert_int_equal(c.failures, 0);
	assert_int_equal(child_due(&c, false), T0 + CHILD_BACKOFF_NS_MAX + CHILD_BACKOFF_NS);
	run_at(&c, T0 + 2 * CHILD_BACKOFF_NS_MAX); /* and that of the next is its own */
	die(&c, SIGSEGV, T0);
	child_again(&c, true, T0);
	assert_int_equal(c.failures, 1);
	assert_int_equal(child_due(&c, false), T0 + 2 * CHILD_BACKOFF_NS);
}

static void gives_up_only_when_finishing(void **state)
{
	uint64_t now_ns = T0;
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_start(&c, T0);
	for (int i = 0; i < 2 * CHILD_FAILURES_MAX; i++) {
		fail_once(&c, now_ns);
		now_ns += CHILD_BACKOFF_NS_MAX;
	}
	child_finish(&c);
	expect(&c, "waiting"); /* one more try */
	fail_once(&c, now_ns);
	expect(&c, "gave_up");
	assert_int_equal(idle_tick(&c, UINT64_MAX - 1), CHILD_NOTHING);
	assert_int_equal(child_due(&c, true), UINT64_MAX);
	assert_false(child_alive(&c));
}

static void gives_up_after_exactly_the_limit(void **state)
{
	uint64_t now_ns = T0;
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_finish(&c);
	child_start(&c, T0);
	for (int i = 1; i < CHILD_FAILURES_MAX; i++) {
		fail_once(&c, now_ns);
		expect(&c, "waiting");
		now_ns += CHILD_BACKOFF_NS_MAX;
	}
	fail_once(&c, now_ns);
	expect(&c, "gave_up");
}

static void nothing_left_is_idle_whatever_happened(void **state)
{
	uint64_t now_ns = T0;
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_finish(&c);
	child_start(&c, T0);
	for (int i = 0; i < CHILD_FAILURES_MAX - 1; i++) {
		fail_once(&c, now_ns);
		now_ns += CHILD_BACKOFF_NS_MAX;
	}
	idle_tick(&c, now_ns);
	child_spawned(&c, false, now_ns);
	child_again(&c, false, now_ns);
	expect(&c, "idle");
}

static void waiting_can_be_given_up(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, HANG);
	child_start(&c, T0);
	child_give_up(&c);
	expect(&c, "gave_up");
}

static void start_twice(struct child *c)
{
	child_start(c, T0);
	child_start(c, T0);
}

static void spawned_unasked(struct child *c)
{
	child_spawned(c, true, T0);
}

static void opened_unasked(struct child *c)
{
	child_opened(c, true, T0);
}

static void closed_unasked(struct child *c)
{
	child_input_closed(c, T0);
}

static void again_alive(struct child *c)
{
	child_start(c, T0);
	run_at(c, T0);
	child_again(c, true, T0);
}

static void reaped_twice(struct child *c)
{
	child_start(c, T0);
	run_at(c, T0);
	child_reaped(c, 0);
	child_reaped(c, 0);
}

static void stop_nobody(struct child *c)
{
	child_stop(c, T0);
}

static void give_up_idle(struct child *c)
{
	child_give_up(c);
}

static void unexpected_events_end_the_process(void **state)
{
	void (*const misuses[])(struct child *) = {start_twice,	   spawned_unasked, opened_unasked,
						   closed_unasked, again_alive,	    reaped_twice,
						   stop_nobody,	   give_up_idle};

	(void)state;
	for (unsigned i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			struct child c;

			signal(SIGABRT, SIG_DFL);
			fclose(stderr);
			child_init(&c, HANG);
			misuses[i](&c);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("misuse %u was let pass", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_reports),
		cmocka_unit_test(idle_wants_nothing),
		cmocka_unit_test(a_good_life),
		cmocka_unit_test(clean_is_zero_after_all_input),
		cmocka_unit_test(fifo_is_tried_until_the_limit),
		cmocka_unit_test(late_opener_is_not_too_late),
		cmocka_unit_test(grace_then_kill_once),
		cmocka_unit_test(stop_in_every_live_state),
		cmocka_unit_test(hang_is_measured_from_the_last_sign),
		cmocka_unit_test(draining_is_watched_too),
		cmocka_unit_test(no_watchdog_where_none_was_asked),
		cmocka_unit_test(broken_input_gets_a_grace_period),
		cmocka_unit_test(ended_output_gets_a_grace_period),
		cmocka_unit_test(over_in_any_order),
		cmocka_unit_test(reaped_is_not_killed),
		cmocka_unit_test(backoff_doubles_to_its_cap),
		cmocka_unit_test(a_record_makes_it_good_again),
		cmocka_unit_test(gives_up_only_when_finishing),
		cmocka_unit_test(gives_up_after_exactly_the_limit),
		cmocka_unit_test(nothing_left_is_idle_whatever_happened),
		cmocka_unit_test(waiting_can_be_given_up),
		cmocka_unit_test(unexpected_events_end_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
