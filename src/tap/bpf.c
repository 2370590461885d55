/* bpf.c - capture filters by libpcap, run by a loop of our own
 *
 * Theory of operation: libpcap compiles an expression to BPF instructions. They are decoded once:
 * jumps become pointers, and a load with the test that follows it, which is most of every filter,
 * becomes one step. The farthest byte that loads at fixed offsets read is known then, so a frame
 * that holds it is run without their bounds checks. All else is as bpf_filter() of libpcap does it,
 * to which the tests compare it; docs/decisions/0012-capture-filters.md has the figures.
 */
#include "tap/bpf.h"

#include <limits.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tap/frame.h"

/* Loads from here on ask the kernel about the frame (SKF_AD_OFF in linux/filter.h, as unsigned). */
#define KERNEL_OFFSET 0xfffff000u

/* Two instructions in one step; beyond the codes of BPF. */
enum {
	LD_W_JEQ = 0x100, /* ld  [want]; jeq #k */
	LD_H_JEQ,	  /* ldh [want]; jeq #k */
	LD_B_JEQ,	  /* ldb [want]; jeq #k */
	LD_H_JSET,	  /* ldh [want]; jset #k */
	LD_B_JSET,	  /* ldb [want]; jset #k */
	LD_H_IND_JEQ,	  /* ldh [x + want]; jeq #k */
	AND_JEQ,	  /* and #want; jeq #k */
};

struct op {
	uint16_t code; /* of BPF, or as above */
	uint32_t k;
	uint32_t want;		   /* k of the first of two */
	const struct op *yes, *no; /* of tests; yes: of ja too */
};

struct bpf {
	uint64_t fixed_bytes; /* that loads at fixed offsets reach; a shorter frame is checked */
	struct op op[];
};

/* The instructions that bpf_filter() knows; bpf_validate() lets a few more through. */
static bool known(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_MSH | BPF_B:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_JMP | BPF_JA:
	case BPF_ALU | BPF_NEG:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A: return true;
	default: break;
	}
	switch (BPF_CLASS(code)) {
	case BPF_JMP: return BPF_OP(code) >= BPF_JEQ && BPF_OP(code) <= BPF_JSET;
	case BPF_ALU: return BPF_OP(code) <= BPF_XOR && BPF_OP(code) != BPF_NEG;
	default: return false;
	}
}

/* Bytes that a load at a fixed offset reads; 0 where it is none. */
static uint32_t load_bytes(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS: return 4;
	case BPF_LD | BPF_H | BPF_ABS: return 2;
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LDX | BPF_MSH | BPF_B: return 1;
	default: return 0;
	}
}

/* The step that does both; 0 where there is none. */
static uint16_t pair(uint16_t first, uint16_t second)
{
	if (second == (BPF_JMP | BPF_JSET | BPF_K)) {
		switch (first) {
		case BPF_LD | BPF_H | BPF_ABS: return LD_H_JSET;
		case BPF_LD | BPF_B | BPF_ABS: return LD_B_JSET;
		default: return 0;
		}
	}
	if (second != (BPF_JMP | BPF_JEQ | BPF_K))
		return 0;
	switch (first) {
	case BPF_LD | BPF_W | BPF_ABS: return LD_W_JEQ;
	case BPF_LD | BPF_H | BPF_ABS: return LD_H_JEQ;
	case BPF_LD | BPF_B | BPF_ABS: return LD_B_JEQ;
	case BPF_LD | BPF_H | BPF_IND: return LD_H_IND_JEQ;
	case BPF_ALU | BPF_AND | BPF_K: return AND_JEQ;
	default: return 0;
	}
}

static void decode(struct op *op, const struct bpf_insn *in)
{
	op->code = in->code;
	op->k = in->k;
	if (in->code == (BPF_JMP | BPF_JA)) {
		op->yes = op + 1 + (int32_t)in->k; /* backward in a protochain */
	} else if (BPF_CLASS(in->code) == BPF_JMP) {
		op->yes = op + 1 + in->jt;
		op->no = op + 1 + in->jf;
	}
}

