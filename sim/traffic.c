/* traffic.c - captures, generators, and bad lines */
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "pcapng/pcapng_write.h"
#include "random.h"
#include "replay.h"

#define LINKTYPE_ETHERNET 1
#define TRAFFIC_PORTS_MAX 70u

enum generator {
	GENERATE_UDP,	    /* between two VMs, or with the payload that is given */
	GENERATE_ARP,	    /* requests for one address after the other: a sweep */
	GENERATE_STORM,	    /* broadcasts */
	GENERATE_MAC_FLOOD, /* each frame from a source address of its own */
	GENERATE_SPOOF,	    /* from the address of the first other port */
	GENERATE_RUNTS,	    /* shorter than an Ethernet header */
	GENERATE_JUMBO,	    /* longer than 1,514 bytes */
	GENERATE_RANDOM,    /* Ethernet headers with any bytes behind */
	GENERATORS
};

static const char *const generators[] = {"udp",	  "arp",   "storm",  "mac-flood", "spoof",
					 "runts", "jumbo", "random", NULL};

struct sent {
	uint64_t ts_ns;
	uint64_t order; /* among equal times: as they were made */
	size_t at;	/* in bytes */
	uint32_t caplen, len;
	unsigned port;
};

struct traffic {
	struct buf bytes;
	struct sent *sent;
	size_t count, cap;
	char port[TRAFFIC_PORTS_MAX][64];
	unsigned ports;
	struct sim_random random;
};

struct item {
	const char *capture, *port;
	unsigned generator;
	uint64_t frames, pps, bytes, start_ns, loops, limit;
	unsigned char payload[64];
	uint32_t payload_n;
	/* The line */
	unsigned loss, duplicate, reorder, corrupt; /* permille */
	uint64_t delay_ns, jitter_ns;
};

static bool out_of_memory(struct err *err)
{
	err_set(err, EXIT_ENVIRONMENT, "out of memory for the traffic of a scenario");
	return false;
}

static int port_of(void *ctx, const char *name)
{
	struct traffic *t = ctx;

	for (unsigned i = 0; i < t->ports; i++) {
		if (strcmp(t->port[i], name) == 0)
			return (int)i;
	}
	if (t->ports == TRAFFIC_PORTS_MAX)
		return -ENOSPC;
	snprintf(t->port[t->ports], sizeof(t->port[0]), "%s", name);
	return (int)t->ports++;
}

/* ---- the line ---- */

static bool put(struct traffic *t, uint64_t ts_ns, unsigned port, const unsigned char *data,
		uint32_t caplen, uint32_t len)
{
	if (t->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 1024;
		struct sent *more = realloc(t->sent, cap * sizeof(*more));

		if (!more)
			return false;
		t->sent = more;
		t->cap = cap;
	}
	t->sent[t->count] = (struct sent){.ts_ns = ts_ns,
					  .order = t->count,
					  .at = t->bytes.n,
					  .caplen = caplen,
					  .len = len,
					  .port = port};
	t->count++;
	buf_put(&t->bytes, data, caplen);
	return !t->bytes.failed;
}

/* As netem: loss, then duplication, corruption, and a delay that frames which are reordered skip.
 */
static bool send(struct traffic *t, const struct item *item, uint64_t ts_ns, unsigned port,
		 unsigned char *data, uint32_t caplen, uint32_t len)
{
	unsigned copies = 1;

	if (random_chance(&t->random, item->loss))
		return true;
	if (random_chance(&t->random, item->duplicate))
		copies = 2;
	if (caplen && random_chance(&t->random, item->corrupt))
		data[random_range(&t->random, 0, caplen - 1)] ^=
			(unsigned char)(1u << random_range(&t->random, 0, 7));
	if (!random_chance(&t->random, item->reorder)) {
		ts_ns += item->delay_ns;
		if (item->jitter_ns)
			ts_ns += random_range(&t->random, 0, item->jitter_ns);
	}
	while (copies--) {
		if (!put(t, ts_ns, port, data, caplen, len))
			return false;
	}
	return true;
}

