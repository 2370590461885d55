/* test_bpf.c - capture filters
 *
 * Goal: libpcap's language on Ethernet frames, by wire length and captured bytes, with the verdicts
 * of libpcap's own loop; a filter that does not compile is refused with words for a person and,
 * where that can be had, the place.
 *
 * Method: frames made by hand, each with filters that take it and filters that do not; frames cut
 * at every length and made at random, in memory of just their size, so that the address sanitizer
 * sees a read past their end; filters and random programs, each against bpf_filter(3PCAP).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "tap/bpf.h"
#include "tap/frame.h"

/* 10.0.0.1:40000 to 10.0.0.2:80, SYN */
static const unsigned char tcp[54] = {
	0x02, 0,    0, 0,  0, 2, 0x02, 0, 0,  0, 0, 1, 0x08, 0, /* Ethernet */
	0x45, 0,    0, 40, 0, 1, 0,    0, 64, 6, 0, 0, 10,   0, 0, 1, 10, 0, 0, 2,
	0x9c, 0x40, 0, 80, 0, 0, 0,    0, 0,  0, 0, 0, 0x50, 2, 1, 0, 0,  0, 0, 0,
};

static bool matches_len(const char *expression, uint32_t len)
{
	struct err err;
	struct bpf *b = bpf_compile(expression, &err);
	bool result;

	if (!b)
		fail_msg("%s", err.text);
	result = bpf_match(b, tcp, sizeof(tcp), len);
	bpf_free(b);
	return result;
}

static bool matches(const char *expression)
{
	return matches_len(expression, sizeof(tcp));
}

static void takes_what_the_expression_says(void **state)
{
	static const char *const yes[] = {
		"",
		"tcp",
		"ip",
		"tcp port 80",
		"tcp dst port 80",
		"src host 10.0.0.1",
		"ether src 02:00:00:00:00:01",
		"tcp[tcpflags] & tcp-syn != 0",
		"not udp",
		"net 10.0.0.0/8",
	};
	static const char *const no[] = {
		"udp",	"ip6", "tcp port 443", "tcp src port 80", "dst host 10.0.0.1",
		"vlan", "arp", "greater 1000",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!matches(yes[i]))
			fail_msg("'%s' refused the frame", yes[i]);
	}
	for (unsigned i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (matches(no[i]))
			fail_msg("'%s' took the frame", no[i]);
	}
}

static void length_is_the_wire_s(void **state)
{
	(void)state;
	assert_true(matches_len("len > 1000", 1500));
	assert_true(matches_len("greater 1500", 1500));
	assert_false(matches_len("less 54", 1500));
}

/* A copy that ends where its memory does. */
static unsigned char *just(const unsigned char *data, uint32_t n)
{
	unsigned char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	if (n)
		memcpy(copy, data, n);
	return copy;
}

/* What lies beyond the capture does not match, and is not read. */
static void cut_frames_are_safe(void **state)
{
	struct err err;
	struct bpf *port = bpf_compile("tcp dst port 80", &err);
	struct bpf *last = bpf_compile("ether[53] = 0", &err);

	(void)state;
	assert_non_null(port);
	assert_non_null(last);
	for (uint32_t n = 0; n <= sizeof(tcp); n++) {
		unsigned char *data = just(tcp, n);

		assert_int_equal(bpf_match(port, data, n, sizeof(tcp)), n >= 38);
		assert_int_equal(bpf_match(last, data, n, sizeof(tcp)), n == sizeof(tcp));
		free(data);
	}
	bpf_free(port);
	bpf_free(last);
}

