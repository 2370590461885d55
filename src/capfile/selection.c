/* selection.c - which frames of captures are wanted */
#include "capfile/selection.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/linktype.h"
#include "capfile/talk.h"
#include "tap/bpf.h"
#include "tap/frame.h"

#define MAC_BYTES 6u
#define MAC_SLOTS (2 * SELECTION_MACS_MAX) /* half of them empty at least */

struct range {
	uint64_t first, last;
};

struct filter {
	int linktype;
	struct bpf_program program;
};

struct selection {
	struct selection_config config;
	struct range *ranges;
	size_t range_count;
	struct filter filters[SELECTION_FILTERS_MAX];
	unsigned filter_count;
	uint64_t *macs; /* MAC_SLOTS; an address with bit 48 set, 0: empty */
	unsigned mac_count;
	bool vm_found;
	struct talk talk;
	bool talk_found;
};

/* ---- ids ---- */

static int by_first(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* "5", "10-20" or "100-", at *text, which goes past it. */
static bool range_parse(const char **text, struct range *r)
{
	char *end;

	errno = 0;
	if (**text < '0' || **text > '9')
		return false;
	r->first = r->last = strtoull(*text, &end, 10);
	if (*end == '-') {
		*text = end + 1;
		r->last = UINT64_MAX;
		if (**text >= '0' && **text <= '9')
			r->last = strtoull(*text, &end, 10);
		else
			end++;
	}
	*text = end;
	return !errno && r->first > 0 && r->first <= r->last;
}

/* Sorts, and joins what touches, so that one range at most holds an id. */
static void ranges_join(struct selection *s)
{
	size_t kept = 0;

	qsort(s->ranges, s->range_count, sizeof(*s->ranges), by_first);
	for (size_t i = 1; i < s->range_count; i++) {
		struct range *last = &s->ranges[kept];

		if (s->ranges[i].first <= last->last || s->ranges[i].first == last->last + 1) {
			if (s->ranges[i].last > last->last)
				last->last = s->ranges[i].last;
		} else {
			s->ranges[++kept] = s->ranges[i];
		}
	}
	s->range_count = kept + 1;
}

static bool ids_parse(struct selection *s, struct err *err)
{
	const char *p = s->config.ids;
	size_t most = 1;

	for (const char *comma = p; (comma = strchr(comma, ',')); comma++)
		most++;
	if (most > SELECTION_RANGES_MAX) {
		err_set(err, EXIT_USAGE,
			"--ids: more than %u ranges; select by time in place of it",
			SELECTION_RANGES_MAX);
		return false;
	}
	s->ranges = calloc(most, sizeof(*s->ranges));
	if (!s->ranges) {
		err_set(err, EXIT_ENVIRONMENT, "--ids: no memory");
		return false;
	}
	do {
		const char *from = p;

		if (!range_parse(&p, &s->ranges[s->range_count++]) || (*p && *p != ',')) {
			err_set(err, EXIT_USAGE,
				"--ids: '%.200s', from byte %zu on: frame numbers are wanted, as in "
				"5,10-20,100-",
				s->config.ids, (size_t)(from - s->config.ids) + 1);
			return false;
		}
	} while (*p++ == ',');
	ranges_join(s);
	return true;
}

static bool ids_have(const struct selection *s, uint64_t id)
{
	size_t low = 0, high = s->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->ranges[middle].last < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->range_count && s->ranges[low].first <= id;
}

uint64_t selection_first_id(const struct capfile *c)
{
	const char *comment = capfile_section(c)->comment;
	const char *first = NULL;

	if (comment && strncmp(comment, "secvf session=", 14) == 0)
		first = strstr(comment, " first=");
	return first ? strtoull(first + 7, NULL, 10) : 0;
}

/* ---- the capture filter ---- */

/* libpcap's own number of a link type, which differs for a few. */
static int dlt_of(int linktype)
{
	switch (linktype) {
	case LINKTYPE_RAW:
	case LINKTYPE_RAW_BSD:
	case LINKTYPE_RAW_OPENBSD: return DLT_RAW;
	case 100: return DLT_ATM_RFC1483;
	case 104: return DLT_C_HDLC;
	case 50: return DLT_PPP_SERIAL;
	default: return linktype;
	}
}

static bool program_compile(const char *text, int linktype, struct bpf_program *program,
			    struct err *err)
{
	pcap_t *dead = pcap_open_dead(dlt_of(linktype), (int)FRAME_BYTES_MAX);
	bool ok;

	if (!dead) {
		err_set(err, EXIT_ENVIRONMENT, "-f: no memory");
		return false;
	}
	ok = pcap_compile(dead, program, text, 1, PCAP_NETMASK_UNKNOWN) >= 0;
	if (!ok)
		err_set(err, EXIT_USAGE,
			"-f: '%.*s', for link type %d (%s): %s; capture filters are written as in "
			"pcap-filter(7), which is not the language of display filters (-Y)",
			(int)BPF_SHOWN_MAX, text, linktype, linktype_name(linktype),
			pcap_geterr(dead));
	pcap_close(dead);
	return ok;
}

/* For Ethernet: bpf_compile() says the place, and refuses what only the kernel knows of a frame. */
static bool words_compile(const char *text, struct err *err)
{
	struct bpf *b = bpf_compile(text, err);

	bpf_free(b);
	return b != NULL;
}

/* Whether the words make sense at all. What Ethernet frames cannot be asked, as "inbound", those of
 * another link type may be. */
static bool filter_check(const char *text, struct err *err)
{
	struct bpf_program program;

	if (!program_compile(text, LINKTYPE_ETHERNET, &program, NULL))
		return words_compile(text, err);
	pcap_freecode(&program);
	return true;
}

static struct filter *filter_compile(struct selection *s, int linktype, struct err *err)
{
	struct filter *f = &s->filters[s->filter_count];

	if (s->filter_count == SELECTION_FILTERS_MAX) {
		err_set(err, EXIT_ENVIRONMENT,
			"-f: the frames have more than %u link types; export them apart",
			SELECTION_FILTERS_MAX);
		return NULL;
	}
	if ((linktype == LINKTYPE_ETHERNET && !words_compile(s->config.filter, err)) ||
	    !program_compile(s->config.filter, linktype, &f->program, err))
		return NULL;
	f->linktype = linktype;
	s->filter_count++;
	return f;
}

static enum selection_result filter_match(struct selection *s, const struct capfile_frame *f,
					  struct err *err)
{
	struct filter *filter = NULL;

	for (unsigned i = 0; i < s->filter_count && !filter; i++) {
		if (s->filters[i].linktype == f->linktype)
			filter = &s->filters[i];
	}
	if (!filter)
		filter = filter_compile(s, f->linktype, err);
	if (!filter)
		return SELECTION_FAILED;
	return bpf_filter(filter->program.bf_insns, f->data, f->len, f->caplen) ? SELECTION_YES
										: SELECTION_NO;
}

/* ---- a VM ---- */

static uint64_t mac_key(const unsigned char *mac)
{
	uint64_t key = 1;

	for (unsigned i = 0; i < MAC_BYTES; i++)
		key = key << 8 | mac[i];
	return key;
}

/* The slot that has the address, or the empty one where it goes. */
static uint64_t *mac_slot(const struct selection *s, uint64_t key)
{
	uint64_t at = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	while (s->macs[at % MAC_SLOTS] && s->macs[at % MAC_SLOTS] != key)
		at++;
	return &s->macs[at % MAC_SLOTS];
}

static bool of_vm(const struct selection *s, const struct capfile *c, const struct capfile_frame *f)
{
	unsigned count;
	const char *name = capfile_interfaces(c, &count)[f->interface].name;

	return name && strcmp(name, s->config.vm) == 0;
}

static bool vm_scan(struct selection *s, const struct capfile *c, const struct capfile_frame *f,
		    struct err *err)
{
	uint64_t key, *slot;

	if (!of_vm(s, c, f))
		return true;
	s->vm_found = true;
	/* A group address is no sender, whatever a hostile frame says. */
	if (f->linktype != LINKTYPE_ETHERNET || f->caplen < 2 * MAC_BYTES || f->data[MAC_BYTES] & 1)
		return true;
	key = mac_key(f->data + MAC_BYTES);
	slot = mac_slot(s, key);
	if (*slot)
		return true;
	if (s->mac_count == SELECTION_MACS_MAX) {
		err_set(err, EXIT_ENVIRONMENT,
			"--vm %s: it sends from more than %u addresses; select by -f in place of it",
			s->config.vm, SELECTION_MACS_MAX);
		return false;
	}
	*slot = key;
	s->mac_count++;
	return true;
}

static bool vm_match(const struct selection *s, const struct capfile *c,
		     const struct capfile_frame *f)
{
	if (of_vm(s, c, f))
		return true;
	if (f->linktype != LINKTYPE_ETHERNET || f->caplen < MAC_BYTES)
		return false;
	return f->data[0] & 1 || *mac_slot(s, mac_key(f->data)) != 0;
}

/* ---- a conversation ---- */

static bool talk_match(const struct selection *s, const struct capfile_frame *f)
{
	struct talk t;

	return talk_of(&t, f->linktype, f->data, f->caplen) && memcmp(&t, &s->talk, sizeof(t)) == 0;
}

/* ---- all of it ---- */

struct selection *selection_open(const struct selection_config *config, struct err *err)
{
	struct selection *s = calloc(1, sizeof(*s));

	if (s && config->vm)
		s->macs = calloc(MAC_SLOTS, sizeof(*s->macs));
	if (!s || (config->vm && !s->macs)) {
		err_set(err, EXIT_ENVIRONMENT, "no memory for the selection");
		selection_close(s);
		return NULL;
	}
	s->config = *config;
	/* Wrong words are said before any file is read. */
	if ((config->ids && !ids_parse(s, err)) ||
	    (config->filter && !filter_check(config->filter, err))) {
		selection_close(s);
		return NULL;
	}
	return s;
}

void selection_close(struct selection *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->filter_count; i++)
		pcap_freecode(&s->filters[i].program);
	free(s->ranges);
	free(s->macs);
	free(s);
}