struct bpf *bpf_from_insns(const struct bpf_insn *insns, uint32_t n)
{
	struct bpf *b;

	if (n > INT_MAX || !bpf_validate(insns, (int)n))
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		if (!known(insns[i].code))
			return NULL;
	}
	b = calloc(1, sizeof(*b) + n * sizeof(b->op[0]));
	if (!b)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t bytes = load_bytes(insns[i].code);

		decode(&b->op[i], &insns[i]);
		if (bytes && (uint64_t)insns[i].k + bytes > b->fixed_bytes)
			b->fixed_bytes = (uint64_t)insns[i].k + bytes;
	}
	/* The second of a pair stays where it is, for those that jump to it. */
	for (uint32_t i = 0; i + 1 < n; i++) {
		struct op *op = &b->op[i];
		uint16_t both = pair(insns[i].code, insns[i + 1].code);

		if (!both)
			continue;
		op->code = both;
		op->want = op->k;
		op->k = op[1].k;
		op->yes = op[1].yes;
		op->no = op[1].no;
	}
	return b;
}

/* A branch, where compilers would rather choose between the pointers: a branch is predicted, and
 * the next step need not wait for the bytes of the frame. clang's loop gains a fifth or more. */
static inline const struct op *next(const struct op *op, bool yes)
{
	const struct op *to = op->yes;

	if (!yes)
		return op->no;
	__asm__ volatile("" : "+r"(to));
	return to;
}

static inline bool holds(uint32_t caplen, uint64_t at, uint32_t bytes)
{
	return at + bytes <= caplen;
}

static inline bool test(uint16_t code, uint32_t a, uint32_t with)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ: return a == with;
	case BPF_JGT: return a > with;
	case BPF_JGE: return a >= with;
	default: return (a & with) != 0;
	}
}

/* Return: false where the frame is refused: a division by zero. */
static inline bool alu(uint16_t code, uint32_t *a, uint32_t by)
{
	switch (BPF_OP(code)) {
	case BPF_ADD: *a += by; break;
	case BPF_SUB: *a -= by; break;
	case BPF_MUL: *a *= by; break;
	case BPF_AND: *a &= by; break;
	case BPF_OR: *a |= by; break;
	case BPF_XOR: *a ^= by; break;
	case BPF_LSH: *a = by < 32 ? *a << by : 0; break;
	case BPF_RSH: *a = by < 32 ? *a >> by : 0; break;
	case BPF_NEG: *a = 0u - *a; break;
	default:
		if (!by)
			return false;
		*a = BPF_OP(code) == BPF_DIV ? *a / by : *a % by;
	}
	return true;
}

/**
 * run() - The loop; made twice, by whether the loads at fixed offsets have to be @checked
 *
 * It ends as libpcap's programs do: they go forward, but for the loop of a protochain, which goes
 * on to the frame's next header and so to its end.
 *
 * Return: as bpf_filter(3PCAP)
 */
