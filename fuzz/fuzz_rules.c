/* fuzz_rules.c - any bytes as a file of rules, and then as differences that the rules may be about
 *
 * A file that is refused says why. Each difference is made of the input: its halves are what is
 * expected and what was seen.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/rules.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find(const struct rules *r, const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct rules_case c = {.expected_version = "4.0.17",
			       .actual_version = "4.2.3",
			       .expected_n = size / 2,
			       .actual_n = size - size / 2};

	check(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	c.expected = text;
	c.actual = text + size / 2;
	if (rules_range_ok(text))
		(void)rules_version_in("4.0.17", text);
	(void)rules_version_in(text, ">=3.6 <4.2");
	for (int field = 0; field < ACCOUNT_FIELDS; field++) {
		const struct rule *rule;

		c.field = (enum account_field)field;
		c.protocol = field % 2 ? "TCP" : NULL;
		rule = rules_find(r, &c);
		check(!rule || (rule->field == c.field && !rule->is_error));
	}
	c.is_error = true;
	(void)rules_find(r, &c);
	free(text);
}

/* Each rule turns its own texts, where they have no stars, into each other. */
static void find_own(const struct rules *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *rule = &r->rule[i];
		struct rules_case c = {.expected_version = "1.0",
				       .actual_version = "99.0",
				       .is_error = rule->is_error,
				       .field = rule->field,
				       .expected = rule->from,
				       .expected_n = strlen(rule->from),
				       .actual = rule->to,
				       .actual_n = strlen(rule->to)};

		check(rules_range_ok(rule->old_versions) && rules_range_ok(rule->new_versions));
		if (!rule->protocol && !strpbrk(rule->from, "*") && !strpbrk(rule->to, "*") &&
		    !rule->words && strcmp(rule->from, rule->to) != 0 &&
		    rules_version_in("1.0", rule->old_versions) &&
		    rules_version_in("99.0", rule->new_versions) &&
		    !rules_version_in("99.0", rule->old_versions) &&
		    !rules_version_in("1.0", rule->new_versions))
			check(rules_find(r, &c));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct rules r;

	check(rules_init(&r));
	if (rules_read(&r, fuzz_file(data, size), &err)) {
		check(r.count <= RULES_MAX);
		find_own(&r);
	} else {
		check(strlen(err.text) > 0);
	}
	find(&r, data, size);
	rules_done(&r);
	return 0;
}