/* A frame that gets far in filters: a layer 2 and 3 header that are right, then anything. */
static uint32_t random_frame(struct sim_random *r, unsigned char *data, uint32_t size)
{
	static const uint16_t types[] = {0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8100,
					 0x88a8, 0x8847, 0x8864, 0x0026, 0x8863, 0x0800};
	static const unsigned char protos[] = {1, 2, 6, 6, 17, 17, 58, 0, 43, 44, 51, 60, 132};
	uint32_t n = (uint32_t)random_range(r, 0, size), at = 12;
	unsigned tags = (unsigned)random_range(r, 0, 3);

	for (uint32_t i = 0; i < size; i++)
		data[i] = (unsigned char)random_range(r, 0, random_chance(r, 500) ? 3 : 255);
	do {
		uint16_t type = types[random_range(r, 0, sizeof(types) / sizeof(types[0]) - 1)];

		data[at] = (unsigned char)(type >> 8);
		data[at + 1] = (unsigned char)type;
		at += 4;
	} while (tags--);
	at = 14 + 4 * (uint32_t)random_range(r, 0, 2);
	data[at] = (unsigned char)(random_chance(r, 500) ? 0x45 : random_range(r, 0x40, 0x6f));
	data[at + 6] = protos[random_range(r, 0, sizeof(protos) - 1)];
	data[at + 9] = protos[random_range(r, 0, sizeof(protos) - 1)];
	return random_chance(r, 500) ? size : n;
}

static void agree(const struct bpf *b, const struct bpf_insn *insns, struct sim_random *r,
		  unsigned frames)
{
	for (unsigned i = 0; i < frames; i++) {
		unsigned char bytes[128];
		uint32_t n = random_frame(r, bytes, sizeof(bytes));
		uint32_t len = random_chance(r, 900) ? n : (uint32_t)random_next(r);
		unsigned char *data = just(bytes, n);

		if (bpf_match(b, data, n, len) != (bpf_filter(insns, data, len, n) != 0))
			fail_msg("differs from libpcap at %u bytes of %u", n, len);
		free(data);
	}
}

static void filters_agree_with_libpcap(void **state)
{
	static const char *const filters[] = {
		"not (net 224.0.0.0/4 or ip6 multicast)",
		"tcp port 80 or udp port 53 or sctp port 1",
		"ip6 protochain 6",
		"ip protochain 17",
		"vlan and vlan and tcp",
		"mpls and ip",
		"pppoes and ip6",
		"tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn",
		"ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0",
		"ether[len - 1] = 3",
		"ether[ether[14] * 4 : 4] % 3 = 1",
		"100 / ether[3] > 7 or ether[5] << ether[6] = 8",
		"portrange 0-1000 and not host 1.2.3.4",
		"ether broadcast or ether multicast or arp or stp or ipx",
		"geneve or (udp[8:2] & 0x0f00 != 0 and len < 99)",
	};
	struct sim_random r = {1};

	(void)state;
	for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)FRAME_BYTES_MAX);
		struct bpf_program program;
		struct err err;
		struct bpf *b = bpf_compile(filters[i], &err);

		if (!b)
			fail_msg("%s", err.text);
		/* Not optimized, so that more kinds of instruction are met. */
		assert_false(pcap_compile(dead, &program, filters[i], 0, 0));
		agree(b, program.bf_insns, &r, 1000);
		bpf_free(b);
		b = bpf_from_insns(program.bf_insns, program.bf_len);
		assert_non_null(b);
		agree(b, program.bf_insns, &r, 1000);
		bpf_free(b);
		pcap_freecode(&program);
		pcap_close(dead);
	}
}

#define PROGRAM_MAX 48u

