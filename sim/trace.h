/* trace.h - a hash over everything that happened, so that two runs of a seed can be compared */
#ifndef SECVF_SIM_TRACE_H
#define SECVF_SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct trace {
	uint64_t hash;
	uint64_t events;
};

/** trace_bytes() - Mix in bytes. Source: FNV-1a, 64 bits */
static inline void trace_bytes(struct trace *t, const void *p, size_t n)
{
	const unsigned char *bytes = p;
	uint64_t h = t->hash ? t->hash : UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
	t->hash = h;
}

/** trace_event() - One thing happened: what, at what time, with what result */
static inline void trace_event(struct trace *t, char what, uint64_t now_ns, int64_t result)
{
	trace_bytes(t, &what, 1);
	trace_bytes(t, &now_ns, sizeof(now_ns));
	trace_bytes(t, &result, sizeof(result));
	t->events++;
}

#endif
