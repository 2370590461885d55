/* auth.h - who may ask: Host, Origin, token
 *
 * Theory of operation: three locks, each of which holds alone against somebody.
 *
 * A page from elsewhere whose name was made to resolve to us (DNS rebinding) sends its own name as
 * Host: only the names that we are reached by are taken. A page from elsewhere that posts to us
 * sends its Origin, and Sec-Fetch-Site where the browser has that, which tells another port of this
 * very host apart, too: only ours is taken. Another user of this machine can connect and say
 * anything: the token, which the page holds in a cookie that scripts can't read, and which goes
 * along with requests from our own site alone (SameSite=Strict), is not known to them.
 *
 * Sources: RFC 6265 (cookies), RFC 6454 (origins), RFC 6750 (bearer), Fetch Metadata
 */
#ifndef SECVF_WEB_AUTH_H
#define SECVF_WEB_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Hexadecimal digits: 128 bits where we make it. */
#define AUTH_TOKEN_LEAST 32u
#define AUTH_TOKEN_MAX	 128u
#define AUTH_HOST_MAX	 256u

/** struct auth - What requests are compared with */
struct auth {
	char token[AUTH_TOKEN_MAX + 1];
	char bound[64];	  /* the address that is listened at, as text, IPv6 without brackets */
	bool any;	  /* that is 0.0.0.0 or ::, so any address may be ours */
	const char *name; /* another name that we are reached by, or NULL; borrowed */
	uint16_t port;	  /* in host order */
	bool tls;
	char cookie_port[24]; /* "secvf_8080" */
};

/** auth_init() - @token: 32 to 128 hexadecimal digits, or NULL: made here. @bound, @port: what is
 * listened at. Return: false with @err */
bool auth_init(struct auth *a, const char *token, const char *bound, uint16_t port, bool tls,
	       const char *name, struct err *err);

/** auth_host_ok() - Whether a Host header is ours. An address can't be rebound, so with @any each
 * is taken; of names, localhost and @name */
bool auth_host_ok(const struct auth *a, const char *host);

/** auth_origin_ok() - Whether an Origin header is ours: our scheme, and such a host; "null" is not
 */
bool auth_origin_ok(const struct auth *a, const char *origin);

/**
 * auth_fetch_ok() - Whether Sec-Fetch-Site lets a request through
 * @site:  The header, or NULL: no browser, or an old one
 * @mode:  Sec-Fetch-Mode, or NULL
 *
 * Where the request is not from our own pages, it has to be a person who follows a link.
 */
bool auth_fetch_ok(const char *site, const char *mode);

/** auth_token_ok() - Whether these @n bytes are the token; takes the same time wherever they
 * differ */
bool auth_token_ok(const struct auth *a, const char *given, size_t n);

/** auth_cookie_ok() - Whether a Cookie header has the token. There may be several of our name, from
 * other servers on this host: cookies know no ports */
bool auth_cookie_ok(const struct auth *a, const char *header);

/** auth_bearer_ok() - Whether an Authorization header has the token */
bool auth_bearer_ok(const struct auth *a, const char *header);

#endif
