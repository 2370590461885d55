/* test_fields.c - the fields that display filters know
 *
 * Goal: lines of `tshark -G fields` become fields, sorted, each name once; a prefix finds all that
 * begin with it and no other; types have words; broken lines are passed over.
 *
 * Method: a print written here, compared with a search by hand for each prefix; tshark's own where
 * it is installed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "analysis/fields.h"

static struct fields parsed(const char *text)
{
	struct buf b = {0};
	struct fields f;

	buf_puts(&b, text);
	buf_putc(&b, '\0');
	b.n--;
	assert_true(fields_parse(&f, &b));
	assert_null(b.p);
	return f;
}

static const char sample[] = "P\tTransmission Control Protocol\ttcp\n"
			     "F\tSource Port\ttcp.srcport\tFT_UINT16\ttcp\tBASE_PT_TCP\t0x0\t\n"
			     "F\tPort\ttcp.port\tFT_UINT16\ttcp\tBASE_PT_TCP\t0x0\tEither\n"
			     "F\tPort again\ttcp.port\tFT_UINT16\ttcp\n"
			     "V\ttcp.port\t80\thttp\n"
			     "\n"
			     "F\n"
			     "F\tno name\t\tFT_NONE\n"
			     "F\tno type\tz.last\n"
			     "P\tShouting\tBACnet\n"
			     "F\tShouting\tBACnet.x\tFT_IPv4\tBACnet\n"
			     "F\tAddress\tip.addr\tFT_IPv4\tip\n"
			     "nonsense\n"
			     "F\tthe last line has no end\ttcp.zzz\tFT_BYTES";

static void lines_become_fields(void **state)
{
	static const char *const names[] = {"BACnet",	"BACnet.x",    "ip.addr", "tcp",
					    "tcp.port", "tcp.srcport", "tcp.zzz", "z.last"};
	static const char *const types[] = {
		"protocol",	     "IPv4 address",	  "IPv4 address", "protocol",
		"unsigned, 16 bits", "unsigned, 16 bits", "bytes",	  ""};
	struct fields f = parsed(sample);

	(void)state;
	assert_int_equal(f.count, 8);
	for (uint32_t i = 0; i < f.count; i++) {
		assert_string_equal(f.field[i].name, names[i]);
		assert_string_equal(field_type(&f.field[i]), types[i]);
	}
	assert_string_equal(f.field[3].what, "Transmission Control Protocol");
	fields_done(&f);
	fields_done(&f);
	assert_int_equal(f.count, 0);
}

static void prefixes(const struct fields *f, const char *prefix)
{
	uint32_t n, by_hand = 0;
	const struct field *first = fields_complete(f, prefix, &n);

	for (uint32_t i = 0; i < f->count; i++)
		by_hand += strncasecmp(f->field[i].name, prefix, strlen(prefix)) == 0;
	assert_int_equal(n, by_hand);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(strncasecmp(first[i].name, prefix, strlen(prefix)), 0);
}

static void completion(void **state)
{
	static const char *const words[] = {"",		"t",	     "T",   "tcp",    "TCP.",
					    "tcp.port", "tcp.portx", "b",   "BACNET", "a",
					    "zz",	"~",	     "\xff"};
	struct fields f = parsed(sample);
	uint32_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		prefixes(&f, words[i]);
	assert_string_equal(fields_complete(&f, "tcp", &n)->name, "tcp");
	assert_int_equal(n, 4);
	fields_complete(&f, "", &n);
	assert_int_equal(n, 8);
	fields_done(&f);
}

static void what_holds_no_field_is_refused(void **state)
{
	static const char *const texts[] = {"",		 "\n",	      "tshark: no\n",
					    "F\t\t\t\n", "V\ta\tb\n", "F\ta"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf b = {0};
		struct fields f;

		buf_puts(&b, texts[i]);
		buf_putc(&b, '\0');
		assert_false(fields_parse(&f, &b));
		assert_int_equal(f.count, 0);
		assert_null(f.text.p);
	}
}

/* tshark's own: some two hundred thousand, in order, no type without words. */
static void of_tshark(void **state)
{
	FILE *p = popen("tshark -G fields 2>/dev/null", "re");
	struct buf text = {0};
	struct fields f;
	uint32_t n;
	size_t got;

	(void)state;
	assert_non_null(p);
	do {
		assert_true(buf_reserve(&text, 65536));
		got = fread(text.p + text.n, 1, 65535, p);
		text.n += got;
	} while (got);
	if (pclose(p) != 0) {
		buf_done(&text);
		print_message("tshark is not installed\n");
		skip();
	}
	buf_putc(&text, '\0');
	assert_true(fields_parse(&f, &text));
	assert_true(f.count > 100000);
	for (uint32_t i = 1; i < f.count; i++) {
		int order = strcasecmp(f.field[i - 1].name, f.field[i].name);

		assert_true(order < 0 ||
			    (order == 0 && strcmp(f.field[i - 1].name, f.field[i].name) < 0));
	}
	for (uint32_t i = 0; i < f.count; i++)
		assert_int_not_equal(strncmp(field_type(&f.field[i]), "FT_", 3), 0);
	assert_string_equal(fields_complete(&f, "ip.addr", &n)->name, "ip.addr");
	assert_string_equal(field_type(fields_complete(&f, "tcp.srcport", &n)),
			    "unsigned, 16 bits");
	prefixes(&f, "http.");
	prefixes(&f, "Z");
	fields_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_fields),
		cmocka_unit_test(completion),
		cmocka_unit_test(what_holds_no_field_is_refused),
		cmocka_unit_test(of_tshark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
