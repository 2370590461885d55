/* bench_ek.c - how fast recorded EK lines are decoded: bench_ek ENGINE SECONDS FILE
 *
 * ENGINE: lines (cut only), record (by the best way there is), record:ISA, tree, json-c,
 * simdjson-dom, simdjson-on-demand, yyjson; without arguments those that this build has. The file
 * is read whole and its lines are cut again in each round, by each engine. Prints one line of JSON.
 * tests/bench/ek runs them in turn.
 */
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
#include "cli/ek_engines.h"
#include "ek/ek_record.h"

#ifdef SECVF_YYJSON
static bool by_yyjson(const char *p, size_t n)
{
	yyjson_doc *doc = yyjson_read(p, n, YYJSON_READ_ALLOW_INVALID_UNICODE);

	yyjson_doc_free(doc);
	return doc != NULL;
}
#endif

/* Those that the program itself does not have. */
static const struct ek_engines_entry more[] = {
#ifdef SECVF_SIMDJSON
	{"simdjson-dom", simdjson_dom},
	{"simdjson-on-demand", simdjson_on_demand},
#endif
#ifdef SECVF_YYJSON
	{"yyjson", by_yyjson},
#endif
	{NULL, NULL},
};

static int list(void)
{
	for (size_t i = 0; ek_engines[i].name; i++)
		printf("%s\n", ek_engines[i].name);
	for (size_t i = 0; more[i].name; i++)
		printf("%s\n", more[i].name);
	for (unsigned isa = 0; isa < EK_ISAS; isa++) {
		if (ek_isa_has((enum ek_isa)isa))
			printf("record:%s\n", ek_isa_name((enum ek_isa)isa));
	}
	return 0;
}

static ek_engine *find(const char *name)
{
	for (size_t i = 0; more[i].name; i++) {
		if (strcmp(name, more[i].name) == 0)
			return more[i].function;
	}
	return ek_engines_find(name);
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
	return !fclose(f) && buf_reserve(b, EK_ENGINES_PADDING);
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

int main(int argc, char **argv)
{
	struct ek_engines_seen seen = {0}, first = {0};
	struct buf text = {0};
	ek_engine *f;
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
	memset(text.p + text.n, 0, EK_ENGINES_PADDING);
	getrusage(RUSAGE_SELF, &usage);
	before = usage.ru_maxrss;
	ek_engines_round(text.p, text.n, f, &first);
	cycles_fd = counter(PERF_COUNT_HW_CPU_CYCLES);
	instructions_fd = counter(PERF_COUNT_HW_INSTRUCTIONS);
	cycles = counted(cycles_fd);
	instructions = counted(instructions_fd);
	start = now_ns();
	do
		ek_engines_round(text.p, text.n, f, &seen);
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
