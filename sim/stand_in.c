/* stand_in.c - between the FIFO and the real tshark */
#include "stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/buf.h"
#include "base/bytes.h"
#include "plan.h"

#define ARGS_MAX    64
#define QUEUE_BYTES (256u << 10) /* that may wait for the real tshark */
#define RECORD_MAX  (1u << 20)

/* How long all records before a fault may take to be printed. */
#define DRAIN_NS UINT64_C(20000000000)

struct stand_in {
	struct plan plan;
	struct sim_random random;
	uint32_t generation;
	bool flushes;		/* -l was given: each record is printed at once */
	int fifo;		/* -1: closed */
	pid_t tshark;		/* 0: there is none */
	int to, from;		/* its stdin and stdout; -1: closed */
	struct buf in;		/* read from the FIFO, not a whole record yet */
	struct buf queue;	/* for the real tshark */
	struct buf lines;	/* from it, not a whole record yet */
	bool header;		/* the file header was seen */
	uint64_t read, printed; /* records */
};

static volatile sig_atomic_t termed;

static void on_term(int number)
{
	(void)number;
	termed = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "stand-in: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Until TERM, at most. */
static void sleep_ns(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000),
			     .tv_nsec = (long)(ns % 1000000000)};

	while (!termed && nanosleep(&t, &t) < 0 && errno == EINTR) {
	}
}

static void write_all(int fd, const void *p, size_t n)
{
	const char *bytes = p;

	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		/* Nobody reads us any more: as tshark does. */
		if (done < 0)
			exit(2);
		bytes += done;
		n -= (size_t)done;
	}
}

/* ---- ways to end ---- */

static void end_tshark(struct stand_in *s)
{
	if (!s->tshark)
		return;
	kill(s->tshark, SIGKILL);
	waitpid(s->tshark, NULL, 0);
	s->tshark = 0;
}

static void crash(struct stand_in *s, int number)
{
	const struct rlimit none = {0};

	end_tshark(s);
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	raise(number);
	_exit(1);
}

static void hang(struct stand_in *s)
{
	while (!termed)
		sleep_ns(UINT64_C(3600000000000));
	end_tshark(s);
	_exit(0);
}

/* ---- output ---- */

static void flood(uint64_t bytes)
{
	static const char line[] = "Warning: something is odd with this packet, as so often\n";

	for (uint64_t n = 0; n < bytes; n += sizeof(line) - 1)
		write_all(STDERR_FILENO, line, sizeof(line) - 1);
}

static void print_long(uint64_t bytes)
{
	char piece[4096];

	memset(piece, 'x', sizeof(piece));
	write_all(STDOUT_FILENO, "{\"timestamp\":\"", 14);
	for (; bytes > sizeof(piece); bytes -= sizeof(piece))
		write_all(STDOUT_FILENO, piece, sizeof(piece));
	write_all(STDOUT_FILENO, piece, bytes);
	write_all(STDOUT_FILENO, "\n", 1);
}

/* The record with a number that no frame has: in lean and summary "no", in full frame_frame_number.
 */
static void print_wrong_number(const char *record, size_t n)
{
	static const char *const keys[] = {"\"no\":\"", "\"frame_frame_number\":\""};
	const char *at = NULL, *end = record + n;
	struct buf other = {0};
	unsigned long long number;

	for (size_t i = 0; i < 2 && !at; i++) {
		at = memmem(record, n, keys[i], strlen(keys[i]));
		at += at ? strlen(keys[i]) : 0;
	}
	if (!at)
		return;
	number = strtoull(at, (char **)&end, 10);
	buf_put(&other, record, (size_t)(at - record));
	buf_u64(&other, number + 2000000);
	buf_put(&other, end, (size_t)(record + n - end));
	if (!other.failed)
		write_all(STDOUT_FILENO, other.p, other.n);
	buf_done(&other);
}

/* One record as tshark printed it: two lines, and what the plan makes of them. */
static void print_record(struct stand_in *s, char *record, size_t n)
{
	bool missing = false, twice = false;

	s->printed++;
	for (unsigned i = 0; i < s->plan.count; i++) {
		const struct fault *f = &s->plan.fault[i];

		if (!plan_strikes(f, s->generation, s->printed, &s->random))
			continue;
		switch (f->kind) {
		case FAULT_TSHARK_NOISE:
			write_all(STDOUT_FILENO, "=====\n\nLua: print\n", 18);
			break;
		case FAULT_TSHARK_BROKEN:
			write_all(STDOUT_FILENO, "{\"timestamp\":\"1\",\"no\":\"7\",\"src\":\n",
				  34);
			break;
		case FAULT_TSHARK_LONG: print_long(f->bytes); break;
		case FAULT_TSHARK_STDERR: flood(f->bytes); break;
		case FAULT_TSHARK_WRONG_NUMBER: print_wrong_number(record, n); break;
		case FAULT_TSHARK_CUT: record[n / 2 + 30 < n ? n / 2 + 30 : n / 2] = '\n'; break;
		case FAULT_TSHARK_DUPLICATE: twice = true; break;
		case FAULT_TSHARK_MISSING: missing = true; break;
		default: break;
		}
	}
	if (!missing)
		write_all(STDOUT_FILENO, record, n);
	if (twice)
		write_all(STDOUT_FILENO, record, n);
}

