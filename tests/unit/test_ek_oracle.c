/* test_ek_oracle.c - Goal: the oracle of EK lines knows what it must, so that agreement with it
 * means something; and the scanner and the tree agree with it.
 *
 * Method: lines with known answers, json-c's laxities among them; then many seeded mutations of
 * lines of each kind put to all of them (ek_agree.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "oracle/ek_agree.h"

#define LINE(text) text, sizeof(text) - 1

static struct ek_agree agree;

static int begin(void **state)
{
	(void)state;
	ek_agree_init(&agree);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ek_agree_done(&agree);
	return 0;
}

static void expect_agreement(const char *line, size_t n)
{
	const char *why;
	char *exact = malloc(n + !n);

	assert_non_null(exact);
	if (n)
		memcpy(exact, line, n);
	why = ek_agree(&agree, exact, n);
	if (why)
		fail_msg("%s differs: %.*s", why, (int)n, line);
	free(exact);
}

static void verdicts_are_known(void **state)
{
	static const struct {
		const char *line;
		size_t n;
		enum oracle_verdict verdict;
	} cases[] = {
		{LINE(""), ORACLE_NO_OBJECT},
		{LINE(" [1]"), ORACLE_NO_OBJECT},
		{LINE("print(\"x\")"), ORACLE_NO_OBJECT},
		{LINE("\0{}"), ORACLE_NO_OBJECT},
		{LINE("{}"), ORACLE_ACCEPTED},
		{LINE(" { \"a\" : [ ] , \"a\":{} }\r"), ORACLE_ACCEPTED},
		{LINE("{\"a\":[-0.5e-10,1E9,true,false,null,\"\\ud83d\"]}"), ORACLE_ACCEPTED},
		{LINE("{\"\xff\x7f\":\"\xc3\"}"), ORACLE_ACCEPTED},
		{LINE("{\"a\":123456789012345678901234567890}"), ORACLE_ACCEPTED},
		{LINE("{}\0"), ORACLE_REFUSED},
		{LINE("{}{}"), ORACLE_REFUSED},
		{LINE("{\"a\":1,}"), ORACLE_REFUSED},
		{LINE("{\"a\":[1,]}"), ORACLE_REFUSED},
		{LINE("{'a':1}"), ORACLE_REFUSED},
		{LINE("{\"a\":'1'}"), ORACLE_REFUSED},
		{LINE("{\"a\":NaN}"), ORACLE_REFUSED},
		{LINE("{\"a\":-Infinity}"), ORACLE_REFUSED},
		{LINE("{\"a\":TRUE}"), ORACLE_REFUSED},
		{LINE("{\"a\":01}"), ORACLE_REFUSED},
		{LINE("{\"a\":1.}"), ORACLE_REFUSED},
		{LINE("{\"a\":+1}"), ORACLE_REFUSED},
		{LINE("{\"a\":1/**/}"), ORACLE_REFUSED},
		{LINE("{\"a\":\"\t\"}"), ORACLE_REFUSED},
		{LINE("{\"a\":\"\0\"}"), ORACLE_REFUSED},
		{LINE("{\"a\":\"\\x41\"}"), ORACLE_REFUSED},
		{LINE("{\"a\":\"\\u12g4\"}"), ORACLE_REFUSED},
		{LINE("{\"a\":\f1}"), ORACLE_REFUSED},
		{LINE("{\"a\" 1}"), ORACLE_REFUSED},
		{LINE("{\"a\":]}"), ORACLE_REFUSED},
		{LINE("{\"a\":"), ORACLE_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_agreement(cases[i].line, cases[i].n);
		if (agree.oracle.verdict != cases[i].verdict)
			fail_msg("%s: %d", cases[i].line, (int)agree.oracle.verdict);
	}
}

static void depth_is_bounded(void **state)
{
	char line[256];

	(void)state;
	for (unsigned arrays = 62; arrays <= 64; arrays++) {
		size_t n = 5;

		memcpy(line, "{\"a\":", n);
		memset(line + n, '[', arrays);
		memset(line + n + arrays, ']', arrays);
		n += 2 * arrays;
		line[n++] = '}';
		expect_agreement(line, n);
		assert_int_equal(agree.oracle.verdict,
				 arrays < 64 ? ORACLE_ACCEPTED : ORACLE_REFUSED);
	}
}

static void expect_field(unsigned field, const char *text, size_t n)
{
	const struct oracle *o = &agree.oracle;
	struct json_object *value;

	assert_true(o->field[field] != ORACLE_NONE);
	value = o->node[o->field[field]].value;
	assert_int_equal(json_object_get_string_len(value), n);
	assert_memory_equal(json_object_get_string(value), text, n);
}

