/* server_test.c - the panel's server, spoken to over sockets
 *
 * Goal: each route and each refusal answers as docs/openapi.json says; who has no token, comes by a
 * foreign name or from a foreign page gets nothing; no client, however slow, stuck, large or many,
 * holds up another one or makes the server grow; it ends at once, whatever is open.
 *
 * Method: a server at a free port with a made-up panel (made_up.h), deadlines made short where they
 * are what is tested, and requests written by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/sanitized.h"
#include "os/port_posix.h"
#include "web/made_up.h"
#include "web/server.h"
#include "web/talk_http.h"

#define TOKEN "00112233445566778899aabbccddeeff"
#define JSON  "Content-Type: application/json\r\n"
#define MS    UINT64_C(1000000)

static struct made_up panel;
static struct server *server;

static void start(const struct server_config *other)
{
	struct server_config config = other ? *other : (struct server_config){0};
	struct err err = {0};

	made_up_init(&panel);
	config.panel = &panel.panel;
	config.token = TOKEN;
	server = server_start(&config, &err);
	if (!server)
		fail_msg("%s", err.text);
}

static void stop(void)
{
	assert_true(server_stop(server));
	made_up_done(&panel);
}

/* A request with the token, and whatever else. */
static void ask(struct talk *t, const char *method, const char *target, const char *headers,
		const char *body)
{
	talk_printf(t,
		    "%s %s HTTP/1.1\r\nHost: localhost:%u\r\nAuthorization: Bearer " TOKEN "\r\n%s",
		    method, target, server_port(server), headers);
	if (body)
		talk_printf(t, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		talk_printf(t, "\r\n");
}

static int get(struct talk *t, const char *target)
{
	ask(t, "GET", target, "", NULL);
	return talk_answer(t);
}

static int once(const char *method, const char *target, const char *headers, const char *body)
{
	struct talk t;
	int status;

	talk_open(&t, server_port(server));
	ask(&t, method, target, headers, body);
	status = talk_answer(&t);
	talk_close(&t);
	return status;
}

static void expect_headers(const struct talk *t)
{
	static const char *const names[][2] = {{"Content-Security-Policy", "default-src 'self'"},
					       {"X-Content-Type-Options", "nosniff"},
					       {"Referrer-Policy", "no-referrer"},
					       {"Cross-Origin-Opener-Policy", "same-origin"},
					       {"Cross-Origin-Resource-Policy", "same-origin"},
					       {"Cache-Control", ""}};

	for (unsigned i = 0; i < 6; i++) {
		const char *value = talk_header(t, names[i][0]);

		if (!value || !strstr(value, names[i][1]))
			fail_msg("%s: %s, after: %s", names[i][0], value, t->head);
	}
	assert_null(talk_header(t, "Access-Control-Allow-Origin"));
}

/* ---- answers ---- */

static void test_routes(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
		const char *has;
	} all[] = {
		{"GET", "/", NULL, 200, "<!doctype html>"},
		{"GET", "/assets/none.js", NULL, 404, "no such file"},
		{"GET", "/favicon.ico", NULL, 404, "no such file"},
		{"GET", "/metrics", NULL, 200, "\nsecvf_http_requests_total "},
		{"GET", "/api/openapi.json", NULL, 200, "\"openapi\": \"3.1.0\""},
		{"GET", "/api/status", NULL, 200, "\"state\":\"idle\""},
		{"POST", "/api/capture/start", "{\"files\":[\"a\"],\"rate\":\"25\"}", 200,
		 "\"running\""},
		{"POST", "/api/capture/start", "", 409, "a capture runs"},
		{"POST", "/api/capture/stop", "{}", 200, "\"ended\""},
		{"POST", "/api/capture/clear", "", 200, "\"idle\""},
		{"POST", "/api/capture/filter", "{\"filter\":\"tcp\"}", 200, "\"ok\":true"},
		{"GET", "/api/capture/filter/check?filter=wrong", NULL, 200, "\"ok\":false"},
		{"POST", "/api/capture/scope", "{\"interfaces\":[]}", 200, "\"idle\""},
		{"POST", "/api/filter", "{\"filter\":\"\"}", 200, "\"ok\":true"},
		{"GET", "/api/filter/check?filter=%77rong", NULL, 200, "\"at\":0"},
		{"GET", "/api/filter/complete?prefix=a%26b+c&limit=3", NULL, 200,
		 "\"a&b c\",\"type\":\"FT_UINT16\",\"what\":\"limit 3\""},
		{"GET", "/api/filters", NULL, 200, "tcp.port == 80"},
		{"POST", "/api/filters", "{\"name\":\"x\",\"expression\":\"y\"}", 200, "recent"},
		{"PUT", "/api/filters/web", "{\"position\":1}", 200, "recent"},
		{"PUT", "/api/filters/a%2fb", "{\"position\":1}", 404, "saved as 'a/b'"},
		{"DELETE", "/api/filters/%77eb", "", 200, "recent"},
		{"GET", "/api/presets", NULL, 200, "presets"},
		{"GET", "/api/rows?from=1&count=2", NULL, 200, "\"id\":3,"},
		{"GET", "/api/rank?id=7", NULL, 200, "\"rank\":6"},
		{"GET", "/api/frames/7", NULL, 200, "\"tree\""},
		{"GET", "/api/frames/500", NULL, 500, "sharkd died"},
		{"GET", "/api/frames/1001", NULL, 404, "no frame 1001"},
		{"GET", "/api/frames/7/bytes", NULL, 200, "00ff"},
		{"PUT", "/api/frames/7", "{\"mark\":true}", 200, "{}"},
		{"GET", "/api/follow?kind=tcp&frame=3", NULL, 200, "4142"},
		{"GET", "/api/statistics", NULL, 200, "192.0.2.9"},
		{"GET", "/api/series?from=5", NULL, 200, "\"t\":5"},
		{"GET", "/api/audit?after=3", NULL, 200, "\"next\":3"},
		{"GET", "/api/settings", NULL, 200, "dark"},
		{"PUT", "/api/settings", "{\"theme\":\"dark\"}", 200, "dark"},
		{"GET", "/api/doctor", NULL, 200, "tshark"},
	};
	struct talk t;

	(void)state;
	start(NULL);
	talk_open(&t, server_port(server)); /* all by one connection */
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ask(&t, all[i].method, all[i].target, all[i].body ? JSON : "", all[i].body);
		if (talk_answer(&t) != all[i].status || !strstr(t.body, all[i].has))
			fail_msg("%s %s: %d %s", all[i].method, all[i].target, t.status, t.body);
		expect_headers(&t);
		assert_true(t.whole);
	}
	assert_int_equal(get(&t, "/metrics"), 200);
	assert_string_equal(talk_header(&t, "Content-Type"),
			    "text/plain; version=0.0.4; charset=utf-8");
	t.head_only = true;
	ask(&t, "HEAD", "/api/status", "", NULL);
	assert_int_equal(talk_answer(&t), 200);
	assert_true(atoi(talk_header(&t, "Content-Length")) > 100);
	t.head_only = true;
	ask(&t, "HEAD", "/api/events", "", NULL);
	assert_int_equal(talk_answer(&t), 200);
	assert_int_equal(get(&t, "/api/status"), 200);
	talk_close(&t);
	stop();
}

