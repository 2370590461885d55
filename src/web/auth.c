/* auth.c - who may ask */
#include "web/auth.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/digits.h"
#include "web/query.h"

/* ---- the token ---- */

static bool make_token(char token[AUTH_TOKEN_MAX + 1], struct err *err)
{
	unsigned char bytes[AUTH_TOKEN_LEAST / 2];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		err_set(err, EXIT_ENVIRONMENT, "the system gives no random bytes for a token");
		return false;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		digits_hex(token + 2 * i, bytes[i], 2);
	token[AUTH_TOKEN_LEAST] = '\0';
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return true;
}

static bool take_token(char token[AUTH_TOKEN_MAX + 1], const char *given, struct err *err)
{
	size_t n = strlen(given);

	if (n < AUTH_TOKEN_LEAST || n > AUTH_TOKEN_MAX ||
	    strspn(given, "0123456789abcdefABCDEF") != n) {
		err_set(err, EXIT_USAGE, "a token of %u to %u hexadecimal digits is wanted",
			AUTH_TOKEN_LEAST, AUTH_TOKEN_MAX);
		return false;
	}
	memcpy(token, given, n + 1);
	return true;
}

bool auth_init(struct auth *a, const char *token, const char *bound, uint16_t port, bool tls,
	       const char *name, struct err *err)
{
	memset(a, 0, sizeof(*a));
	snprintf(a->bound, sizeof(a->bound), "%s", bound);
	a->any = strcmp(bound, "0.0.0.0") == 0 || strcmp(bound, "::") == 0;
	a->name = name;
	a->port = port;
	a->tls = tls;
	snprintf(a->cookie_port, sizeof(a->cookie_port), "secvf_%u", port);
	return token ? take_token(a->token, token, err) : make_token(a->token, err);
}

bool auth_token_ok(const struct auth *a, const char *given, size_t n)
{
	/* How long it is, is no secret. */
	return n == strlen(a->token) && CRYPTO_memcmp(a->token, given, n) == 0;
}

/* ---- Host and Origin ---- */

/* Cut "HOST[:PORT]" in two. Return: false where it is neither */
static bool split_host(const char *text, uint16_t otherwise, char host[AUTH_HOST_MAX],
		       uint16_t *port)
{
	bool literal = text[0] == '[';
	const char *at = literal ? text + 1 : text;
	size_t n = strcspn(at, literal ? "]" : ":");
	uint64_t number = otherwise;

	if (n == 0 || n >= AUTH_HOST_MAX || (literal && at[n] != ']'))
		return false;
	memcpy(host, at, n);
	host[n] = '\0';
	at += n + literal;
	if (*at == ':' && !query_number(at + 1, 1, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return *at == '\0' || *at == ':';
}

static bool is_address(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1;
}

static bool same_address(const char *a, const char *b)
{
	struct in6_addr one, other;

	if (strcmp(a, b) == 0)
		return true;
	return inet_pton(AF_INET6, a, &one) == 1 && inet_pton(AF_INET6, b, &other) == 1 &&
	       memcmp(&one, &other, sizeof(one)) == 0;
}

bool auth_host_ok(const struct auth *a, const char *text)
{
	char host[AUTH_HOST_MAX];
	uint16_t port;

	if (!split_host(text, a->tls ? 443 : 80, host, &port) || port != a->port)
		return false;
	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
	    same_address(host, "::1") || same_address(host, a->bound))
		return true;
	if (a->name && strcasecmp(host, a->name) == 0)
		return true;
	return a->any && is_address(host);
}

bool auth_origin_ok(const struct auth *a, const char *origin)
{
	const char *scheme = a->tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	return strncasecmp(origin, scheme, n) == 0 && auth_host_ok(a, origin + n);
}

bool auth_fetch_ok(const char *site, const char *mode)
{
	if (!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
		return true;
	return mode && strcmp(mode, "navigate") == 0;
}

/* ---- where the token comes in ---- */

static bool cookie_is(const char *pair, size_t name_n, const char *name)
{
	return strlen(name) == name_n && memcmp(pair, name, name_n) == 0;
}

bool auth_cookie_ok(const struct auth *a, const char *header)
{
	while (*header) {
		size_t n, name_n, value_n;
		const char *value;

		header += strspn(header, "; \t");
		n = strcspn(header, ";");
		name_n = strcspn(header, "=;");
		if (name_n < n) {
			value = header + name_n + 1;
			value_n = n - name_n - 1;
			while (value_n && (value[value_n - 1] == ' ' || value[value_n - 1] == '\t'))
				value_n--;
			if ((cookie_is(header, name_n, "secvf") ||
			     cookie_is(header, name_n, a->cookie_port)) &&
			    auth_token_ok(a, value, value_n))
				return true;
		}
		header += n;
	}
	return false;
}

bool auth_bearer_ok(const struct auth *a, const char *header)
{
	if (strncasecmp(header, "Bearer ", 7) != 0)
		return false;
	header += 7;
	header += strspn(header, " ");
	return auth_token_ok(a, header, strlen(header));
}
