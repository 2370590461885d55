/* test_tshark_sim.c - the simulated tshark
 *
 * Goal: without faults it does what the real one does (opens late, two lines a record, holds back
 * without -l, exit 0 after all input and 2 inside a record); each fault does what its name says.
 *
 * Method: a pcap stream is written into its FIFO, it is stepped with the time, and its output is
 * read by the scanner that the pipeline uses. One fault is on at a time, always or never.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ek/ek_record.h"
#include "tshark_sim.h"

#define MS UINT64_C(1000000)

struct fixture {
	struct tshark_sim t;
	struct sim_random random;
	struct faults faults;
	struct buf out;
	uint64_t now_ns;
};

static void begin(struct fixture *f, bool flush)
{
	memset(f, 0, sizeof(*f));
	f->t.random = &f->random;
	f->t.faults = &f->faults;
	f->t.due_ns = UINT64_MAX;
	tshark_sim_spawn(&f->t, flush, 1, 0);
}

static void end(struct fixture *f)
{
	tshark_sim_done(&f->t);
	buf_done(&f->out);
}

/* Step until nothing is due and nothing is ready; read what comes. */
static void settle(struct fixture *f)
{
	for (int i = 0; i < 100000; i++) {
		char bytes[4096];
		size_t n = pipe_sim_read(&f->t.out, bytes, sizeof(bytes));

		buf_put(&f->out, bytes, n);
		if (f->t.due_ns != UINT64_MAX && f->t.due_ns > f->now_ns)
			f->now_ns = f->t.due_ns;
		else if (f->t.due_ns == UINT64_MAX && !tshark_sim_ready(&f->t, f->now_ns) && !n)
			return;
		tshark_sim_step(&f->t, f->now_ns);
		f->now_ns += 100;
	}
	fail_msg("no rest");
}

static void connect_writer(struct fixture *f)
{
	settle(f);
	assert_int_equal(f->t.state, TSHARK_SIM_READING);
	f->t.input.writer = f->t.writer_came = true;
}

static void write_bytes(struct fixture *f, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		size_t took = pipe_sim_write(&f->t.input, p, n);

		p += took;
		n -= took;
		settle(f);
		if (!took)
			return; /* it reads no more */
	}
}

static const unsigned char header[24] = {0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4};

static void write_record(struct fixture *f, const char *data)
{
	unsigned char record[16] = {0};

	le32_store(record + 8, (uint32_t)strlen(data));
	le32_store(record + 12, (uint32_t)strlen(data));
	write_bytes(f, record, 16);
	write_bytes(f, data, strlen(data));
}

/* Lines of the output by kind. */
struct seen {
	unsigned documents, indexes, noise, broken;
	uint64_t numbers[64];
	char info[64][24];
};

static struct seen scan(const struct fixture *f)
{
	struct seen s = {0};
	const char *p = f->out.p;
	size_t n = f->out.n;

	while (n) {
		const char *newline = memchr(p, '\n', n);
		size_t length = newline ? (size_t)(newline - p) : n;
		struct ek_record r;

		ek_record_scan(&r, p, length);
		s.indexes += r.kind == EK_INDEX;
		s.noise += r.kind == EK_NOISE;
		s.broken += r.kind == EK_BROKEN;
		if (r.kind == EK_DOCUMENT) {
			s.numbers[s.documents] = r.number;
			snprintf(s.info[s.documents++], 24, "%.*s", (int)r.field[EK_INFO].n,
				 r.field[EK_INFO].p);
		}
		n -= length + (newline != NULL);
		p += length + (newline != NULL);
	}
	return s;
}

static void hash_text(const char *data, char text[24])
{
	snprintf(text, 24, "%016" PRIx64,
		 tshark_sim_hash((const unsigned char *)data, (uint32_t)strlen(data)));
}

static void decodes_each_record(void **state)
{
	struct fixture f;
	char text[24];
	struct seen s;

	(void)state;
	begin(&f, true);
	assert_int_equal(f.t.state, TSHARK_SIM_STARTING);
	connect_writer(&f);
	write_bytes(&f, header, 24);
	write_record(&f, "first");
	write_record(&f, "");
	write_record(&f, "third");
	s = scan(&f);
	assert_int_equal(s.documents, 3);
	assert_int_equal(s.indexes, 3);
	assert_int_equal(s.noise + s.broken, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(s.numbers[i], i + 1);
	hash_text("third", text);
	assert_string_equal(s.info[2], text);
	assert_string_not_equal(s.info[0], text);
	f.t.input.writer = false;
	settle(&f);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	assert_int_equal(f.t.status, 0);
	assert_false(f.t.out.writer || f.t.err.writer || f.t.input.reader);
	end(&f);
}

static void holds_back_without_flush(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, false);
	connect_writer(&f);
	write_bytes(&f, header, 24);
	write_record(&f, "first");
	assert_int_equal(f.out.n, 0);
	for (int i = 0; i < 40; i++)
		write_record(&f, "more");
	assert_true(f.out.n > 0);
	assert_int_equal(f.out.n % 4096, 0);
	f.t.input.writer = false;
	settle(&f);
	assert_int_equal(scan(&f).documents, 41);
	end(&f);
}

static void end_inside_a_record_is_exit_2(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, true);
	connect_writer(&f);
	write_bytes(&f, header, 24);
	write_record(&f, "whole");
	write_bytes(&f, "half a rec", 10);
	f.t.input.writer = false;
	settle(&f);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	assert_int_equal(f.t.status, 2 << 8);
	assert_int_equal(scan(&f).documents, 1);
	end(&f);
	begin(&f, true);
	connect_writer(&f);
	f.t.input.writer = false; /* not even a header */
	settle(&f);
	assert_int_equal(f.t.status, 2 << 8);
	end(&f);
}

