/* switch.c - admission, learning and forwarding of the simulated switch */
#include "switch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mix.h"

#define SOURCE_AT 6u /* offset of the source address in a frame; the destination is at 0 */

/* Addresses are integers whose lowest byte is the first on the wire, which puts the group bit (IEEE
 * 802 8.2) lowest and needs no byte swap on the common machines. */
#define GROUP_BIT    UINT64_C(1)
#define ADDRESS_NONE UINT64_MAX /* no 48-bit address */

/* A token bucket counts in billionths of a frame: a limit of R frames a second earns R of them each
 * nanosecond, exactly. */
#define TOKEN	 UINT64_C(1000000000)
#define BURST_NS UINT64_C(100000000)
/* Any bucket is full after this long: depth / rate is the larger of BURST_NS and TOKEN / rate. */
#define REFILL_NS_MAX TOKEN
static_assert(SWITCH_RATE_LIMIT <= UINT64_MAX / (REFILL_NS_MAX + BURST_NS),
	      "a full bucket and the longest refill fit 64 bits");
static_assert(PORTS_MAX <= UINT16_MAX, "frame->ingress and address.port hold any port");

struct bucket {
	uint64_t rate;	/* frames a second, which is tokens' billionths a nanosecond; 0: no limit */
	uint64_t depth; /* billionths */
	uint64_t level; /* billionths */
	uint64_t filled_ns; /* level is as of then */
};

/* One learned address; two of them fill a cache line. */
struct address {
	uint64_t mac; /* ADDRESS_NONE in the head and in free entries */
	uint64_t seen_ns;
	uint32_t chain;	       /* next of the same bucket, or of the free list */
	uint32_t newer, older; /* neighbours by last sight */
	uint16_t port;
};

/* Entry 0 is no address: it is the head of the circular list by last sight (its `older` is the
 * newest entry, its `newer` the oldest), and index 0 means "none" everywhere else. */
struct table {
	struct address *entries; /* max + 1 */
	uint32_t *buckets;	 /* first entry of each chain */
	uint64_t multiplier;
	unsigned shift;
	uint32_t max;
	uint32_t used;	  /* entries in the list */
	uint32_t touched; /* entries ever taken: those above are not in the free list yet */
	uint32_t free;
};

struct switch_port {
	struct bucket all, group;
	/* Entries that this port's last frame met. Only hints, checked before use: an address
	 * stands in one live entry at most, so an entry that has it is the right one. */
	uint32_t source, destination;
	struct switch_port_stats stats;
	char name[SWITCH_NAME_MAX];
};

struct eth_switch {
	struct switch_config config;
	struct table table;
	uint64_t now_ns;
	struct port_set present;
	bool calling_out; /* in a subscriber or the listener */
	unsigned port_count;
	unsigned subscriber_count;
	struct subscriber subscribers[SWITCH_SUBSCRIBERS_MAX];
	struct switch_listener listener;
	struct switch_port ports[PORTS_MAX];
};

static const char *const drop_names[] = {
	[SWITCH_RUNT] = "runt",
	[SWITCH_OVERSIZE] = "oversize",
	[SWITCH_SPOOFED] = "spoofed",
	[SWITCH_RATE] = "rate_limit",
	[SWITCH_BROADCAST_RATE] = "broadcast_rate_limit",
	[SWITCH_NO_PORT] = "no_port",
};
static_assert(sizeof(drop_names) / sizeof(drop_names[0]) == SWITCH_DROPS, "a name for each cause");

/* ---- token bucket ---- */

static void bucket_init(struct bucket *b, uint64_t rate)
{
	b->rate = rate < SWITCH_RATE_LIMIT ? rate : SWITCH_RATE_LIMIT;
	b->depth = b->rate * BURST_NS > TOKEN ? b->rate * BURST_NS : TOKEN;
	b->level = b->depth;
	b->filled_ns = 0;
}

static bool bucket_has_token(struct bucket *b, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - b->filled_ns;

	if (!b->rate)
		return true;
	b->filled_ns = now_ns;
	b->level = elapsed_ns < REFILL_NS_MAX ? b->level + b->rate * elapsed_ns : b->depth;
	if (b->level > b->depth)
		b->level = b->depth;
	return b->level >= TOKEN;
}

static void bucket_take(struct bucket *b)
{
	if (b->rate)
		b->level -= TOKEN;
}

/* ---- address table ---- */

