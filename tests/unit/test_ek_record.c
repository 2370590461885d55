/* test_ek_record.c - Goal: whatever tshark prints is scanned into the fields that we want, and
 * whatever else a line holds is called noise or broken, never believed, never read beyond its end.
 *
 * Method: a case for each thing that tshark was seen to do or that later versions do; tables of
 * what the grammar allows and refuses; every prefix, and many seeded mutations, of lines of each
 * shape. Lines are copied to memory of their exact length, so that sanitizers see a read beyond it.
 * All of it once with each way of skipping that the processor has (ek_isa_has()).
 * json-c is the second opinion: on values for generated lines, and on every line that we accept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/buf.h"
#include "base/sanitized.h"
#include "ek/ek_record.h"

/* Lines as tshark 4.0.17 prints them, shortened; one for each way of asking. */
#define INDEX "{\"index\":{\"_index\":\"packets-2013-02-07\",\"_type\":\"doc\"}}"
#define SUMMARY                                                                             \
	"{\"timestamp\":\"1360227866458\",\"no_\":\"1\",\"time\":\"0.000000\",\"source\":"  \
	"\"00:0c:29:cf:0c:c1\",\"destination\":\"ff:ff:ff:ff:ff:ff\",\"protocol\":\"ARP\"," \
	"\"length\":\"60\",\"info\":\"Who has 192.168.154.132? Tell 192.168.154.131\"}"
#define LEAN                                                                                       \
	"{\"timestamp\":\"1360227866458\",\"no\":\"12\",\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\"" \
	",\"proto\":\"ICMP\",\"len\":\"98\",\"info\":\"Echo (ping) request\",\"protocols\":"       \
	"\"eth:ethertype:ip:icmp:data\",\"tcp_stream\":\"\",\"dns_name\":\"\",\"icmp_type\":\"8\"" \
	",\"icmp_code\":\"0\",\"layers\":{\"frame\":{\"frame_frame_protocols\":"                   \
	"\"eth:ethertype:ip:icmp:data\"},\"eth\":{},\"ip\":{},\"icmp\":{\"icmp_icmp_type\":\"8\"," \
	"\"icmp_icmp_code\":\"0\"}}}"
#define FULL                                                                                    \
	"{\"timestamp\":\"1360227866458\",\"layers\":{\"frame\":{\"frame_frame_encap_type\":"   \
	"\"1\",\"frame_frame_number\":\"7\",\"frame_frame_len\":\"60\",\"frame_frame_marked\":" \
	"false,\"frame_frame_protocols\":\"eth:ethertype:arp\"},\"eth\":{\"eth_eth_addr\":"     \
	"\"ff:ff:ff:ff:ff:ff\",\"eth_eth_lg\":true,\"eth_eth_addr\":\"00:0c:29:cf:0c:c1\","     \
	"\"eth_eth_lg\":false,\"eth_eth_type\":\"0x0806\"},\"arp\":{\"text\":[\"a\",null],"     \
	"\"text\":[\"b\"],\"arp_arp_opcode\":\"1\"}}}"
#define HEX                                                                                   \
	"{\"timestamp\":\"1360227866458\",\"layers\":{\"frame_raw\":\"ffff\",\"frame\":{"     \
	"\"frame_frame_number\":\"7\"},\"eth_raw\":\"ff\",\"eth\":{\"eth_eth_lg_raw\":\"1\"," \
	"\"eth_eth_lg\":true},\"smb\":{\"smb_smb_write_mode_raw\":\"0\","                     \
	"\"smb_smb_write_mode_raw_raw\":\"0\"}}}"
#define FIELDS                                                                        \
	"{\"timestamp\":\"1360227866458\",\"layers\":{\"frame_number\":[\"3\"],"      \
	"\"frame_protocols\":[\"eth:ethertype:arp\"],\"_ws_col_Info\":[\"Who has\"]," \
	"\"eth_dst_lg\":[\"1\",\"0\"]}}"
#define FILTERED                                                                           \
	"{\"timestamp\":\"1360227866458\",\"layers\":{\"frame\":{\"filtered\":\"frame\"}," \
	"\"eth\":{\"filtered\":\"eth\"},\"arp\":{\"arp_arp_opcode\":{\"filtered\":"        \
	"\"arp.opcode\"}}}}"

#define ESCAPES                                                                                  \
	"{\"timestamp\":\"1\",\"no\":\"2\",\"info\":\"GET <\\/a\\u001b\\ud83d\\uDE00\\\\\\\"\"," \
	"\"src\":\"\xff\",\"x\":[1.5e+3,-0,null,true,false,[],{}]}"

static const char *const shapes[] = {SUMMARY, LEAN, FULL, HEX, FIELDS, FILTERED, ESCAPES};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* For each way of skipping; a sanitizer takes ten times as long for one. */
#define MUTATIONS (SANITIZED_ADDRESS ? 60000 : 300000)

static uint64_t random_state;

static size_t random_below(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % n);
}

