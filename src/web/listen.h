/* listen.h - where the server listens, and its certificate */
#ifndef SECVF_WEB_LISTEN_H
#define SECVF_WEB_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/** listen_is_loopback() - Whether an address is this machine's own. Return: false also where it is
 * none */
bool listen_is_loopback(const char *address);

/**
 * listen_open() - Bind and listen
 * @address:  IPv4 or IPv6
 * @port:     0: any; set to the one that it is
 *
 * Return: a descriptor, or -1 with @err
 */
int listen_open(const char *address, uint16_t *port, struct err *err);

/** listen_read_pair() - Read a certificate and its key, PEM, and see that they belong together.
 * @certificate, @key: filled, NUL-terminated. Return: false with @err */
bool listen_read_pair(const char *certificate_path, const char *key_path, struct buf *certificate,
		      struct buf *key, struct err *err);

#endif