/* The first number of SplitMix64 from this seed: unlike mix64(), it makes something of 0. */
static uint64_t stirred(uint64_t seed)
{
	return mix64(seed + UINT64_C(0x9e3779b97f4a7c15));
}

/* Multiply-shift hashing (Dietzfelbinger et al. 1997) is universal for a random odd multiplier: no
 * set of addresses, chosen without knowing it, makes long chains. Where the system put our memory
 * serves as the random number. That opens nothing, and keeps runs repeatable, because nothing that
 * the switch does depends on which bucket an address is in. */
static bool table_init(struct table *t, uint32_t max)
{
	unsigned bits = 1;

	while (UINT64_C(1) << bits < UINT64_C(2) * max)
		bits++;
	t->entries = calloc((size_t)max + 1, sizeof(*t->entries));
	t->buckets = calloc((size_t)1 << bits, sizeof(*t->buckets));
	if (!t->entries || !t->buckets)
		return false;
	t->entries[0].mac = ADDRESS_NONE;
	t->multiplier = stirred((uintptr_t)t->entries ^ stirred((uintptr_t)t->buckets)) | 1;
	t->shift = 64 - bits;
	t->max = max;
	return true;
}

static void table_done(struct table *t)
{
	free(t->entries);
	free(t->buckets);
}

static uint32_t *table_bucket(const struct table *t, uint64_t mac)
{
	return &t->buckets[mac * t->multiplier >> t->shift];
}

/* Entry of @mac, or 0; @hint is tried first and is left at what was found. */
static uint32_t table_find(const struct table *t, uint64_t mac, uint32_t *hint)
{
	uint32_t i = *hint;

	if (t->entries[i].mac == mac)
		return i;
	for (i = *table_bucket(t, mac); i; i = t->entries[i].chain) {
		if (t->entries[i].mac == mac) {
			*hint = i;
			return i;
		}
	}
	return 0;
}

static void list_remove(struct table *t, const struct address *a)
{
	t->entries[a->newer].older = a->older;
	t->entries[a->older].newer = a->newer;
}

static void list_push(struct table *t, uint32_t i)
{
	uint32_t newest = t->entries[0].older;

	t->entries[i].newer = 0;
	t->entries[i].older = newest;
	t->entries[newest].newer = i;
	t->entries[0].older = i;
}

/* The port that owns the address @i has been heard. */
static void table_refresh(struct table *t, uint32_t i, uint64_t now_ns)
{
	t->entries[i].seen_ns = now_ns;
	if (t->entries[0].older == i)
		return;
	list_remove(t, &t->entries[i]);
	list_push(t, i);
}

static void table_remove(struct table *t, uint32_t i)
{
	struct address *a = &t->entries[i];
	uint32_t *link = table_bucket(t, a->mac);

	while (*link != i)
		link = &t->entries[*link].chain;
	*link = a->chain;
	list_remove(t, a);
	a->mac = ADDRESS_NONE;
	a->chain = t->free;
	t->free = i;
	t->used--;
}

/* Add @mac, which is not there; the entry unseen for longest makes room. */
static uint32_t table_add(struct table *t, uint64_t mac, unsigned port, uint64_t now_ns)
{
	uint32_t i, *bucket = table_bucket(t, mac);
	struct address *a;

	if (t->used == t->max)
		table_remove(t, t->entries[0].newer);
	i = t->free;
	if (i)
		t->free = t->entries[i].chain;
	else
		i = ++t->touched;
	a = &t->entries[i];
	a->mac = mac;
	a->seen_ns = now_ns;
	a->port = (uint16_t)port;
	a->chain = *bucket;
	*bucket = i;
	list_push(t, i);
	t->used++;
	return i;
}

/* Forget what was not seen for @age_ns. At most max steps at once, and for each of them a frame
 * came before that added the entry. */
static void table_expire(struct table *t, uint64_t age_ns, uint64_t now_ns)
{
	uint32_t oldest = t->entries[0].newer;

	while (oldest && now_ns - t->entries[oldest].seen_ns >= age_ns) {
		table_remove(t, oldest);
		oldest = t->entries[0].newer;
	}
}

/* Walks the whole table, which a list for each port would spare; ports leave seldom. */
static void table_forget_port(struct table *t, unsigned port)
{
	uint32_t i, newer;

	for (i = t->entries[0].newer; i; i = newer) {
		newer = t->entries[i].newer;
		if (t->entries[i].port == port)
			table_remove(t, i);
	}
}

/* ---- making and wiring ---- */

