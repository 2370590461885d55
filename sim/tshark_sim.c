/* tshark_sim.c - a simulated tshark */
#include "tshark_sim.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/bytes.h"
#include "os/port_posix.h"
#include "trace.h"

#define MS		  UINT64_C(1000000)
#define STDIO_BYTES	  4096u
#define EXIT_STATUS(code) ((code) << 8) /* as wait() has it */

void tshark_sim_done(struct tshark_sim *t)
{
	pipe_sim_free(&t->input);
	pipe_sim_free(&t->out);
	pipe_sim_free(&t->err);
	buf_done(&t->in);
	buf_done(&t->held);
}

uint64_t tshark_sim_hash(const unsigned char *data, uint32_t caplen)
{
	struct trace hash = {0};

	trace_bytes(&hash, &caplen, sizeof(caplen));
	trace_bytes(&hash, data, caplen);
	return hash.hash;
}

bool tshark_sim_poison(const struct tshark_sim *t, const unsigned char *data, uint32_t caplen)
{
	return t->faults->poison && tshark_sim_hash(data, caplen) % 1000 < t->faults->poison;
}

void tshark_sim_spawn(struct tshark_sim *t, bool flush, uint32_t generation, uint64_t now_ns)
{
	struct sim_random *r = t->random;

	pipe_sim_open(&t->input, t->plan ? PORT_PIPE_BYTES : random_range(r, 64, 20000));
	t->input.writer = false;
	pipe_sim_open(&t->out, t->plan ? PORT_PIPE_BYTES : random_range(r, 64, 20000));
	pipe_sim_open(&t->err, 512);
	t->flush = flush;
	t->state = TSHARK_SIM_STARTING;
	t->ignores_term = random_chance(r, t->faults->ignore_term);
	t->termed = t->header_seen = t->writer_came = t->started = false;
	t->number = 0;
	t->struck = t->flood = 0;
	t->in.n = t->held.n = t->held_at = 0;
	t->generation = generation;
	for (unsigned i = 0; t->plan && i < t->plan->count; i++) {
		const struct fault *f = &t->plan->fault[i];

		t->ignores_term |=
			f->kind == FAULT_TSHARK_DEAF && plan_strikes(f, t->generation, 0, r);
	}
	t->due_ns =
		now_ns + (random_chance(r, t->faults->start_slow) ? random_range(r, 0, 40000 * MS)
								  : random_range(r, 0, 200 * MS));
}

static void die(struct tshark_sim *t, int status)
{
	t->state = TSHARK_SIM_DEAD;
	t->status = status;
	t->due_ns = UINT64_MAX;
	t->input.reader = t->out.writer = t->err.writer = false;
}

/* Exit in order; some take their time after closing their pipes. */
static void leave(struct tshark_sim *t, int status, uint64_t now_ns)
{
	die(t, status);
	if (!random_chance(t->random, t->faults->late_exit))
		return;
	t->state = TSHARK_SIM_LATE;
	t->due_ns = now_ns + random_range(t->random, 1, 3000 * MS);
}

void tshark_sim_signal(struct tshark_sim *t, int signal, uint64_t now_ns)
{
	if (t->state == TSHARK_SIM_NONE || t->state == TSHARK_SIM_DEAD)
		return;
	if (signal == SIGKILL) {
		die(t, SIGKILL);
		return;
	}
	if (t->ignores_term)
		return;
	/* As tshark does: between packets, exit 0. */
	t->termed = true;
	if (t->state == TSHARK_SIM_READING || t->state == TSHARK_SIM_STARTING ||
	    t->state == TSHARK_SIM_HUNG)
		t->due_ns = now_ns;
}

static size_t held(const struct tshark_sim *t)
{
	return t->held.n - t->held_at;
}

/* Move what is held back into the pipe: all of it at the end or with -l, else in stdio's pieces. */
static void flush(struct tshark_sim *t, bool all)
{
	size_t most = all || t->flush ? held(t) : held(t) / STDIO_BYTES * STDIO_BYTES;

	if (most)
		t->held_at += pipe_sim_write(&t->out, t->held.p + t->held_at, most);
	if (t->held_at == t->held.n)
		t->held.n = t->held_at = 0;
}

