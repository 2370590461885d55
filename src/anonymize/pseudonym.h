/* pseudonym.h - addresses and names replaced under a key, the same each time
 *
 * IP addresses: Crypto-PAn, for IPv4 and IPv6. Two addresses that share their first n bits share
 * just as many afterwards, and no two become one. Some prefixes are left where they are, and
 * nothing else comes to be there: the bits on the way to them are not changed, so an address that
 * shares them with such a prefix keeps those, too.
 *
 *     kept as they are   0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4, 240.0.0.0/4, ::/127, ff00::/8
 *     prefix kept        169.254.0.0/16, fe80::/64; and with keep_private 10.0.0.0/8,
 *                        172.16.0.0/12, 192.168.0.0/16, fc00::/7
 *     IPv4 inside        ::ffff:0:0/96, 64:ff9b::/96: the last 32 bits as an IPv4 address
 *
 * Solicited-node groups (ff02::1:ff00:0/104) hold the end of somebody's address: these 24 bits are
 * replaced, also in their MAC address 33:33:ff:xx:xx:xx.
 *
 * MAC addresses: a permutation of 46 bits, so that no two become one; the group and the local bit
 * stay. With keep_oui one of the last 24. Group addresses and 00:00:00:00:00:00 are kept.
 *
 * Names: label by label, each replaced by as many letters and digits; upper and lower case are one.
 * Short labels may become one, as there are few of their length. What begins with _ and a few names
 * that the network itself is made of (arpa, local, ...) are kept.
 *
 * A key of 64 hexadecimal digits is that of Crypto-PAn, as other tools take it; any other text is
 * stretched to one by PBKDF2.
 *
 * Sources: Xu, Fan, Ammar, Moon: Prefix-preserving IP address anonymization, 2002; RFC 4291, 6052,
 * 8018
 */
#ifndef SECVF_ANONYMIZE_PSEUDONYM_H
#define SECVF_ANONYMIZE_PSEUDONYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSEUDONYM_KEY_BYTES 32u
#define PSEUDONYM_MAC_BYTES 6u

struct pseudonym_config {
	unsigned char key[PSEUDONYM_KEY_BYTES];
	bool keep_oui, keep_private;
};

struct pseudonym;

/** pseudonym_key() - The key of a text of @n bytes. Return: false where the cipher fails */
bool pseudonym_key(const char *text, size_t n, unsigned char key[PSEUDONYM_KEY_BYTES]);

/** pseudonym_open() - Return: NULL where memory ran out or the cipher fails */
struct pseudonym *pseudonym_open(const struct pseudonym_config *config);

/** pseudonym_close() - Forget the key, free; NULL is allowed */
void pseudonym_close(struct pseudonym *p);

/** pseudonym_ipv4(), _ipv6(), _mac() - Replace an address in place. Return: whether it changed */
bool pseudonym_ipv4(struct pseudonym *p, unsigned char address[4]);
bool pseudonym_ipv6(struct pseudonym *p, unsigned char address[16]);
bool pseudonym_mac(struct pseudonym *p, unsigned char address[PSEUDONYM_MAC_BYTES]);

/** pseudonym_label() - Replace one label of a name in place. Return: as above */
bool pseudonym_label(struct pseudonym *p, unsigned char *label, size_t n);

/** pseudonym_host() - Replace the labels of a dotted name in place. Return: as above */
bool pseudonym_host(struct pseudonym *p, unsigned char *host, size_t n);

/** pseudonym_noise() - Replace bytes by others that look random: equal ones by equal ones */
void pseudonym_noise(struct pseudonym *p, unsigned char *bytes, size_t n);

#endif