/* TRAFFIC_FRAMES_MAX seconds fit in 64 bits of ns. */
static uint64_t when(const struct item *item, uint64_t n)
{
	return TRAFFIC_START_NS + item->start_ns + (item->pps ? n * 1000000000 / item->pps : 0);
}

/* ---- generators ---- */

static void put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static void put_mac(unsigned char *p, uint64_t mac)
{
	for (int i = 0; i < 6; i++)
		p[i] = (unsigned char)(mac >> (40 - 8 * i));
}

#define MAC_VM(n) (UINT64_C(0x020000000000) + (n))

static unsigned ip_checksum(const unsigned char *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* RFC 791, RFC 768; no UDP checksum, which IPv4 allows. @length: of the whole frame */
static void make_udp(unsigned char *p, uint32_t length, uint64_t n, const struct item *item)
{
	static const unsigned char header[20] = {0x45, 0, 0,	0, 0, 0, 0x40, 0, 64, 17,
						 0,    0, 0xc0, 0, 2, 1, 0xc0, 0, 2,  2};
	unsigned char *ip = p + 14;

	put16(p + 12, 0x0800);
	memcpy(ip, header, sizeof(header));
	put16(ip + 2, length - 14);
	put16(ip + 4, (unsigned)n & 0xffff);
	put16(ip + 10, ip_checksum(ip, 20));
	put16(ip + 20, 40000 + (unsigned)(n % 20000));
	put16(ip + 22, 9);
	put16(ip + 24, length - 34);
	put16(ip + 26, 0);
	for (uint32_t i = 42; i < length; i++)
		p[i] = item->payload_n ? item->payload[(i - 42) % item->payload_n]
				       : (unsigned char)i;
}

static void make_arp(unsigned char *p, uint64_t n, uint64_t source)
{
	static const unsigned char request[] = {0, 1, 8, 0, 6, 4, 0, 1};
	static const unsigned char addresses[] = {0xc0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0};

	put_mac(p, UINT64_C(0xffffffffffff));
	put16(p + 12, 0x0806);
	memcpy(p + 14, request, 8);
	put_mac(p + 22, source);
	memcpy(p + 28, addresses, sizeof(addresses));
	put16(p + 40, (unsigned)(n & 0xffff));
}

static bool generate(struct traffic *t, const struct item *item, unsigned port)
{
	static unsigned char p[65536];

	for (uint64_t n = 0; n < item->frames; n++) {
		uint64_t source = MAC_VM(port + 1);
		uint32_t length = (uint32_t)item->bytes;

		memset(p, 0, length);
		if (item->generator == GENERATE_MAC_FLOOD)
			source = (random_next(&t->random) & UINT64_C(0xfcffffffffff)) |
				 UINT64_C(0x020000000000);
		if (item->generator == GENERATE_SPOOF)
			source = MAC_VM(port == 0 ? 2 : 1);
		put_mac(p, MAC_VM(port + 2));
		put_mac(p + 6, source);
		switch ((enum generator)item->generator) {
		case GENERATE_ARP:
		case GENERATE_STORM:
			length = 42;
			make_arp(p, item->generator == GENERATE_ARP ? n : 1, source);
			break;
		case GENERATE_RUNTS: length = (uint32_t)random_range(&t->random, 0, 13); break;
		case GENERATE_RANDOM:
			for (uint32_t i = 12; i < length; i++)
				p[i] = (unsigned char)random_next(&t->random);
			break;
		default: make_udp(p, length, n, item); break;
		}
		if (!send(t, item, when(item, n), port, p, length, length))
			return false;
	}
	return true;
}

/* ---- captures ---- */

static bool take_capture(struct traffic *t, const struct item *item, const char *folder,
			 struct err *err)
{
	char path[4096];
	const char *files[] = {path};
	struct replay_config config = {.files = files,
				       .file_count = 1,
				       .as_ethernet = true,
				       .loops = item->loops,
				       .limit = item->limit};
	struct replay_ports ports = {.port = port_of, .ctx = t};
	static unsigned char copy[1 << 18];
	enum replay_result result;
	struct replay *replay;
	struct frame f;
	uint64_t first_ns = 0, n = 0;
	unsigned port;

	snprintf(path, sizeof(path), "%s%s%s", item->capture[0] == '/' ? "" : folder,
		 item->capture[0] == '/' ? "" : "/", item->capture);
	replay = replay_open(&config, ports, err);
	if (!replay)
		return false;
	while ((result = replay_next(replay, &f, &port, err)) == REPLAY_FRAME) {
		uint64_t ts_ns;

		if (n == 0)
			first_ns = f.ts_ns;
		ts_ns = item->pps ? when(item, n)
				  : TRAFFIC_START_NS + item->start_ns +
					    (f.ts_ns > first_ns ? f.ts_ns - first_ns : 0);
		if (item->port)
			port = (unsigned)port_of(t, item->port);
		memcpy(copy, f.data, f.caplen);
		if (t->count == TRAFFIC_FRAMES_MAX ||
		    !send(t, item, ts_ns, port, copy, f.caplen, f.len)) {
			err_set(err, EXIT_USAGE,
				"%s: more than %u frames, or than memory; \"limit\" "
				"takes fewer",
				path, TRAFFIC_FRAMES_MAX);
			result = REPLAY_FAILED;
			break;
		}
		n++;
	}
	replay_close(replay);
	return result == REPLAY_END;
}

/* ---- items ---- */

static bool read_payload(struct item *item, const struct jt_at *at, struct err *err)
{
	const char *hex = NULL;
	unsigned byte;
	int used;

	if (!jt_text(at, "payload", &hex, err))
		return false;
	for (; hex && *hex; hex += 2) {
		used = 0;
		if (item->payload_n == sizeof(item->payload) ||
		    sscanf(hex, "%2x%n", &byte, &used) != 1 || used != 2)
			return jt_refuse(at, "payload", err, "up to %zu bytes in hex are wanted",
					 sizeof(item->payload));
		item->payload[item->payload_n++] = (unsigned char)byte;
	}
	return true;
}

static bool read_item(struct item *item, const struct jt_at *at, struct err *err)
{
	static const char *const of_capture[] = {
		"about", "capture", "loops",	 "limit",   "port",  "pps",    "start",
		"loss",	 "reorder", "duplicate", "corrupt", "delay", "jitter", NULL};
	static const char *const of_generator[] = {
		"about", "generate", "frames",	  "bytes",   "payload", "port",	  "pps", "start",
		"loss",	 "reorder",  "duplicate", "corrupt", "delay",	"jitter", NULL};
	bool generated = jt_has(at, "generate");

	*item = (struct item){.loops = 1, .frames = 1000};
	if (generated == jt_has(at, "capture"))
		return jt_refuse(at, NULL, err, "one of \"capture\" and \"generate\" is wanted");
	if (!jt_known(at, generated ? of_generator : of_capture, err) ||
	    !jt_text(at, "capture", &item->capture, err) ||
	    !jt_word(at, "generate", generators, &item->generator, err) ||
	    !jt_text(at, "port", &item->port, err) ||
	    !jt_u64(at, "loops", 1, 1000000, &item->loops, err) ||
	    !jt_u64(at, "limit", 1, TRAFFIC_FRAMES_MAX, &item->limit, err) ||
	    !jt_u64(at, "frames", 1, TRAFFIC_FRAMES_MAX, &item->frames, err) ||
	    !jt_u64(at, "pps", 1, 10000000, &item->pps, err) ||
	    !jt_ns(at, "start", &item->start_ns, err) ||
	    !jt_permille(at, "loss", &item->loss, err) ||
	    !jt_permille(at, "duplicate", &item->duplicate, err) ||
	    !jt_permille(at, "reorder", &item->reorder, err) ||
	    !jt_permille(at, "corrupt", &item->corrupt, err) ||
	    !jt_ns(at, "delay", &item->delay_ns, err) ||
	    !jt_ns(at, "jitter", &item->jitter_ns, err) || !read_payload(item, at, err))
		return false;
	item->bytes = item->generator == GENERATE_JUMBO ? 9000 : 100;
	if (!jt_u64(at, "bytes", 60, 65535, &item->bytes, err))
		return false;
	if (generated && !item->pps)
		item->pps = 10000;
	if (item->port && strlen(item->port) >= sizeof(((struct traffic *)0)->port[0]))
		return jt_refuse(at, "port", err, "a port's name has at most 63 bytes");
	return true;
}

static bool take_item(struct traffic *t, const struct jt_at *at, const char *folder,
		      struct err *err)
{
	struct item item;
	int port;

	if (!read_item(&item, at, err))
		return false;
	if (item.capture)
		return take_capture(t, &item, folder, err);
	port = port_of(t, item.port ? item.port : "vm-1");
	if (port < 0)
		return jt_refuse(at, "port", err, "more than %u ports", TRAFFIC_PORTS_MAX);
	if (item.frames + t->count > TRAFFIC_FRAMES_MAX)
		return jt_refuse(at, "frames", err, "more than %u frames in all",
				 TRAFFIC_FRAMES_MAX);
	return generate(t, &item, (unsigned)port) || out_of_memory(err);
}

static int by_time(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool write_file(struct traffic *t, const char *path, struct err *err)
{
	FILE *f = fopen(path, "wbe");
	struct buf b = {0};
	bool ok = f != NULL;

	pcapng_put_section(&b, NULL, NULL, "secvf " SECVF_VERSION, "traffic of a scenario");
	/* A file with one name says nothing of ports; so a second is always there. */
	for (unsigned i = 0; i < t->ports || i < 2; i++)
		pcapng_put_interface(&b, LINKTYPE_ETHERNET, 0, i < t->ports ? t->port[i] : "nobody",
				     NULL);
	for (size_t i = 0; i < t->count && ok; i++) {
		const struct sent *sent = &t->sent[i];
		struct pcapng_packet packet = {.data = t->bytes.p + sent->at,
					       .caplen = sent->caplen,
					       .len = sent->len,
					       .ts_ns = sent->ts_ns,
					       .interface = sent->port};
		uint32_t n = pcapng_packet_bytes(&packet);

		ok = buf_reserve(&b, n);
		if (ok)
			pcapng_packet((unsigned char *)b.p + b.n, &packet);
		b.n += n;
		if (ok && (b.n > (1u << 20) || i + 1 == t->count)) {
			ok = fwrite(b.p, 1, b.n, f) == b.n;
			b.n = 0;
		}
	}
	if (ok && b.n)
		ok = fwrite(b.p, 1, b.n, f) == b.n;
	buf_done(&b);
	if (f && fclose(f))
		ok = false;
	if (!ok)
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
	return ok;
}

bool traffic_write(const struct jt_at *at, const char *folder, const char *path, uint64_t *frames,
		   struct err *err)
{
	struct traffic *t = calloc(1, sizeof(*t));
	uint64_t seed = 1;
	size_t count;
	bool ok;

	if (!t)
		return out_of_memory(err);
	ok = jt_u64(at, "seed", 0, UINT64_MAX >> 1, &seed, err) &&
	     jt_count(at, "traffic", &count, err);
	t->random.state = seed ^ UINT64_C(0x7aff1c);
	if (ok && count == 0)
		ok = jt_refuse(at, "traffic", err, "a list of what the VMs send is wanted");
	for (size_t i = 0; ok && i < count; i++) {
		struct jt_at item;

		ok = jt_item(at, "traffic", i, &item, err) && take_item(t, &item, folder, err);
	}
	if (ok) {
		if (t->count)
			qsort(t->sent, t->count, sizeof(*t->sent), by_time);
		*frames = t->count;
		ok = write_file(t, path, err);
	}
	buf_done(&t->bytes);
	free(t->sent);
	free(t);
	return ok;
}