static bool output_blocked(const struct tshark_sim *t)
{
	return held(t) >= STDIO_BYTES || (t->flush && held(t));
}

static void print_record(struct tshark_sim *t, const unsigned char *data, uint32_t caplen,
			 uint32_t number)
{
	struct buf *b = &t->held;
	size_t from = b->n;

	buf_puts(b, "{\"index\":{\"_index\":\"packets-2026-01-02\",\"_type\":\"doc\"}}\n");
	buf_printf(b,
		   "{\"timestamp\":\"1\",\"no\":\"%" PRIu32 "\",\"src\":\"a\",\"dst\":\"b\","
		   "\"proto\":\"SIM\",\"len\":\"%" PRIu32 "\",\"info\":\"%016" PRIx64
		   "\",\"layers\":{\"eth\":{}}}\n",
		   number, caplen, tshark_sim_hash(data, caplen));
	/* A cut line: a newline where none belongs. */
	if (random_chance(t->random, t->faults->cut))
		b->p[random_range(t->random, from, b->n - 2)] = '\n';
}

/* ---- the plan of a scenario, as the stand-in does it ---- */

static void print_long(struct buf *b, uint64_t bytes)
{
	char piece[4096];

	memset(piece, 'x', sizeof(piece));
	buf_puts(b, "{\"timestamp\":\"");
	for (; bytes > sizeof(piece); bytes -= sizeof(piece))
		buf_put(b, piece, sizeof(piece));
	buf_put(b, piece, bytes);
	buf_putc(b, '\n');
}

static void decode_as_planned(struct tshark_sim *t, const unsigned char *data, uint32_t caplen)
{
	bool missing = false, twice = false, cut = false;
	size_t from;

	for (unsigned i = 0; i < t->plan->count; i++) {
		const struct fault *f = &t->plan->fault[i];

		if (!plan_strikes(f, t->generation, t->number, t->random))
			continue;
		switch (f->kind) {
		case FAULT_TSHARK_NOISE: buf_puts(&t->held, "=====\n\nLua: print\n"); break;
		case FAULT_TSHARK_BROKEN:
			buf_puts(&t->held, "{\"timestamp\":\"1\",\"no\":\"7\",\"src\":\n");
			break;
		case FAULT_TSHARK_LONG: print_long(&t->held, f->bytes); break;
		case FAULT_TSHARK_STDERR: t->flood += f->bytes; break;
		case FAULT_TSHARK_WRONG_NUMBER:
			print_record(t, data, caplen, t->number + 2000000);
			break;
		case FAULT_TSHARK_CUT: cut = true; break;
		case FAULT_TSHARK_DUPLICATE: twice = true; break;
		case FAULT_TSHARK_MISSING: missing = true; break;
		default: break;
		}
	}
	from = t->held.n;
	if (!missing)
		print_record(t, data, caplen, t->number);
	if (cut && !missing)
		t->held.p[from + (t->held.n - from) / 2 + 30] = '\n';
	if (twice)
		print_record(t, data, caplen, t->number);
}

static void decode(struct tshark_sim *t, const unsigned char *data, uint32_t caplen)
{
	const struct faults *f = t->faults;
	struct sim_random *r = t->random;

	t->number++;
	if (t->plan) {
		decode_as_planned(t, data, caplen);
		return;
	}
	if (random_chance(r, f->noise))
		buf_puts(&t->held, "=====\n\nLua: print\n");
	if (random_chance(r, f->broken))
		buf_puts(&t->held, "{\"timestamp\":\"1\",\"no\":\"7\",\"src\":\n");
	if (random_chance(r, f->wrong_number))
		print_record(t, data, caplen, t->number + 2000000);
	if (random_chance(r, f->missing))
		return;
	print_record(t, data, caplen, t->number);
	if (random_chance(r, f->duplicate))
		print_record(t, data, caplen, t->number);
}

