/* test_rules.c - what versions of tshark are known to say otherwise, and is no fault
 *
 * Goal: a rule covers the difference that it names, between the versions that it names, in both
 * directions, and nothing else. Files of rules that are wrong are refused with their place.
 *
 * Method: the rules that are shipped, and files written for the test, asked about differences that
 * miss in one respect each.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/rules.h"

static char path[64];

static void write_file(const char *text)
{
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "/tmp/test_rules-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct rules read_rules(const char *text)
{
	struct rules r;
	struct err err;

	write_file(text);
	assert_true(rules_init(&r));
	if (!rules_read(&r, path, &err))
		fail_msg("%s", err.text);
	unlink(path);
	return r;
}

static const char *find(const struct rules *r, enum account_field field, const char *versions[2],
			const char *expected, const char *actual)
{
	struct rules_case c = {.expected_version = versions[0],
			       .actual_version = versions[1],
			       .field = field,
			       .protocol = "DNS",
			       .expected = expected,
			       .actual = actual,
			       .expected_n = expected ? strlen(expected) : 0,
			       .actual_n = actual ? strlen(actual) : 0};
	const struct rule *rule = rules_find(r, &c);

	return rule ? rule->name : "";
}

static void versions(void **state)
{
	(void)state;
	assert_true(rules_version_in("4.0.17", ""));
	assert_true(rules_version_in("4.0.17", ">=4.0 <4.2"));
	assert_true(rules_version_in("4.0.17", "=4.0.17"));
	assert_true(rules_version_in("4.0", ">=4.0.0"));
	assert_false(rules_version_in("4.2.0", ">=4.0 <4.2"));
	assert_false(rules_version_in("3.6.20", ">=4.0 <4.2"));
	/* By value, not by letters. */
	assert_true(rules_version_in("10.0", ">9.9"));
	assert_true(rules_version_in("4.10.0", ">4.9.99"));
	assert_true(rules_version_in("4.2.0rc1", "<=4.2"));
	assert_false(rules_version_in("", ""));
	assert_false(rules_version_in("none", "<9"));
	assert_true(rules_range_ok(""));
	assert_true(rules_range_ok(" >=3.6   <4.2 "));
	assert_false(rules_range_ok("3.6"));
	assert_false(rules_range_ok(">="));
	assert_false(rules_range_ok(">=3.6,<4.2"));
}

static void shipped_ones(void **state)
{
	const char *old_to_new[] = {"2.6.20", "4.0.17"}, *new_to_old[] = {"4.0.17", "2.6.20"},
		   *same[] = {"4.0.17", "4.0.17"};
	const char *bootp = "eth:ethertype:ip:udp:bootp", *dhcp = "eth:ethertype:ip:udp:dhcp";
	struct rules r;

	(void)state;
	assert_true(rules_init(&r));
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, bootp, dhcp), "bootp-is-dhcp");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, new_to_old, dhcp, bootp), "bootp-is-dhcp");
	assert_string_equal(
		find(&r, FIELD_PROTOCOLS, old_to_new, "tcp:ssl:ssl:http", "tcp:tls:tls:http"),
		"ssl-is-tls");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, "eth:http:data:data-text-lines",
				 "eth:http:data-text-lines"),
			    "text-is-no-data");
	/* Not all of it, more than it, the wrong way, another field, one version, none. */
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, "tcp:ssl:ssl", "tcp:tls:ssl"),
			    "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, "tcp:ssl", "tcp:tls:x"), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, "tcp:sslx", "tcp:tlsx"), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, "tcp:ssl", "udp:tls"), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, "tcp:ssl", "tcp/tls"), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, dhcp, bootp), "");
	assert_string_equal(find(&r, FIELD_PROTOCOL, old_to_new, bootp, dhcp), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, same, bootp, dhcp), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, NULL, dhcp), "");
	assert_string_equal(find(&r, FIELD_PROTOCOLS, old_to_new, bootp, NULL), "");
	rules_done(&r);
}