static void test_refusals(void **state)
{
	static const struct {
		const char *method, *target, *headers, *body;
		int status;
		const char *has;
	} all[] = {
		{"GET", "/api/nothing", "", NULL, 404, "nothing by this path"},
		{"GET", "/api/frames/0", "", NULL, 404, "nothing by this path"},
		{"GET", "/api/frames/99999999999999999999", "", NULL, 404, "nothing by this"},
		{"GET", "/api/frames/7/bytes/", "", NULL, 404, "nothing by this path"},
		{"POST", "/api/status", JSON, "", 405, "GET, HEAD"},
		{"DELETE", "/api/frames/7", JSON, "", 405, "GET, HEAD, PUT"},
		{"OPTIONS", "/api/filter", "", NULL, 405, "POST"},
		{"BREW", "/api/filter", "", NULL, 405, "POST"},
		{"GET", "/api/rows?from=x", "", NULL, 400, "parameter from: a whole number"},
		{"GET", "/api/rows?count=1001", "", NULL, 400, "from 1 to 1000"},
		{"GET", "/api/rows?cuont=1", "", NULL, 400, "no parameter 'cuont'"},
		{"GET", "/api/rows?from=1&from=2", "", NULL, 400, "from is given twice"},
		{"GET", "/api/rank", "", NULL, 400, "parameter id is missing"},
		{"GET", "/api/filter/check?filter=%zz", "", NULL, 400, "two hexadecimal digits"},
		{"GET", "/api/filter/check?filter=%00", "", NULL, 400, "NUL"},
		{"GET", "/api/filter/check?filter=%ff", "", NULL, 400, "UTF-8"},
		{"GET", "/api/follow?kind=sctp&frame=1", "", NULL, 400, "one of tcp, udp"},
		{"GET", "/api/status", "", "{}", 400, "no body is wanted"},
		{"POST", "/api/filter", JSON, "{", 400, "ends too early"},
		{"POST", "/api/filter", JSON, "[]", 400, "an object is wanted"},
		{"POST", "/api/filter", JSON, "{\"filter\":1}", 400, "member filter: a text"},
		{"POST", "/api/filter", JSON, "{\"filter\":\"a\\u0000b\"}", 400, "without NUL"},
		{"POST", "/api/filter", JSON, "{\"filter\":\"\",\"x\\\"<\":1}", 400,
		 "member 'x\\\"<'"},
		{"POST", "/api/filter", JSON, "{}", 400, "member filter is missing"},
		{"POST", "/api/filter", JSON, "", 400, "an object is wanted"},
		{"POST", "/api/filter", JSON, "{\"filter\":[[[[[[[[[[1]]]]]]]]]]}", 400, "no JSON"},
		{"POST", "/api/capture/stop", JSON, "{\"now\":true}", 400, "no member 'now'"},
		{"POST", "/api/export", JSON, "{}", 400, "one of the members"},
		{"POST", "/api/export", JSON, "{\"all\":true,\"shown\":true}", 400, "one of the"},
		{"POST", "/api/export", JSON, "{\"all\":false}", 400, "member all: true"},
		{"POST", "/api/export", JSON, "{\"frames\":[500]}", 500, "cannot read the capture"},
		{"POST", "/api/filter", JSON, NULL, 411, "a body is wanted"},
		{"POST", "/api/filter", "", "{\"filter\":\"\"}", 415, "application/json is"},
		{"POST", "/api/filter", "Content-Type: text/plain\r\n", "{}", 415, "application"},
		{"POST", "/api/filter", JSON "Content-Encoding: gzip\r\n", "{}", 415,
		 "as they are"},
		{"DELETE", "/api/filters/web", "", NULL, 415, "application/json is wanted"},
		{"POST", "/api/filter", JSON JSON, "{}", 400, "came twice"},
		{"POST", "/api/filter", JSON "Transfer-Encoding: chunked\r\n", "{}", 400,
		 "exclude"},
		{"POST", "/api/filter", JSON "Transfer-Encoding: gzip\r\n", NULL, 400, "chunked"},
		{"POST", "/api/filter", JSON "Content-Length: x\r\n", NULL, 400, "a number"},
		{"GET", "api/status", "", NULL, 400, "begins with '/'"},
	};

	(void)state;
	start(NULL);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct talk t;

		talk_open(&t, server_port(server));
		ask(&t, all[i].method, all[i].target, all[i].headers, all[i].body);
		/* What libmicrohttpd can't read it refuses itself, with a page of its own. */
		if (talk_answer(&t) != all[i].status ||
		    (t.body[0] == '{' && !strstr(t.body, all[i].has)))
			fail_msg("%s %s %s: %d %s", all[i].method, all[i].target, all[i].body,
				 t.status, t.body);
		if (t.body[0] == '{')
			expect_headers(&t);
		if (t.status == 405)
			assert_string_equal(talk_header(&t, "Allow"), all[i].has);
		talk_close(&t);
	}
	stop();
}