/* Before a record; 0: at the start. Return: false where that ended or stopped the process. */
static bool strike(struct tshark_sim *t, uint64_t number, const unsigned char *data,
		   uint32_t caplen, uint64_t now_ns)
{
	uint64_t busy_ns = 0;

	for (unsigned i = 0; t->plan && i < t->plan->count; i++) {
		const struct fault *f = &t->plan->fault[i];
		bool strikes = f->kind == FAULT_TSHARK_POISON
				       ? number && plan_poisons(f, data, caplen)
				       : plan_strikes(f, t->generation, number, t->random);

		if (!strikes)
			continue;
		switch (f->kind) {
		case FAULT_TSHARK_POISON:
		case FAULT_TSHARK_CRASH:
			if (f->hangs)
				break;
			die(t, f->signal);
			return false;
		case FAULT_TSHARK_EXIT: leave(t, EXIT_STATUS(f->status), now_ns); return false;
		case FAULT_TSHARK_CLOSES: t->input.reader = false; break;
		case FAULT_TSHARK_HANG: break;
		case FAULT_TSHARK_STALL:
			if (f->for_ns == UINT64_MAX)
				break;
			busy_ns += f->for_ns;
			continue;
		case FAULT_TSHARK_SLOW: busy_ns += number ? f->for_ns : 0; continue;
		case FAULT_TSHARK_STDERR: t->flood += number ? 0 : f->bytes; continue;
		default: continue;
		}
		t->state = TSHARK_SIM_HUNG;
		t->due_ns = UINT64_MAX;
		return false;
	}
	t->due_ns = now_ns + busy_ns;
	return busy_ns == 0;
}

/* One record is in hand. Return: false where it ended or stopped the process. */
static bool take_record(struct tshark_sim *t, const unsigned char *data, uint32_t caplen,
			uint64_t now_ns)
{
	const struct faults *f = t->faults;
	struct sim_random *r = t->random;

	if (t->plan && t->struck <= t->number) {
		t->struck = (uint64_t)t->number + 1;
		if (!strike(t, t->struck, data, caplen, now_ns))
			return false;
	}
	if (random_chance(r, f->crash) || tshark_sim_poison(t, data, caplen)) {
		/* What was in the pipe is read all the same; what was held back is not. */
		die(t, SIGSEGV);
		return false;
	}
	if (random_chance(r, f->exit2)) {
		flush(t, true);
		leave(t, EXIT_STATUS(2), now_ns);
		return false;
	}
	if (random_chance(r, f->hang)) {
		t->state = TSHARK_SIM_HUNG;
		t->due_ns = UINT64_MAX;
		return false;
	}
	decode(t, data, caplen);
	t->due_ns = now_ns + random_range(r, 0, 200000);
	if (random_chance(r, f->stall))
		t->due_ns += random_range(r, 0, 600 * MS);
	return true;
}

/* Read the FIFO into t->in. Return: whether something came. */
static bool read_input(struct tshark_sim *t)
{
	unsigned char bytes[4096];
	size_t n = pipe_sim_read(&t->input, bytes, random_range(t->random, 1, sizeof(bytes)));

	buf_put(&t->in, bytes, n);
	return n > 0;
}

/* Bytes at the start of t->in that make the file header or a whole record; 0 where more is needed.
 */
static size_t whole(const struct tshark_sim *t)
{
	const unsigned char *p = (const unsigned char *)t->in.p;

	if (!t->header_seen)
		return t->in.n >= 24 ? 24 : 0;
	if (t->in.n < 16 || t->in.n < 16 + (size_t)le32_load(p + 8))
		return 0;
	return 16 + (size_t)le32_load(p + 8);
}

static void end_of_input(struct tshark_sim *t)
{
	t->state = TSHARK_SIM_CLOSING;
	t->status = t->in.n || !t->header_seen ? EXIT_STATUS(2) : 0;
	t->due_ns = 0;
}