static inline __attribute__((always_inline)) uint32_t
run(const struct op *op, const unsigned char *p, uint32_t caplen, uint32_t len, const bool checked)
{
	uint32_t mem[BPF_MEMWORDS] = {0};
	uint32_t a = 0, x = 0;

	for (;;) {
		switch (op->code) {
		case LD_W_JEQ:
			if (checked && !holds(caplen, op->want, 4))
				return 0;
			a = be32_load(p + op->want);
			op = next(op, a == op->k);
			continue;
		case LD_H_JEQ:
			if (checked && !holds(caplen, op->want, 2))
				return 0;
			a = be16_load(p + op->want);
			op = next(op, a == op->k);
			continue;
		case LD_B_JEQ:
			if (checked && !holds(caplen, op->want, 1))
				return 0;
			a = p[op->want];
			op = next(op, a == op->k);
			continue;
		case LD_H_JSET:
			if (checked && !holds(caplen, op->want, 2))
				return 0;
			a = be16_load(p + op->want);
			op = next(op, (a & op->k) != 0);
			continue;
		case LD_B_JSET:
			if (checked && !holds(caplen, op->want, 1))
				return 0;
			a = p[op->want];
			op = next(op, (a & op->k) != 0);
			continue;
		case LD_H_IND_JEQ:
			if (!holds(caplen, (uint64_t)x + op->want, 2))
				return 0;
			a = be16_load(p + x + op->want);
			op = next(op, a == op->k);
			continue;
		case AND_JEQ:
			a &= op->want;
			op = next(op, a == op->k);
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K: op = next(op, a == op->k); continue;
		case BPF_JMP | BPF_JGT | BPF_K: op = next(op, a > op->k); continue;
		case BPF_JMP | BPF_JGE | BPF_K: op = next(op, a >= op->k); continue;
		case BPF_JMP | BPF_JSET | BPF_K: op = next(op, (a & op->k) != 0); continue;
		case BPF_JMP | BPF_JA: op = op->yes; continue;
		case BPF_RET | BPF_K: return op->k;
		case BPF_RET | BPF_A: return a;
		case BPF_LD | BPF_W | BPF_ABS:
			if (checked && !holds(caplen, op->k, 4))
				return 0;
			a = be32_load(p + op->k);
			break;
		case BPF_LD | BPF_H | BPF_ABS:
			if (checked && !holds(caplen, op->k, 2))
				return 0;
			a = be16_load(p + op->k);
			break;
		case BPF_LD | BPF_B | BPF_ABS:
			if (checked && !holds(caplen, op->k, 1))
				return 0;
			a = p[op->k];
			break;
		case BPF_LDX | BPF_MSH | BPF_B:
			if (checked && !holds(caplen, op->k, 1))
				return 0;
			x = (p[op->k] & 0xfu) << 2;
			break;
		case BPF_LD | BPF_W | BPF_IND:
			if (!holds(caplen, (uint64_t)x + op->k, 4))
				return 0;
			a = be32_load(p + x + op->k);
			break;
		case BPF_LD | BPF_H | BPF_IND:
			if (!holds(caplen, (uint64_t)x + op->k, 2))
				return 0;
			a = be16_load(p + x + op->k);
			break;
		case BPF_LD | BPF_B | BPF_IND:
			if (!holds(caplen, (uint64_t)x + op->k, 1))
				return 0;
			a = p[x + op->k];
			break;
		case BPF_LD | BPF_W | BPF_LEN: a = len; break;
		case BPF_LDX | BPF_W | BPF_LEN: x = len; break;
		case BPF_LD | BPF_IMM: a = op->k; break;
		case BPF_LDX | BPF_IMM: x = op->k; break;
		case BPF_LD | BPF_MEM: a = mem[op->k]; break;
		case BPF_LDX | BPF_MEM: x = mem[op->k]; break;
		case BPF_ST: mem[op->k] = a; break;
		case BPF_STX: mem[op->k] = x; break;
		case BPF_MISC | BPF_TAX: x = a; break;
		case BPF_MISC | BPF_TXA: a = x; break;
		default:
			if (BPF_CLASS(op->code) == BPF_JMP) {
				op = next(op, test(op->code, a, x));
				continue;
			}
			if (!alu(op->code, &a, BPF_SRC(op->code) == BPF_X ? x : op->k))
				return 0;
			break;
		}
		op++;
	}
}

bool bpf_match(const struct bpf *b, const unsigned char *data, uint32_t caplen, uint32_t len)
{
	if (caplen >= b->fixed_bytes)
		return run(b->op, data, caplen, len, false) != 0;
	return run(b->op, data, caplen, len, true) != 0;
}

void bpf_free(struct bpf *b)
{
	free(b);
}

/* Of "ip broadcast". A capture has no network, so that it takes 0.0.0.0 and 255.255.255.255 alone,
 * as tcpdump -r does. */
#define NETMASK 0u

/* A number that no token of the language can hold: libpcap's scanner says so, but only once its
 * parser has taken all tokens before it. So it tells which tokens could go on. */
#define OVERFLOW " 99999999999"

