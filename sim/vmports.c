/* vmports.c - the switch port that a replayed frame comes in by */
#include "vmports.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/digits.h"
#include "base/utf8.h"

#define MAC_BYTES  6u
#define SOURCE_END 12u /* bytes of a frame that has a source address */
#define MAC_GROUP  (UINT64_C(1) << 40)

static_assert(VMPORTS_SLOTS >= 4 * REPLAY_VMS_MAX, "half of the slots stay free: look-ups end");
static_assert((VMPORTS_SLOTS & (VMPORTS_SLOTS - 1)) == 0, "a mask picks the slot");

static uint64_t mac_load(const unsigned char *p)
{
	return (uint64_t)be16_load(p) << 32 | be32_load(p + 2);
}

/* The slot of an address, or the free one where it belongs. */
static unsigned slot_of(const struct vmports *v, uint64_t mac)
{
	/* Fibonacci hashing: makers' prefixes leave the low bits to tell addresses apart. */
	unsigned at = (unsigned)(mac * UINT64_C(0x9e3779b97f4a7c15) >> 40) % VMPORTS_SLOTS;

	while (v->slots[at].port >= 0 && v->slots[at].mac != mac)
		at = (at + 1) % VMPORTS_SLOTS;
	return at;
}

static int port_ask(struct vmports *v, const char *name, struct err *err)
{
	int port = v->ports.port(v->ports.ctx, name);

	if (port < 0)
		err_set(err, EXIT_ENVIRONMENT, "the switch has no port for \"%s\": %s", name,
			strerror(-port));
	return port;
}

static int uplink(struct vmports *v, struct err *err)
{
	int port = v->uplink;

	if (port >= 0)
		return port;
	port = port_ask(v, VMPORTS_UPLINK, err);
	if (port >= 0)
		v->uplink = port;
	return port;
}

static int vm_find(const struct vmports *v, const char *name)
{
	for (unsigned i = 0; i < v->vm_count; i++) {
		if (strcmp(v->vms[i].name, name) == 0)
			return v->vms[i].port;
	}
	return -ENOENT;
}

/* The port of a name that is clean and short enough. */
static int vm_port(struct vmports *v, const char *name, struct err *err)
{
	int port;

	if (strcmp(name, VMPORTS_UPLINK) == 0)
		return uplink(v, err);
	port = vm_find(v, name);
	if (port >= 0)
		return port;
	if (v->vm_count == REPLAY_VMS_MAX)
		return uplink(v, err);
	port = port_ask(v, name, err);
	if (port < 0)
		return port;
	snprintf(v->vms[v->vm_count].name, SWITCH_NAME_MAX, "%s", name);
	v->vms[v->vm_count++].port = port;
	return port;
}

/* Printable UTF-8 of @name, cut at a code point. Return: whether it was so already, and whole */
static bool name_clean(char out[SWITCH_NAME_MAX], const char *name)
{
	size_t n = strlen(name), at = 0, put = 0;
	bool same = true;

	while (at < n) {
		uint32_t cp;
		size_t step = utf8_next(name + at, n - at, &cp);
		bool bad = cp == UINT32_MAX || cp < 0x20 || (cp >= 0x7f && cp < 0xa0);

		if (put + (bad ? 1 : step) >= SWITCH_NAME_MAX) {
			same = false;
			break;
		}
		if (bad) {
			out[put++] = '?';
			same = false;
		} else {
			memcpy(out + put, name + at, step);
			put += step;
		}
		at += step;
	}
	out[put] = '\0';
	return same;
}

/* Six pairs of hex digits with ':' or '-' between. Return: false where it is anything else */
static bool mac_parse(const char *text, uint64_t *mac)
{
	uint64_t v = 0;

	if (strlen(text) != MAC_BYTES * 3 - 1)
		return false;
	for (size_t i = 0; i < MAC_BYTES; i++) {
		int high = digit_of_hex(text[i * 3]);
		int low = digit_of_hex(text[i * 3 + 1]);

		if (high < 0 || low < 0)
			return false;
		if (i && text[i * 3 - 1] != ':' && text[i * 3 - 1] != '-')
			return false;
		v = v << 8 | (unsigned)high << 4 | (unsigned)low;
	}
	*mac = v;
	return true;
}