/* What must hold of any record of any line. */
static void assert_sound(const struct ek_record *r, const char *line, size_t n)
{
	bool document = r->kind == EK_DOCUMENT;

	assert_true(document || !r->has_number);
	assert_true(!r->has_number || (r->number > 0 && r->number < UINT64_C(1) << 53));
	assert_int_equal(r->kind == EK_BROKEN, r->why != NULL);
	assert_true(r->broken_at <= n);
	for (int i = 0; i < EK_FIELDS; i++) {
		const struct ek_span *s = &r->field[i];

		if (!s->p)
			continue;
		assert_true(document && s->p > line && s->p + s->n <= line + n);
	}
}

/* Memory that ends where the bytes end. */
static char *copy_exactly(const char *p, size_t n)
{
	char *copy = malloc(n + !n);

	assert_non_null(copy);
	memcpy(copy, p, n);
	return copy;
}

/* Scans a copy that ends where its memory ends; spans are put back into @line. */
static struct ek_record scan_n(const char *line, size_t n)
{
	char *copy = copy_exactly(line, n);
	struct ek_record r;

	memset(&r, 0xa5, sizeof(r));
	ek_record_scan(&r, copy, n);
	assert_sound(&r, copy, n);
	for (int i = 0; i < EK_FIELDS; i++) {
		if (r.field[i].p)
			r.field[i].p = line + (r.field[i].p - copy);
	}
	free(copy);
	return r;
}

static struct ek_record scan(const char *line)
{
	return scan_n(line, strlen(line));
}

static void assert_kind(const char *line, enum ek_kind kind)
{
	struct ek_record r = scan(line);

	if (r.kind != kind)
		fail_msg("%s: kind %d, not %d (%s)", line, (int)r.kind, (int)kind,
			 r.why ? r.why : "");
}

static void assert_field(const struct ek_record *r, enum ek_field field, const char *text)
{
	const struct ek_span *s = &r->field[field];

	assert_non_null(s->p);
	if (s->n != strlen(text) || memcmp(s->p, text, s->n) != 0)
		fail_msg("%s is %.*s, not %s", ek_field_title(field), (int)s->n, s->p, text);
}

static void assert_number(const char *line, uint64_t number)
{
	struct ek_record r = scan(line);

	if (r.kind != EK_DOCUMENT || r.has_number != (number != 0) || r.number != number)
		fail_msg("%s: kind %d, number %llu", line, (int)r.kind,
			 (unsigned long long)r.number);
}

