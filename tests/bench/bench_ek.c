/* bench_ek.c - how fast recorded EK lines are decoded: bench_ek ENGINE SECONDS FILE
 *
 * ENGINE: lines (cut only), record (by the best way there is), record:ISA, tree, json-c,
 * simdjson-dom, simdjson-on-demand, yyjson; without arguments those that this build has. The file
 * is read whole and its lines are cut again in each round, by each engine. Prints one line of JSON.
 * tests/bench/ek runs them in turn.
 */
#include <json-c/json.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef SECVF_YYJSON
#include <yyjson.h>
#endif

#include "base/buf.h"
#include "bench_ek.h"
#include "ek/ek_record.h"
#include "ek/ek_tree.h"

/* What comes behind a line may be read by the peers. */
#define PADDING 64

typedef bool engine_function(const char *p, size_t n);

static bool by_nothing(const char *p, size_t n)
{
	(void)p;
	return n > 0;
}

static bool by_record(const char *p, size_t n)
{
	struct ek_record r;

	ek_record_scan(&r, p, n);
	return r.kind == EK_DOCUMENT || r.kind == EK_INDEX;
}

static bool by_tree(const char *p, size_t n)
{
	static struct ek_tree tree;

	return ek_tree_build(&tree, p, n) == EK_TREE_OK;
}

static bool by_json_c(const char *p, size_t n)
{
	static json_tokener *tokener;
	json_object *object;

	if (!tokener)
		tokener = json_tokener_new_ex(EK_DEPTH_MAX);
	json_tokener_reset(tokener);
	object = json_tokener_parse_ex(tokener, p, (int)n);
	json_object_put(object);
	return object != NULL;
}

#ifdef SECVF_YYJSON
static bool by_yyjson(const char *p, size_t n)
{
	yyjson_doc *doc = yyjson_read(p, n, YYJSON_READ_ALLOW_INVALID_UNICODE);

	yyjson_doc_free(doc);
	return doc != NULL;
}
#endif

static const struct engine {
	const char *name;
	engine_function *function;
} engines[] = {
	{"lines", by_nothing},
	{"record", by_record},
	{"tree", by_tree},
	{"json-c", by_json_c},
#ifdef SECVF_SIMDJSON
	{"simdjson-dom", simdjson_dom},
	{"simdjson-on-demand", simdjson_on_demand},
#endif
#ifdef SECVF_YYJSON
	{"yyjson", by_yyjson},
#endif
};
#define ENGINES (sizeof(engines) / sizeof(engines[0]))

static int list(void)
{
	for (size_t i = 0; i < ENGINES; i++)
		printf("%s\n", engines[i].name);
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		if (ek_isa_has((enum ek_isa)isa))
			printf("record:%s\n", ek_isa_name((enum ek_isa)isa));
	}
	return 0;
}

/* The function of an engine, whose way of skipping is set too; or NULL. */
static engine_function *find(const char *name)
{
	for (size_t i = 0; i < ENGINES; i++) {
		if (strcmp(name, engines[i].name) == 0)
			return engines[i].function;
	}
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		if (strncmp(name, "record:", 7) == 0 && ek_isa_has((enum ek_isa)isa) &&
		    strcmp(name + 7, ek_isa_name((enum ek_isa)isa)) == 0) {
			ek_isa_use((enum ek_isa)isa);
			return by_record;
		}
	}
	return NULL;
}

static bool read_whole(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rbe");
	size_t got;

	if (!f)
		return false;
	do {
		if (!buf_reserve(b, 1 << 20))
			break;
		got = fread(b->p + b->n, 1, 1 << 20, f);
		b->n += got;
	} while (got);
	return !fclose(f) && buf_reserve(b, PADDING);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#ifdef __linux__
/* A counter of the processor's own for this process, or -1 where the machine does not tell. */
static int counter(uint64_t config)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE,
				       .size = sizeof(attr),
				       .config = config,
				       .exclude_kernel = 1,
				       .exclude_hv = 1};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t counted(int fd)
{
	uint64_t n = 0;

	return fd >= 0 && read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}
#else
#define PERF_COUNT_HW_CPU_CYCLES   0
#define PERF_COUNT_HW_INSTRUCTIONS 0
static int counter(uint64_t config)
{
	(void)config;
	return -1;
}

static uint64_t counted(int fd)
{
	(void)fd;
	return 0;
}
#endif

struct seen {
	uint64_t lines, refused, bytes;
};

static void round_of(const struct buf *b, engine_function *f, struct seen *seen)
{
	const char *p = b->p, *end = b->p + b->n, *newline;

	for (; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline)
			newline = end;
		seen->lines++;
		seen->refused += !f(p, (size_t)(newline - p));
	}
	seen->bytes += b->n;
}

int main(int argc, char **argv)
{
	struct seen seen = {0}, first = {0};
	struct buf text = {0};
	engine_function *f;
	struct rusage usage;
	uint64_t start, took, cycles, instructions;
	int cycles_fd, instructions_fd;
	long before;

	if (argc == 1)
		return list();
	f = argc == 4 ? find(argv[1]) : NULL;
	if (!f) {
		fprintf(stderr,
			"usage: bench_ek ENGINE SECONDS FILE; without arguments: engines\n");
		return 2;
	}
	if (!read_whole(argv[3], &text)) {
		fprintf(stderr, "bench_ek: %s: cannot be read\n", argv[3]);
		return 2;
	}
	memset(text.p + text.n, 0, PADDING);
	getrusage(RUSAGE_SELF, &usage);
	before = usage.ru_maxrss;
	round_of(&text, f, &first);
	cycles_fd = counter(PERF_COUNT_HW_CPU_CYCLES);
	instructions_fd = counter(PERF_COUNT_HW_INSTRUCTIONS);
	cycles = counted(cycles_fd);
	instructions = counted(instructions_fd);
	start = now_ns();
	do
		round_of(&text, f, &seen);
	while ((took = now_ns() - start) < (uint64_t)(atof(argv[2]) * 1e9));
	cycles = counted(cycles_fd) - cycles;
	instructions = counted(instructions_fd) - instructions;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"engine\":\"%s\",\"mb_s\":%.1f,\"lines_s\":%.0f,\"lines\":%" PRIu64
	       ",\"refused\":%" PRIu64 ",\"cycles_byte\":%.3f,\"instructions_byte\":%.3f,"
	       "\"grown_kb\":%ld}\n",
	       argv[1], (double)seen.bytes * 1e3 / (double)took,
	       (double)seen.lines * 1e9 / (double)took, first.lines, first.refused,
	       (double)cycles / (double)seen.bytes, (double)instructions / (double)seen.bytes,
	       usage.ru_maxrss - before);
	buf_done(&text);
	return 0;
}