static void test_too_large(void **state)
{
	struct talk t;
	size_t n = 2u << 20;
	char *big = malloc(n + 1);

	(void)state;
	assert_non_null(big);
	memset(big, 'a', n);
	big[n] = '\0';
	start(NULL);
	/* A target: refused in words by us, without words by libmicrohttpd. */
	big[40000] = '\0';
	big[0] = '/';
	assert_int_equal(once("GET", big, "", NULL), 414);
	big[40000] = 'a';
	big[200000] = '\0';
	assert_int_equal(once("GET", big, "", NULL), 414);
	/* Headers. */
	talk_open(&t, server_port(server));
	talk_printf(&t, "GET / HTTP/1.1\r\nHost: localhost:%u\r\nX: %s\r\n\r\n",
		    server_port(server), big);
	assert_int_equal(talk_answer(&t), 431);
	talk_close(&t);
	big[200000] = 'a';
	/* A body; the connection lives on. */
	talk_open(&t, server_port(server));
	ask(&t, "POST", "/api/filter", JSON, big);
	assert_int_equal(talk_answer(&t), 413);
	expect_headers(&t);
	assert_int_equal(get(&t, "/api/status"), 200);
	/* The same in one chunk, and one that says so before it is sent. */
	ask(&t, "POST", "/api/filter", JSON "Transfer-Encoding: chunked\r\n", NULL);
	talk_printf(&t, "%zx\r\n%s\r\n0\r\n\r\n", n, big);
	assert_int_equal(talk_answer(&t), 413);
	ask(&t, "POST", "/api/filter", JSON "Content-Length: 99999999999\r\n", NULL);
	assert_int_equal(talk_answer(&t), 413);
	assert_true(talk_ended(&t, 5000));
	talk_close(&t);
	/* Chunks without end are cut. */
	talk_open(&t, server_port(server));
	ask(&t, "POST", "/api/filter", JSON "Transfer-Encoding: chunked\r\n", NULL);
	for (unsigned i = 0; i < 6; i++)
		talk_printf(&t, "%zx\r\n%s\r\n", n, big);
	assert_true(talk_ended(&t, 5000));
	talk_close(&t);
	/* A whole one of the size that may be, in chunks. */
	talk_open(&t, server_port(server));
	ask(&t, "POST", "/api/filter", JSON "Transfer-Encoding: chunked\r\n", NULL);
	talk_printf(&t, "5\r\n{\"fil\r\n8\r\nter\":\"\"}\r\n0\r\n\r\n");
	assert_int_equal(talk_answer(&t), 200);
	talk_close(&t);
	stop();
	free(big);
}