static void stars(void **state)
{
	const char *v[] = {"4.0.17", "4.2.0"};
	struct rules r = read_rules(
		"{\"secvf-rules\": 1, \"rules\": ["
		"{\"name\": \"swap\", \"field\": \"info\", \"from\": \"* a * b\", \"to\": \"* c * d\","
		" \"old\": \"<4.2\", \"new\": \">=4.2\", \"protocol\": \"D*\", \"reason\": \"x\"},"
		"{\"name\": \"other\", \"field\": \"info\", \"from\": \"x\", \"to\": \"y\","
		" \"protocol\": \"HTTP\", \"reason\": \"x\"},"
		"{\"name\": \"words\", \"field\": \"errors\", \"from\": \"old*\", \"to\": \"new*\","
		" \"reason\": \"x\"}]}");

	(void)state;
	assert_string_equal(find(&r, FIELD_INFO, v, "1 a 2 b", "1 c 2 d"), "swap");
	assert_string_equal(find(&r, FIELD_INFO, v, "1 a 9 a 2 b", "1 a 9 c 2 d"), "swap");
	assert_string_equal(find(&r, FIELD_INFO, v, "1 a 2 b", "1 c 3 d"), "");
	assert_string_equal(find(&r, FIELD_INFO, v, "1 a 2 b", "1 c 2 d "), "");
	assert_string_equal(find(&r, FIELD_INFO, v, "1 a 2", "1 c 2"), "");
	/* Of another protocol; a complaint is no field. */
	assert_string_equal(find(&r, FIELD_INFO, v, "x", "y"), "");
	assert_string_equal(find(&r, FIELD_INFO, v, "old 1", "new 1"), "");
	rules_done(&r);
}

static void expect_refused(const char *text, const char *words)
{
	struct rules r;
	struct err err = {0};

	write_file(text);
	assert_true(rules_init(&r));
	assert_false(rules_read(&r, path, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	if (!strstr(err.text, words) || !strstr(err.text, path))
		fail_msg("'%s' is not in '%s'", words, err.text);
	unlink(path);
	rules_done(&r);
}

#define FILE_OF(rule) "{\"secvf-rules\": 1, \"rules\": [" rule "]}"
#define GOOD	      "\"name\": \"a\", \"from\": \"x\", \"to\": \"y\", \"reason\": \"z\""

static void refused(void **state)
{
	struct rules r;
	struct err err;

	(void)state;
	expect_refused("{\n  \"secvf-rules\": 1,\n  oops\n}", "line 3, column 3 (byte 24)");
	expect_refused("{\"rules\": []}", "\"secvf-rules\": 1 is wanted");
	expect_refused("{\"secvf-rules\": 1}", "\"rules\": a list is wanted");
	expect_refused("{\"secvf-rules\": 1, \"rules\": [], \"more\": 1}",
		       "more: there is no such key");
	expect_refused(FILE_OF("7"), "rules[0]: an object is wanted");
	expect_refused(FILE_OF("{" GOOD "}"),
		       "rules[0]: name, field, from, to and reason are wanted");
	expect_refused(FILE_OF("{" GOOD ", \"field\": \"colour\"}"),
		       "there is no field \"colour\"");
	expect_refused(FILE_OF("{" GOOD ", \"field\": \"info\", \"why\": \"?\"}"),
		       "there is no key \"why\" in a rule");
	expect_refused(FILE_OF("{" GOOD ", \"field\": 7}"), "\"field\": a string is wanted");
	expect_refused(FILE_OF("{" GOOD ", \"field\": \"info\", \"match\": \"regex\"}"),
		       "\"whole\" or \"words\"");
	expect_refused(FILE_OF("{" GOOD ", \"field\": \"info\", \"old\": \"4.2\"}"),
		       "a range of versions");
	expect_refused(
		FILE_OF("{\"name\": \"a\", \"from\": \"*x\", \"to\": \"y\", \"reason\": \"z\","
			" \"field\": \"info\"}"),
		"the same number of '*'");
	assert_true(rules_init(&r));
	assert_false(rules_read(&r, "/nowhere/rules.json", &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	rules_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(shipped_ones),
		cmocka_unit_test(stars),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
