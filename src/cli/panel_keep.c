/* panel_keep.c - what the panel keeps and looks up: saved filters, settings, audit log, doctor */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/presets.h"
#include "analysis/saved.h"
#include "base/check.h"
#include "cli/cli.h"
#include "cli/hosting.h"
#include "os/collect.h"

/* ---- saved filters ---- */

enum panel_result hosting_saved(struct panel *p, struct buf *out, struct err *err)
{
	struct hosting *h = p->ctx;
	struct settings_file file = {.lock = -1};
	struct settings s = {0};

	if (!settings_file_read(&file, h->settings_path, &s, err))
		return PANEL_FAILED;
	buf_puts(out, "{\"filters\":[");
	for (size_t i = 0; i < s.saved_count; i++) {
		if (i)
			buf_putc(out, ',');
		hosting_put_member(out, '{', "name", s.saved[i].name);
		hosting_put_member(out, ',', "expression", s.saved[i].expression);
		hosting_put_member(out, ',', "note", s.saved[i].note);
		buf_putc(out, '}');
	}
	buf_puts(out, "],\"recent\":[");
	for (size_t i = 0; i < s.recent_count; i++) {
		if (i)
			buf_putc(out, ',');
		buf_json(out, s.recent[i], strlen(s.recent[i]));
	}
	buf_puts(out, "]}");
	settings_done(&s);
	return PANEL_OK;
}

bool hosting_used(struct hosting *h, const char *filter, struct err *err)
{
	struct settings_file file = {.lock = -1};
	struct settings s = {0};
	bool ok, newest;

	if (!h->settings_path[0] || !filter[strspn(filter, " \t")])
		return true;
	ok = settings_file_begin(&file, h->settings_path, &s, err);
	newest = ok && s.recent_count && strcmp(s.recent[0], filter) == 0;
	if (ok && !newest)
		ok = settings_recent(&s, filter, err) && settings_file_commit(&file, &s, err);
	settings_file_end(&file);
	settings_done(&s);
	return ok;
}

/* What is there of a filter is replaced by what the request says. */
static bool change_saved(struct settings *s, const char *name, struct json_object *body,
			 struct err *err)
{
	size_t at = saved_expect(s, name, err);
	const char *expression = hosting_text(body, "expression"),
		   *note = hosting_text(body, "note");
	const char *to = hosting_text(body, "name");
	struct json_object *position;
	char *kept;
	bool ok;

	if (at == SAVED_NONE)
		return false;
	if (to && strcmp(to, name) != 0 && !saved_rename(s, name, to, err))
		return false;
	name = to ? to : name;
	if (expression || note) {
		kept = strdup(s->saved[at].expression);
		check(kept);
		/* By way of another one, as texts are checked where one is added. */
		char *kept_note = strdup(s->saved[at].note), *kept_name = strdup(name);

		check(kept_note && kept_name);
		ok = saved_remove(s, name, err) &&
		     saved_add(s, kept_name, expression ? expression : kept,
			       note ? note : kept_note, err) &&
		     saved_move(s, kept_name, at + 1, err);
		free(kept);
		free(kept_note);
		free(kept_name);
		if (!ok)
			return false;
	}
	if (json_object_object_get_ex(body, "position", &position))
		return saved_move(s, name, json_object_get_uint64(position), err);
	return true;
}

enum panel_result hosting_save(struct panel *p, const char *name, struct json_object *body,
			       struct err *err)
{
	struct hosting *h = p->ctx;
	struct settings_file file = {.lock = -1};
	struct settings s = {0};
	const char *note = body ? hosting_text(body, "note") : NULL;
	bool ok, there;

	if (!settings_file_begin(&file, h->settings_path, &s, err))
		return PANEL_FAILED;
	there = !name || saved_find(&s, name) != SAVED_NONE;
	if (!name)
		ok = saved_add(&s, hosting_text(body, "name"), hosting_text(body, "expression"),
			       note ? note : "", err);
	else if (body)
		ok = change_saved(&s, name, body, err);
	else
		ok = saved_remove(&s, name, err);
	if (ok && !settings_file_commit(&file, &s, err)) {
		settings_done(&s);
		return PANEL_FAILED;
	}
	settings_file_end(&file);
	settings_done(&s);
	return ok ? PANEL_OK : there ? PANEL_BAD : PANEL_NONE;
}

enum panel_result hosting_presets(struct panel *p, struct buf *out, struct err *err)
{
	size_t n;
	const struct preset *all = presets(&n);

	(void)p;
	(void)err;
	buf_puts(out, "{\"presets\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(out, ',');
		hosting_put_member(out, '{', "name", all[i].name);
		hosting_put_member(out, ',', "expression", all[i].expression);
		hosting_put_member(out, ',', "note", all[i].note);
		hosting_put_member(out, ',', "category", all[i].category);
		buf_putc(out, '}');
	}
	buf_puts(out, "]}");
	return PANEL_OK;
}