static void test_titles_can_be_keys(void **state)
{
	static const char *const taken[] = {"timestamp", "layers",	"index",    "time",  "no_",
					    "source",	 "destination", "protocol", "length"};

	(void)state;
	for (int i = 0; i < EK_FIELDS; i++) {
		const char *title = ek_field_title((enum ek_field)i);
		const char *format = ek_field_format((enum ek_field)i);

		assert_true(title[0] != 0);
		assert_int_equal(strspn(title, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(title));
		assert_true(format[0] == '%');
		assert_null(strpbrk(format, "\","));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(title, ek_field_title((enum ek_field)j));
		for (size_t j = 0; j < sizeof(taken) / sizeof(taken[0]); j++)
			assert_string_not_equal(title, taken[j]);
	}
	assert_string_equal(ek_field_title(EK_NUMBER), "no");
	assert_string_equal(ek_field_format(EK_NUMBER), "%m");
	assert_string_equal(ek_field_format(EK_TCP_STREAM), "%Cus:tcp.stream:0:U");
}

static void test_each_title_is_found(void **state)
{
	char line[200], value[20];

	(void)state;
	for (int i = 0; i < EK_FIELDS; i++) {
		struct ek_record r;

		snprintf(value, sizeof(value), "%d", i + 1);
		snprintf(line, sizeof(line), "{\"%s\":\"%s\",\"x\":\"y\"}",
			 ek_field_title((enum ek_field)i), value);
		r = scan(line);
		assert_int_equal(r.kind, EK_DOCUMENT);
		for (int j = 0; j < EK_FIELDS; j++) {
			if (j == i)
				assert_field(&r, (enum ek_field)j, value);
			else
				assert_null(r.field[j].p);
		}
	}
}

static void test_other_keys_are_no_titles(void **state)
{
	struct ek_record r =
		scan("{\"timestamp\":\"1\",\"\":\"2\",\"n\":\"3\",\"noo\":\"4\",\"NO\":\"5\","
		     "\"n\\u006f\":\"6\",\"time\":\"7\",\"frame_number\":\"8\"}");

	(void)state;
	assert_int_equal(r.kind, EK_DOCUMENT);
	for (int i = 0; i < EK_FIELDS; i++)
		assert_null(r.field[i].p);
}

static void test_index_line(void **state)
{
	(void)state;
	assert_kind(INDEX, EK_INDEX);
	assert_kind("{\"index\":{}}", EK_INDEX);
	assert_kind(" {\"index\" : {\"_id\":\"1\"}}\r", EK_INDEX);
	assert_kind("{\"index\":\"x\"}", EK_NOISE);
	assert_kind("{\"index\":{},\"timestamp\":\"1\"}", EK_DOCUMENT);
}

static void test_summary(void **state)
{
	struct ek_record r = scan(SUMMARY);

	(void)state;
	assert_int_equal(r.kind, EK_DOCUMENT);
	assert_true(r.has_number);
	assert_int_equal(r.number, 1);
	assert_field(&r, EK_NUMBER, "1");
	assert_field(&r, EK_SOURCE, "00:0c:29:cf:0c:c1");
	assert_field(&r, EK_DESTINATION, "ff:ff:ff:ff:ff:ff");
	assert_field(&r, EK_PROTOCOL, "ARP");
	assert_field(&r, EK_LENGTH, "60");
	assert_field(&r, EK_INFO, "Who has 192.168.154.132? Tell 192.168.154.131");
	assert_null(r.field[EK_PROTOCOLS].p);
}

static void test_lean(void **state)
{
	struct ek_record r = scan(LEAN);

	(void)state;
	assert_int_equal(r.kind, EK_DOCUMENT);
	assert_int_equal(r.number, 12);
	assert_field(&r, EK_SOURCE, "10.0.0.1");
	assert_field(&r, EK_DESTINATION, "10.0.0.2");
	assert_field(&r, EK_PROTOCOL, "ICMP");
	assert_field(&r, EK_LENGTH, "98");
	assert_field(&r, EK_INFO, "Echo (ping) request");
	assert_field(&r, EK_PROTOCOLS, "eth:ethertype:ip:icmp:data");
	assert_field(&r, EK_TCP_STREAM, "");
	assert_field(&r, EK_ICMP_TYPE, "8");
	assert_field(&r, EK_ICMP_CODE, "0");
	assert_null(r.field[EK_ARP_OPCODE].p);
}

static void test_full_and_hex(void **state)
{
	struct ek_record r = scan(FULL);

	(void)state;
	assert_int_equal(r.kind, EK_DOCUMENT);
	assert_int_equal(r.number, 7);
	assert_field(&r, EK_NUMBER, "7");
	assert_field(&r, EK_PROTOCOLS, "eth:ethertype:arp");
	assert_null(r.field[EK_INFO].p);
	assert_number(HEX, 7);
}

static void test_chosen_fields(void **state)
{
	struct ek_record r = scan(FIELDS);

	(void)state;
	assert_int_equal(r.number, 3);
	assert_field(&r, EK_NUMBER, "3");
	assert_field(&r, EK_PROTOCOLS, "eth:ethertype:arp");
	assert_number("{\"layers\":{\"frame_number\":\"4\"}}", 4);
	assert_number("{\"layers\":{\"frame_number\":[4]}}", 4);
	assert_number("{\"layers\":{\"frame_number\":[]}}", 0);
	assert_number("{\"layers\":{\"frame_number\":[\"4\",\"5\"]}}", 4);
	assert_number("{\"layers\":{\"frame_number\":[[\"4\"],\"5\"]}}", 0);
	assert_number("{\"layers\":{\"frame_number\":[{\"a\":\"4\"}]}}", 0);
	assert_number("{\"layers\":{\"frame_number\":[null,\"5\"]}}", 0);
}

static void test_filtered_layers(void **state)
{
	(void)state;
	assert_number(FILTERED, 0);
	assert_number("{\"layers\":{\"frame\":{\"frame_frame_number\":{\"filtered\":"
		      "\"frame.number\"}}}}",
		      0);
	assert_number("{\"no\":\"5\",\"layers\":{\"frame\":{\"filtered\":\"frame\"}}}", 5);
}

/* Versions after 4.0 order layers by hash and merge what repeats into arrays. */
static void test_any_order_of_keys(void **state)
{
	(void)state;
	assert_number("{\"layers\":{\"eth\":{\"a\":\"1\"},\"frame\":{\"frame_frame_time_epoch\":"
		      "\"2013-02-07T09:04:26.458898000Z\",\"frame_frame_number\":\"9\"},"
		      "\"arp\":{}},\"timestamp\":\"1\"}",
		      9);
	assert_number("{\"layers\":{\"frame\":{\"frame_frame_number\":[\"9\",\"8\"]}}}", 9);
	assert_number("{\"layers\":{\"frame\":[{\"frame_frame_number\":\"9\"},"
		      "{\"frame_frame_number\":\"8\"}]}}",
		      9);
	assert_number("{\"layers\":{\"frame\":[],\"x\":{}}}", 0);
	assert_number("{\"layers\":{\"frame\":[\"x\",{\"frame_frame_number\":\"8\"}]}}", 0);
	assert_number("{\"layers\":{\"frame\":\"x\"}}", 0);
	assert_number("{\"layers\":{\"frame\":null}}", 0);
	assert_number("{\"layers\":[]}", 0);
	assert_number("{\"layers\":null,\"no\":\"6\"}", 6);
	assert_number("{\"layers\":{\"eth\":{\"frame_frame_number\":\"9\"}}}", 0);
	assert_number("{\"layers\":{\"frame\":{\"x\":{\"frame_frame_number\":\"9\"}}}}", 0);
}

static void test_columns_come_before_layers(void **state)
{
	static const char layers[] = "\"layers\":{\"frame\":{\"frame_frame_number\":\"9\","
				     "\"frame_frame_protocols\":\"b\"}}";
	struct ek_record r;
	char line[300];

	(void)state;
	snprintf(line, sizeof(line), "{\"no\":\"5\",\"protocols\":\"a\",%s}", layers);
	r = scan(line);
	assert_int_equal(r.number, 5);
	assert_field(&r, EK_PROTOCOLS, "a");
	snprintf(line, sizeof(line), "{%s,\"no\":\"5\",\"protocols\":\"a\"}", layers);
	r = scan(line);
	assert_int_equal(r.number, 5);
	assert_field(&r, EK_NUMBER, "5");
	assert_field(&r, EK_PROTOCOLS, "a");
	snprintf(line, sizeof(line), "{\"no\":\"\",\"protocols\":\"\",%s}", layers);
	r = scan(line);
	assert_int_equal(r.number, 9);
	assert_field(&r, EK_NUMBER, "9");
	assert_field(&r, EK_PROTOCOLS, "b");
}

static void test_the_first_of_equal_keys_counts(void **state)
{
	struct ek_record r = scan("{\"no\":\"1\",\"info\":\"first\",\"no\":\"2\",\"no_\":\"3\","
				  "\"info\":\"second\"}");

	(void)state;
	assert_int_equal(r.number, 1);
	assert_field(&r, EK_INFO, "first");
	r = scan("{\"info\":null,\"info\":\"\",\"info\":\"third\"}");
	assert_field(&r, EK_INFO, "");
	assert_number("{\"layers\":{\"frame\":{\"frame_frame_number\":\"1\","
		      "\"frame_frame_number\":\"2\"},\"frame\":{\"frame_frame_number\":\"3\"}}}",
		      1);
	assert_number("{\"layers\":{\"frame\":{}},\"layers\":{\"frame\":{\"frame_frame_number\":"
		      "\"3\"}}}",
		      3);
}

static void test_values_of_any_type(void **state)
{
	struct ek_record r = scan("{\"no\":8,\"src\":null,\"dst\":true,\"proto\":{\"a\":\"b\"},"
				  "\"len\":-1.5e+3,\"info\":[\"x\",\"y\"]}");

	(void)state;
	assert_int_equal(r.number, 8);
	assert_null(r.field[EK_SOURCE].p);
	assert_null(r.field[EK_DESTINATION].p);
	assert_null(r.field[EK_PROTOCOL].p);
	assert_field(&r, EK_LENGTH, "-1.5e+3");
	assert_field(&r, EK_INFO, "x");
	assert_kind("{\"layers\":{\"ip\":{\"a\":\"1\"},\"ip\":[{\"a\":\"1\"},{\"a\":[\"1\",null]}],"
		    "\"a\":null,\"b\":[null,null],\"c\":[[],{}],\"d\":0,\"e\":[true,false]}}",
		    EK_DOCUMENT);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t number;
	} cases[] = {
		{"\"1\"", 1},
		{"\"4294967296\"", UINT64_C(4294967296)},
		{"\"9007199254740991\"", UINT64_C(9007199254740991)},
		{"\"9007199254740992\"", 0},
		{"\"18446744073709551617\"", 0},
		{"\"0\"", 0},
		{"\"01\"", 0},
		{"\"\"", 0},
		{"\"-1\"", 0},
		{"\"+1\"", 0},
		{"\" 1\"", 0},
		{"\"1 \"", 0},
		{"\"1.0\"", 0},
		{"\"1,000\"", 0},
		{"\"0x1\"", 0},
		{"\"\\u0031\"", 0},
		{"7", 7},
		{"0", 0},
		{"-7", 0},
		{"7.0", 0},
		{"7e0", 0},
		{"9007199254740992", 0},
		{"null", 0},
		{"true", 0},
		{"[\"7\"]", 7},
	};
	char line[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "{\"no\":%s}", cases[i].text);
		assert_number(line, cases[i].number);
	}
}

