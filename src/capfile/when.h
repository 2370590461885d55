/* when.h - moments as text: ISO 8601 in UTC, or seconds since 1970; to the ns, without floating
 * point
 */
#ifndef SECVF_CAPFILE_WHEN_H
#define SECVF_CAPFILE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_TEXT_MAX 32u /* "2554-07-21T23:34:33.709551615Z" and a NUL */

/**
 * when_parse() - Read a moment
 * @text:  "2026-11-22T22:28:48.978142710Z", shorter: the Z, the fraction, the seconds, the whole
 *         time may be left out, and a blank may stand for the T; or "1795383077.000299906". A
 *         fraction has nine digits at most
 * @ns:    Set to ns since 1970-01-01 UTC
 *
 * Return: false where it is none, or not within 1970 to 2554
 */
bool when_parse(const char *text, uint64_t *ns);

/** when_text() - As ISO 8601 in UTC, with nine digits of fraction */
void when_text(uint64_t ns, char out[WHEN_TEXT_MAX]);

#endif