/* ---- settings of the panel: an object of its own in the settings file ---- */

static const char defaults[] =
	"{\"theme\":\"system\",\"density\":\"dense\",\"queue_limit\":50000,\"buffer_frames\":100000,"
	"\"decode\":\"auto\",\"time\":\"relative\",\"columns\":[],\"layers\":true,\"bytes\":true,"
	"\"preferences\":[]}";

static void merge(struct json_object *into, struct json_object *from)
{
	json_object_object_foreach(from, key, value)
	{
		json_object_object_add(into, key, json_object_get(value));
	}
}

/* What a person has set: only that counts when a capture begins. */
static struct json_object *kept_of(const struct settings *s)
{
	struct json_object *own, *kept = json_object_new_object();

	check(kept);
	if (json_object_object_get_ex(s->whole, "Panel", &own))
		merge(kept, own);
	return kept;
}

struct json_object *hosting_kept(struct hosting *h, struct err *err)
{
	struct settings_file file = {.lock = -1};
	struct settings s = {0};
	struct json_object *kept;

	if (!settings_file_read(&file, h->settings_path, &s, err))
		return NULL;
	kept = kept_of(&s);
	settings_done(&s);
	return kept;
}

enum panel_result hosting_settings(struct panel *p, struct json_object *body, struct buf *out,
				   struct err *err)
{
	struct hosting *h = p->ctx;
	struct settings_file file = {.lock = -1};
	struct settings s = {0};
	struct json_object *all, *kept;
	bool ok = body ? settings_file_begin(&file, h->settings_path, &s, err)
		       : settings_file_read(&file, h->settings_path, &s, err);

	if (!ok)
		return PANEL_FAILED;
	kept = kept_of(&s);
	if (body) {
		merge(kept, body);
		if (!s.whole)
			s.whole = json_object_new_object();
		json_object_object_add(s.whole, "Panel", json_object_get(kept));
		ok = settings_file_commit(&file, &s, err);
		settings_file_end(&file);
	}
	all = json_tokener_parse(defaults);
	check(all);
	merge(all, kept);
	if (ok)
		buf_puts(out, json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	json_object_put(all);
	json_object_put(kept);
	settings_done(&s);
	return ok ? PANEL_OK : PANEL_FAILED;
}

/* ---- the audit log ---- */

/* Lines after the @after-th of the file that the session writes. */
enum panel_result hosting_audit(struct panel *p, uint64_t after, uint32_t count, struct buf *out,
				struct err *err)
{
	struct hosting *h = p->ctx;
	struct session *s = hosting_hold(h);
	char path[4096] = "";
	char *line = NULL;
	size_t room = 0;
	uint64_t number = 0;
	uint32_t put = 0;
	ssize_t n;
	FILE *f;

	if (s) {
		snprintf(path, sizeof(path), "%s", s->audit.path);
		hosting_let_go(h);
	} else if (!home_path(path, sizeof(path), "logs/error-audit.log")) {
		path[0] = '\0';
	}
	f = path[0] ? fopen(path, "re") : NULL;
	buf_puts(out, "{\"lines\":[");
	while (f && put < count && (n = getline(&line, &room, f)) > 0) {
		/* What is being written right now comes next time. */
		if (line[n - 1] != '\n')
			break;
		if (number++ < after)
			continue;
		if (put++)
			buf_putc(out, ',');
		buf_put(out, line, (size_t)n - 1);
	}
	buf_printf(out, "],\"next\":%llu}", (unsigned long long)number);
	free(line);
	if (f)
		fclose(f);
	(void)err;
	return PANEL_OK;
}

/* ---- the doctor ---- */

enum panel_result hosting_doctor(struct panel *p, struct buf *out, struct err *err)
{
	char self[4096], why[640];
	char *argv[] = {self, (char *)"doctor", (char *)"-T", (char *)"json", NULL};
	struct collect c = {.timeout_ns = UINT64_C(60000000000), .bytes_max = 1u << 20};
	int error;

	(void)p;
	if (!cli_self(self)) {
		err_set(err, EXIT_ENVIRONMENT, "the program's own path is not known");
		return PANEL_FAILED;
	}
	error = collect_run(&c, argv);
	if (error || !c.out.n || c.out.p[0] != '[') {
		err_set(err, EXIT_ENVIRONMENT, "secvf doctor: %s", collect_why(&c, error, why));
		collect_done(&c);
		return PANEL_FAILED;
	}
	buf_put(out, c.out.p, c.out.n);
	while (out->n && out->p[out->n - 1] == '\n')
		out->n--;
	collect_done(&c);
	return PANEL_OK;
}