static void test_odd_timestamps(void **state)
{
	(void)state;
	assert_number("{\"timestamp\":\"1409179648-83\",\"no\":\"1\"}", 1);
	assert_number("{\"timestamp\":\"17145460801653\",\"no\":\"1\"}", 1);
	assert_number("{\"timestamp\":17145460801653,\"no\":\"1\"}", 1);
	assert_number("{\"timestamp\":\"1\"}", 0);
}

/* Strings are any bytes from 0x20 on; what a terminal or a page makes of them is for the edge. */
static void test_bytes_of_strings(void **state)
{
	static const char *const values[] = {
		"\xff",
		"\xc3",
		"\xed\xa0\x80",
		"\xf5\x80\x80\x80",
		"\xef\xbf\xbd",
		"\x7f",
		"\xc2\x9b",
		"\xe2\x80\xae",
		"\xe2\x80\xa8",
		"<\\/script>",
		"\\\"",
		"\\\\",
		"\\u0000",
		"\\ud800",
		"\\udc00\\ud800",
		"\\u00e9\\n\\t\\b\\f\\r\\/",
		"{[:,]}",
		/* Each byte of a word of eight in turn, and words in which a borrow runs on. */
		"\x80\x81\x80\x81\x80\x81\x80\x81\x80",
		"!!!!!!!!!",
		"       !",
		"[]^[]^[]^[]^",
		"#!#!#!#!#\\\"#!#!#!#!\\\\",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct ek_record r;

		snprintf(line, sizeof(line), "{\"layers\":{\"%s\":\"%s\"},\"info\":\"%s\"}",
			 values[i], values[i], values[i]);
		r = scan(line);
		assert_int_equal(r.kind, EK_DOCUMENT);
		assert_field(&r, EK_INFO, values[i]);
	}
}

