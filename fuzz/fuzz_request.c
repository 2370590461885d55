/* fuzz_request.c - any bytes as the parts of a request: method, target, headers, body, one a line
 *
 * A route that is found has its variable within bounds; parameters and members that are taken are
 * those of its fields; who is taken for us by Host and Origin names our port; what is refused has
 * words. Nothing but the token lets anybody in.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "web/auth.h"
#include "web/body.h"
#include "web/events.h"
#include "web/gzip.h"
#include "web/query.h"
#include "web/route.h"

#define TOKEN "00112233445566778899aabbccddeeff"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t number_of(const struct field *fields)
{
	size_t n = 0;

	while (fields && fields[n].name)
		n++;
	return n;
}

static void check_query(const struct route *r, char *text)
{
	struct query q;
	struct err err = {0};

	if (!query_parse(&q, r->query, text, &err)) {
		check(err.text[0]);
		return;
	}
	for (size_t i = 0; i < number_of(r->query); i++) {
		const struct field *f = &r->query[i];
		const struct query_value *v = &q.value[i];

		check(v->given || !f->required);
		if (f->kind == FIELD_NUMBER && v->given)
			check(v->number >= f->least && v->number <= f->most);
		if (f->kind == FIELD_TEXT && v->given)
			check(strlen(v->text) >= f->least && strlen(v->text) <= f->most);
	}
}

static void check_body(const struct route *r, const char *text, size_t n)
{
	struct err err = {0};
	struct json_object *o = body_parse(text, n, &err), *member;

	if (!o || !body_check(o, r->body, &err)) {
		check(err.text[0]);
		json_object_put(o);
		return;
	}
	check((size_t)json_object_object_length(o) <= number_of(r->body));
	for (size_t i = 0; i < number_of(r->body); i++) {
		const struct field *f = &r->body[i];

		if (!json_object_object_get_ex(o, f->name, &member))
			check(!f->required);
		else if (f->kind == FIELD_TEXT)
			check(strlen(json_object_get_string(member)) <= f->most);
	}
	json_object_put(o);
}

static void check_auth(const char *header)
{
	struct auth a;
	const char *port = "8080";

	check(auth_init(&a, TOKEN, "127.0.0.1", 8080, false, NULL, NULL));
	if (auth_host_ok(&a, header))
		check(strstr(header, port));
	if (auth_origin_ok(&a, header))
		check(strncasecmp(header, "http://", 7) == 0 && auth_host_ok(&a, header + 7));
	if (auth_cookie_ok(&a, header) || auth_bearer_ok(&a, header))
		check(strstr(header, TOKEN));
	auth_fetch_ok(header, header);
	gzip_accepted(header);
}

/* The next line of *text, cut off; the last one is what is left. */
static char *line(char **text)
{
	char *start = *text, *end = strchr(start, '\n');

	*text = end ? end + 1 : start + strlen(start);
	if (end)
		*end = '\0';
	return start;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *at = copy, *method, *target, *query;
	char allow[ROUTE_ALLOW_MAX];
	const struct route *r = NULL;
	struct route_arg arg;
	struct buf frame = {0};

	if (!copy || size > BODY_BYTES_MAX) {
		free(copy);
		return 0;
	}
	memcpy(copy, data, size);
	copy[size] = '\0';
	events_frame(&frame, "status", copy, size);
	check(frame.n > size && memcmp(frame.p + frame.n - 2, "\n\n", 2) == 0);
	buf_done(&frame);
	method = line(&at);
	target = line(&at);
	check_auth(line(&at));
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	if (route_find(method, target, &r, &arg, allow) == ROUTE_FOUND) {
		check(strlen(arg.text) <= ROUTE_ARG_MAX);
		if (r->arg && r->arg->kind == FIELD_NUMBER)
			check(arg.number >= r->arg->least && arg.number <= r->arg->most);
		check_query(r, query);
		check_body(r, at, size - (size_t)(at - copy));
	}
	free(copy);
	return 0;
}