/* Splits and checks one "NAME=MAC". */
static bool vm_parse(const char *vm, char name[SWITCH_NAME_MAX], uint64_t *mac, struct err *err)
{
	const char *equals = strrchr(vm, '=');
	size_t n = equals ? (size_t)(equals - vm) : 0;
	char raw[SWITCH_NAME_MAX];

	if (n == 0 || !mac_parse(equals + 1, mac)) {
		err_set(err, EXIT_USAGE,
			"--vm \"%s\" is not NAME=MAC, such as --vm web=52:54:00:12:34:56", vm);
		return false;
	}
	if (n < sizeof(raw)) {
		memcpy(raw, vm, n);
		raw[n] = '\0';
	}
	if (n >= sizeof(raw) || !name_clean(name, raw)) {
		err_set(err, EXIT_USAGE,
			"--vm \"%s\": the name must be printable UTF-8 of at most %u bytes", vm,
			SWITCH_NAME_MAX - 1);
		return false;
	}
	if (*mac & MAC_GROUP) {
		err_set(err, EXIT_USAGE,
			"--vm \"%s\": that is the address of a group, and a VM sends from its own",
			vm);
		return false;
	}
	return true;
}

bool vmports_init(struct vmports *v, struct replay_ports ports, const char *const *vms,
		  unsigned count, struct err *err)
{
	memset(v, 0, sizeof(*v));
	v->ports = ports;
	v->uplink = -1;
	v->last_port = -1;
	for (unsigned i = 0; i < VMPORTS_SLOTS; i++)
		v->slots[i].port = -1;
	if (count > REPLAY_VMS_MAX) {
		err_set(err, EXIT_USAGE, "--vm is given %u times, and %u is the most", count,
			REPLAY_VMS_MAX);
		return false;
	}
	for (unsigned i = 0; i < count; i++) {
		char name[SWITCH_NAME_MAX];
		uint64_t mac;
		unsigned at;
		int port;

		if (!vm_parse(vms[i], name, &mac, err))
			return false;
		at = slot_of(v, mac);
		if (v->slots[at].port >= 0) {
			err_set(err, EXIT_USAGE,
				"--vm \"%s\": an earlier --vm has named that address", vms[i]);
			return false;
		}
		port = vm_port(v, name, err);
		if (port < 0)
			return false;
		v->slots[at].mac = mac;
		v->slots[at].port = port;
	}
	return true;
}

/* Gives a new address the next vm-N, or the uplink once all are taken. */
static int mac_new(struct vmports *v, unsigned at, uint64_t mac, struct err *err)
{
	char name[SWITCH_NAME_MAX];
	unsigned number = 0;
	int port;

	if (v->vm_count == REPLAY_VMS_MAX)
		return uplink(v, err);
	/* vm_count names are taken at most: this ends. */
	do
		snprintf(name, sizeof(name), "vm-%u", ++number);
	while (vm_find(v, name) >= 0);
	port = vm_port(v, name, err);
	if (port < 0)
		return port;
	v->slots[at].mac = mac;
	v->slots[at].port = port;
	return port;
}

int vmports_by_mac(struct vmports *v, const unsigned char *data, uint32_t bytes, struct err *err)
{
	uint64_t mac;
	unsigned at;
	int port;

	if (bytes < SOURCE_END)
		return uplink(v, err);
	mac = mac_load(data + MAC_BYTES);
	if (mac == v->last_mac && v->last_port >= 0)
		return v->last_port;
	if (mac & MAC_GROUP)
		return uplink(v, err);
	at = slot_of(v, mac);
	port = v->slots[at].port;
	if (port < 0)
		port = mac_new(v, at, mac, err);
	if (port >= 0) {
		v->last_mac = mac;
		v->last_port = port;
	}
	return port;
}

int vmports_by_name(struct vmports *v, const char *name, struct err *err)
{
	char clean[SWITCH_NAME_MAX];

	name_clean(clean, name);
	return vm_port(v, clean, err);
}
