/* test_vmports.c - the port that a frame comes in by
 *
 * Goal: each source address keeps one port, under the name that the user or the order gives it;
 * names are bounded, clean, and never given to two VMs by accident; wrong options are said.
 *
 * Method: the switch is an array of names. Addresses are made up; the 65th and all after must land
 * on the uplink, and so must what has no usable source.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "vmports.h"

struct names {
	char name[PORTS_MAX][SWITCH_NAME_MAX];
	unsigned count, asked, limit;
};

static int names_port(void *ctx, const char *name)
{
	struct names *n = ctx;

	n->asked++;
	if (n->count == n->limit)
		return -ENOSPC;
	assert_true(strlen(name) < SWITCH_NAME_MAX);
	for (unsigned i = 0; i < n->count; i++)
		assert_string_not_equal(n->name[i], name);
	snprintf(n->name[n->count], SWITCH_NAME_MAX, "%s", name);
	return (int)n->count++;
}

static struct names names;
static struct vmports ports;

static void start(const char *const *vms, unsigned count)
{
	struct replay_ports p = {.port = names_port, .ctx = &names};
	struct err err;

	memset(&names, 0, sizeof(names));
	names.limit = PORTS_MAX;
	if (!vmports_init(&ports, p, vms, count, &err))
		fail_msg("%s", err.text);
}

/* Name of the port that a frame from this address comes in by. */
static const char *by_mac(uint64_t mac)
{
	unsigned char frame[12] = {0};
	struct err err;
	int port;

	be16_store(frame + 6, (uint16_t)(mac >> 32));
	be32_store(frame + 8, (uint32_t)mac);
	port = vmports_by_mac(&ports, frame, sizeof(frame), &err);
	assert_true(port >= 0 && port < (int)names.count);
	return names.name[port];
}

static const char *by_name(const char *name)
{
	struct err err;
	int port = vmports_by_name(&ports, name, &err);

	assert_true(port >= 0 && port < (int)names.count);
	return names.name[port];
}

static void in_order_of_appearance(void **state)
{
	(void)state;
	start(NULL, 0);
	assert_string_equal(by_mac(0x525400000009), "vm-1");
	assert_string_equal(by_mac(0x525400000002), "vm-2");
	assert_string_equal(by_mac(0x525400000009), "vm-1");
	assert_string_equal(by_mac(0), "vm-3");
	assert_string_equal(by_mac(0xfeffffffffff), "vm-4");
	assert_string_equal(by_mac(0), "vm-3");
	assert_int_equal(names.asked, 4);
	/* The address that a zeroed struct has is one like others. */
	start(NULL, 0);
	assert_string_equal(by_mac(0), "vm-1");
}

static void named_by_the_user(void **state)
{
	const char *vms[] = {"web=52:54:00:00:00:01",	 "db=52-54-00-00-00-02",
			     "vm-1=aA:bB:cC:dD:eE:fF",	 "web=52:54:00:00:00:03",
			     "uplink=52:54:00:00:00:04", "a=b=52:54:00:00:00:05"};

	(void)state;
	start(vms, 6);
	/* There before any frame is, in that order. */
	assert_int_equal(names.count, 5);
	assert_string_equal(names.name[0], "web");
	assert_string_equal(by_mac(0x525400000099), "vm-2");
	assert_string_equal(by_mac(0x525400000001), "web");
	assert_string_equal(by_mac(0x525400000002), "db");
	assert_string_equal(by_mac(0x525400000003), "web");
	assert_string_equal(by_mac(0x525400000004), "uplink");
	assert_string_equal(by_mac(0x525400000005), "a=b");
	assert_string_equal(by_mac(0xaabbccddeeff), "vm-1");
	assert_string_equal(by_mac(0x525400000098), "vm-3");
}

static void past_the_last(void **state)
{
	const char *vms[] = {"late=52:54:00:00:ff:ff"};

	(void)state;
	start(vms, 1);
	for (unsigned n = 1; n < 1000; n++) {
		char want[SWITCH_NAME_MAX];

		snprintf(want, sizeof(want), n < REPLAY_VMS_MAX ? "vm-%u" : "uplink", n);
		assert_string_equal(by_mac(0x525400000000 + UINT64_C(0x10001) * n), want);
	}
	assert_string_equal(by_mac(0x525400030003), "vm-3");
	assert_string_equal(by_mac(0x52540000ffff), "late");
	assert_string_equal(by_name("eth0"), "uplink");
	assert_string_equal(by_name("vm-7"), "vm-7");
	assert_int_equal(names.count, REPLAY_VMS_MAX + 1);
}

static void no_usable_source(void **state)
{
	static const unsigned char group[12] = {0, 0, 0, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1};
	struct err err;

	(void)state;
	start(NULL, 0);
	for (uint32_t n = 0; n < 12; n++)
		assert_string_equal(names.name[vmports_by_mac(&ports, group, n, &err)], "uplink");
	assert_string_equal(names.name[vmports_by_mac(&ports, group, 12, &err)], "uplink");
	assert_string_equal(by_mac(0xffffffffffff), "uplink");
	assert_int_equal(names.asked, 1);
}