static void read_records(struct tshark_sim *t, uint64_t now_ns)
{
	size_t n = whole(t);
	const unsigned char *p;

	if (t->termed) {
		t->state = TSHARK_SIM_CLOSING;
		t->status = 0;
		return;
	}
	t->due_ns = UINT64_MAX;
	if (!n) {
		if (read_input(t))
			t->due_ns = now_ns;
		else if (t->writer_came && !t->input.writer)
			end_of_input(t);
		return;
	}
	p = (const unsigned char *)t->in.p;
	if (!t->header_seen)
		t->header_seen = true;
	else if (!take_record(t, p + 16, le32_load(p + 8), now_ns))
		return;
	memmove(t->in.p, t->in.p + n, t->in.n - n);
	t->in.n -= n;
	if (t->due_ns == UINT64_MAX)
		t->due_ns = now_ns;
}

static void start(struct tshark_sim *t, uint64_t now_ns)
{
	static const char said[] = "Running as user \"root\" and group \"root\".\nhalf a line";

	pipe_sim_write(&t->err, said, sizeof(said) - 1);
	if (t->termed || random_chance(t->random, t->faults->start_exit)) {
		leave(t, t->termed ? SIGTERM : EXIT_STATUS(2), now_ns);
		return;
	}
	if (t->plan && t->struck == 0 && !t->started) {
		t->started = true;
		if (!strike(t, 0, NULL, 0, now_ns))
			return;
	}
	t->state = TSHARK_SIM_READING;
	t->due_ns = UINT64_MAX;
}

bool tshark_sim_ready(const struct tshark_sim *t, uint64_t now_ns)
{
	switch (t->state) {
	case TSHARK_SIM_READING:
		if (output_blocked(t))
			return pipe_sim_room(&t->out) > 0;
		/* Busy with a packet, or free to read. */
		return t->due_ns == UINT64_MAX &&
		       (whole(t) || t->input.n || (t->writer_came && !t->input.writer));
	case TSHARK_SIM_CLOSING: return pipe_sim_room(&t->out) > 0 || !held(t);
	default: break;
	}
	(void)now_ns;
	return false;
}

/* What stderr is flooded with. Return: whether there is more than the pipe took */
static bool pour(struct tshark_sim *t)
{
	static const char line[] = "Warning: something is odd with this packet, as so often\n";
	size_t n = sizeof(line) - 1;

	while (t->flood && pipe_sim_room(&t->err) >= n) {
		pipe_sim_write(&t->err, line, n);
		t->flood -= t->flood < n ? t->flood : n;
	}
	return t->flood > 0;
}

void tshark_sim_step(struct tshark_sim *t, uint64_t now_ns)
{
	static const char flood[] = "Warning: something is odd with this packet, as so often\n";
	bool due = now_ns >= t->due_ns;

	if (random_chance(t->random, t->faults->stderr_flood) && t->err.writer)
		pipe_sim_write(&t->err, flood, sizeof(flood) - 1);
	switch (t->state) {
	case TSHARK_SIM_STARTING:
		if (due)
			start(t, now_ns);
		return;
	case TSHARK_SIM_READING:
		if (pour(t)) {
			t->due_ns = now_ns + MS;
			return;
		}
		flush(t, false);
		if (output_blocked(t))
			t->due_ns = due ? UINT64_MAX : t->due_ns;
		else if (due || t->due_ns == UINT64_MAX)
			read_records(t, now_ns);
		return;
	case TSHARK_SIM_CLOSING:
		flush(t, true);
		t->due_ns = UINT64_MAX;
		if (!held(t))
			leave(t, t->status, now_ns);
		return;
	case TSHARK_SIM_HUNG:
		if (t->termed)
			leave(t, 0, now_ns);
		return;
	case TSHARK_SIM_LATE:
		if (due) {
			t->state = TSHARK_SIM_DEAD;
			t->due_ns = UINT64_MAX;
		}
		return;
	case TSHARK_SIM_NONE:
	case TSHARK_SIM_DEAD: return;
	}
}