static void test_gzip(void **state)
{
	struct talk t;
	char *plain;
	uLongf n = 4u << 20;
	z_stream z = {0};
	char *back = malloc(n);

	(void)state;
	assert_non_null(back);
	start(NULL);
	talk_open(&t, server_port(server));
	assert_int_equal(get(&t, "/api/statistics?top=10000"), 200);
	assert_null(talk_header(&t, "Content-Encoding"));
	plain = strdup(t.body);
	ask(&t, "GET", "/api/statistics?top=10000", "Accept-Encoding: br, gzip;q=0.5\r\n", NULL);
	assert_int_equal(talk_answer(&t), 200);
	assert_string_equal(talk_header(&t, "Content-Encoding"), "gzip");
	assert_string_equal(talk_header(&t, "Vary"), "Accept-Encoding");
	assert_true(t.body_n < strlen(plain) / 4);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)t.body;
	z.avail_in = (uInt)t.body_n;
	z.next_out = (Bytef *)back;
	z.avail_out = (uInt)n;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, strlen(plain));
	assert_memory_equal(back, plain, z.total_out);
	inflateEnd(&z);
	ask(&t, "GET", "/api/status", "Accept-Encoding: gzip\r\n", NULL);
	assert_int_equal(talk_answer(&t), 200);
	assert_null(talk_header(&t, "Content-Encoding")); /* short */
	talk_close(&t);
	stop();
	free(plain);
	free(back);
}

/* ---- who may ask ---- */

static int bare(const char *target, const char *host, const char *headers)
{
	struct talk t;
	int status;

	talk_open(&t, server_port(server));
	talk_printf(&t, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n%s\r\n", target, host,
		    server_port(server), headers);
	status = talk_answer(&t);
	talk_close(&t);
	return status;
}

#define BEARER "Authorization: Bearer " TOKEN "\r\n"

static void test_who(void **state)
{
	char headers[256];
	unsigned port;

	(void)state;
	start(NULL);
	port = server_port(server);
	assert_int_equal(bare("/api/status", "localhost", ""), 401);
	assert_int_equal(bare("/api/nothing", "localhost", ""), 401);
	assert_int_equal(bare("/", "localhost", ""), 401);
	assert_int_equal(bare("/metrics", "localhost", ""), 401);
	assert_int_equal(bare("/api/status", "localhost", BEARER), 200);
	assert_int_equal(bare("/api/status", "[::1]", BEARER), 200);
	assert_int_equal(bare("/api/status", "127.0.0.1", BEARER), 200);
	assert_int_equal(bare("/api/status", "LOCALHOST", BEARER), 200);
	assert_int_equal(bare("/api/status", "localhost",
			      "Authorization: Bearer 00112233445566778899aabbccddeefe\r\n"),
			 401);
	assert_int_equal(bare("/api/status", "localhost", "Cookie: a=b; secvf=" TOKEN "\r\n"), 200);
	snprintf(headers, sizeof(headers), "Cookie: secvf=0123; secvf_%u=" TOKEN "\r\n", port);
	assert_int_equal(bare("/api/status", "localhost", headers), 200);
	assert_int_equal(bare("/api/status", "localhost", "Cookie: xsecvf=" TOKEN "\r\n"), 401);
	assert_int_equal(bare("/api/status?token=" TOKEN, "localhost", ""), 401);
	/* A name that was made to resolve to us */
	assert_int_equal(bare("/api/status", "evil.example", BEARER), 403);
	assert_int_equal(bare("/?token=" TOKEN, "evil.example", ""), 403);
	assert_int_equal(bare("/api/status", "localhost.evil.example", BEARER), 403);
	assert_int_equal(bare("/api/status", "192.0.2.1", BEARER), 403);
	/* Pages from elsewhere */
	snprintf(headers, sizeof(headers), BEARER "Origin: http://localhost:%u\r\n", port);
	assert_int_equal(bare("/api/status", "localhost", headers), 200);
	snprintf(headers, sizeof(headers), BEARER "Origin: http://localhost:%u\r\n", port ^ 1);
	assert_int_equal(bare("/api/status", "localhost", headers), 403);
	snprintf(headers, sizeof(headers), BEARER "Origin: https://localhost:%u\r\n", port);
	assert_int_equal(bare("/api/status", "localhost", headers), 403);
	assert_int_equal(bare("/api/status", "localhost", BEARER "Origin: null\r\n"), 403);
	assert_int_equal(bare("/api/status", "localhost", BEARER "Sec-Fetch-Site: same-site\r\n"),
			 403);
	assert_int_equal(bare("/api/status", "localhost", BEARER "Sec-Fetch-Site: same-origin\r\n"),
			 200);
	assert_int_equal(bare("/?token=" TOKEN, "localhost",
			      "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"),
			 303);
	stop();
}

