/* dfilter_verdicts_tool.c - what our display filter says, for dfilter_verdicts to compare
 *
 *   dfilter_verdicts_tool check: for each line of standard input "ok", or "syntax" or "beyond" and
 * why dfilter_verdicts_tool values CAPTURE: filters made of what the capture has, a line each
 *   dfilter_verdicts_tool match CAPTURE: for each line of standard input a line with a verdict a
 * frame, and one by the outer headers alone behind a blank: 0 no, 1 yes, ? unsure
 *
 * Exit 3 where the capture is not one of Ethernet alone, or has no whole frame; 2 on usage.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "basic/dfilter.h"
#include "capfile/capfile.h"

#define FRAMES_MAX 2000000u
#define VALUES_MAX 4u /* of a kind, from frames that are spread over the capture */
#define LINE_MAX_N 8192u

struct kept {
	struct basic basic;
	size_t at;
	uint32_t caplen, len;
};

struct capture {
	struct kept *frame;
	size_t frames;
	struct buf bytes;
};

static struct dfilter_frame frame_of(const struct capture *c, size_t i)
{
	const struct kept *k = &c->frame[i];

	return (struct dfilter_frame){.basic = &k->basic,
				      .data = (const unsigned char *)c->bytes.p + k->at,
				      .caplen = k->caplen,
				      .len = k->len,
				      .number = i + 1};
}

/* Whole frames before a break are taken. Return: false where there are none, or of another link
 * type. */
static bool read_capture(struct capture *c, const char *path)
{
	struct capfile *file = capfile_open(path, NULL);
	struct capfile_frame f;
	bool ethernet = true;

	c->frame = malloc(FRAMES_MAX * sizeof(*c->frame));
	if (!c->frame)
		exit(3);
	while (file && c->frames < FRAMES_MAX && capfile_next(file, &f, NULL) == CAPFILE_FRAME) {
		struct kept *k = &c->frame[c->frames++];

		*k = (struct kept){.at = c->bytes.n, .caplen = f.caplen, .len = f.len};
		basic_decode(&k->basic, f.data, f.caplen);
		buf_put(&c->bytes, f.data, f.caplen);
		ethernet = ethernet && f.linktype == DLT_EN10MB;
	}
	capfile_close(file);
	return ethernet && c->frames && !c->bytes.failed;
}

static int check_lines(void)
{
	char line[LINE_MAX_N];

	while (fgets(line, sizeof(line), stdin)) {
		struct dfilter_error err;
		struct dfilter *f;

		line[strcspn(line, "\n")] = '\0';
		f = dfilter_compile(line, &err);
		if (f)
			printf("ok\n");
		else
			printf("%s %u %u %s\n", err.fault == DFILTER_SYNTAX ? "syntax" : "beyond",
			       err.at, err.n, err.text);
		dfilter_free(f);
	}
	return 0;
}

static void print_ip(const struct basic *b)
{
	char src[BASIC_ADDRESS_MAX], dst[BASIC_ADDRESS_MAX];
	const char *ip = b->family == BASIC_IPV4 ? "ip" : "ipv6";

	basic_source(b, src);
	basic_destination(b, dst);
	printf("%s.addr == %s\n%s.addr != %s\n%s.src in {%s, %s .. %s}\n%s.dst === %s\n", ip, src,
	       ip, dst, ip, dst, src, src, ip, dst);
	printf("%s.addr == %s/%u\n!(%s.src == %s)\n%s.addr > %s\n", ip, src,
	       b->family == BASIC_IPV4 ? 24 : 64, ip, src, ip, dst);
}

static void print_ports(const struct basic *b)
{
	const char *t = b->ip_proto == 6 ? "tcp" : b->ip_proto == 17 ? "udp" : "sctp";

	printf("%s.port == %u\n%s.port != %u\n!(%s.port == %u)\n%s.srcport == %u\n", t, b->dport, t,
	       b->dport, t, b->sport, t, b->sport);
	printf("%s.dstport in {%u .. %u}\n%s.port !== %u\n%s.port === %u\n%s.port > %u\n", t,
	       b->dport, b->sport, t, b->sport, t, b->dport, t, b->dport);
	printf("%s.port & %u\n%s.port <= %u and not %s.port == %u\n", t, b->sport | 1, t, b->sport,
	       t, b->dport);
}

static int print_values(const struct capture *c)
{
	size_t step = c->frames / VALUES_MAX + 1;

	for (size_t i = 0; i < c->frames; i += step) {
		const struct kept *k = &c->frame[i];
		const struct basic *b = &k->basic;
		char mac[18];

		printf("frame.len == %u\nframe.cap_len < %u\nframe.number >= %zu\n", k->len,
		       k->caplen, i + 1);
		if (b->flags & BASIC_HAS_ETH) {
			basic_mac(b->eth_src, mac);
			printf("eth.addr == %s\neth.src != %s\neth.dst > %s\n", mac, mac, mac);
		}
		if (b->flags & BASIC_HAS_ADDRESS && !(b->flags & BASIC_HAS_ARP))
			print_ip(b);
		if (b->flags & BASIC_HAS_PORTS)
			print_ports(b);
		if (b->flags & BASIC_HAS_TCP)
			printf("tcp.len == %u\ntcp.flags == %u\n", b->l4_length, b->tcp_flags);
		if (b->vlan_count)
			printf("vlan.id == %u\nvlan.id != %u\n", b->vlan[0], b->vlan[0]);
	}
	return 0;
}

static int match_lines(const struct capture *c)
{
	static const char shown[] = {
		[DFILTER_NO] = '0', [DFILTER_UNSURE] = '?', [DFILTER_YES] = '1'};
	char line[LINE_MAX_N];

	while (fgets(line, sizeof(line), stdin)) {
		struct dfilter_error err;
		struct dfilter *f;

		line[strcspn(line, "\n")] = '\0';
		f = dfilter_compile(line, &err);
		if (!f) {
			fprintf(stderr, "dfilter_verdicts_tool: %s: %s\n", line, err.text);
			return 2;
		}
		for (size_t i = 0; i < c->frames; i++) {
			struct dfilter_frame frame = frame_of(c, i);

			putchar(shown[dfilter_match(f, &frame)]);
		}
		putchar(' ');
		for (size_t i = 0; i < c->frames; i++) {
			struct dfilter_frame frame = frame_of(c, i);

			putchar(dfilter_match_basic(f, &frame) ? '1' : '0');
		}
		putchar('\n');
		dfilter_free(f);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct capture c = {0};
	int result = 3;

	if (argc == 2 && !strcmp(argv[1], "check"))
		return check_lines();
	if (argc != 3 || (strcmp(argv[1], "values") != 0 && strcmp(argv[1], "match") != 0)) {
		fprintf(stderr,
			"usage: dfilter_verdicts_tool check|values CAPTURE|match CAPTURE\n");
		return 2;
	}
	if (read_capture(&c, argv[2]))
		result = !strcmp(argv[1], "match") ? match_lines(&c) : print_values(&c);
	buf_done(&c.bytes);
	free(c.frame);
	return result;
}
