/* test_tally_net.c - goal: headers count as tshark's tables have them: tunnels, ICMP errors, and
 * frames of more addresses than are paired; the basic decode adds what headers say. Method: frames
 * of given columns and of given headers, counts read back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tallying.h"

#define END                     \
	{                       \
		EK_FIELDS, NULL \
	}

/* A tunnel, and an error that quotes a datagram. */
static void test_headers(void **state)
{
	static const char outer[] = "\x0a\0\0\x01", quoted[] = "\x0a\0\0\x09";
	struct tally *t = tally_new(1);
	bool estimated;

	(void)state;
	tallying_add(t, 100,
		     (struct tallying[]){{EK_PROTOCOLS, "eth:ethertype:ip:ipv6:tcp"},
					 {EK_ADDRESSES, "10.0.0.1,10.0.0.2,::1,::2"},
					 {EK_TCP_STREAM, "0"},
					 END});
	tallying_add(t, 70,
		     (struct tallying[]){{EK_PROTOCOLS, "eth:ethertype:ip:icmp:ip:udp:data"},
					 {EK_ADDRESSES, "10.0.0.2,10.0.0.1,10.0.0.1,10.0.0.9"},
					 {EK_UDP_STREAM, "0"},
					 {EK_ICMP_TYPE, "3"},
					 {EK_ICMP_CODE, "1"},
					 END});
	assert_int_equal(tallying_count(t, TALLY_ENDPOINT, outer, 4, TALLY_FRAMES), 2);
	assert_int_equal(tallying_count(t, TALLY_ENDPOINT, outer, 4, TALLY_OUT_FRAMES), 1);
	assert_int_equal(tallying_count(t, TALLY_ENDPOINT, outer, 4, TALLY_IN_FRAMES), 1);
	assert_int_equal(tallying_count(t, TALLY_ENDPOINT, quoted, 4, TALLY_FRAMES), 1);
	assert_int_equal(tallying_count(t, TALLY_ENDPOINT, quoted, 4, TALLY_IN_FRAMES), 0);
	assert_int_equal(tallying_count(t, TALLY_ENDPOINT, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16,
					TALLY_IN_BYTES),
			 100);
	assert_int_equal(COUNT(t, TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x02", TALLY_FRAMES), 2);
	assert_int_equal(COUNT(t, TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x02", TALLY_OUT_FRAMES),
			 1);
	assert_int_equal(COUNT(t, TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x09", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x09", TALLY_OUT_FRAMES),
			 0);
	assert_int_equal(COUNT(t, TALLY_ICMP, "3/1", TALLY_FRAMES), 1);
	assert_int_equal(tally_table_distinct(&t->table[TALLY_TCP], &estimated), 1);
	/* A stream within an error is none, as tshark has it. */
	assert_int_equal(tally_table_distinct(&t->table[TALLY_UDP], &estimated), 0);
	assert_int_equal(t->udp.n[TALLY_FRAMES], 1);
	tally_free(t);
}

/* Forty headers, each of addresses of its own: endpoints all, pairs up to the bound. */
static void test_crowd(void **state)
{
	struct tally *t = tally_new(1);
	char path[200] = "eth", addresses[1200] = "";

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		strcat(path, ":ip");
		snprintf(addresses + strlen(addresses), sizeof(addresses) - strlen(addresses),
			 "%s10.0.1.%u,10.0.2.%u", i ? "," : "", i, i);
	}
	tallying_add(t, 900,
		     (struct tallying[]){{EK_PROTOCOLS, path}, {EK_ADDRESSES, addresses}, END});
	assert_int_equal(t->table[TALLY_ENDPOINT].entries, 80);
	assert_int_equal(t->table[TALLY_CONVERSATION].entries, 32 * 32);
	assert_int_equal(t->crowded, 16);
	tally_free(t);
}

static void test_basic(void **state)
{
	struct decoded d = {.status = DECODED_BASIC};
	struct tally *t = tally_new(1);
	bool estimated;

	(void)state;
	d.packet.len = 70;
	d.basic.flags = BASIC_HAS_ADDRESS | BASIC_HAS_PORTS;
	d.basic.family = BASIC_IPV4;
	d.basic.protocol = "UDP";
	d.basic.ip_proto = 17;
	memcpy(d.basic.src, "\x0a\0\0\x02", 4);
	memcpy(d.basic.dst, "\x0a\0\0\x01", 4);
	d.basic.sport = 1000;
	d.basic.dport = 53;
	tally_add(t, &d);
	/* The answer is of the same conversation; another port is not. */
	memcpy(d.basic.src, "\x0a\0\0\x01", 4);
	memcpy(d.basic.dst, "\x0a\0\0\x02", 4);
	d.basic.sport = 53;
	d.basic.dport = 1000;
	tally_add(t, &d);
	d.basic.dport = 1001;
	tally_add(t, &d);
	assert_int_equal(t->udp.n[TALLY_FRAMES], 3);
	assert_int_equal(tally_table_distinct(&t->table[TALLY_UDP], &estimated), 2);
	assert_int_equal(COUNT(t, TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x02", TALLY_FRAMES), 3);
	assert_int_equal(COUNT(t, TALLY_CONVERSATION, "\x0a\0\0\x01\x0a\0\0\x02", TALLY_IN_FRAMES),
			 1);
	d.basic.flags = BASIC_HAS_ADDRESS | BASIC_HAS_ARP;
	d.basic.arp_op = 2;
	tally_add(t, &d);
	assert_int_equal(COUNT(t, TALLY_ARP_OPCODE, "2", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_ARP_SENDER, "\x0a\0\0\x01", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_ENDPOINT, "\x0a\0\0\x01", TALLY_FRAMES), 3);
	d.basic.flags = BASIC_HAS_ADDRESS | BASIC_HAS_ICMP;
	d.basic.ip_proto = 1;
	d.basic.icmp_type = 3;
	d.basic.icmp_code = 13;
	tally_add(t, &d);
	assert_int_equal(COUNT(t, TALLY_ICMP, "3/13", TALLY_FRAMES), 1);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_basic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
