/* bpf_verdict_tool.c - our verdicts on the frames of captures against those of libpcap
 *
 *   bpf_verdict_tool EXPRESSIONS CAPTURE... compiles each line of a file, for Ethernet as we do and
 * for the capture as tcpdump -r does, and runs both on each frame: ours with our reader of
 * captures, libpcap's with its own, in step until either ends. Captures of other link types are
 * passed over.
 *
 * Prints "LINE MATCHED FRAMES COUNT CAPTURE" for each expression: frames it took of all, and one
 * capture that both readers read to its end, with the frames it took there ("0 -" where there is
 * none); then "captures N frames N otherwise N": of the frames, those that the two readers gave
 * otherwise. Exit 1 where a verdict or a frame differs, 2 on usage.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capfile/capfile.h"
#include "tap/bpf.h"

#define EXPRESSIONS_MAX	   200u
#define NETMASK_OF_TCPDUMP 0 /* tcpdump -r knows of no network */

struct expression {
	char *text;
	struct bpf *ours;
	struct bpf_program theirs; /* of the capture at hand */
	uint64_t matched, here;
	uint64_t sample_count;
	const char *sample;
};

struct verdicts {
	struct expression expression[EXPRESSIONS_MAX];
	unsigned n;
	uint64_t captures, frames, differ;
	uint64_t otherwise; /* frames that our reader of captures gives otherwise */
};

static bool read_expressions(struct verdicts *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1024];

	while (f && v->n < EXPRESSIONS_MAX && fgets(line, sizeof(line), f)) {
		struct expression *e = &v->expression[v->n];
		struct err err;

		line[strcspn(line, "\n")] = '\0';
		e->text = strdup(line);
		e->ours = bpf_compile(line, &err);
		if (!e->text || !e->ours) {
			fprintf(stderr, "bpf_verdict_tool: %s\n", err.text);
			break;
		}
		v->n++;
	}
	if (!f || !feof(f)) {
		fprintf(stderr, "bpf_verdict_tool: %s: line %u cannot be used\n", path, v->n + 1);
		return false;
	}
	fclose(f);
	return true;
}

/* Both verdicts on one frame: libpcap's on its header and bytes, ours on @f. */
static void compare(struct verdicts *v, const char *path, const struct pcap_pkthdr *h,
		    const unsigned char *data, const struct capfile_frame *f)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct expression *e = &v->expression[i];
		bool theirs = pcap_offline_filter(&e->theirs, h, data) != 0;
		bool ours = bpf_match(e->ours, f->data, f->caplen, f->len);

		e->here += ours;
		if (ours == theirs)
			continue;
		v->differ++;
		fprintf(stderr, "bpf_verdict_tool: %s: frame %llu: '%s' %s\n", path,
			(unsigned long long)f->number, e->text,
			ours ? "is taken here, not by libpcap" : "is taken by libpcap, not here");
	}
}

/* Return: whether both readers came to the end of the capture, and agreed on all of it. */
static bool compare_frames(struct verdicts *v, const char *path, pcap_t *p, struct capfile *c)
{
	bool agreed = true;

	for (;;) {
		const unsigned char *data;
		struct pcap_pkthdr *h;
		struct capfile_frame f;
		int theirs = pcap_next_ex(p, &h, &data);
		enum capfile_result ours = capfile_next(c, &f, NULL);

		if (theirs != 1 || ours != CAPFILE_FRAME)
			return agreed && theirs == PCAP_ERROR_BREAK && ours == CAPFILE_END;
		/* Where the readers differ, as libpcap cuts a frame to the snaplen that the header
		 * of the capture wrongly gives, both filters run on what libpcap read. */
		if (f.caplen != h->caplen || f.len != h->len ||
		    memcmp(f.data, data, f.caplen) != 0) {
			v->otherwise++;
			agreed = false;
			f.data = data;
			f.caplen = h->caplen;
			f.len = h->len;
		}
		v->frames++;
		compare(v, path, h, data, &f);
	}
}

static void one_capture(struct verdicts *v, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, why);
	struct capfile *c = p && pcap_datalink(p) == DLT_EN10MB ? capfile_open(path, NULL) : NULL;
	unsigned compiled = 0;

	if (!c)
		goto out;
	for (; compiled < v->n; compiled++) {
		struct expression *e = &v->expression[compiled];

		e->here = 0;
		if (pcap_compile(p, &e->theirs, e->text, 1, NETMASK_OF_TCPDUMP)) {
			fprintf(stderr, "bpf_verdict_tool: %s: '%s': %s\n", path, e->text,
				pcap_geterr(p));
			v->differ++;
			goto out;
		}
	}
	v->captures++;
	if (compare_frames(v, path, p, c)) {
		for (unsigned i = 0; i < v->n; i++) {
			struct expression *e = &v->expression[i];

			if (e->here > e->sample_count) {
				e->sample = path;
				e->sample_count = e->here;
			}
		}
	}
	for (unsigned i = 0; i < v->n; i++)
		v->expression[i].matched += v->expression[i].here;
out:
	while (compiled)
		pcap_freecode(&v->expression[--compiled].theirs);
	capfile_close(c);
	if (p)
		pcap_close(p);
}

int main(int argc, char **argv)
{
	struct verdicts *v = calloc(1, sizeof(*v));
	int result;

	if (!v || argc < 3 || !read_expressions(v, argv[1])) {
		fprintf(stderr, "usage: bpf_verdict_tool EXPRESSIONS CAPTURE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		one_capture(v, argv[i]);
	for (unsigned i = 0; i < v->n; i++) {
		struct expression *e = &v->expression[i];

		printf("%u %llu %llu %llu %s\n", i + 1, (unsigned long long)e->matched,
		       (unsigned long long)v->frames, (unsigned long long)e->sample_count,
		       e->sample ? e->sample : "-");
		bpf_free(e->ours);
		free(e->text);
	}
	printf("captures %llu frames %llu otherwise %llu\n", (unsigned long long)v->captures,
	       (unsigned long long)v->frames, (unsigned long long)v->otherwise);
	result = v->differ ? 1 : 0;
	free(v);
	return result;
}