/* Anywhere in a string, near its end and far from it, as it is scanned by words and by bytes. */
static void test_control_characters_break_strings(void **state)
{
	static const char plain[] = "xxxxxxxxxxxxxxxxxxxx";
	char line[100];

	(void)state;
	for (int c = 0; c < 0x20; c++) {
		for (int i = 0; i < 400; i++) {
			int n = snprintf(line, sizeof(line), "{\"info\":\"%.*s%c%.*s\"}", i % 20,
					 plain, c, i / 20, plain);
			struct ek_record r = scan_n(line, (size_t)n);

			assert_int_equal(r.kind, EK_BROKEN);
			assert_int_equal(r.broken_at, 9 + i % 20);
		}
	}
}

static void test_noise(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"\r",
		"\t \n",
		"hello from Lua",
		"1",
		"\"x\"",
		"null",
		"true",
		"[]",
		"[{\"timestamp\":\"1\"}]",
		"{}",
		" { } ",
		"{\"x\":{\"timestamp\":\"1\"}}",
		"===================================================================",
		"Protocol Hierarchy Statistics",
		"Filter: ",
		"eth       frames:1 bytes:60",
		"}",
		"\xff{",
		"\xef\xbb\xbf{\"timestamp\":\"1\"}",
		"x{\"timestamp\":\"1\"}",
	};
	static const char nul[] = "\0{\"timestamp\":\"1\"}";
	struct ek_record r;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_kind(lines[i], EK_NOISE);
	assert_int_equal(scan_n(nul, sizeof(nul) - 1).kind, EK_NOISE);
	ek_record_scan(&r, NULL, 0);
	assert_int_equal(r.kind, EK_NOISE);
}

static void test_grammar_refused(void **state)
{
	static const char *const lines[] = {
		"{,}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\" \"b\"}",
		"{\"a\":1,}",
		"{,\"a\":1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1,,\"b\":2}",
		"{a:1}",
		"{'a':1}",
		"{1:1}",
		"{\"a\"::1}",
		"{\"a\":[1,]}",
		"{\"a\":[,1]}",
		"{\"a\":[1 2]}",
		"{\"a\":[1}}",
		"{\"a\":{]}",
		"{\"a\":{\"b\":1]}",
		"{\"a\":[\"b\":1]}",
		"{]",
		"{\"a\":1]",
		"{\"a\":1}}",
		"{\"a\":1}x",
		"{\"a\":1}{\"b\":1}",
		"{\"a\":1},",
		"{\"timestamp\":\"1\"}{",
		"{\"a\":tru}",
		"{\"a\":True}",
		"{\"a\":truex}",
		"{\"a\":nul}",
		"{\"a\":nan}",
		"{\"a\":fals",
		"{\"a\":01}",
		"{\"a\":+1}",
		"{\"a\":.5}",
		"{\"a\":1.}",
		"{\"a\":1.e1}",
		"{\"a\":1e}",
		"{\"a\":1e+}",
		"{\"a\":-}",
		"{\"a\":--1}",
		"{\"a\":0x10}",
		"{\"a\":1a}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\\"}",
		"{\"a\":\"\\U0031\"}",
		"{\"\\q\":1}",
		"{\"a\":\"b}",
		"{\"a\":/**/1}",
		"{//\n}",
		"{\"no\":[\"1\"}",
		"{\"no\":[\"1\",]}",
		"{\"layers\":{\"frame\":{\"a\":1]}}",
		"{\"layers\":{\"frame\":[{\"a\":1},]}}",
		"{\"layers\":{\"frame\":[,]}}",
		"{\"layers\":{\"frame\":[{}}}",
		"{\"layers\":{\"frame\":[{}]}",
		"{\"layers\":}",
		"{\"layers\":{\"frame\":}}",
		"{\"layers\":{\"frame_number\":[}}",
		"{\"layers\":{\"frame_number\":[\"1\"}}",
		"{\"timestamp\":\"1\",\"layers\":{\"fra",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_kind(lines[i], EK_BROKEN);
	assert_int_equal(scan_n("{\"a\":1}\0", 8).kind, EK_BROKEN);
	assert_int_equal(scan_n("{\"a\":1\0}", 8).kind, EK_BROKEN);
	assert_int_equal(scan_n("{\"a\":\0}", 7).kind, EK_BROKEN);
	assert_int_equal(scan_n("{\0}", 3).kind, EK_BROKEN);
}

