/* test_loaded.c - frames of captures in memory
 *
 * Goal: what is loaded are the file's Ethernet frames, in order, each with its own decode; other
 * link types are passed over; it stops where it is full; a broken file is said, and what came
 * before stands.
 *
 * Method: fixtures, beside what capfile and basic_decode() say of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "capfile/capfile.h"
#include "cli/loaded.h"

#define CAPTURE(name) FIXTURES "/captures/" name

static void as_the_file_has_them(void **state)
{
	struct capfile_frame f;
	struct loaded l;
	struct err err;
	struct capfile *c = capfile_open(CAPTURE("session.pcapng"), &err);

	(void)state;
	assert_true(loaded_init(&l));
	assert_true(loaded_read(&l, CAPTURE("session.pcapng"), &err));
	assert_int_equal(l.frames, 92);
	for (size_t i = 0; i < l.frames; i++) {
		struct basic basic;

		assert_int_equal(capfile_next(c, &f, &err), CAPFILE_FRAME);
		assert_int_equal(l.frame[i].caplen, f.caplen);
		assert_memory_equal(l.frame[i].data, f.data, f.caplen);
		assert_int_equal(l.frame[i].number, i + 1);
		basic_decode(&basic, f.data, f.caplen);
		assert_int_equal(l.frame[i].basic->flags, basic.flags);
		assert_int_equal(l.frame[i].basic->sport, basic.sport);
	}
	/* A second file comes behind it. */
	assert_true(loaded_read(&l, CAPTURE("arp.pcap"), &err));
	assert_true(l.frames > 92);
	capfile_close(c);
	loaded_done(&l);
}

static void until_it_is_full(void **state)
{
	struct loaded l;
	struct err err;

	(void)state;
	assert_true(loaded_init(&l));
	for (unsigned i = 0; i < LOADED_FRAMES_MAX / 92 + 2; i++)
		assert_true(loaded_read(&l, CAPTURE("session.pcapng"), &err));
	assert_true(l.frames == LOADED_FRAMES_MAX && l.used <= LOADED_BYTES_MAX);
	loaded_done(&l);
}

static void what_is_none(void **state)
{
	struct loaded l;
	struct err err = {0};

	(void)state;
	assert_true(loaded_init(&l));
	assert_true(loaded_read(&l, CAPTURE("linktype-raw.pcap"), &err));
	assert_int_equal(l.frames, 0);
	assert_false(loaded_read(&l, CAPTURE("no-such.pcap"), &err));
	assert_non_null(strstr(err.text, "no-such.pcap"));
	assert_false(loaded_read(&l, FIXTURES "/corrupt/cut-record-data.pcap", &err));
	assert_true(l.frames > 0);
	loaded_done(&l);
	loaded_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_file_has_them),
					   cmocka_unit_test(until_it_is_full),
					   cmocka_unit_test(what_is_none)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
