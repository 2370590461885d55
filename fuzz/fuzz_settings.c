/* fuzz_settings.c - any bytes as a settings file
 *
 * One that is refused says why, and leaves what was there. One that is read is printed; what is
 * printed is read again, as the same, and is printed the same way then.
 */
#include <json-c/json.h>
#include <string.h>

#include "analysis/saved.h"
#include "analysis/settings.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_right(const struct settings *s)
{
	check(s->saved_count <= SETTINGS_SAVED_MAX && s->recent_count <= SETTINGS_RECENT_MAX);
	for (size_t i = 0; i < s->saved_count; i++) {
		const struct saved_filter *f = &s->saved[i];

		check(!saved_name_wrong(f->name, strlen(f->name)));
		check(!saved_expression_wrong(f->expression, strlen(f->expression)));
		check(!saved_note_wrong(f->note, strlen(f->note)));
		check(saved_find(s, f->name) == i);
	}
}

static void check_same(const struct settings *a, const struct settings *b)
{
	check(a->queue_limit == b->queue_limit);
	check(a->saved_count == b->saved_count && a->recent_count == b->recent_count);
	for (size_t i = 0; i < a->saved_count; i++) {
		check(strcmp(a->saved[i].name, b->saved[i].name) == 0);
		check(strcmp(a->saved[i].expression, b->saved[i].expression) == 0);
		check(strcmp(a->saved[i].note, b->saved[i].note) == 0);
		check(!a->saved[i].rest == !b->saved[i].rest);
	}
	for (size_t i = 0; i < a->recent_count; i++)
		check(strcmp(a->recent[i], b->recent[i]) == 0);
}

/* What is no member of ours is as it was, in its order. */
static void check_kept(struct json_object *before, struct json_object *after)
{
	struct json_object_iterator at = json_object_iter_begin(after);

	check(json_object_object_length(before) == json_object_object_length(after));
	json_object_object_foreach(before, key, value)
	{
		check(strcmp(key, json_object_iter_peek_name(&at)) == 0);
		if (strcmp(key, "SavedDisplayFilters") != 0 &&
		    strcmp(key, "RecentDisplayFilters") != 0)
			check(json_object_equal(value, json_object_iter_peek_value(&at)));
		json_object_iter_next(&at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings s = {.queue_limit = 9}, again = {0};
	struct buf once = {0}, twice = {0};
	struct err err = {0};

	if (!settings_parse(&s, "settings.json", (const char *)data, size, &err)) {
		check(err.exit == EXIT_USAGE && strlen(err.text) > 0);
		check(s.queue_limit == 9 && !s.whole);
		return 0;
	}
	check_right(&s);
	settings_print(&s, &once);
	check(once.n > 0 && !once.failed);
	check(settings_parse(&again, "settings.json", once.p, once.n, &err));
	check_same(&s, &again);
	check_kept(s.whole, again.whole);
	settings_print(&again, &twice);
	check(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
	settings_done(&s);
	settings_done(&again);
	buf_done(&once);
	buf_done(&twice);
	return 0;
}