/* Compile for Ethernet. Return: libpcap's, with its reason in @why. */
static int compile(const char *expression, struct bpf_program *program, char why[PCAP_ERRBUF_SIZE])
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)FRAME_BYTES_MAX);
	int result;

	if (!dead) {
		snprintf(why, PCAP_ERRBUF_SIZE, "out of memory");
		return PCAP_ERROR;
	}
	result = pcap_compile(dead, program, expression, 1, NETMASK);
	snprintf(why, PCAP_ERRBUF_SIZE, "%s", result < 0 ? pcap_geterr(dead) : "");
	pcap_close(dead);
	return result;
}

static bool is_syntax(const char *why)
{
	return strstr(why, "syntax error") != NULL;
}

/* Whether the first @n bytes of an expression, whole tokens, are the start of some expression. */
static bool goes_on(const char *expression, size_t n)
{
	char why[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	char *text = malloc(n + sizeof(OVERFLOW));

	if (!text)
		return false;
	memcpy(text, expression, n);
	memcpy(text + n, OVERFLOW, sizeof(OVERFLOW));
	if (!compile(text, &program, why))
		pcap_freecode(&program);
	free(text);
	return !is_syntax(why);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/**
 * token_bytes() - Length of the token at @s, as libpcap's scanner.l cuts them
 * @s:       Not blank, not the end
 * @inside:  Of brackets, where a colon is a token; elsewhere it is part of an address
 */
static size_t token_bytes(const char *s, bool inside)
{
	static const char *const twos[] = {"<=", ">=", "!=", "==", "<<", ">>", "&&", "||"};
	size_t n = 0;

	if (*s == '\\')
		return 1 + strcspn(s + 1, " !()\n\t");
	while (is_alnum(s[n]) || (n && strchr("-_.", s[n]) && s[n]) || (s[n] == ':' && !inside))
		n++;
	while (n > 1 && (s[n - 1] == '-' || s[n - 1] == '_'))
		n--;
	if (n)
		return n;
	for (unsigned i = 0; i < sizeof(twos) / sizeof(twos[0]); i++) {
		if (!strncmp(s, twos[i], 2))
			return 2;
	}
	return 1;
}

/* Cut @expression into tokens. Return: their number; starts and ends hold strlen() at most. */
static size_t cut(const char *expression, size_t *start, size_t *end)
{
	size_t n = 0;
	bool inside = false;

	for (size_t i = 0; expression[i]; i = end[n++]) {
		while (is_blank(expression[i]))
			i++;
		if (!expression[i])
			break;
		start[n] = i;
		end[n] = i + token_bytes(expression + i, inside);
		if (expression[i] == '[' || expression[i] == ']')
			inside = expression[i] == '[';
	}
	return n;
}

/* The place of a syntax error: the first token with which no expression starts. */
static bool syntax_place(const char *expression, size_t *at, size_t *n)
{
	size_t size = strlen(expression);
	size_t *start = calloc(2 * (size + 1), sizeof(*start));
	size_t good = 0, bad, *end;

	/* An older libpcap may take the number, or refuse it as syntax: then the place is unknown.
	 */
	if (!start || !goes_on("ip", 2)) {
		free(start);
		return false;
	}
	end = start + size + 1;
	bad = cut(expression, start, end);
	if (!bad || goes_on(expression, end[bad - 1])) {
		*at = size;
		*n = 0;
		free(start);
		return true;
	}
	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;

		if (goes_on(expression, end[middle - 1]))
			good = middle;
		else
			bad = middle;
	}
	*at = start[bad - 1];
	*n = end[bad - 1] - start[bad - 1];
	free(start);
	return true;
}

/* What libpcap's reason names: quoted, or a number after certain words. Return: its length. */
static size_t named(const char *why, const char **name)
{
	static const char *const before[] = {"number ", "tag ", "label "};
	const char *quote = strpbrk(why, "'\"");

	if (quote) {
		const char *last = strchr(quote + 1, *quote);

		*name = quote + 1;
		return last ? (size_t)(last - *name) : 0;
	}
	for (unsigned i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const char *word = strstr(why, before[i]);

		if (!word)
			continue;
		*name = word + strlen(before[i]);
		return strcspn(*name, " ");
	}
	return 0;
}

/* The place of what a reason names, where the expression has it once. */
static bool named_place(const char *expression, const char *why, size_t *at, size_t *n)
{
	const char *name = NULL;
	size_t bytes = named(why, &name), size = strlen(expression), found = 0;

	for (size_t i = 0; bytes && i + bytes <= size; i++) {
		char before = ' ', after = expression[i + bytes];

		if (memcmp(expression + i, name, bytes) != 0)
			continue;
		if (i)
			before = expression[i - 1];
		if (is_alnum(before) || is_alnum(after) || strchr("-_.", before) ||
		    (after && strchr("-_.", after)))
			continue;
		if (found++)
			return false;
		*at = i;
	}
	if (!found)
		return false;
	*n = bytes;
	return true;
}

static bool place(const char *expression, const char *why, size_t *at, size_t *n)
{
	size_t where, bytes;
	bool known_place = is_syntax(why) ? syntax_place(expression, &where, &bytes)
					  : named_place(expression, why, &where, &bytes);

	if (!known_place)
		return false;
	*at = where;
	*n = bytes;
	return true;
}

/* Whether a program asks the kernel about a frame, which bpf_filter() would answer with no. */
static bool asks_kernel(const struct bpf_program *program)
{
	for (unsigned i = 0; i < program->bf_len; i++) {
		if (load_bytes(program->bf_insns[i].code) &&
		    program->bf_insns[i].k >= KERNEL_OFFSET)
			return true;
	}
	return false;
}

/* As compile(), and refuses what cannot be answered here. */
static int compile_ours(const char *expression, struct bpf_program *program,
			char why[PCAP_ERRBUF_SIZE])
{
	static const char *const words[] = {"inbound", "outbound", "ifindex"};
	const char *word = "an offset of it";

	if (compile(expression, program, why))
		return PCAP_ERROR;
	if (!asks_kernel(program))
		return 0;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(expression, words[i]))
			word = words[i];
	}
	snprintf(why, PCAP_ERRBUF_SIZE, "'%s' is known to the kernel only, not to frames", word);
	pcap_freecode(program);
	return PCAP_ERROR;
}

