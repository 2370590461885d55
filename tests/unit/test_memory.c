/* test_memory.c - each allocation failing, once, for long, and for good
 *
 * Goal: where memory runs out, nothing crashes, nothing hangs, and no frame is lost silently.
 *
 * Method: a seed of the simulator, without other faults, is run once to count what switch, tap,
 * pipeline, backfill and spool allocate; then three times more for each of these, which fails:
 * alone, with all that follow until the source has ended, with all that follow for good. The
 * world's oracles judge each run. Allocations of the world itself do not fail. The linker puts our
 * allocator in the place of the system's (--wrap).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backfill;
struct pipeline;
struct pipeline_wait;
struct spool;
struct eth_switch;
struct frame;

static void armed_pipeline_step(struct pipeline *p, uint64_t now_ns, struct pipeline_wait *wait);
static void armed_backfill_step(struct backfill *b, uint64_t now_ns, struct pipeline_wait *wait);
static uint64_t armed_spool_step(struct spool *s, uint64_t now_ns);
static bool armed_switch_input(struct eth_switch *s, unsigned port, struct frame *f,
			       uint64_t now_ns);

#include "backfill.h"
#include "pipeline.h"
#include "store/spool.h"
#include "switch.h"

#define pipeline_step armed_pipeline_step
#define backfill_step armed_backfill_step
#define spool_step    armed_spool_step
#define switch_input  armed_switch_input
#include "world.c" /* NOLINT(bugprone-suspicious-include): its run is stepped here */
#undef pipeline_step
#undef backfill_step
#undef spool_step
#undef switch_input

/* After it, as cmocka.h makes a macro of fail(). */
#include <setjmp.h>
#include <cmocka.h>

/* ---- the allocator ---- */

static unsigned armed; /* depth: ours, and not a call back into the world */
static uint64_t allocations, failing;
static uint64_t fillings; /* allocations of backfill, of them */
/* Of the allocations after the first that fails */
enum {
	NONE_FOLLOW,
	FOLLOW_UNTIL_THE_SOURCE_ENDS,
	FOLLOW_FOR_GOOD,
	FOLLOWS
};
static int follow;
static struct world *playing;

void *__real_malloc(size_t n);		    /* NOLINT: the linker's names */
void *__real_calloc(size_t n, size_t size); /* NOLINT */
void *__real_realloc(void *p, size_t n);    /* NOLINT */
void *__wrap_malloc(size_t n);		    /* NOLINT */
void *__wrap_calloc(size_t n, size_t size); /* NOLINT */
void *__wrap_realloc(void *p, size_t n);    /* NOLINT */

static bool fails(void)
{
	if (!armed)
		return false;
	allocations++;
	return failing && (follow ? allocations >= failing : allocations == failing);
}

void *__wrap_malloc(size_t n) /* NOLINT */
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size) /* NOLINT */
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n) /* NOLINT */
{
	return fails() ? NULL : __real_realloc(p, n);
}

static void armed_pipeline_step(struct pipeline *p, uint64_t now_ns, struct pipeline_wait *wait)
{
	/* As any fault of phase 1 */
	if (playing->source_ended && follow == FOLLOW_UNTIL_THE_SOURCE_ENDS)
		failing = 0;
	armed++;
	pipeline_step(p, now_ns, wait);
	armed--;
}

static void armed_backfill_step(struct backfill *b, uint64_t now_ns, struct pipeline_wait *wait)
{
	uint64_t before = allocations;

	armed++;
	backfill_step(b, now_ns, wait);
	armed--;
	fillings += allocations - before;
}

static uint64_t armed_spool_step(struct spool *s, uint64_t now_ns)
{
	uint64_t due_ns;

	armed++;
	due_ns = spool_step(s, now_ns);
	armed--;
	return due_ns;
}

static bool armed_switch_input(struct eth_switch *s, unsigned port, struct frame *f,
			       uint64_t now_ns)
{
	bool forwarded;

	armed++;
	forwarded = switch_input(s, port, f, now_ns);
	armed--;
	return forwarded;
}

/* ---- calls back into the world ---- */

static struct port below_port;
static struct disk below_disk;
static struct sink below_sink;
static struct backfill_reader below_reader;