bool selection_all(const struct selection *s)
{
	const struct selection_config *c = &s->config;

	return !c->ids && !c->from && !c->to && !c->vm && !c->filter && !c->conversation &&
	       !c->shown;
}

bool selection_scans(const struct selection *s)
{
	return s->config.vm || s->config.conversation;
}

bool selection_scan(struct selection *s, const struct capfile *c, const struct capfile_frame *f,
		    uint64_t id, struct err *err)
{
	if (s->config.vm && !vm_scan(s, c, f, err))
		return false;
	if (s->config.conversation == id && !s->talk_found) {
		s->talk_found = talk_of(&s->talk, f->linktype, f->data, f->caplen);
		if (!s->talk_found) {
			err_set(err, EXIT_USAGE,
				"--conversation %" PRIu64
				": that frame is no Ethernet frame with addresses",
				id);
			return false;
		}
	}
	return true;
}

bool selection_scanned(struct selection *s, struct err *err)
{
	if (s->config.vm && !s->vm_found) {
		err_set(err, EXIT_USAGE,
			"--vm %s: no frame came in by an interface of that name; 'secvf info' lists "
			"them",
			s->config.vm);
		return false;
	}
	if (s->config.conversation && !s->talk_found) {
		err_set(err, EXIT_USAGE, "--conversation %" PRIu64 ": there is no such frame",
			s->config.conversation);
		return false;
	}
	return true;
}

enum selection_result selection_match(struct selection *s, const struct capfile *c,
				      const struct capfile_frame *f, uint64_t id, struct err *err)
{
	const struct selection_config *config = &s->config;

	if ((config->from && f->ts_ns < config->from_ns) ||
	    (config->to && f->ts_ns >= config->to_ns) || (config->ids && !ids_have(s, id)) ||
	    (config->shown && !config->shown(config->ctx, f->offset)) ||
	    (config->vm && !vm_match(s, c, f)) || (config->conversation && !talk_match(s, f)))
		return SELECTION_NO;
	return config->filter ? filter_match(s, f, err) : SELECTION_YES;
}