static void test_grammar_allowed(void **state)
{
	static const char *const values[] = {
		"0",
		"-0",
		"10",
		"-10.25",
		"0.5",
		"1e9",
		"1E-9",
		"1.5e+10",
		"\"\"",
		"true",
		"false",
		"null",
		"[]",
		"{}",
		" [ ] ",
		"\t{ }\r",
		"[[],[[]],{}]",
		"[ 1 , \"a\" , null ]",
		"{ \"a\" : 1 , \"\" : { } }",
		"\"\\u00E9\\uD83D\\uDE00\"",
		"123456789012345678901234567890",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(line, sizeof(line), "{\"timestamp\":%s,\"layers\":%s,\"no\":%s,\"x\":%s}",
			 values[i], values[i], values[i], values[i]);
		assert_kind(line, EK_DOCUMENT);
		snprintf(line, sizeof(line),
			 "{\"layers\":{\"a\":%s,\"frame\":%s,\"frame_number\":%s,\"frame\":{"
			 "\"frame_frame_number\":%s}}}",
			 values[i], values[i], values[i], values[i]);
		assert_kind(line, EK_DOCUMENT);
	}
	assert_kind(" \t\r\n{ \"timestamp\" : \"1\" } \t\r\n", EK_DOCUMENT);
}

static void test_broken_says_where_and_why(void **state)
{
	struct ek_record r = scan("{\"no\":\"1\",\"info\":\"x\" \"src\":\"y\"}");

	(void)state;
	assert_int_equal(r.kind, EK_BROKEN);
	assert_int_equal(r.broken_at, 21);
	assert_string_equal(r.why, "neither a comma nor the closing bracket");
	assert_false(r.has_number);
	assert_null(r.field[EK_INFO].p);
	r = scan("{\"no\":\"1\",\"info\":\"x");
	assert_int_equal(r.broken_at, 19);
	assert_string_equal(r.why, "the line ends inside the object");
}

/* An object at depth 1, in it a value nested to @depth: arrays, objects, or both in turn. */
static void put_nested(struct buf *b, const char *key, unsigned depth, int style)
{
	buf_printf(b, "{\"%s\":", key);
	for (unsigned d = 2; d <= depth; d++)
		buf_puts(b, style == 0 || (style == 2 && d % 2) ? "[" : "{\"k\":");
	buf_puts(b, "1");
	for (unsigned d = depth; d >= 2; d--)
		buf_puts(b, style == 0 || (style == 2 && d % 2) ? "]" : "}");
	buf_puts(b, ",\"timestamp\":\"1\"}");
}

static void test_depth(void **state)
{
	static const char *const keys[] = {"x", "layers", "info", "index", "timestamp"};

	(void)state;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		for (int style = 0; style < 3; style++) {
			for (unsigned depth = 2; depth < 200; depth++) {
				struct buf b = {0};
				struct ek_record r;

				put_nested(&b, keys[k], depth, style);
				r = scan_n(b.p, b.n);
				assert_int_equal(r.kind, depth <= 64 ? EK_DOCUMENT : EK_BROKEN);
				if (depth > 64)
					assert_string_equal(r.why, "nested too deep");
				buf_done(&b);
			}
		}
	}
}

static void test_brackets_match_at_each_depth(void **state)
{
	(void)state;
	for (unsigned at = 2; at <= 64; at++) {
		struct buf b = {0};
		char *open;

		put_nested(&b, "x", 64, 0);
		open = memchr(b.p, '[', b.n);
		assert_non_null(open);
		open[2 * 63 - (at - 2)] = '}';
		assert_int_equal(scan_n(b.p, b.n).kind, EK_BROKEN);
		buf_done(&b);
	}
}

static void test_a_million_opening_brackets(void **state)
{
	size_t n = 1000000;
	char *line = malloc(n);

	(void)state;
	assert_non_null(line);
	memset(line, '[', n);
	line[0] = '{';
	line[1] = line[2] = '"';
	line[3] = ':';
	assert_int_equal(scan_n(line, n).kind, EK_BROKEN);
	free(line);
}

/* As large as the largest seen: 28.5 MB in one line, a string of 9.5 MB, an array of 65,530, and
 * the same key so often that anything but linear time would show. */
static void test_sizes(void **state)
{
	struct buf b = {0};
	struct ek_record r;

	(void)state;
	buf_puts(&b, "{\"timestamp\":\"1\",\"layers\":{\"x\":[\"0\"");
	for (unsigned i = 1; i < 65530; i++)
		buf_puts(&b, ",\"0\"");
	buf_puts(&b, "],\"k\":{\"s\":\"");
	for (unsigned i = 0; i < 700000; i++)
		buf_puts(&b, "01234567\\u2028");
	assert_true(b.n > 9500000);
	buf_puts(&b, "\"");
	for (unsigned i = 0; i < 350000; i++)
		buf_puts(&b, ",\"tcp_tcp_options_sack_le_and_a_long_key\":\"1234567890\"");
	buf_puts(&b, "},\"frame\":{\"");
	for (unsigned i = 0; i < 93; i++)
		buf_putc(&b, 'k');
	buf_puts(&b, "\":\"1\",\"frame_frame_number\":\"77\"}}}");
	assert_true(b.n > 28500000);
	r = scan_n(b.p, b.n);
	assert_int_equal(r.kind, EK_DOCUMENT);
	assert_int_equal(r.number, 77);
	buf_done(&b);
}