static void packets_are_known(void **state)
{
	const struct oracle *o = &agree.oracle;

	(void)state;
	expect_agreement(LINE("{\"index\":{\"_type\":\"doc\"}}"));
	assert_int_equal(o->kind, ORACLE_INDEX);
	expect_agreement(LINE("{\"index\":1}"));
	assert_int_equal(o->kind, ORACLE_OTHER);
	expect_agreement(
		LINE("{\"no\":{},\"no\":[\"7\",\"8\"],\"no_\":\"9\",\"info\":\"\\u0000\\ud83d"
		     "\\ude00\\udc00\\/\xff\",\"info\":\"b\",\"protocols\":\"\",\"layers\":{"
		     "\"frame\":[{\"frame_frame_number\":\"3\",\"frame_frame_protocols\":\"e\"}]"
		     "}}"));
	assert_int_equal(o->kind, ORACLE_PACKET);
	assert_int_equal(o->number, 7);
	expect_field(EK_INFO, LINE("\0\xf0\x9f\x98\x80\xef\xbf\xbd/\xff"));
	expect_field(EK_PROTOCOLS, LINE("e"));
	expect_agreement(
		LINE("{\"no\":\"07\",\"layers\":{\"frame_number\":[\"9007199254740991\"]}}"));
	assert_int_equal(o->number, (UINT64_C(1) << 53) - 1);
	expect_agreement(
		LINE("{\"timestamp\":\"1\",\"layers\":{\"frame_number\":9007199254740992}}"));
	assert_int_equal(o->number, 0);
}

static void trees_are_known(void **state)
{
	const struct oracle_node *node;

	(void)state;
	expect_agreement(LINE("{\"a\":[1, {}],\"a\":\"\\n\"}"));
	assert_int_equal(agree.oracle.n, 5);
	node = agree.oracle.node;
	assert_true(node[0].kind == '{' && node[0].end == 5 && !node[0].key && node[0].n == 22);
	assert_true(node[1].kind == '[' && node[1].end == 4 && node[1].depth == 1);
	assert_true(node[2].kind == '0' && node[2].end == 3 && node[2].at == 6 && !node[2].key);
	assert_true(node[4].kind == '"' && node[4].key_at == 14 && node[4].n == 2);
	assert_string_equal(json_object_get_string(node[4].value), "\n");
}

static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state % n);
}

/* Half of what is put in is what lines are made of. */
static char random_byte(void)
{
	static const char usual[] = "{}[]\",:\\ue0123tfn/ \x1f";

	return random_below(2) ? usual[random_below(sizeof(usual))] : (char)random_below(256);
}

static void mutations_agree(void **state)
{
	static const char *const lines[] = {
		"{\"index\":{\"_index\":\"packets-2013-02-07\",\"_type\":\"doc\"}}",
		"{\"timestamp\":\"1360227866458\",\"no\":\"12\",\"src\":\"10.0.0.1\",\"dst\":\"10.0.0."
		"2\",\"proto\":\"ICMP\",\"len\":\"98\",\"info\":\"Echo (ping) request\",\"layers\":{"
		"\"frame\":{\"frame_frame_number\":\"12\"},\"icmp\":{\"icmp_icmp_type\":\"8\"}}}",
		"{\"timestamp\":\"1\",\"layers\":{\"frame\":{\"frame_frame_number\":\"7\",\"frame_frame_"
		"marked\":false},\"eth\":{\"eth_eth_lg\":true,\"eth_eth_lg\":null},\"arp\":{\"text\":["
		"\"a\",null],\"text\":[\"b\",[1.5e+3,-0],{}],\"arp_arp_opcode\":\"\\ud83d\\uDE00\"}}}",
	};
	char line[512];

	(void)state;
	for (int round = 0; round < 30000; round++) {
		const char *from = lines[random_below(3)];
		size_t n = strlen(from), k;

		memcpy(line, from, n);
		for (size_t changes = 1 + random_below(3); changes && n; changes--) {
			size_t at = random_below(n);

			switch (random_below(4)) {
			case 0: line[at] = random_byte(); break;
			case 1:
				memmove(line + at + 1, line + at, n - at);
				line[at] = random_byte();
				n++;
				break;
			case 2:
				memmove(line + at, line + at + 1, n - at - 1);
				n--;
				break;
			default: /* a piece comes again elsewhere */
				k = random_below(n - at < 8 ? n - at : 8);
				memmove(line + random_below(n - k), line + at, k);
			}
		}
		expect_agreement(line, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_known), cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(packets_are_known),  cmocka_unit_test(trees_are_known),
		cmocka_unit_test(mutations_agree),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
