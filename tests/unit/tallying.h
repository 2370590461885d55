/* tallying.h - decoded frames put together for tests of the tally; after cmocka.h */
#ifndef SECVF_TESTS_TALLYING_H
#define SECVF_TESTS_TALLYING_H

#include <stdlib.h>
#include <string.h>

#include "analysis/tally.h"

/** struct tallying - A column and its text */
struct tallying {
	enum ek_field field;
	const char *text;
};

/* A frame of @len bytes that tshark decoded, with these columns; EK_FIELDS ends them. */
static inline struct decoded *tallying_frame(uint32_t len, const struct tallying *columns)
{
	struct decoded *d = calloc(1, sizeof(*d));
	uint32_t at = 0;
	size_t room = 0;

	assert_non_null(d);
	for (const struct tallying *c = columns; c->field != EK_FIELDS; c++)
		room += strlen(c->text);
	d->fields = calloc(1, sizeof(*d->fields) + room + 1);
	assert_non_null(d->fields);
	for (const struct tallying *c = columns; c->field != EK_FIELDS; c++) {
		d->fields->field[c->field].at = at;
		d->fields->field[c->field].n = (uint32_t)strlen(c->text);
		memcpy(d->fields->text + at, c->text, strlen(c->text));
		at += (uint32_t)strlen(c->text);
	}
	d->status = DECODED_TSHARK;
	d->packet.len = d->packet.caplen = len;
	d->packet.ts_ns = UINT64_C(1700000000000000000);
	return d;
}

/* Counted and freed. */
static inline void tallying_add(struct tally *t, uint32_t len, const struct tallying *columns)
{
	struct decoded *d = tallying_frame(len, columns);

	tally_add(t, d);
	free(d->fields);
	free(d);
}

/* One count of a key, 0 where it is not there. */
static inline uint64_t tallying_count(const struct tally *t, enum tally_section section,
				      const char *key, size_t n, enum tally_count count)
{
	struct tally_row row;

	return tally_table_find(&t->table[section], key, n, &row) ? row.n[count] : 0;
}

#define COUNT(t, section, key, count) tallying_count(t, section, key, sizeof(key) - 1, count)

/* A tally of one frame, whose name of DNS is what a terminal, a table and a filter could trip over.
 */
static inline struct tally *tallying_hostile(void)
{
	struct tally *t = tally_new(1);

	tallying_add(
		t, 60,
		(struct tallying[]){{EK_PROTOCOL, "DNS"},
				    {EK_PROTOCOLS, "eth:ethertype:ip:udp:dns"},
				    {EK_ADDRESSES, "10.0.0.1,10.0.0.2"},
				    {EK_UDP_STREAM, "0"},
				    {EK_DNS_RESPONSE, "0"},
				    {EK_DNS_TYPE, "1"},
				    {EK_DNS_NAME, "\x1b]0;x\x07,\"\n=cmd|\xff\xe2\x80\xae.example"},
				    {EK_FIELDS, NULL}});
	return t;
}

#endif