#define DISARMED(type, call)          \
	do {                          \
		unsigned was = armed; \
		type result;          \
                                      \
		armed = 0;            \
		result = call;        \
		armed = was;          \
		return result;        \
	} while (0)

static int on_fifo_make(void *ctx, char path[PORT_PATH_MAX])
{
	DISARMED(int, below_port.ops->fifo_make(ctx, path));
}

static int on_spawn(void *ctx, char *const argv[], struct port_child *child)
{
	DISARMED(int, below_port.ops->spawn(ctx, argv, child));
}

static int on_create(void *ctx, const char *path)
{
	DISARMED(int, below_disk.ops->create(ctx, path));
}

static ssize_t on_writev(void *ctx, int fd, const struct iovec *iov, int n)
{
	DISARMED(ssize_t, below_disk.ops->writev(ctx, fd, iov, n));
}

static int on_truncate(void *ctx, int fd, uint64_t bytes)
{
	DISARMED(int, below_disk.ops->truncate(ctx, fd, bytes));
}

static void *on_map(void *ctx, int fd, uint32_t bytes, int *error)
{
	DISARMED(void *, below_disk.ops->map(ctx, fd, bytes, error));
}

static bool on_offer(void *ctx, struct decoded *d)
{
	DISARMED(bool, below_sink.offer(ctx, d));
}

static void on_line(void *ctx, const char *members, size_t n)
{
	unsigned was = armed;

	armed = 0;
	audit_line(ctx, members, n);
	armed = was;
}

static void on_ask(void *ctx, struct backfill_read *r)
{
	unsigned was = armed;

	armed = 0;
	below_reader.ask(ctx, r);
	armed = was;
}

/* ---- runs ---- */

/* Return: false where the seed is none for this: a lossless run promises to drop nothing, which no
 * one can without memory. */
static bool play(uint64_t seed, uint64_t nth, int then, struct world_result *result)
{
	static struct port_ops port;
	static struct disk_ops disk;
	static const struct world_limits calm = {.off = ~UINT64_C(0), .frames = 60};
	struct world *w = make_world(result, WORLD_FRAMES_MAX);

	begin(w, seed);
	limit(w, &calm);
	if (w->config.lossless) {
		end(w);
		return false;
	}
	below_port = w->pipeline.config.port;
	port = *below_port.ops;
	port.fifo_make = on_fifo_make;
	port.spawn = on_spawn;
	w->pipeline.config.port.ops = &port;
	below_sink = w->pipeline.config.sink;
	if (below_sink.offer)
		w->pipeline.config.sink.offer = on_offer;
	w->pipeline.config.audit.line = w->backfill.audit.line = on_line;
	below_reader = w->backfill.reader;
	if (below_reader.ask)
		w->backfill.reader.ask = on_ask;
	if (w->disk_on) {
		below_disk = w->spool.config.disk;
		disk = *below_disk.ops;
		disk.create = on_create;
		disk.writev = on_writev;
		disk.truncate = on_truncate;
		disk.map = on_map;
		w->spool.config.disk.ops = &disk;
	}
	allocations = 0;
	failing = nth;
	follow = then;
	playing = w;
	/* A file is not lost with the note of what is in it. */
	w->may_forget = true;
	run(w);
	failing = 0;
	if (!result->why[0])
		check_end(w);
	sum_up(w);
	end(w);
	return true;
}

#define SEEDS	 16u
#define EACH_MAX 400u

static void each_allocation_may_fail(void **state)
{
	static struct world_result r;
	static const char *const words[] = {"", " and all that follow until the source has ended",
					    " and all that follow"};
	unsigned runs = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t count;

		if (!play(seed, 0, NONE_FOLLOW, &r))
			continue;
		if (!r.ok)
			fail_msg("seed %" PRIu64 ": %s", seed, r.why);
		count = allocations;
		for (uint64_t nth = 1; nth <= count && nth <= EACH_MAX; nth++) {
			for (int then = NONE_FOLLOW; then < FOLLOWS; then++, runs++) {
				play(seed, nth, then, &r);
				if (!r.ok)
					fail_msg("seed %" PRIu64 ", allocation %" PRIu64
						 " of %" PRIu64 "%s: %s",
						 seed, nth, count, words[then], r.why);
			}
		}
	}
	assert_in_range(runs, 1000, 100000);
	assert_in_range(fillings, 1000, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_may_fail)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