struct eth_switch *switch_new(const struct switch_config *config)
{
	struct eth_switch *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	if (!s->config.frame_max)
		s->config.frame_max = SWITCH_FRAME_MAX;
	if (!s->config.addresses_max)
		s->config.addresses_max = SWITCH_ADDRESSES_MAX;
	if (!s->config.age_ns_max)
		s->config.age_ns_max = SWITCH_AGE_NS_MAX;
	check(s->config.frame_max <= FRAME_BYTES_MAX);
	check(s->config.addresses_max <= SWITCH_ADDRESSES_LIMIT);
	if (!table_init(&s->table, s->config.addresses_max)) {
		switch_free(s);
		return NULL;
	}
	return s;
}

void switch_free(struct eth_switch *s)
{
	if (!s)
		return;
	check(!s->calling_out);
	table_done(&s->table);
	free(s);
}

int switch_port_add(struct eth_switch *s, const char *name, const struct switch_port_config *config)
{
	size_t length = strlen(name);
	struct switch_port *p;
	int namesake;

	check(!s->calling_out);
	if (length == 0 || length >= SWITCH_NAME_MAX)
		return -EINVAL;
	namesake = switch_port_find(s, name);
	if (namesake >= 0 && port_set_has(&s->present, (unsigned)namesake))
		return -EEXIST;
	if (s->port_count == PORTS_MAX)
		return -ENOSPC;
	p = &s->ports[s->port_count];
	memcpy(p->name, name, length + 1);
	bucket_init(&p->all, config ? config->rate_max : 0);
	bucket_init(&p->group, config ? config->broadcast_rate_max : 0);
	port_set_add(&s->present, s->port_count);
	return (int)s->port_count++;
}

void switch_port_remove(struct eth_switch *s, unsigned port)
{
	check(!s->calling_out);
	check(port < s->port_count && port_set_has(&s->present, port));
	port_set_remove(&s->present, port);
	table_forget_port(&s->table, port);
}

int switch_port_find(const struct eth_switch *s, const char *name)
{
	unsigned i;

	/* From the latest: of several of one name, only it can be present. */
	for (i = s->port_count; i > 0; i--) {
		if (strcmp(s->ports[i - 1].name, name) == 0)
			return (int)(i - 1);
	}
	return -ENOENT;
}

unsigned switch_ports(const struct eth_switch *s)
{
	return s->port_count;
}

const char *switch_port_name(const struct eth_switch *s, unsigned port)
{
	check(port < s->port_count);
	return s->ports[port].name;
}

bool switch_port_present(const struct eth_switch *s, unsigned port)
{
	check(port < s->port_count);
	return port_set_has(&s->present, port);
}

const struct switch_port_stats *switch_port_stats(const struct eth_switch *s, unsigned port)
{
	check(port < s->port_count);
	return &s->ports[port].stats;
}

int switch_subscribe(struct eth_switch *s, struct subscriber tap)
{
	check(!s->calling_out);
	check(tap.publish);
	if (s->subscriber_count == SWITCH_SUBSCRIBERS_MAX)
		return -ENOSPC;
	s->subscribers[s->subscriber_count++] = tap;
	return 0;
}

void switch_unsubscribe(struct eth_switch *s, const void *ctx)
{
	unsigned i, kept = 0;

	check(!s->calling_out);
	for (i = 0; i < s->subscriber_count; i++) {
		if (s->subscribers[i].ctx != ctx)
			s->subscribers[kept++] = s->subscribers[i];
	}
	s->subscriber_count = kept;
}

void switch_listen(struct eth_switch *s, struct switch_listener listener)
{
	check(!s->calling_out);
	s->listener = listener;
}

uint32_t switch_addresses(const struct eth_switch *s)
{
	return s->table.used;
}

const char *switch_drop_name(enum switch_drop why)
{
	check((unsigned)why < SWITCH_DROPS);
	return drop_names[why];
}

/* ---- the way of a frame ---- */

static uint64_t mac_load(const unsigned char *p)
{
	return (uint64_t)le16_load(p + 4) << 32 | le32_load(p);
}

static void tell(struct eth_switch *s, const struct frame *f, unsigned port, enum switch_drop why,
		 bool forwarded)
{
	if (!s->listener.drop)
		return;
	s->calling_out = true;
	s->listener.drop(s->listener.ctx, f, port, why, forwarded);
	s->calling_out = false;
}