static void interfaces(void **state)
{
	static const char long_name[] = "0123456789012345678901234567890123456789012345678901234567"
					"8901\xc3\xa9\xc3\xa9";

	(void)state;
	start(NULL, 0);
	assert_string_equal(by_name("eth0"), "eth0");
	assert_string_equal(by_name("vm-1"), "vm-1");
	assert_string_equal(by_name("uplink"), "uplink");
	/* Escape sequences and bytes that are no UTF-8 reach no terminal. */
	assert_string_equal(by_name("\x1b[2Jx\x7f\xff\xc2\x9b"), "?[2Jx???");
	assert_string_equal(by_name("\xc3\xa9t\xc3\xa9"), "\xc3\xa9t\xc3\xa9");
	/* 62 bytes, and a code point of 2 does not fit into 63. */
	assert_int_equal(strlen(by_name(long_name)), 62);
	assert_string_equal(by_mac(0x525400000009), "vm-2");
	assert_string_equal(by_name("eth0"), "eth0");
}

static void refused(const char *vm, const char *second, const char *words)
{
	const char *vms[] = {vm, second};
	struct replay_ports p = {.port = names_port, .ctx = &names};
	struct err err = {0};

	memset(&names, 0, sizeof(names));
	names.limit = PORTS_MAX;
	assert_false(vmports_init(&ports, p, vms, second ? 2 : 1, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

static void wrong_options(void **state)
{
	const char *many[REPLAY_VMS_MAX + 1];
	struct replay_ports p = {.port = names_port, .ctx = &names};
	struct err err = {0};

	(void)state;
	refused("web", NULL, "--vm \"web\" is not NAME=MAC");
	refused("", NULL, "is not NAME=MAC");
	refused("=52:54:00:00:00:01", NULL, "is not NAME=MAC");
	refused("web=", NULL, "is not NAME=MAC");
	refused("web=52:54:00:00:00", NULL, "is not NAME=MAC");
	refused("web=52:54:00:00:00:01:", NULL, "is not NAME=MAC");
	refused("web=52:54:00:00:00:0g", NULL, "is not NAME=MAC");
	refused("web=52:54:00:00:00.01", NULL, "is not NAME=MAC");
	refused("web=5254:0:0:0:0:1234", NULL, "is not NAME=MAC");
	refused("web=53:54:00:00:00:01", NULL, "the address of a group");
	refused("a\nb=52:54:00:00:00:01", NULL, "must be printable UTF-8");
	refused("\xff=52:54:00:00:00:01", NULL, "must be printable UTF-8");
	refused("0123456789012345678901234567890123456789012345678901234567890123="
		"52:54:00:00:00:01",
		NULL, "at most 63 bytes");
	refused("a=52:54:00:00:00:01", "b=52:54:00:00:00:01",
		"--vm \"b=52:54:00:00:00:01\": an earlier");
	for (unsigned i = 0; i <= REPLAY_VMS_MAX; i++)
		many[i] = "web=52:54:00:00:00:01";
	assert_false(vmports_init(&ports, p, many, REPLAY_VMS_MAX + 1, &err));
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_non_null(strstr(err.text, "65 times, and 64 is the most"));
}

/* A switch that refuses ports: said, and asked again the next time. */
static void no_port(void **state)
{
	unsigned char frame[12] = {0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1};
	const char *vms[] = {"web=52:54:00:00:00:01"};
	struct replay_ports p = {.port = names_port, .ctx = &names};
	struct err err = {0};

	(void)state;
	start(NULL, 0);
	names.limit = 0;
	assert_int_equal(vmports_by_mac(&ports, frame, 12, &err), -ENOSPC);
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	assert_non_null(strstr(err.text, "no port for \"vm-1\": No space left"));
	assert_int_equal(vmports_by_mac(&ports, frame, 3, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "no port for \"uplink\""));
	assert_int_equal(vmports_by_name(&ports, "eth0", &err), -ENOSPC);
	assert_false(vmports_init(&ports, p, vms, 1, &err));
	assert_int_equal(err.exit, EXIT_ENVIRONMENT);
	start(NULL, 0);
	names.limit = 1;
	assert_int_equal(vmports_by_mac(&ports, frame, 12, &err), 0);
	frame[11]++;
	assert_int_equal(vmports_by_mac(&ports, frame, 12, &err), -ENOSPC);
	names.limit = 2;
	assert_int_equal(vmports_by_mac(&ports, frame, 12, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_of_appearance),
		cmocka_unit_test(named_by_the_user),
		cmocka_unit_test(past_the_last),
		cmocka_unit_test(no_usable_source),
		cmocka_unit_test(interfaces),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(no_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