static void test_every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES + 1; i++) {
		const char *line = i < SHAPES ? shapes[i] : INDEX;
		size_t n = strlen(line);

		assert_int_equal(scan_n(line, 0).kind, EK_NOISE);
		for (size_t k = 1; k < n; k++) {
			struct ek_record r = scan_n(line, k);

			assert_int_equal(r.kind, EK_BROKEN);
			assert_int_equal(r.broken_at, k);
			assert_string_equal(r.why, "the line ends inside the object");
		}
		assert_int_not_equal(scan_n(line, n).kind, EK_BROKEN);
	}
}

static json_object *parse(const char *line, size_t n)
{
	json_tokener *tokener = json_tokener_new_ex(EK_DEPTH_MAX + 2);
	json_object *object;

	assert_non_null(tokener);
	object = json_tokener_parse_ex(tokener, line, (int)n);
	json_tokener_free(tokener);
	return object;
}

static void mutate(char *line, size_t *n)
{
	static const char telling[] = "{}[]\",:\\ue1-.0tfn \x80\xff\x1f";
	size_t at = random_below(*n), to = random_below(*n), k;

	switch (random_below(6)) {
	case 0: line[at] = (char)random_below(256); break;
	case 1:
	case 2: line[at] = telling[random_below(sizeof(telling))]; break;
	case 3: /* bytes go missing */
		k = 1 + random_below(*n - at);
		memmove(line + at, line + at + k, *n - at - k);
		*n -= k;
		break;
	case 4: /* bytes of another place */
		k = random_below(*n - (at > to ? at : to));
		memmove(line + at, line + to, k);
		break;
	default: line[at] = (char)(line[at] ^ 1 << random_below(8)); break;
	}
}

static void test_mutations(void **state)
{
	unsigned kinds[4] = {0};
	char line[2000];

	(void)state;
	random_state = 0x5eed;
	for (unsigned round = 0; round < MUTATIONS; round++) {
		const char *shape = shapes[round % SHAPES];
		size_t n = strlen(shape);
		struct ek_record r;

		snprintf(line, sizeof(line), "%s", shape);
		for (size_t times = 1 + random_below(3); times && n; times--)
			mutate(line, &n);
		r = scan_n(line, n);
		kinds[r.kind]++;
		if (r.kind == EK_DOCUMENT) {
			json_object *object = parse(line, n);

			if (!object)
				fail_msg("json-c refuses %.*s", (int)n, line);
			json_object_put(object);
		}
	}
	assert_true(kinds[EK_DOCUMENT] > MUTATIONS / 30);
	assert_true(kinds[EK_BROKEN] > MUTATIONS / 3);
	assert_true(kinds[EK_NOISE] > MUTATIONS / 300);
}

static void assert_unescaped(const char *text, const char *want, size_t want_n)
{
	size_t text_n = strlen(text), n;
	char *copy = copy_exactly(text, text_n), *out = malloc(text_n + !text_n);

	assert_non_null(out);
	n = ek_unescape((struct ek_span){copy, text_n}, out);
	if (n != want_n || memcmp(out, want, n) != 0)
		fail_msg("%s became %.*s", text, (int)n, out);
	free(copy);
	free(out);
}

static void test_unescape(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
		{"<\\/a>", "</a>"},
		{"a\\u0041z", "aAz"},
		{"\\u00e9\\u00E9", "\xc3\xa9\xc3\xa9"},
		{"\\u2028\\uffff", "\xe2\x80\xa8\xef\xbf\xbf"},
		{"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
		{"\\udbff\\udfff", "\xf4\x8f\xbf\xbf"},
		{"\\ud800", "\xef\xbf\xbd"},
		{"\\udc00x", "\xef\xbf\xbdx"},
		{"\\ud800\\ud800\\udc00", "\xef\xbf\xbd\xf0\x90\x80\x80"},
		{"\\udc00\\udc00", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\\udc00\\ud800", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\\ud800\\n", "\xef\xbf\xbd\n"},
		{"\\ud800\\u0041", "\xef\xbf\xbd"
				   "A"},
		{"\\ud800\\u", "\xef\xbf\xbd\\u"},
		{"\xff\xc3\x7f", "\xff\xc3\x7f"},
		{"\\", "\\"},
		{"\\x41\\q", "\\x41\\q"},
		{"\\u", "\\u"},
		{"\\u12", "\\u12"},
		{"\\u123", "\\u123"},
		{"\\u12g4", "\\u12g4"},
		{"\\u-001", "\\u-001"},
		{"x\\", "x\\"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_unescaped(cases[i].text, cases[i].want, strlen(cases[i].want));
	assert_unescaped("a\\u0000b", "a\0b", 3);
	assert_int_equal(ek_unescape((struct ek_span){NULL, 0}, NULL), 0);
}

static void put_random_text(struct buf *b)
{
	static const char *const pieces[] = {
		"a",	   " ",	      "0123456789", "\\\"",
		"\\\\",	   "\\/",     "\\n",	    "\\t",
		"\\u0041", "\\u00e9", "\\u0000",    "\\ud83d\\ude00",
		"\\ud800", "\\udfff", "\xc3\xa9",   "\xe2\x80\xae",
		"\xff",	   "{",	      "}",	    "[",
		"]",	   ":",	      ",",	    "\x7f",
		"\\u2028",
	};

	buf_putc(b, '"');
	for (size_t n = random_below(random_below(4) ? 6 : 40); n; n--)
		buf_puts(b, pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))]);
	buf_putc(b, '"');
}