static void test_door(void **state)
{
	struct talk t;
	char url[128];

	(void)state;
	start(NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/?token=" TOKEN, server_port(server));
	assert_string_equal(server_url(server), url);
	talk_open(&t, server_port(server));
	talk_printf(&t, "GET /?token=" TOKEN " HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
		    server_port(server));
	assert_int_equal(talk_answer(&t), 303);
	expect_headers(&t);
	assert_string_equal(talk_header(&t, "Location"), "/");
	assert_string_equal(talk_header(&t, "Set-Cookie"),
			    "secvf=" TOKEN "; HttpOnly; SameSite=Strict; Path=/");
	talk_printf(&t, "GET /?token=" TOKEN "0 HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
		    server_port(server));
	assert_int_equal(talk_answer(&t), 401);
	assert_string_equal(talk_header(&t, "WWW-Authenticate"), "Bearer");
	talk_close(&t);
	stop();
}

/* ---- slow, many, stuck ---- */

static unsigned entries(const char *folder)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_slow(void **state)
{
	const struct server_config config = {.head_ns = 300 * MS, .body_ns = 300 * MS};
	struct talk half, drip, body;
	unsigned drops = 0;

	(void)state;
	start(&config);
	talk_open(&half, server_port(server));
	talk_printf(&half, "GET / HTTP/1.1\r\nHost:");
	talk_open(&drip, server_port(server));
	talk_open(&body, server_port(server));
	ask(&body, "POST", "/api/filter", JSON "Content-Length: 100\r\n", NULL);
	/* Bytes that go on coming do not move the deadline. */
	while (!drip.ended && drops++ < 200) {
		talk_printf(&drip, "%s", drops == 1 ? "GET / HTTP/1.1\r\nX: " : "x");
		talk_more(&drip, 50);
	}
	assert_true(drip.ended);
	assert_true(drops > 3);
	assert_true(talk_ended(&half, 5000));
	assert_true(talk_ended(&body, 5000));
	assert_int_equal(body.n, 0);
	talk_close(&half);
	talk_close(&drip);
	talk_close(&body);
	assert_int_equal(once("GET", "/api/status", "", NULL), 200);
	stop();
}

static void test_many(void **state)
{
	enum {
		CLIENTS = 200
	};
	const struct server_config config = {.head_ns = 1000 * MS};
	static struct talk t[CLIENTS];
	unsigned before = entries("/proc/self/fd"), served = 0, most = 0;

	(void)state;
	start(&config);
	for (unsigned i = 0; i < CLIENTS; i++) {
		talk_open(&t[i], server_port(server));
		ask(&t[i], "GET", "/api/status", "", NULL);
	}
	/* Those over the limit are closed; the others are served, and keep their places. */
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (talk_answer(&t[i]) == 200)
			served++;
		else
			assert_int_equal(t[i].status, 0);
		most = entries("/proc/self/task") > most ? entries("/proc/self/task") : most;
	}
	assert_in_range(served, SERVER_CONNECTIONS_MAX, CLIENTS);
	assert_in_range(most, SERVER_CONNECTIONS_MAX, SERVER_CONNECTIONS_MAX + 10);
	/* Their time is over: others come. */
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_true(talk_ended(&t[i], 5000));
	/* A place is free a moment after its connection was seen to end. */
	while (once("GET", "/api/status", "", NULL) != 200)
		poll(NULL, 0, 10);
	for (unsigned i = 0; i < CLIENTS; i++)
		talk_close(&t[i]);
	stop();
	assert_int_equal(entries("/proc/self/fd"), before);
}

