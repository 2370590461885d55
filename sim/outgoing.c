/* outgoing.c - what may be sent, and the ledger of it */
#include "outgoing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

#define HEADER_BYTES 14u
#define TAG_BYTES    4u
#define TYPE_AT	     12u

static const char *const names[] = {
	[OUTGOING_RUNT] = "runt",
	[OUTGOING_OVER_MTU] = "over_mtu",
	[OUTGOING_NO_BUFFERS] = "no_buffers",
	[OUTGOING_FAILED] = "failed",
	[OUTGOING_DOWN] = "interface_down",
	[OUTGOING_CUT_SHORT] = "cut_short",
	[OUTGOING_ABSURD_LENGTH] = "absurd_length",
};
static_assert(sizeof(names) / sizeof(names[0]) == OUTGOING_FATES, "each fate has its name");

const char *outgoing_fate_name(enum outgoing_fate fate)
{
	check((unsigned)fate < OUTGOING_FATES);
	return names[fate];
}

void outgoing_init(struct outgoing *o, uint32_t mtu, struct outgoing_teller teller)
{
	memset(o, 0, sizeof(*o));
	o->mtu = mtu;
	o->teller = teller;
}

static void tell(struct outgoing *o, enum outgoing_fate fate)
{
	if (o->run[fate].count && o->teller.run)
		o->teller.run(o->teller.ctx, fate, &o->run[fate]);
	o->run[fate] = (struct run){0};
}

static void note(struct outgoing *o, enum outgoing_fate fate, const struct outgoing_frame *f,
		 uint64_t now_ns)
{
	struct run *run = &o->run[fate];

	o->count[fate]++;
	if (!run->count)
		o->run_ns[fate] = now_ns;
	if (run_extend(run, f->serial, f->ts_ns))
		return;
	if (now_ns - o->run_ns[fate] >= OUTGOING_TELL_NS) {
		tell(o, fate);
		o->run_ns[fate] = now_ns;
		run_extend(run, f->serial, f->ts_ns);
		return;
	}
	run->last = f->serial;
	run->last_ts_ns = f->ts_ns;
	run->count++;
}

/* The kernel leaves a VLAN tag out of account, if it is the outermost. */
static uint32_t longest(const struct outgoing *o, const struct frame *f)
{
	uint16_t type = be16_load(f->data + TYPE_AT);

	return o->mtu + HEADER_BYTES + (type == 0x8100 ? TAG_BYTES : 0);
}

bool outgoing_offer(struct outgoing *o, const struct frame *f, uint64_t now_ns)
{
	struct outgoing_frame seen = {.serial = f->serial, .ts_ns = f->ts_ns, .bytes = f->caplen};

	o->offered++;
	if (f->len > FRAME_BYTES_MAX || f->len < f->caplen)
		note(o, OUTGOING_ABSURD_LENGTH, &seen, now_ns);
	else if (f->len > f->caplen)
		note(o, OUTGOING_CUT_SHORT, &seen, now_ns);
	if (f->caplen < OUTGOING_MIN)
		note(o, OUTGOING_RUNT, &seen, now_ns);
	else if (f->caplen > longest(o, f))
		note(o, OUTGOING_OVER_MTU, &seen, now_ns);
	else
		return true;
	return false;
}

void outgoing_sent(struct outgoing *o, const struct outgoing_frame *f)
{
	o->sent++;
	o->sent_bytes += f->bytes;
	o->waiting_since = 0;
}

static enum outgoing_step give_up(struct outgoing *o, enum outgoing_fate fate,
				  const struct outgoing_frame *f, uint64_t now_ns)
{
	o->waiting_since = 0;
	note(o, fate, f, now_ns);
	return fate == OUTGOING_DOWN ? OUTGOING_END : OUTGOING_NEXT;
}

enum outgoing_step outgoing_failed(struct outgoing *o, const struct outgoing_frame *f, int error,
				   uint64_t now_ns)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		if (!o->waiting_since)
			o->waiting_since = now_ns ? now_ns : 1;
		if (now_ns - o->waiting_since >= OUTGOING_PATIENCE_NS)
			return give_up(o, OUTGOING_NO_BUFFERS, f, now_ns);
		o->retries++;
		return OUTGOING_RETRY;
	/* The MTU may have changed since. */
	case EMSGSIZE: return give_up(o, OUTGOING_OVER_MTU, f, now_ns);
	case ENETDOWN:
	case ENXIO:
	case ENODEV: return give_up(o, OUTGOING_DOWN, f, now_ns);
	default: o->last_error = error; return give_up(o, OUTGOING_FAILED, f, now_ns);
	}
}

void outgoing_flush(struct outgoing *o)
{
	for (int fate = 0; fate < OUTGOING_FATES; fate++)
		tell(o, (enum outgoing_fate)fate);
}

uint64_t outgoing_refused(const struct outgoing *o)
{
	uint64_t sum = 0;

	for (int fate = 0; fate < OUTGOING_REFUSALS; fate++)
		sum += o->count[fate];
	return sum;
}

bool outgoing_balanced(const struct outgoing *o)
{
	return o->offered == o->sent + outgoing_refused(o);
}
