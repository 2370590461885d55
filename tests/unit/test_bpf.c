/* test_bpf.c - capture filters
 *
 * Goal: libpcap's language on Ethernet frames, by wire length and captured bytes; a filter that
 * does not compile is refused with words for a person.
 *
 * Method: frames made by hand, each with filters that take it and filters that do not; a frame cut
 * at every length is matched, so that the address sanitizer sees a read past its end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tap/bpf.h"

/* 10.0.0.1:40000 to 10.0.0.2:80, SYN */
static const unsigned char tcp[54] = {
	0x02, 0,    0, 0,  0, 2, 0x02, 0, 0,  0, 0, 1, 0x08, 0, /* Ethernet */
	0x45, 0,    0, 40, 0, 1, 0,    0, 64, 6, 0, 0, 10,   0, 0, 1, 10, 0, 0, 2,
	0x9c, 0x40, 0, 80, 0, 0, 0,    0, 0,  0, 0, 0, 0x50, 2, 1, 0, 0,  0, 0, 0,
};

static struct frame *frame_of(const unsigned char *data, uint32_t n)
{
	struct frame *f = frame_new(n);

	if (n)
		memcpy(f->data, data, n);
	return f;
}

static bool matches(const char *expression, const struct frame *f)
{
	struct err err;
	struct bpf *b = bpf_compile(expression, &err);
	bool result;

	if (!b)
		fail_msg("%s", err.text);
	result = bpf_match(b, f);
	bpf_free(b);
	return result;
}

static void takes_what_the_expression_says(void **state)
{
	static const char *const yes[] = {
		"",
		"tcp",
		"ip",
		"tcp port 80",
		"tcp dst port 80",
		"src host 10.0.0.1",
		"ether src 02:00:00:00:00:01",
		"tcp[tcpflags] & tcp-syn != 0",
		"not udp",
		"net 10.0.0.0/8",
	};
	static const char *const no[] = {
		"udp",	"ip6", "tcp port 443", "tcp src port 80", "dst host 10.0.0.1",
		"vlan", "arp", "greater 1000",
	};
	struct frame *f = frame_of(tcp, sizeof(tcp));

	(void)state;
	for (unsigned i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!matches(yes[i], f))
			fail_msg("'%s' refused the frame", yes[i]);
	}
	for (unsigned i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (matches(no[i], f))
			fail_msg("'%s' took the frame", no[i]);
	}
	frame_unref(f);
}

static void length_is_the_wire_s(void **state)
{
	struct frame *f = frame_of(tcp, sizeof(tcp));

	(void)state;
	f->len = 1500;
	assert_true(matches("len > 1000", f));
	assert_true(matches("greater 1500", f));
	assert_false(matches("less 54", f));
	frame_unref(f);
}

/* What lies beyond the capture does not match, and is not read. */
static void cut_frames_are_safe(void **state)
{
	struct err err;
	struct bpf *port = bpf_compile("tcp dst port 80", &err);
	struct bpf *last = bpf_compile("ether[53] = 0", &err);

	(void)state;
	assert_non_null(port);
	assert_non_null(last);
	for (uint32_t n = 0; n <= sizeof(tcp); n++) {
		struct frame *f = frame_of(tcp, n);

		f->len = sizeof(tcp);
		assert_int_equal(bpf_match(port, f), n >= 38);
		assert_int_equal(bpf_match(last, f), n == sizeof(tcp));
		frame_unref(f);
	}
	bpf_free(port);
	bpf_free(last);
}

static void bad_expressions_are_refused(void **state)
{
	static const char *const bad[] = {"tcp prot 80", "((", "http", "ip.src == 10.0.0.1",
					  "port 99999999"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		assert_null(bpf_compile(bad[i], &err));
		assert_int_equal(err.exit, EXIT_USAGE);
		assert_non_null(strstr(err.text, bad[i]));
		assert_non_null(strstr(err.text, "pcap-filter"));
		assert_null(strchr(err.text, '\n'));
		assert_null(bpf_compile(bad[i], NULL));
	}
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	bpf_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_expression_says),
		cmocka_unit_test(length_is_the_wire_s),
		cmocka_unit_test(cut_frames_are_safe),
		cmocka_unit_test(bad_expressions_are_refused),
		cmocka_unit_test(nothing_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