/* Listen, and take the greeting. */
static void listen_to(struct talk *t)
{
	talk_open(t, server_port(server));
	ask(t, "GET", "/api/events", "", NULL);
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text += strlen(word);
	}
	return n;
}

static void await_text(struct talk *t, const char *text)
{
	while (!t->n || !strstr(t->in, text)) {
		if (!talk_more(t, 10000) || t->ended)
			fail_msg("'%s' does not come", text);
	}
}

static void test_events(void **state)
{
	struct talk t;
	uint64_t until_ns;
	unsigned long long asked;

	(void)state;
	start(NULL);
	listen_to(&t);
	await_text(&t, "event: status\ndata: {\"version\"");
	await_text(&t, "\"marks\":0}\n");
	assert_non_null(strstr(t.in, "Content-Type: text/event-stream"));
	assert_non_null(strstr(t.in, "retry: 1000\n\n"));
	/* Nothing changes: nothing comes. */
	t.n = 0;
	assert_false(talk_more(&t, 300));
	made_up_change(&panel);
	await_text(&t, "\"marks\":1}\n");
	/* It changes all the time: at most 30 a second come. */
	t.n = 0;
	t.in[0] = '\0';
	until_ns = clock_now_ns() + 1000 * MS;
	while (clock_now_ns() < until_ns) {
		made_up_change(&panel);
		talk_more(&t, 1);
	}
	assert_in_range(count(t.in, "event: status"), 5, 32);
	talk_close(&t);
	/* Nobody listens: nobody asks. The connection's end was seen though nothing was sent. */
	talk_open(&t, server_port(server));
	do {
		assert_int_equal(get(&t, "/metrics"), 200);
	} while (!strstr(t.body, "secvf_http_event_listeners 0\n"));
	asked = atomic_load(&panel.asked);
	assert_false(talk_more(&t, 200));
	assert_true(atomic_load(&panel.asked) <= asked + 1);
	talk_close(&t);
	stop();
}

static void test_stuck_listener(void **state)
{
	const struct server_config config = {.piece_ns = 500 * MS};
	struct talk stuck, t, metrics;
	unsigned seen = 0;

	(void)state;
	start(&config);
	panel.padding = 1u << 20;
	listen_to(&stuck);
	listen_to(&t);
	talk_open(&metrics, server_port(server));
	do {
		char text[32];

		made_up_change(&panel);
		snprintf(text, sizeof(text), "\"marks\":%u}", ++seen);
		await_text(&t, text);
		t.n = 0;
		assert_true(seen < 600);
		assert_int_equal(get(&metrics, "/metrics"), 200);
	} while (!strstr(metrics.body, "secvf_http_event_listeners 1\n"));
	assert_non_null(strstr(metrics.body, "secvf_http_connections_cut_total 1\n"));
	talk_close(&metrics);
	talk_close(&stuck);
	talk_close(&t);
	stop();
}

static void test_too_many_listeners(void **state)
{
	static struct talk t[33];

	(void)state;
	start(NULL);
	for (unsigned i = 0; i < 32; i++) {
		listen_to(&t[i]);
		await_text(&t[i], "\"marks\":0}\n");
	}
	listen_to(&t[32]);
	assert_int_equal(talk_answer(&t[32]), 503);
	for (unsigned i = 0; i < 33; i++)
		talk_close(&t[i]);
	stop();
}

/* ---- exports ---- */

static long memory_kb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Read chunks of an export, and forget them. Return: bytes; each is looked at */
static size_t swallow(struct talk *t)
{
	size_t at = 0;

	for (;;) {
		char *end;
		size_t n;

		while (!t->ended && !(t->n && strstr(t->in, "\r\n")))
			assert_true(talk_more(t, 20000));
		n = strtoul(t->in, &end, 16);
		assert_true(end > t->in && memcmp(end, "\r\n", 2) == 0);
		end += 2;
		while (!t->ended && t->n < (size_t)(end - t->in) + n + 2) {
			size_t off = (size_t)(end - t->in);

			assert_true(talk_more(t, 20000));
			end = t->in + off;
		}
		assert_false(t->ended);
		for (size_t i = 0; i < n; i++, at++) {
			if (end[i] != (char)(at % 251))
				fail_msg("byte %zu is another one", at);
		}
		t->n -= (size_t)(end - t->in) + n + 2;
		memmove(t->in, end + n + 2, t->n + 1);
		if (!n)
			return at;
	}
}