static void signals_end_it(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, true);
	connect_writer(&f);
	tshark_sim_signal(&f.t, SIGTERM, f.now_ns);
	settle(&f);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	assert_int_equal(f.t.status, 0); /* as the real one */
	end(&f);
	begin(&f, true);
	connect_writer(&f);
	f.t.ignores_term = true;
	tshark_sim_signal(&f.t, SIGTERM, f.now_ns);
	settle(&f);
	assert_int_equal(f.t.state, TSHARK_SIM_READING);
	tshark_sim_signal(&f.t, SIGKILL, f.now_ns);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	assert_int_equal(f.t.status, SIGKILL);
	tshark_sim_signal(&f.t, SIGTERM, f.now_ns); /* nobody */
	assert_int_equal(f.t.status, SIGKILL);
	end(&f);
}

/* One fault, always; then the state and what came out. */
static struct seen with_fault(struct fixture *f, size_t at)
{
	begin(f, true);
	connect_writer(f);
	*(unsigned *)((char *)&f->faults + at) = 1000;
	write_bytes(f, header, 24);
	write_record(f, "a frame of some length");
	return scan(f);
}

static void faults_do_what_they_say(void **state)
{
	struct fixture f;
	struct seen s;

	(void)state;
	with_fault(&f, offsetof(struct faults, crash));
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	assert_int_equal(f.t.status, SIGSEGV);
	end(&f);
	with_fault(&f, offsetof(struct faults, poison));
	assert_int_equal(f.t.status, SIGSEGV);
	end(&f);
	with_fault(&f, offsetof(struct faults, exit2));
	assert_int_equal(f.t.status, 2 << 8);
	end(&f);
	with_fault(&f, offsetof(struct faults, hang));
	assert_int_equal(f.t.state, TSHARK_SIM_HUNG);
	tshark_sim_signal(&f.t, SIGTERM, f.now_ns);
	tshark_sim_step(&f.t, f.now_ns);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	end(&f);
	s = with_fault(&f, offsetof(struct faults, noise));
	assert_int_equal(s.documents, 1);
	assert_true(s.noise >= 2);
	end(&f);
	s = with_fault(&f, offsetof(struct faults, broken));
	assert_int_equal(s.documents, 1);
	assert_int_equal(s.broken, 1);
	end(&f);
	s = with_fault(&f, offsetof(struct faults, duplicate));
	assert_int_equal(s.documents, 2);
	assert_int_equal(s.numbers[0], s.numbers[1]);
	end(&f);
	s = with_fault(&f, offsetof(struct faults, missing));
	assert_int_equal(s.documents, 0);
	assert_int_equal(f.t.number, 1);
	end(&f);
	s = with_fault(&f, offsetof(struct faults, wrong_number));
	assert_int_equal(s.documents, 2);
	assert_true(s.numbers[0] > 1000000);
	assert_int_equal(s.numbers[1], 1);
	end(&f);
	s = with_fault(&f, offsetof(struct faults, cut));
	assert_true(s.documents == 0 || s.indexes == 0 || s.broken + s.noise > 0);
	end(&f);
}

static void start_may_fail(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, true);
	f.faults.start_exit = 1000;
	settle(&f);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	assert_int_equal(f.t.status, 2 << 8);
	assert_true(f.t.err.n > 0); /* it said something */
	end(&f);
}

/* Pipes end first, the exit comes later. */
static void exit_may_be_late(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, true);
	connect_writer(&f);
	f.faults.late_exit = 1000;
	f.t.input.writer = false;
	while (f.t.state != TSHARK_SIM_LATE) {
		assert_int_not_equal(f.t.state, TSHARK_SIM_DEAD);
		tshark_sim_step(&f.t, f.now_ns += 100);
	}
	assert_false(f.t.out.writer || f.t.err.writer);
	assert_true(f.t.due_ns > f.now_ns && f.t.due_ns <= f.now_ns + 3000 * MS);
	tshark_sim_step(&f.t, f.t.due_ns - 1);
	assert_int_equal(f.t.state, TSHARK_SIM_LATE);
	tshark_sim_step(&f.t, f.t.due_ns);
	assert_int_equal(f.t.state, TSHARK_SIM_DEAD);
	end(&f);
}

static void poison_is_in_the_bytes(void **state)
{
	struct fixture f;
	unsigned poisoned = 0;

	(void)state;
	begin(&f, true);
	f.faults.poison = 20;
	for (uint32_t i = 0; i < 10000; i++) {
		bool first = tshark_sim_poison(&f.t, (unsigned char *)&i, 4);

		assert_int_equal(first, tshark_sim_poison(&f.t, (unsigned char *)&i, 4));
		poisoned += first;
	}
	assert_in_range(poisoned, 100, 300);
	f.faults.poison = 0;
	assert_false(tshark_sim_poison(&f.t, header, 24));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_each_record),
		cmocka_unit_test(holds_back_without_flush),
		cmocka_unit_test(end_inside_a_record_is_exit_2),
		cmocka_unit_test(signals_end_it),
		cmocka_unit_test(faults_do_what_they_say),
		cmocka_unit_test(start_may_fail),
		cmocka_unit_test(exit_may_be_late),
		cmocka_unit_test(poison_is_in_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
