/* test_talk.c - which conversation a frame belongs to
 *
 * Goal: both directions are one, other ports and addresses are not; what is no IP goes by its MAC
 * addresses; a frame without a whole header has none.
 *
 * Method: frames from packet.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "capfile/linktype.h"
#include "capfile/talk.h"
#include "unit/packet.h"

static struct talk talk(const struct packet *k)
{
	struct talk t;

	assert_true(talk_of(&t, LINKTYPE_ETHERNET, k->p, k->n));
	return t;
}

static bool same(const struct packet *a, const struct packet *b)
{
	const struct talk x = talk(a), y = talk(b);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

static void udp(struct packet *k, unsigned sport, unsigned dport, bool back)
{
	uint32_t at;

	packet_eth(k, 0x0800);
	at = packet_ipv4(k, 17, 0, 0);
	packet_udp(k, 4);
	packet_ipv4_end(k, at);
	be16_store(k->p + at + 20, (uint16_t)(back ? dport : sport));
	be16_store(k->p + at + 22, (uint16_t)(back ? sport : dport));
	if (back) {
		be32_store(k->p + at + 12, 0x0a000002);
		be32_store(k->p + at + 16, 0x0a000001);
	}
}

static void both_directions_are_one(void **state)
{
	struct packet there, back, other, mixed;

	(void)state;
	udp(&there, 5000, 53, false);
	udp(&back, 5000, 53, true);
	udp(&other, 5001, 53, false);
	/* The same ports the other way round between the same hosts: another one. */
	udp(&mixed, 53, 5000, false);
	assert_true(same(&there, &back));
	assert_false(same(&there, &other));
	assert_false(same(&there, &mixed));
}

static void without_ip_it_goes_by_mac(void **state)
{
	struct packet there, back, other;

	(void)state;
	packet_eth(&there, 0x88b5);
	packet_eth(&back, 0x88b5);
	PACKET_PUT(&back, "other content");
	memcpy(back.p, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	packet_eth(&other, 0x88b6);
	assert_true(same(&there, &back));
	assert_false(same(&there, &other));
}

static void others_have_none(void **state)
{
	struct packet k;
	struct talk t;

	(void)state;
	packet_eth(&k, 0x0800);
	assert_false(talk_of(&t, LINKTYPE_ETHERNET, k.p, 13));
	assert_false(talk_of(&t, LINKTYPE_ETHERNET, NULL, 0));
	assert_false(talk_of(&t, LINKTYPE_RAW, k.p, k.n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_are_one),
		cmocka_unit_test(without_ip_it_goes_by_mac),
		cmocka_unit_test(others_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