bool bpf_error_place(const char *expression, size_t *at, size_t *n)
{
	char why[PCAP_ERRBUF_SIZE];
	struct bpf_program program;

	if (!compile_ours(expression, &program, why)) {
		pcap_freecode(&program);
		return false;
	}
	return place(expression, why, at, n);
}

/* Say why @expression was refused. */
static void refuse(struct err *err, const char *expression, const char *why)
{
	static const char language[] = "capture filters are written as in pcap-filter(7), which is "
				       "not the language of display filters";
	char shown[BPF_SHOWN_MAX + 1], where[64 + 40] = "";
	size_t size = strlen(expression), at, n;
	const char *more = size > BPF_SHOWN_MAX ? "..." : "";

	if (!err)
		return;
	snprintf(shown, sizeof(shown), "%s", expression);
	if (place(expression, why, &at, &n)) {
		if (!n)
			snprintf(where, sizeof(where), " at its end");
		else if (is_syntax(why))
			snprintf(where, sizeof(where), " at byte %zu, '%.*s%s'", at + 1,
				 n > 40 ? 40 : (int)n, expression + at, n > 40 ? "..." : "");
		else
			snprintf(where, sizeof(where), " (byte %zu)", at + 1);
	}
	err_set(err, EXIT_USAGE, "-f: '%s%s': %s%s; %s%s", shown, more,
		is_syntax(why) ? "syntax error" : why, where,
		strstr(why, "Mask syntax for networks only")
			? "write net, not host, before a mask; "
			: "",
		language);
	for (char *c = err->text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
}

struct bpf *bpf_compile(const char *expression, struct err *err)
{
	char why[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	struct bpf *b;

	if (compile_ours(expression, &program, why)) {
		refuse(err, expression, why);
		return NULL;
	}
	b = bpf_from_insns(program.bf_insns, program.bf_len);
	pcap_freecode(&program);
	if (!b)
		err_set(err, EXIT_ENVIRONMENT, "-f: '%.*s': out of memory", (int)BPF_SHOWN_MAX,
			expression);
	return b;
}