static void test_export(void **state)
{
	struct talk t;
	long before_kb, most_kb;
	char *end;

	(void)state;
	start(NULL);
	panel.export_bytes = 50000000;
	talk_open(&t, server_port(server));
	assert_int_equal(get(&t, "/api/status"), 200);
	before_kb = memory_kb();
	ask(&t, "POST", "/api/export", JSON, "{\"all\":true}");
	await_text(&t, "\r\n\r\n");
	end = strstr(t.in, "\r\n\r\n");
	assert_non_null(strstr(t.in, "Content-Type: application/vnd.tcpdump.pcap\r\n"));
	assert_non_null(strstr(t.in, "Content-Disposition: attachment"));
	t.n -= (size_t)(end + 4 - t.in);
	memmove(t.in, end + 4, t.n + 1);
	assert_int_equal(swallow(&t), 50000000);
	most_kb = memory_kb();
	/* Sanitizers keep what was freed. */
	if (!SANITIZED)
		assert_true(most_kb - before_kb < 4096);
	assert_int_equal(get(&t, "/api/status"), 200);
	/* No bytes at all; and one that breaks shows as broken. */
	ask(&t, "POST", "/api/export", JSON, "{\"frames\":[]}");
	assert_int_equal(talk_answer(&t), 200);
	assert_true(t.whole);
	assert_int_equal(t.body_n, 0);
	ask(&t, "POST", "/api/export", JSON, "{\"frames\":[502]}");
	assert_int_equal(talk_answer(&t), 200);
	assert_false(t.whole);
	talk_close(&t);
	stop();
}

static void test_exports_left(void **state)
{
	static struct talk t[5];

	(void)state;
	start(NULL);
	panel.export_bytes = 1u << 30;
	for (unsigned i = 0; i < 5; i++) {
		talk_open(&t[i], server_port(server));
		ask(&t[i], "POST", "/api/export", JSON, "{\"shown\":true}");
		if (i == 4)
			assert_int_equal(talk_answer(&t[i]), 409);
		else
			await_text(&t[i], "\r\n\r\n");
	}
	/* The client goes in the middle of it: the panel is told. */
	for (unsigned i = 0; i < 5; i++)
		talk_close(&t[i]);
	made_up_await_exports(&panel, 4);
	assert_int_equal(once("GET", "/api/status", "", NULL), 200);
	assert_true(atomic_load(&panel.exported) < 256u << 20);
	stop();
}

static void test_slow_export(void **state)
{
	const struct server_config config = {.piece_ns = 300 * MS};
	struct talk t;

	(void)state;
	start(&config);
	panel.export_bytes = 1u << 30;
	talk_open(&t, server_port(server));
	ask(&t, "POST", "/api/export", JSON, "{\"all\":true}");
	made_up_await_exports(&panel, 1);
	talk_close(&t);
	stop();
}

/* ---- the end ---- */

static void test_stop(void **state)
{
	struct talk idle, half, events, hangs, export;
	uint64_t from_ns;

	(void)state;
	start(NULL);
	panel.export_bytes = 1u << 30;
	talk_open(&idle, server_port(server));
	assert_int_equal(get(&idle, "/api/status"), 200);
	talk_open(&half, server_port(server));
	talk_printf(&half, "GET / HT");
	listen_to(&events);
	await_text(&events, "\"marks\":0}\n");
	talk_open(&hangs, server_port(server));
	ask(&hangs, "GET", "/api/frames/501", "", NULL);
	made_up_await_hanging(&panel, 1);
	talk_open(&export, server_port(server));
	ask(&export, "POST", "/api/export", JSON, "{\"all\":true}");
	await_text(&export, "\r\n\r\n");
	from_ns = clock_now_ns();
	stop();
	assert_true(clock_now_ns() - from_ns < 3000 * MS);
	assert_true(talk_ended(&idle, 1000));
	assert_true(talk_ended(&half, 1000));
	assert_true(talk_ended(&events, 1000));
	assert_true(talk_ended(&hangs, 1000));
	assert_true(talk_ended(&export, 5000));
	talk_close(&idle);
	talk_close(&half);
	talk_close(&events);
	talk_close(&hangs);
	talk_close(&export);
}

/* A panel that does not come back: the server says so, in time. Its threads stay, so this is the
 * last test. */
