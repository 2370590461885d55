/* test_ek_codes.c - columns of codes of every version of tshark
 *
 * Goal: whatever words a version has for a code, its column is settled to numbers, those of the
 * layers; what is a number is left alone.
 *
 * Method: lines of our own for each shape; then the recordings of fixtures/ek: of each version, all
 * columns of codes are numbers, and the same ones in every version.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ek/ek_codes.h"

static struct ek_codes codes;

static void settle(struct ek_record *r, const char *line, size_t n)
{
	ek_record_scan(r, line, n);
	assert_int_equal(r->kind, EK_DOCUMENT);
	ek_codes_settle(&codes, r, line, n);
}

static void assert_settled(const char *line, enum ek_field field, const char *wanted)
{
	struct ek_record r;
	struct ek_span s;

	settle(&r, line, strlen(line));
	s = r.field[field];
	if (s.n != strlen(wanted) || memcmp(s.p, wanted, s.n) != 0)
		fail_msg("%s: %.*s", line, (int)s.n, s.p);
}

static void bits_have_words(void **state)
{
	(void)state;
	assert_settled("{\"no\":\"1\",\"dns_response\":\"True\"}", EK_DNS_RESPONSE, "1");
	assert_settled("{\"no\":\"1\",\"dns_response\":\"False\"}", EK_DNS_RESPONSE, "0");
}

static void names_are_looked_up_in_the_layers(void **state)
{
	static const char line[] =
		"{\"no\":\"1\",\"dns_response\":\"Message is a response\",\"dns_rcode\":\"No error\","
		"\"dns_type\":\"A (Host Address),AAAA (IPv6 Address),9\",\"tls_type\":\"22\","
		"\"arp_opcode\":\"what is this\",\"layers\":{\"dns\":{\"dns_dns_flags_response\":true,"
		"\"dns_dns_qry_type\":[\"1\",28,{\"x\":\"7\"}],\"dns_dns_flags_rcode\":\"0\"},"
		"\"mdns\":{\"dns_dns_qry_type\":\"255\"},\"tls\":{\"tls_tls_record_content_type\":\"9\"}}}";

	(void)state;
	assert_settled(line, EK_DNS_RESPONSE, "1");
	assert_settled(line, EK_DNS_RCODE, "0");
	assert_settled(line, EK_DNS_TYPE, "1,28,255");
	assert_settled(line, EK_TLS_TYPE, "22");
	assert_settled(line, EK_ARP_OPCODE, "what is this");
}

static void a_second_record_has_its_own(void **state)
{
	(void)state;
	assert_settled("{\"no\":\"1\",\"arp_opcode\":\"request\",\"layers\":{\"arp\":"
		       "{\"arp_arp_opcode\":\"1\"}}}",
		       EK_ARP_OPCODE, "1");
	assert_settled("{\"no\":\"2\",\"arp_opcode\":\"reply\",\"layers\":{\"arp\":"
		       "{\"arp_arp_opcode\":\"2\"}}}",
		       EK_ARP_OPCODE, "2");
	assert_settled("{\"no\":\"3\",\"arp_opcode\":\"\",\"layers\":{\"arp\":"
		       "{\"arp_arp_opcode\":\"2\"}}}",
		       EK_ARP_OPCODE, "");
}

/* ---- recordings ---- */

static const enum ek_field of_codes[] = {
	EK_DNS_RESPONSE, EK_DNS_TYPE,  EK_DNS_RCODE,   EK_TLS_TYPE,    EK_ARP_OPCODE,
	EK_ICMP_TYPE,	 EK_ICMP_CODE, EK_ICMPV6_TYPE, EK_ICMPV6_CODE, EK_HTTP_CODE};

/* Add "FRAME TITLE=VALUE" lines of all columns of codes that are not empty. */
static void settle_file(const char *version, const char *name, struct buf *out)
{
	char command[600], *line = NULL;
	size_t room = 0;
	ssize_t n;
	FILE *f;

	snprintf(command, sizeof(command), "gzip -cdf '%s/ek/%s/%s'*", FIXTURES, version, name);
	f = popen(command, "r");
	assert_non_null(f);
	while ((n = getline(&line, &room, f)) > 0) {
		struct ek_record r;

		ek_record_scan(&r, line, (size_t)n - 1);
		if (r.kind != EK_DOCUMENT)
			continue;
		ek_codes_settle(&codes, &r, line, (size_t)n - 1);
		for (unsigned i = 0; i < sizeof(of_codes) / sizeof(of_codes[0]); i++) {
			struct ek_span s = r.field[of_codes[i]];

			if (s.n && strspn(s.p, "0123456789,") < s.n)
				fail_msg("%s of %s, frame %" PRIu64 ": %s is %.*s", name, version,
					 r.number, ek_field_title(of_codes[i]), (int)s.n, s.p);
			if (s.n)
				buf_printf(out, "%" PRIu64 " %s=%.*s\n", r.number,
					   ek_field_title(of_codes[i]), (int)s.n, s.p);
		}
	}
	free(line);
	assert_int_equal(pclose(f), 0);
	buf_putc(out, '\0');
	assert_false(out->failed);
}

/* Not hostile-lengths, of which 3.4 dissects less. */
static void versions_agree(void **state)
{
	static const char *const names[] = {"6in4.lean.ek",
					    "arp.lean.ek",
					    "discovery.lean.ek",
					    "dns.lean.ek",
					    "format-pcapng-le.lean.ek",
					    "gretap.lean.ek",
					    "hostile-bytes.lean.ek",
					    "hostile-escapes.lean.ek",
					    "hostile-fragments.lean.ek",
					    "hostile-headers.lean.ek",

					    "hostile-macs.lean.ek",
					    "hostile-markup.lean.ek",
					    "hostile-newlines.lean.ek",
					    "hostile-runts.lean.ek",
					    "hostile-slow.lean.ek",
					    "hostile-times.lean.ek",
					    "http.lean.ek",
					    "linktype-ieee802_11.lean.ek",
					    "qinq.lean.ek",
					    "session.lean.ek",
					    "tls-keys.lean.ek",
					    "vxlan.lean.ek",
					    "dns.columns.ek",
					    "session.columns.ek",
					    "format-pcapng-le.columns.ek"};
	static const char *const versions[] = {"3.4.10", "4.4.19"};
	size_t bytes = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf known = {0};

		settle_file("4.0.17", names[i], &known);
		bytes += known.n;
		for (unsigned v = 0; v < 2; v++) {
			struct buf other = {0};

			settle_file(versions[v], names[i], &other);
			if (strcmp(other.p, known.p) != 0)
				fail_msg("%s: %s has\n%s\n4.0.17 has\n%s", names[i], versions[v],
					 other.p, known.p);
			buf_done(&other);
		}
		buf_done(&known);
	}
	assert_true(bytes > 5000);
	ek_codes_done(&codes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_have_words),
		cmocka_unit_test(names_are_looked_up_in_the_layers),
		cmocka_unit_test(a_second_record_has_its_own),
		cmocka_unit_test(versions_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