static void put_random_value(struct buf *b, unsigned depth)
{
	static const char *const words[] = {"null", "true", "false", "0", "-1.5", "[]", "{}"};
	bool object = random_below(2);

	if (depth == 0 || random_below(3)) {
		if (random_below(3))
			put_random_text(b);
		else
			buf_puts(b, words[random_below(sizeof(words) / sizeof(words[0]))]);
		return;
	}
	buf_putc(b, object ? '{' : '[');
	for (size_t n = random_below(4); n; n--) {
		if (object) {
			put_random_text(b);
			buf_putc(b, ':');
		}
		put_random_value(b, depth - 1);
		if (n > 1)
			buf_puts(b, random_below(5) ? "," : " , ");
	}
	buf_putc(b, object ? '}' : ']');
}

/* A document with each column or not, each once, as json-c keeps the last of equal keys; without a
 * column "no", sometimes with a number among the layers. */
static void put_random_document(struct buf *b, bool in_layers)
{
	buf_puts(b, "{\"timestamp\":\"1\"");
	for (int i = in_layers ? EK_NUMBER + 1 : EK_NUMBER; i < EK_FIELDS; i++) {
		if (random_below(3) == 0)
			continue;
		buf_printf(b, ",\"%s\":", ek_field_title((enum ek_field)i));
		put_random_text(b);
	}
	buf_puts(b, ",\"layers\":{\"eth\":");
	put_random_value(b, 6);
	if (in_layers) {
		buf_puts(b, ",\"frame\":{\"a\":");
		put_random_value(b, 4);
		buf_printf(b, ",\"frame_frame_number\":\"%zu\"}", 1 + random_below(1000000));
	}
	buf_puts(b, ",\"ip\":");
	put_random_value(b, 6);
	buf_puts(b, "}}");
}

static void assert_same_text(const struct ek_record *r, enum ek_field field, json_object *value)
{
	struct ek_span s = r->field[field];
	char *out = malloc(s.n + 1);
	size_t n = ek_unescape(s, out);

	assert_non_null(out);
	assert_int_equal(value != NULL, s.p != NULL);
	if (value) {
		assert_int_equal(n, (size_t)json_object_get_string_len(value));
		assert_memory_equal(out, json_object_get_string(value), n);
	}
	free(out);
}

static void test_values_as_json_c_has_them(void **state)
{
	(void)state;
	random_state = 0xd1ff;
	for (unsigned round = 0; round < 20000; round++) {
		struct buf b = {0};
		json_object *object, *value, *layers, *frame;
		struct ek_record r;

		put_random_document(&b, round % 2);
		r = scan_n(b.p, b.n);
		assert_int_equal(r.kind, EK_DOCUMENT);
		object = parse(b.p, b.n);
		assert_non_null(object);
		for (int i = round % 2 ? EK_NUMBER + 1 : EK_NUMBER; i < EK_FIELDS; i++) {
			value = NULL;
			json_object_object_get_ex(object, ek_field_title((enum ek_field)i), &value);
			assert_same_text(&r, (enum ek_field)i, value);
		}
		if (round % 2) {
			assert_true(json_object_object_get_ex(object, "layers", &layers));
			assert_true(json_object_object_get_ex(layers, "frame", &frame));
			assert_true(json_object_object_get_ex(frame, "frame_frame_number", &value));
			assert_same_text(&r, EK_NUMBER, value);
			assert_int_equal(r.number, (uint64_t)json_object_get_int64(value));
		}
		json_object_put(object);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_titles_can_be_keys),
		cmocka_unit_test(test_each_title_is_found),
		cmocka_unit_test(test_other_keys_are_no_titles),
		cmocka_unit_test(test_index_line),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_lean),
		cmocka_unit_test(test_full_and_hex),
		cmocka_unit_test(test_chosen_fields),
		cmocka_unit_test(test_filtered_layers),
		cmocka_unit_test(test_any_order_of_keys),
		cmocka_unit_test(test_columns_come_before_layers),
		cmocka_unit_test(test_the_first_of_equal_keys_counts),
		cmocka_unit_test(test_values_of_any_type),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_odd_timestamps),
		cmocka_unit_test(test_bytes_of_strings),
		cmocka_unit_test(test_control_characters_break_strings),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_grammar_refused),
		cmocka_unit_test(test_grammar_allowed),
		cmocka_unit_test(test_broken_says_where_and_why),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_brackets_match_at_each_depth),
		cmocka_unit_test(test_a_million_opening_brackets),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_values_as_json_c_has_them),
	};

	int failed = 0;

	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		if (!ek_isa_has((enum ek_isa)isa))
			continue;
		ek_isa_use((enum ek_isa)isa);
		failed += cmocka_run_group_tests_name(ek_isa_name((enum ek_isa)isa), tests, NULL,
						      NULL);
	}
	return failed;
}