/* Bytes of the first record in s->lines: its index line, its document; 0: there is no whole one. */
static size_t whole_record(const struct stand_in *s)
{
	const char *end = s->lines.p + s->lines.n, *first, *second = NULL;

	first = s->lines.n ? memchr(s->lines.p, '\n', s->lines.n) : NULL;
	if (first)
		second = memchr(first + 1, '\n', (size_t)(end - first - 1));
	return second ? (size_t)(second + 1 - s->lines.p) : 0;
}

static void drop_front(struct buf *b, size_t n)
{
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

static void print_whole_records(struct stand_in *s)
{
	size_t n;

	while ((n = whole_record(s)) > 0) {
		print_record(s, s->lines.p, n);
		drop_front(&s->lines, n);
	}
}

/* Return: whether something came; where it ended, s->from is closed. */
static bool read_into(int *fd, struct buf *b)
{
	ssize_t n;

	if (!buf_reserve(b, 65536))
		fail("memory");
	n = read(*fd, b->p + b->n, 65536);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0) {
		close(*fd);
		*fd = -1;
	}
	b->n += (size_t)n;
	return n > 0;
}

/* ---- the real tshark ---- */

static void start_tshark(struct stand_in *s, char *argv[])
{
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		fail("pipe");
	s->tshark = fork();
	if (s->tshark < 0)
		fail("fork");
	if (s->tshark == 0) {
#ifdef __linux__
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
		signal(SIGTERM, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	s->to = to[1];
	s->from = from[0];
	fcntl(s->to, F_SETFL, O_NONBLOCK);
}

static void write_queue(struct stand_in *s)
{
	ssize_t n = write(s->to, s->queue.p, s->queue.n);

	if (n > 0)
		drop_front(&s->queue, (size_t)n);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close(s->to);
		s->to = -1;
		s->queue.n = 0;
	}
}

/* Move bytes to and from the real tshark, and from the FIFO where @input. */
static void move(struct stand_in *s, bool input, int timeout_ms)
{
	struct pollfd fds[3] = {
		{.fd = input && s->queue.n < QUEUE_BYTES ? s->fifo : -1, .events = POLLIN},
		{.fd = s->queue.n ? s->to : -1, .events = POLLOUT},
		{.fd = s->from, .events = POLLIN},
	};

	if (poll(fds, 3, timeout_ms) <= 0)
		return;
	if (fds[2].revents && read_into(&s->from, &s->lines))
		print_whole_records(s);
	if (fds[1].revents)
		write_queue(s);
	if (fds[0].revents)
		read_into(&s->fifo, &s->in);
}

/* Before a fault ends it, what came before is printed. */
static void drain(struct stand_in *s)
{
	uint64_t end_ns = now_ns() + DRAIN_NS;

	while (s->flushes && s->tshark && s->from >= 0 && s->printed < s->read && !termed &&
	       now_ns() < end_ns)
		move(s, false, 100);
}

/* ---- input ---- */

/* A line of our own for a frame, where there is no tshark. */
static void decode_alone(struct stand_in *s, uint32_t length)
{
	struct buf record = {0};

	buf_printf(&record,
		   "{\"index\":{\"_index\":\"packets-2026-01-02\",\"_type\":\"doc\"}}\n"
		   "{\"timestamp\":\"1\",\"no\":\"%" PRIu64 "\",\"src\":\"a\",\"dst\":\"b\","
		   "\"proto\":\"STAND-IN\",\"len\":\"%" PRIu32 "\",\"info\":\"%" PRIu64
		   "\",\"layers\":{\"eth\":{}}}\n",
		   s->read, length, s->read);
	if (record.failed)
		fail("memory");
	print_record(s, record.p, record.n);
	buf_done(&record);
}

/* What the plan does with a record that is about to be read; 0: with the start. */
static void strike(struct stand_in *s, uint64_t number, const unsigned char *data, uint32_t caplen)
{
	for (unsigned i = 0; i < s->plan.count; i++) {
		const struct fault *f = &s->plan.fault[i];
		bool poisoned = number && plan_poisons(f, data, caplen);

		if (f->kind == FAULT_TSHARK_POISON
			    ? !poisoned
			    : !plan_strikes(f, s->generation, number, &s->random))
			continue;
		switch (f->kind) {
		case FAULT_TSHARK_POISON:
			drain(s);
			if (f->hangs)
				hang(s);
			crash(s, f->signal);
			break;
		case FAULT_TSHARK_CRASH:
			drain(s);
			crash(s, f->signal);
			break;
		case FAULT_TSHARK_EXIT:
			drain(s);
			end_tshark(s);
			exit(f->status);
		case FAULT_TSHARK_HANG:
			drain(s);
			hang(s);
			break;
		case FAULT_TSHARK_STALL:
			drain(s);
			sleep_ns(f->for_ns);
			break;
		case FAULT_TSHARK_SLOW:
			if (number)
				sleep_ns(f->for_ns);
			break;
		case FAULT_TSHARK_CLOSES:
			drain(s);
			close(s->fifo);
			s->fifo = -1;
			hang(s);
			break;
		case FAULT_TSHARK_STDERR:
			if (!number)
				flood(f->bytes);
			break;
		default: break;
		}
	}
}

/* The header, then records. Return: false where no whole one is there */
static bool take_record(struct stand_in *s)
{
	const unsigned char *p = (const unsigned char *)s->in.p;
	size_t n = 24;

	if (s->header && s->in.n >= 16)
		n = 16 + (size_t)le32_load(p + 8);
	if (s->in.n < (s->header ? 16 : 24) || s->in.n < n)
		return false;
	if (n > RECORD_MAX) {
		fprintf(stderr, "stand-in: a record of %zu bytes\n", n);
		exit(2);
	}
	if (s->header) {
		strike(s, s->read + 1, p + 16, (uint32_t)(n - 16));
		s->read++;
	}
	s->header = true;
	if (s->tshark)
		buf_put(&s->queue, s->in.p, n);
	else if (s->read)
		decode_alone(s, le32_load(p + 12));
	drop_front(&s->in, n);
	return true;
}

/* The real tshark ends as it does; we with it. */
static int finish(struct stand_in *s)
{
	int status = 0;

	while (s->to >= 0 && s->queue.n && !termed)
		move(s, false, 1000);
	if (s->to >= 0)
		close(s->to);
	if (!s->tshark)
		return s->in.n ? 2 : 0;
	if (termed)
		kill(s->tshark, SIGTERM);
	while (s->from >= 0)
		move(s, false, 1000);
	while (waitpid(s->tshark, &status, 0) < 0 && errno == EINTR) {
	}
	if (WIFSIGNALED(status)) {
		s->tshark = 0;
		crash(s, WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}

static uint32_t count_generation(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || write(fd, ".", 1) != 1 || fstat(fd, &st))
		fail(path);
	close(fd);
	return (uint32_t)st.st_size;
}

static bool asks_for_version(char **argv)
{
	for (; *argv; argv++) {
		if (strcmp(*argv, "--version") == 0 || strcmp(*argv, "-v") == 0)
			return true;
	}
	return false;
}

int stand_in(int argc, char **argv)
{
	static struct stand_in s = {.fifo = -1, .to = -1, .from = -1};
	struct sigaction action = {.sa_handler = on_term};
	bool alone = argc > 1 && strcmp(argv[1], "none") == 0;
	char *args[ARGS_MAX + 1], *fifo = NULL;
	struct err err;
	int n = 0;

	if (argc < 3 || argc > ARGS_MAX) {
		fprintf(stderr, "stand-in: PLAN TSHARK COUNT and tshark's arguments are wanted\n");
		return 1;
	}
	args[n++] = argv[1];
	for (int i = 3; i < argc; i++) {
		args[n++] = argv[i];
		s.flushes |= strcmp(argv[i], "-l") == 0;
		if (strcmp(argv[i], "-r") == 0 && i + 1 < argc) {
			fifo = argv[++i];
			args[n++] = (char *)"-";
		}
	}
	args[n] = NULL;
	if (alone && asks_for_version(argv + 3)) {
		puts(STAND_IN_VERSION);
		return 0;
	}
	if (asks_for_version(argv + 3) || !fifo) {
		execv(argv[1], args);
		fail(argv[1]);
	}
	if (!plan_load(&s.plan, argv[0], &err)) {
		fprintf(stderr, "stand-in: %s\n", err.text);
		return 1;
	}
	s.generation = count_generation(argv[2]);
	s.random.state = s.plan.seed * 1000003 + s.generation;
	sigaction(SIGTERM, &action, NULL);
	for (unsigned i = 0; i < s.plan.count; i++) {
		if (s.plan.fault[i].kind == FAULT_TSHARK_DEAF &&
		    plan_strikes(&s.plan.fault[i], s.generation, 0, &s.random))
			signal(SIGTERM, SIG_IGN);
	}
	signal(SIGPIPE, SIG_IGN);
	strike(&s, 0, NULL, 0);
	s.fifo = termed ? -1 : open(fifo, O_RDONLY | O_CLOEXEC);
	if (s.fifo < 0)
		return termed ? 0 : 2;
	if (!alone)
		start_tshark(&s, args);
	while (s.fifo >= 0 && !termed) {
		while (!termed && take_record(&s)) {
		}
		if (s.fifo >= 0)
			move(&s, true, -1);
	}
	while (!termed && take_record(&s)) {
	}
	return finish(&s);
}