static void test_stop_deaf(void **state)
{
	const struct server_config config = {.stop_ns = 300 * MS};
	struct talk t;
	uint64_t from_ns;

	(void)state;
	start(&config);
	panel.deaf = true;
	talk_open(&t, server_port(server));
	ask(&t, "GET", "/api/rank?id=501", "", NULL);
	made_up_await_hanging(&panel, 1);
	from_ns = clock_now_ns();
	assert_false(server_stop(server));
	assert_true(clock_now_ns() - from_ns < 3000 * MS);
	made_up_cancel(&panel);
	assert_int_equal(talk_answer(&t), 500);
	talk_close(&t);
}

/* ---- where it listens ---- */

static void refuse_start(struct server_config config, const char *words)
{
	struct err err = {0};

	config.panel = &panel.panel;
	if (server_start(&config, &err))
		fail_msg("it starts where '%s' should be said", words);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

/* Return: false where openssl is not installed */
static bool make_pair(char *folder, const char *name)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		 "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout %s/%s.key "
		 "-out %s/%s.pem 2>/dev/null",
		 folder, name, folder, name);
	return system(command) == 0; /* NOLINT: fixed words */
}

static void remove_folder(const char *folder)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0); /* NOLINT */
}

static void test_bind(void **state)
{
	struct err err = {0};
	struct server_config config = {.panel = &panel.panel};
	struct server *other;
	const char *url;

	(void)state;
	refuse_start((struct server_config){.address = "0.0.0.0"}, "give a certificate and its");
	refuse_start((struct server_config){.address = "::"}, "give a certificate and its");
	refuse_start((struct server_config){.address = "nowhere"}, "nowhere");
	refuse_start((struct server_config){.certificate = "x"}, "give both");
	refuse_start((struct server_config){.token = "short"}, "hexadecimal");
	refuse_start((struct server_config){.certificate = "/none", .key = "/none"},
		     "cannot read the certificate /none");
	start(NULL);
	refuse_start((struct server_config){.port = server_port(server)}, "another program does");
	/* A second one, with a token that is made. */
	other = server_start(&config, &err);
	assert_non_null(other);
	url = strstr(server_url(other), "?token=") + 7;
	assert_int_equal(strspn(url, "0123456789abcdef"), 32);
	assert_true(server_stop(other));
	stop();
}

static void test_tls(void **state)
{
	char folder[] = "/tmp/secvf-web-XXXXXX", pem[64], key[64], other[64], command[1024];
	char line[4096], said[65536] = "";
	struct server_config config = {.certificate = pem, .key = key, .address = "0.0.0.0"};
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	if (!make_pair(folder, "a") || !make_pair(folder, "b")) {
		print_message("openssl is not installed\n");
		remove_folder(folder);
		skip();
	}
	snprintf(pem, sizeof(pem), "%s/a.pem", folder);
	snprintf(key, sizeof(key), "%s/a.key", folder);
	snprintf(other, sizeof(other), "%s/b.key", folder);
	refuse_start((struct server_config){.certificate = pem, .key = other},
		     "the key is not that of the certificate");
	refuse_start((struct server_config){.certificate = key, .key = key}, "no PEM certificate");
	start(&config);
	assert_memory_equal(server_url(server), "https://localhost:", 18);
	snprintf(command, sizeof(command),
		 "printf 'GET /?token=" TOKEN " HTTP/1.1\\r\\nHost: 127.0.0.1:%u\\r\\n\\r\\n"
		 "GET /api/status HTTP/1.1\\r\\nHost: localhost:%u\\r\\nConnection: close\\r\\n"
		 "Authorization: Bearer " TOKEN "\\r\\n\\r\\n' | openssl s_client -ign_eof -CAfile "
		 "%s -verify_return_error -connect 127.0.0.1:%u 2>/dev/null",
		 server_port(server), server_port(server), pem, server_port(server));
	f = popen(command, "r"); /* NOLINT */
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		strncat(said, line, sizeof(said) - strlen(said) - 1);
	pclose(f);
	assert_non_null(strstr(said, "HTTP/1.1 303"));
	assert_non_null(strstr(said, "; Secure"));
	assert_non_null(strstr(said, "\"state\":\"idle\""));
	stop();
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),	    cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_large),   cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_who),	    cmocka_unit_test(test_door),
		cmocka_unit_test(test_slow),	    cmocka_unit_test(test_many),
		cmocka_unit_test(test_events),	    cmocka_unit_test(test_stuck_listener),
		cmocka_unit_test(test_export),	    cmocka_unit_test(test_too_many_listeners),
		cmocka_unit_test(test_slow_export), cmocka_unit_test(test_exports_left),
		cmocka_unit_test(test_stop),	    cmocka_unit_test(test_bind),
		cmocka_unit_test(test_tls),	    cmocka_unit_test(test_stop_deaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
