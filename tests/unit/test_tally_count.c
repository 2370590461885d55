/* test_tally_count.c - goal: columns are taken apart as tshark joined them: values and frames,
 * names with commas, columns that were cut, and bytes of any kind. Method:
 * frames of given columns, counts read back; random columns, for the sanitizers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mix.h"
#include "tallying.h"

#define END                     \
	{                       \
		EK_FIELDS, NULL \
	}

static void test_values(void **state)
{
	struct tally *t = tally_new(1);

	(void)state;
	tallying_add(t, 100,
		     (struct tallying[]){{EK_PROTOCOL, "TLSv1.2"},
					 {EK_PROTOCOLS, "eth:ethertype:ip:tcp:tls:tls"},
					 {EK_TLS_TYPE, "22,22,20"},
					 {EK_HTTP2, "GET,POST,200,404,200"},
					 END});
	tallying_add(t, 50,
		     (struct tallying[]){
			     {EK_PROTOCOLS, "eth:ethertype:ip:tcp:tls"}, {EK_TLS_TYPE, "22"}, END});
	assert_int_equal(COUNT(t, TALLY_TLS_TYPE, "22", TALLY_FRAMES), 2);
	assert_int_equal(COUNT(t, TALLY_TLS_TYPE, "22", TALLY_BYTES), 150);
	assert_int_equal(COUNT(t, TALLY_TLS_TYPE, "22", TALLY_VALUES), 3);
	assert_int_equal(COUNT(t, TALLY_TLS_TYPE, "20", TALLY_VALUES), 1);
	assert_int_equal(COUNT(t, TALLY_HTTP2_METHOD, "POST", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_HTTP2_CODE, "200", TALLY_VALUES), 2);
	assert_int_equal(COUNT(t, TALLY_HTTP2_METHOD, "200", TALLY_VALUES), 0);
	assert_int_equal(COUNT(t, TALLY_LAYER, "tls", TALLY_FRAMES), 2);
	assert_int_equal(COUNT(t, TALLY_LAYER, "tls", TALLY_VALUES), 3);
	assert_int_equal(COUNT(t, TALLY_HIERARCHY, "eth:ethertype:ip:tcp:tls", TALLY_FRAMES), 2);
	assert_int_equal(COUNT(t, TALLY_HIERARCHY, "eth:ethertype:ip:tcp:tls:tls", TALLY_FRAMES),
			 1);
	assert_int_equal(t->tcp.n[TALLY_FRAMES], 2);
	assert_int_equal(t->decoded, 2);
	tally_free(t);
}

static void test_dns(void **state)
{
	struct tally *t = tally_new(1);

	(void)state;
	tallying_add(t, 60,
		     (struct tallying[]){{EK_PROTOCOLS, "eth:ethertype:ip:udp:dns"},
					 {EK_DNS_RESPONSE, "1"},
					 {EK_DNS_RCODE, "3"},
					 {EK_DNS_TYPE, "1"},
					 {EK_DNS_NAME, "a,b.example"},
					 END});
	tallying_add(t, 60,
		     (struct tallying[]){{EK_PROTOCOLS, "eth:ethertype:ip:udp:mdns"},
					 {EK_DNS_RESPONSE, "0"},
					 {EK_DNS_TYPE, "12,12"},
					 {EK_DNS_NAME, "a.local,b.local"},
					 END});
	assert_int_equal(COUNT(t, TALLY_DNS_NAME, "a,b.example", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_DNS_RCODE, "3", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_DNS_MESSAGE, "0", TALLY_FRAMES), 0);
	assert_int_equal(COUNT(t, TALLY_MDNS_MESSAGE, "0", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_MDNS_NAME, "b.local", TALLY_VALUES), 1);
	assert_int_equal(COUNT(t, TALLY_MDNS_TYPE, "12", TALLY_VALUES), 2);
	tally_free(t);
}

static void test_arp(void **state)
{
	struct tally *t = tally_new(1);

	(void)state;
	tallying_add(t, 42,
		     (struct tallying[]){{EK_PROTOCOLS, "eth:ethertype:arp"},
					 {EK_ARP_OPCODE, "1"},
					 {EK_ARP_ADDRESSES, "10.0.0.1,10.0.0.2"},
					 END});
	assert_int_equal(COUNT(t, TALLY_ARP_OPCODE, "1", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_ARP_SENDER, "\x0a\0\0\x01", TALLY_FRAMES), 1);
	assert_int_equal(COUNT(t, TALLY_ARP_TARGET, "\x0a\0\0\x02", TALLY_FRAMES), 1);
	assert_int_equal(t->table[TALLY_ENDPOINT].entries, 0);
	tally_free(t);
}

/* tshark ends a column at 2,047 bytes; the value there may be a part of one. */
static void test_cut(void **state)
{
	struct tally *t = tally_new(1);
	char types[2048];

	(void)state;
	for (unsigned i = 0; i < sizeof(types) - 1; i++)
		types[i] = "23,"[i % 3];
	types[2046] = '2';
	types[2047] = '\0';
	tallying_add(t, 9000,
		     (struct tallying[]){{EK_PROTOCOLS, "eth:tls"}, {EK_TLS_TYPE, types}, END});
	assert_int_equal(COUNT(t, TALLY_TLS_TYPE, "23", TALLY_VALUES), 682);
	assert_int_equal(COUNT(t, TALLY_TLS_TYPE, "2", TALLY_VALUES), 0);
	assert_int_equal(t->cut, 1);
	tally_free(t);
}

static void test_any_bytes(void **state)
{
	static const char alphabet[] = ",,,::..01269af-/tcpudip6\x80\"\\$";
	struct tally *t = tally_new(1);
	char text[EK_FIELDS][200];
	uint64_t r = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct tallying columns[EK_FIELDS + 1];

		for (unsigned i = 0; i < EK_FIELDS; i++) {
			unsigned n = (unsigned)((r = mix64(r + i)) % 200);

			for (unsigned k = 0; k < n; k++)
				text[i][k] = alphabet[(r = mix64(r + k)) % (sizeof(alphabet) - 1)];
			text[i][n] = '\0';
			columns[i] = (struct tallying){(enum ek_field)i, text[i]};
		}
		columns[EK_FIELDS] = (struct tallying)END;
		columns[EK_PROTOCOLS].text =
			round % 2 ? "eth:ip:ipv6:ip:tcp:icmp:ip:udp:dns" : text[EK_PROTOCOLS];
		tallying_add(t, 60, columns);
	}
	assert_int_equal(t->frames, 3000);
	assert_true(tally_bytes(t) <= TALLY_BYTES_MAX);
	tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	  cmocka_unit_test(test_dns),
		cmocka_unit_test(test_arp),	  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