/* The cheap checks, before anything is remembered of the frame. Return: cause, or SWITCH_DROPS */
static enum switch_drop admit(struct eth_switch *s, unsigned port, const struct frame *f)
{
	struct switch_port *p = &s->ports[port];
	bool group;

	if (!port_set_has(&s->present, port))
		return SWITCH_NO_PORT;
	if (f->caplen < SWITCH_FRAME_MIN)
		return SWITCH_RUNT;
	if (f->caplen > s->config.frame_max)
		return SWITCH_OVERSIZE;
	group = f->data[0] & GROUP_BIT;
	/* Both buckets are asked before either gives: a dropped frame takes from neither. */
	if (group && !bucket_has_token(&p->group, s->now_ns))
		return SWITCH_BROADCAST_RATE;
	if (!bucket_has_token(&p->all, s->now_ns))
		return SWITCH_RATE;
	bucket_take(&p->all);
	if (group)
		bucket_take(&p->group);
	return SWITCH_DROPS;
}

/* Learn or refresh the source. Return: false where another port owns it */
static bool learn(struct eth_switch *s, unsigned port, uint64_t source)
{
	struct switch_port *p = &s->ports[port];
	uint32_t i;

	if (source & GROUP_BIT)
		return true;
	i = table_find(&s->table, source, &p->source);
	if (!i) {
		p->source = table_add(&s->table, source, port, s->now_ns);
		return true;
	}
	if (s->table.entries[i].port != port)
		return false;
	table_refresh(&s->table, i, s->now_ns);
	return true;
}

static void send_out(struct eth_switch *s, unsigned port, uint32_t bytes)
{
	s->ports[port].stats.out++;
	s->ports[port].stats.out_bytes += bytes;
}

static void flood(struct eth_switch *s, unsigned port, struct frame *f)
{
	struct port_set others = s->present;
	unsigned i;

	f->ports = s->present;
	port_set_remove(&others, port);
	for (i = 0; i < PORTS_MAX / 64; i++) {
		uint64_t word = others.word[i];

		for (; word; word &= word - 1)
			send_out(s, i * 64 + (unsigned)__builtin_ctzll(word), f->caplen);
	}
	s->ports[port].stats.flooded++;
}

/* Choose the ports to send to, and count. */
static void forward(struct eth_switch *s, unsigned port, struct frame *f)
{
	struct switch_port *p = &s->ports[port];
	uint64_t destination = mac_load(f->data);
	uint32_t i = 0;
	unsigned owner;

	p->stats.in++;
	p->stats.in_bytes += f->caplen;
	/* A group address is never learned: its look-up would walk a chain for nothing. */
	if (!(destination & GROUP_BIT))
		i = table_find(&s->table, destination, &p->destination);
	if (!i) {
		flood(s, port, f);
		return;
	}
	memset(&f->ports, 0, sizeof(f->ports));
	port_set_add(&f->ports, port);
	owner = s->table.entries[i].port;
	if (owner == port) {
		p->stats.local++;
		return;
	}
	port_set_add(&f->ports, owner);
	send_out(s, owner, f->caplen);
}

static void publish(struct eth_switch *s, struct frame *f)
{
	unsigned i;

	s->calling_out = true;
	for (i = 0; i < s->subscriber_count; i++)
		s->subscribers[i].publish(s->subscribers[i].ctx, f);
	s->calling_out = false;
}

bool switch_input(struct eth_switch *s, unsigned port, struct frame *f, uint64_t now_ns)
{
	enum switch_drop why;
	bool spoofed = false;

	check(port < s->port_count && !s->calling_out);
	if (now_ns > s->now_ns)
		s->now_ns = now_ns;
	f->ingress = (uint16_t)port;
	table_expire(&s->table, s->config.age_ns_max, s->now_ns);
	why = admit(s, port, f);
	if (why == SWITCH_DROPS) {
		spoofed = !learn(s, port, mac_load(f->data + SOURCE_AT));
		if (spoofed && s->config.spoof == SWITCH_SPOOF_DROP)
			why = SWITCH_SPOOFED;
	}
	if (why != SWITCH_DROPS) {
		s->ports[port].stats.dropped[why]++;
		tell(s, f, port, why, false);
		return false;
	}
	forward(s, port, f);
	f->published_ns = s->now_ns;
	if (spoofed) {
		s->ports[port].stats.spoof_logged++;
		tell(s, f, port, SWITCH_SPOOFED, true);
	}
	publish(s, f);
	return true;
}