/* Any instruction that goes forward, often one of those that are taken in pairs. */
static struct bpf_insn random_insn(struct sim_random *r, uint32_t left)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LDX | BPF_MSH | BPF_B,
		BPF_LD | BPF_W | BPF_LEN,
		BPF_LDX | BPF_W | BPF_LEN,
		BPF_LD | BPF_IMM,
		BPF_LDX | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM,
		BPF_ST,
		BPF_STX,
		BPF_ALU | BPF_NEG,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
	};
	static const uint16_t sources[] = {BPF_K, BPF_X};
	static const uint16_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD,
				       BPF_AND, BPF_OR,	 BPF_XOR, BPF_LSH, BPF_RSH};
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	uint16_t source = sources[random_range(r, 0, 1)];
	struct bpf_insn in = {0};

	switch (random_range(r, 0, 5)) {
	case 0:
	case 1:
		in.code = (uint16_t)(BPF_JMP | source | jumps[random_range(r, 0, 4)]);
		in.jt = (unsigned char)random_range(r, 0, left);
		in.jf = (unsigned char)random_range(r, 0, left);
		in.k = (uint32_t)random_range(r, 0, 8);
		return in;
	case 2:
		in.code = (uint16_t)(BPF_ALU | source | ops[random_range(r, 0, 9)]);
		in.k = (uint32_t)random_range(r, 1, 31); /* more is undefined in libpcap */
		return in;
	default: break;
	}
	if (random_chance(r, 20)) {
		in.code = BPF_JMP | BPF_JA;
		in.k = (uint32_t)random_range(r, 0, left);
		return in;
	}
	in.code = codes[random_range(r, 0, sizeof(codes) / sizeof(codes[0]) - 1)];
	in.k = (uint32_t)random_range(r, 0, 15);
	if (BPF_CLASS(in.code) == BPF_LD && BPF_MODE(in.code) != BPF_MEM && random_chance(r, 300))
		in.k = (uint32_t)random_range(r, 0, 130);
	if (BPF_CLASS(in.code) == BPF_LD && BPF_MODE(in.code) != BPF_MEM && random_chance(r, 10))
		in.k = UINT32_MAX - (uint32_t)random_range(r, 0, 4200);
	return in;
}

static void random_programs_agree_with_libpcap(void **state)
{
	struct sim_random r = {2};

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t n = 0,
			 size = (uint32_t)random_range(&r, 1, PROGRAM_MAX - BPF_MEMWORDS - 2);
		struct bpf_insn insns[PROGRAM_MAX] = {{0}};
		struct bpf *b;

		/* Every word is written first: libpcap reads what was on its stack. */
		for (; n < BPF_MEMWORDS; n++)
			insns[n] = (struct bpf_insn)BPF_STMT(BPF_ST, n);
		for (size += n; n < size; n++)
			insns[n] = random_insn(&r, size - n);
		insns[n++] = (struct bpf_insn)BPF_STMT(BPF_RET | BPF_A, 0);
		insns[n++] = (struct bpf_insn)BPF_STMT(BPF_RET | BPF_K, i & 1);
		b = bpf_from_insns(insns, n);
		assert_non_null(b);
		agree(b, insns, &r, 10);
		bpf_free(b);
	}
}

static void programs_that_cannot_run_are_refused(void **state)
{
	const struct bpf_insn no_end[] = {BPF_STMT(BPF_LD | BPF_IMM, 1)};
	const struct bpf_insn far[] = {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0),
				       BPF_STMT(BPF_RET | BPF_K, 1)};
	const struct bpf_insn none[] = {BPF_STMT(BPF_LD | BPF_MSH | BPF_B, 0),
					BPF_STMT(BPF_RET | BPF_K, 1)};

	(void)state;
	assert_null(bpf_from_insns(no_end, 1));
	assert_null(bpf_from_insns(far, 2));
	assert_null(bpf_from_insns(none, 2));
	assert_null(bpf_from_insns(none, 0));
}

static void bad_expressions_are_refused(void **state)
{
	static const char *const bad[] = {"tcp prot 80", "((", "http", "ip.src == 10.0.0.1",
					  "port 99999999"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		assert_null(bpf_compile(bad[i], &err));
		assert_int_equal(err.exit, EXIT_USAGE);
		assert_non_null(strstr(err.text, bad[i]));
		assert_non_null(strstr(err.text, "pcap-filter"));
		assert_null(strchr(err.text, '\n'));
		assert_null(bpf_compile(bad[i], NULL));
	}
}

struct placed {
	const char *expression;
	const char *token; /* NULL: no place; "": the end */
	size_t at;	   /* from 0 */
};

