/* test_web_auth.c - who may ask
 *
 * Goal: our own names and no others pass as Host and Origin; the token is found where it may be,
 * and is nothing else; tokens that are made differ.
 *
 * Method: lists of headers that are ours, and of those that are nearly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/auth.h"

#define TOKEN "00112233445566778899aabbccddeeff"

static struct auth make(const char *bound, uint16_t port, bool tls, const char *name)
{
	struct auth a;
	struct err err = {0};

	assert_true(auth_init(&a, TOKEN, bound, port, tls, name, &err));
	return a;
}

static void test_host(void **state)
{
	static const char *const ours[] = {"127.0.0.1:8080", "localhost:8080", "LocalHost:8080",
					   "[::1]:8080", "[0:0:0:0:0:0:0:1]:8080"};
	static const char *const others[] = {"",
					     "localhost",
					     "localhost:",
					     "localhost:808",
					     "localhost:80800",
					     "localhost:8080x",
					     "localhost:8080:",
					     "localhost.:8080",
					     "xlocalhost:8080",
					     "localhost.x:8080",
					     "127.0.0.2:8080",
					     "127.1:8080",
					     "[::1]",
					     "[::1]8080",
					     "[::1:8080",
					     "::1:8080",
					     "[::2]:8080",
					     "evil.example:8080",
					     "a@localhost:8080",
					     "[]:8080",
					     "localhost:8080/x",
					     "localhost: 8080",
					     "0.0.0.0:8080",
					     "192.0.2.1:8080"};
	struct auth a = make("127.0.0.1", 8080, false, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!auth_host_ok(&a, ours[i]))
			fail_msg("%s is refused", ours[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (auth_host_ok(&a, others[i]))
			fail_msg("%s is taken", others[i]);
	}
	a = make("0.0.0.0", 443, true, "box.example");
	assert_true(auth_host_ok(&a, "box.example"));
	assert_true(auth_host_ok(&a, "BOX.example:443"));
	assert_true(auth_host_ok(&a, "192.0.2.1"));
	assert_true(auth_host_ok(&a, "[2001:db8::1]"));
	assert_false(auth_host_ok(&a, "evil.example"));
	assert_false(auth_host_ok(&a, "192.0.2.1.evil.example"));
	a = make("2001:db8::1", 80, false, NULL);
	assert_true(auth_host_ok(&a, "[2001:DB8:0::1]"));
	assert_false(auth_host_ok(&a, "[2001:db8::2]"));
}

static void test_origin(void **state)
{
	struct auth a = make("127.0.0.1", 8080, false, NULL);

	(void)state;
	assert_true(auth_origin_ok(&a, "http://127.0.0.1:8080"));
	assert_true(auth_origin_ok(&a, "http://localhost:8080"));
	assert_false(auth_origin_ok(&a, "https://localhost:8080"));
	assert_false(auth_origin_ok(&a, "http://localhost:8081"));
	assert_false(auth_origin_ok(&a, "http://localhost"));
	assert_false(auth_origin_ok(&a, "null"));
	assert_false(auth_origin_ok(&a, ""));
	assert_false(auth_origin_ok(&a, "http://localhost:8080.evil.example"));
	assert_false(auth_origin_ok(&a, "http://localhost:8080/"));
	a = make("127.0.0.1", 8080, true, NULL);
	assert_true(auth_origin_ok(&a, "https://localhost:8080"));
	assert_false(auth_origin_ok(&a, "http://localhost:8080"));
	assert_true(auth_fetch_ok(NULL, NULL));
	assert_true(auth_fetch_ok("same-origin", "cors"));
	assert_true(auth_fetch_ok("none", NULL));
	assert_true(auth_fetch_ok("cross-site", "navigate"));
	assert_false(auth_fetch_ok("cross-site", NULL));
	assert_false(auth_fetch_ok("same-site", "no-cors"));
	assert_false(auth_fetch_ok("", ""));
}

static void test_token(void **state)
{
	struct auth a = make("127.0.0.1", 8080, false, NULL), b;
	struct err err = {0};
	char wrong[] = TOKEN;

	(void)state;
	assert_true(auth_token_ok(&a, TOKEN, 32));
	assert_false(auth_token_ok(&a, TOKEN, 31));
	assert_false(auth_token_ok(&a, TOKEN "0", 33));
	assert_false(auth_token_ok(&a, "", 0));
	for (unsigned i = 0; i < 32; i++) {
		wrong[i] ^= 1;
		assert_false(auth_token_ok(&a, wrong, 32));
		wrong[i] ^= 1;
	}
	assert_true(auth_bearer_ok(&a, "Bearer " TOKEN));
	assert_true(auth_bearer_ok(&a, "bearer  " TOKEN));
	assert_false(auth_bearer_ok(&a, "Bearer " TOKEN " "));
	assert_false(auth_bearer_ok(&a, "Basic " TOKEN));
	assert_false(auth_bearer_ok(&a, "Bearer"));
	assert_false(auth_bearer_ok(&a, TOKEN));
	assert_false(auth_init(&b, "0123", "127.0.0.1", 1, false, NULL, &err));
	assert_false(auth_init(&b, TOKEN "g", "127.0.0.1", 1, false, NULL, &err));
	assert_true(auth_init(&a, NULL, "127.0.0.1", 1, false, NULL, &err));
	assert_true(auth_init(&b, NULL, "127.0.0.1", 1, false, NULL, &err));
	assert_int_equal(strspn(a.token, "0123456789abcdef"), 32);
	assert_int_equal(strlen(a.token), 32);
	assert_string_not_equal(a.token, b.token);
}

static void test_cookie(void **state)
{
	static const char *const with[] = {
		"secvf=" TOKEN, "a=b; secvf=" TOKEN "; c=d", "secvf=other; secvf=" TOKEN,
		"secvf=other; secvf_8080=" TOKEN, ";; secvf=" TOKEN " ;"};
	static const char *const without[] = {"",
					      "secvf",
					      "secvf=",
					      "secvf=;" TOKEN,
					      "xsecvf=" TOKEN,
					      "secvfx=" TOKEN,
					      "secvf_8081=" TOKEN,
					      "secvf=\"" TOKEN "\"",
					      "a=secvf=" TOKEN,
					      "secvf=" TOKEN "0",
					      "=;=;;",
					      "secvf=" TOKEN ",secvf=" TOKEN};
	struct auth a = make("127.0.0.1", 8080, false, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		if (!auth_cookie_ok(&a, with[i]))
			fail_msg("not found in %s", with[i]);
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		if (auth_cookie_ok(&a, without[i]))
			fail_msg("found in %s", without[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host), cmocka_unit_test(test_origin),
		cmocka_unit_test(test_token), cmocka_unit_test(test_cookie)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