static void errors_have_a_place(void **state)
{
	static const struct placed bad[] = {
		{"tcp prot 80", "prot", 4},
		{"((", "", 2},
		{"http", "http", 0},
		{"ip.src == 10.0.0.1", "ip.src", 0},
		{"tcp port 80 and", "", 15},
		{"tcp port 80 and and udp", "and", 16},
		{"tcp)", ")", 3},
		{"host 10.0.0.1 and tcp[13:", "", 25},
		{"ip[0:4] = 1 or tcp[2:] = 3", "]", 21},
		{"ether[0] =! 3", "!", 10},
		{"ip[0:udp] = 1", "udp", 5},
		{"udp and port 80 = 3", "=", 16},
		{"len >> 3", "", 8},
		{"tcp \"quoted\"", "\"", 4},
		{"src host 1.2.3.4 port", "port", 17},
		{"ether host 00:11:22:33:44:55 gateway", "gateway", 29},
		{"ip6 host ::1 ::2", "::2", 13},
		{"\n tcp\tprot 80", "prot", 6},
		/* Not syntax: what libpcap's reason names. */
		{"port 99999999", "99999999", 5},
		{"tcp port nosuch and ip", "nosuch", 9},
		{"ip proto nosuch", "nosuch", 9},
		{"host 10.0.0.300", "10.0.0.300", 5},
		{"tcp and vlan 5000", "5000", 13},
		{"udp[30000000000] = 1", "30000000000", 4},
		{"net 10.0.0.1/8", "10.0.0.1/8", 4},
		{"ip and inbound", "inbound", 7},
		/* Neither: the name stands there twice, or none is given. */
		{"port nosuch or tcp port nosuch", NULL, 0},
		{"host 224.0.0.0/4", NULL, 0},
		{"ether[1:3] = 1", NULL, 0},
		/* Nothing is wrong. */
		{"tcp port 80", NULL, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct placed *b = &bad[i];
		size_t at = 1234, n = 5678;
		bool found = bpf_error_place(b->expression, &at, &n);

		if (found != (b->token != NULL))
			fail_msg("'%s': a place: %d", b->expression, found);
		if (!found) {
			assert_int_equal(at, 1234);
			assert_int_equal(n, 5678);
			continue;
		}
		if (at != b->at || n != strlen(b->token) ||
		    memcmp(b->expression + at, b->token, n) != 0)
			fail_msg("'%s': %zu bytes at %zu", b->expression, n, at);
	}
}

static void words_say_the_place(void **state)
{
	struct err err;

	(void)state;
	assert_null(bpf_compile("tcp prot 80", &err));
	assert_non_null(strstr(err.text, "-f: 'tcp prot 80': syntax error at byte 5, 'prot'; "));
	assert_null(bpf_compile("tcp port 80 and", &err));
	assert_non_null(strstr(err.text, "syntax error at its end; "));
	assert_null(bpf_compile("tcp port nosuch", &err));
	assert_non_null(strstr(err.text, "unknown port 'nosuch' (byte 10); "));
	assert_null(bpf_compile("not (host 224.0.0.0/4 or ip6 multicast)", &err));
	assert_non_null(strstr(err.text, "write net, not host"));
	assert_null(bpf_compile("outbound and tcp", &err));
	assert_non_null(strstr(err.text, "'outbound'"));
	assert_int_equal(err.exit, EXIT_USAGE);
}

/* Expressions of any length and bytes are refused in one line that ends as it should. */
static void long_expressions_are_shown_cut(void **state)
{
	char *text = malloc(100001);
	struct err err;
	size_t at, n;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < 100000; i += 4)
		memcpy(text + i, i % 8 ? "or\n\t" : "tcp ", 4);
	memcpy(text + 50000, "((()", 4);
	text[100000] = '\0';
	assert_null(bpf_compile(text, &err));
	assert_non_null(strstr(err.text, "...': syntax error at byte 50004, ')'; "));
	assert_non_null(strstr(err.text, "display filters"));
	assert_null(strpbrk(err.text, "\n\t"));
	assert_true(bpf_error_place(text, &at, &n));
	assert_int_equal(at, 50003);
	free(text);
}

static void nothing_can_be_freed(void **state)
{
	(void)state;
	bpf_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_expression_says),
		cmocka_unit_test(length_is_the_wire_s),
		cmocka_unit_test(cut_frames_are_safe),
		cmocka_unit_test(filters_agree_with_libpcap),
		cmocka_unit_test(random_programs_agree_with_libpcap),
		cmocka_unit_test(programs_that_cannot_run_are_refused),
		cmocka_unit_test(bad_expressions_are_refused),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(words_say_the_place),
		cmocka_unit_test(long_expressions_are_shown_cut),
		cmocka_unit_test(nothing_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
