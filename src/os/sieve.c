/* sieve.c - frames to a tshark with a display filter */
#include "os/sieve.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "feed/pcap_record.h"
#include "os/actor.h"
#include "tshark/args.h"

/* Until its FIFO has a reader, and after everything is written: how soon it is looked at again. */
#define OPEN_NS	     UINT64_C(2000000)
#define QUIET_NS     UINT64_C(2000000)
#define QUIET_NS_MAX UINT64_C(256000000)
/* Where nobody can tell whether it waits: long, for those few frames, without a word. */
#define WORDLESS_NS UINT64_C(1000000000)
/* With so many frames on their way the pipes are looked at once a millisecond, as a wake-up for
 * each piece that tshark reads or prints costs more than all the rest. */
#define CROWD	 32u
#define CROWD_NS UINT64_C(1000000)

static uint64_t count_of(const atomic_ullong *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static void add(atomic_ullong *n, uint64_t more)
{
	atomic_fetch_add_explicit(n, more, memory_order_relaxed);
}

enum sieve_state sieve_state(const struct sieve *s)
{
	/* Acquire: pairs with end(); why is written before. */
	return (enum sieve_state)atomic_load_explicit(&s->state, memory_order_acquire);
}

static bool cancelled(const struct sieve *s)
{
	return atomic_load_explicit(&s->cancelled, memory_order_relaxed);
}

static void progressed(struct sieve *s)
{
	if (s->config.progress)
		s->config.progress(s->config.progress_ctx);
}

static void fail(struct sieve *s, const char *what, const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s: %s", what, why);
	audit_begin(&s->audit, "display_filter_failed");
	audit_text(&s->audit, "filter", s->filter, strlen(s->filter));
	audit_text(&s->audit, "error", s->why, strlen(s->why));
	audit_end(&s->audit);
	atomic_store_explicit(&s->state, SIEVE_FAILED, memory_order_release);
}

/* ---- tshark ---- */

static bool start_tshark(struct sieve *s, uint64_t now_ns)
{
	struct args_config config = {.tshark = s->config.tshark,
				     .fifo = s->fifo_path,
				     .dissect = s->config.dissect,
				     .display = s->filter,
				     .flush = true};
	struct args args;
	int error = s->port.ops->fifo_make(s->port.ctx, s->fifo_path);

	if (error) {
		fail(s, "no FIFO can be made", strerror(-error));
		return false;
	}
	error = args_make(&args, &config) ? s->port.ops->spawn(s->port.ctx, args.argv, &s->child)
					  : -ENOMEM;
	args_done(&args);
	if (error) {
		s->child.pid = 0;
		s->port.ops->fifo_remove(s->port.ctx, s->fifo_path);
		fail(s, s->config.tshark, strerror(-error));
		return false;
	}
	add(&s->generations, 1);
	s->started_ns = s->moved_ns = now_ns;
	s->memory_due_ns = now_ns + SIEVE_LOOK_NS;
	s->line_n = 0;
	s->said[0] = '\0';
	s->ending = false;
	s->quiet_ns = 0;
	return true;
}

static void close_fifo(struct sieve *s)
{
	if (s->fifo >= 0)
		close(s->fifo);
	s->fifo = -1;
}

/* Return: as wait()'s */
static int end_tshark(struct sieve *s, bool kill_it)
{
	int status = 0;

	if (!s->child.pid)
		return 0;
	close_fifo(s);
	if (kill_it)
		kill(s->child.pid, SIGKILL);
	close(s->child.out);
	close(s->child.err);
	while (waitpid(s->child.pid, &status, 0) < 0 && errno == EINTR) {
	}
	s->port.ops->fifo_remove(s->port.ctx, s->fifo_path);
	s->child.pid = 0;
	return status;
}

static void hear(struct sieve *s)
{
	char text[sizeof(s->said)];
	ssize_t n;

	while ((n = read(s->child.err, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		if (!strstr(text, "could be dangerous"))
			memcpy(s->said, text, (size_t)n + 1);
	}
}

/* The question, should there be one, is answered at once. */
static void take_back(struct sieve *s)
{
	atomic_store_explicit(&s->query.wait, false, memory_order_relaxed);
	s->config.wake(s->config.wake_ctx);
}

/* A record that is in the buffer as a whole or not at all: what was written of it is lost with its
 * reader. */
static bool next_tshark(struct sieve *s, bool died, const char *why)
{
	uint64_t out;
	bool again;

	s->buffer.n = s->buffer_at = 0;
	s->written = s->taken = 0;
	segment_unref(s->segment);
	s->segment = NULL;
	s->block = NULL;
	s->ending = false;
	s->renewed = true;
	/* It may be for a frame that is yet to come. */
	if (s->asked)
		take_back(s);
	again = judge_restart(&s->judge, died, &out);
	if (died) {
		audit_begin(&s->audit, "display_filter_died");
		audit_text(&s->audit, "filter", s->filter, strlen(s->filter));
		audit_u64(&s->audit, "generation", count_of(&s->generations));
		audit_str(&s->audit, "why", why);
		if (out)
			audit_u64(&s->audit, "left_out", out);
		audit_end(&s->audit);
	}
	if (out)
		add(&s->out, 1);
	if (!again)
		fail(s, "too many frames end tshark", why);
	return again;
}

/* ---- what it prints ---- */

/* Numbers, one a line, with blanks before them. */
static void read_line(struct sieve *s, char c)
{
	if (c != '\n') {
		if (c >= '0' && c <= '9' && s->line_n < 20)
			s->line[s->line_n++] = c;
		return;
	}
	s->line[s->line_n] = '\0';
	if (s->line_n && !judge_line(&s->judge, strtoull(s->line, NULL, 10))) {
		audit_begin(&s->audit, "display_filter_line");
		audit_str(&s->audit, "number", s->line);
		audit_end(&s->audit);
	}
	s->line_n = 0;
}

/* Return: whether its output has ended */
static bool read_output(struct sieve *s, bool *moved)
{
	char text[65536];
	ssize_t n;

	while ((n = read(s->child.out, text, sizeof(text))) > 0) {
		*moved = true;
		for (ssize_t i = 0; i < n; i++)
			read_line(s, text[i]);
	}
	return n == 0;
}

/* ---- frames ---- */

static void on_answer(struct frame_query *q)
{
	struct sieve *s = q->ctx;

	/* Once it is answered, nothing but the lock keeps sieve_done() from freeing the waker. */
	pthread_mutex_lock(&s->answering);
	/* Release: pairs with have_frame(). */
	atomic_store_explicit(&s->answered, true, memory_order_release);
	waker_wake(&s->waker);
	pthread_mutex_unlock(&s->answering);
}

static void ask(struct sieve *s, uint64_t id)
{
	s->query.id = id;
	s->query.answer = on_answer;
	s->query.ctx = s;
	s->query.where = FRAME_NONE;
	s->query.segment = NULL;
	/* Who takes it back may do so at this moment: then the pipeline is woken for it once more.
	 */
	atomic_store_explicit(&s->query.wait, count_of(&s->end) == UINT64_MAX && !cancelled(s),
			      memory_order_relaxed);
	atomic_store_explicit(&s->answered, false, memory_order_relaxed);
	s->asked = pipeline_ask(s->config.pipeline, &s->query);
	if (s->asked)
		s->config.wake(s->config.wake_ctx);
	else
		fail(s, "frames cannot be had", "the run has ended");
}

static void lose(struct sieve *s, uint64_t end)
{
	while (s->judge.next < end) {
		judge_skip(&s->judge);
		add(&s->lost, 1);
	}
}

/* A frame that has left memory. Its file may be being sealed: then later. */
static void read_left(struct sieve *s, uint64_t id, uint64_t tail, uint64_t now_ns)
{
	uint64_t next;

	if (!s->config.places || !s->scans) {
		lose(s, tail);
		return;
	}
	if (frame_scan_to(&s->scan, id, &s->block) == 0) {
		s->block_id = id;
		s->block_end = id + 1;
		s->tries = 0;
		s->try_ns = 0;
		return;
	}
	if (++s->tries < SIEVE_TRIES) {
		s->try_ns = now_ns + SIEVE_TRY_NS;
		return;
	}
	s->tries = 0;
	s->try_ns = 0;
	lose(s, !places_range(s->config.places, id, &next) && next < tail ? next : id + 1);
}

/* Have judge.next in hand. Return: whether it is */
static bool have_frame(struct sieve *s, uint64_t now_ns)
{
	uint64_t id = s->judge.next;

	if (s->block && s->block_id == id)
		return true;
	if (id >= count_of(&s->end))
		return false;
	if (s->asked) {
		if (!atomic_load_explicit(&s->answered, memory_order_acquire))
			return false;
		s->asked = false;
		if (s->query.where == FRAME_IN_MEMORY && s->query.id == id) {
			s->segment = s->query.segment;
			s->block = s->query.block;
			s->block_id = id;
			s->block_end = s->query.end;
			return true;
		}
		segment_unref(s->query.segment);
		s->left_to = s->query.tail;
		if (s->query.where == FRAME_LEFT && s->query.id == id)
			read_left(s, id, s->query.tail, now_ns);
		if (s->block)
			return true;
	}
	if (now_ns >= s->try_ns)
		ask(s, id);
	return false;
}

/* The frame in hand is done with: the next one of its segment is, or none. */
static void step_frame(struct sieve *s)
{
	if (++s->block_id < s->block_end) {
		do
			s->block += block_bytes(s->block);
		while (!block_is_packet(s->block));
		return;
	}
	segment_unref(s->segment);
	s->segment = NULL;
	/* Frames on disk follow each other; no question is needed for those that are there. */
	if (!s->scans || s->block_id >= s->left_to ||
	    frame_scan_to(&s->scan, s->block_id, &s->block) != 0)
		s->block = NULL;
	else
		s->block_end = s->block_id + 1;
}

static void put_record(struct sieve *s, const struct packet_view *v)
{
	unsigned char header[PCAP_RECORD_BYTES];

	if (!s->buffer.n && !s->written) {
		unsigned char file[PCAP_FILE_BYTES];

		pcap_file_header(file);
		buf_put(&s->buffer, file, sizeof(file));
	}
	pcap_record_header(header, v);
	buf_put(&s->buffer, header, sizeof(header));
	buf_put(&s->buffer, v->data, v->caplen);
}

static enum sieve_verdict verdict(struct sieve *s, uint64_t id, const struct packet_view *v)
{
	enum sieve_verdict verdict =
		s->config.native ? s->config.native(s->config.native_ctx, id, v) : SIEVE_ASK;

	return verdict == SIEVE_ASK && !s->config.tshark ? SIEVE_NO : verdict;
}

/* Frames into the buffer, as many as there is room for. Return: whether any verdict came */
static bool take_frames(struct sieve *s, uint64_t now_ns)
{
	bool judged = false;

	for (unsigned i = 0; i < 65536 && s->buffer.n < SIEVE_BUFFER_BYTES &&
			     judge_may_feed(&s->judge, s->taken) && have_frame(s, now_ns);
	     i++) {
		uint64_t id = s->judge.next;
		struct packet_view v = packet_of(s->block);
		enum sieve_verdict known = verdict(s, id, &v);

		if (id >= count_of(&s->known))
			atomic_store_explicit(&s->known, id + 1, memory_order_relaxed);
		if (known == SIEVE_ASK && !judge_is_out(&s->judge, id)) {
			put_record(s, &v);
			judge_fed(&s->judge, id, (uint64_t)PCAP_RECORD_BYTES + v.caplen);
			add(&s->fed, 1);
		} else {
			if (known == SIEVE_YES)
				matches_add(&s->matches, id);
			judge_skip(&s->judge);
			add(&s->native, known != SIEVE_ASK);
			judged = true;
		}
		step_frame(s);
	}
	return judged;
}

/* ---- the FIFO ---- */

/* Return: whether tshark has taken something since */
static bool look_at_fifo(struct sieve *s)
{
	int unread = 0;
	uint64_t taken;

	if (s->fifo < 0 || ioctl(s->fifo, FIONREAD, &unread))
		return false;
	taken = s->written - (uint64_t)unread;
	if (taken == s->taken)
		return false;
	s->taken = taken;
	return true;
}

static void write_buffer(struct sieve *s, uint64_t now_ns)
{
	while (s->fifo >= 0 && s->buffer_at < s->buffer.n) {
		ssize_t n = write(s->fifo, s->buffer.p + s->buffer_at, s->buffer.n - s->buffer_at);

		if (n < 0 && errno != EINTR) {
			/* EPIPE: its end is noticed by its output. */
			if (errno != EAGAIN) {
				look_at_fifo(s);
				close_fifo(s);
			}
			break;
		}
		if (n > 0) {
			s->buffer_at += (size_t)n;
			s->written += (uint64_t)n;
			s->moved_ns = now_ns;
		}
	}
	if (s->buffer_at == s->buffer.n)
		s->buffer.n = s->buffer_at = 0;
}

#ifdef __linux__
/* A file of /proc about the process. Return: false where it can't be read */
static bool read_proc(const struct sieve *s, const char *name, char text[512])
{
	char path[64];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", s->child.pid, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, 511, f);
	fclose(f);
	text[n] = '\0';
	return n > 0;
}
#endif

/* Whether it waits for more input: it sleeps, in a read of a pipe as far as the system tells where.
 */
static bool waits(const struct sieve *s)
{
	bool quiet = clock_now_ns() - s->moved_ns > WORDLESS_NS;
#ifdef __linux__
	char text[512];
	const char *name_end;

	if (!read_proc(s, "stat", text))
		return false;
	name_end = strrchr(text, ')');
	if (!name_end || name_end[1] != ' ' || name_end[2] != 'S')
		return false;
	/* "0": it has woken up since, or the system does not tell where anybody sleeps. */
	if (!read_proc(s, "wchan", text) || strcmp(text, "0") == 0)
		return quiet;
	return strstr(text, "pipe") && !strstr(text, "write");
#else
	return quiet;
#endif
}

/* ---- the thread ---- */

/* Its output has ended: well, where its input was closed, else not. Return: whether to go on */
static bool tshark_ended(struct sieve *s, bool killed, const char *how)
{
	bool ending = s->ending;
	char why[700];
	int status;

	/* What it took last tells which frame it was on. */
	look_at_fifo(s);
	judge_taken(&s->judge, s->taken);
	hear(s);
	status = end_tshark(s, killed);
	if (ending && !killed && status == 0) {
		judge_all(&s->judge);
		return true;
	}
	s->said[strcspn(s->said, "\n")] = '\0';
	if (WIFSIGNALED(status) && !killed)
		snprintf(why, sizeof(why), "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "%s%s%s", how, s->said[0] ? ": " : "", s->said);
	return next_tshark(s, true, why);
}

/* More memory than it may have: end it between two frames. */
static void look_at_memory(struct sieve *s, uint64_t now_ns)
{
	int64_t bytes;

	if (!s->child.pid || s->ending || now_ns < s->memory_due_ns || !s->port.ops->memory)
		return;
	s->memory_due_ns = now_ns + SIEVE_LOOK_NS;
	bytes = s->port.ops->memory(s->port.ctx, s->child.pid);
	if (bytes <= 0 || (uint64_t)bytes <= s->config.memory_max || s->buffer.n)
		return;
	audit_begin(&s->audit, "display_filter_renewed");
	audit_u64(&s->audit, "id", s->judge.next);
	audit_u64(&s->audit, "bytes", (uint64_t)bytes);
	audit_end(&s->audit);
	s->ending = true;
	close_fifo(s);
}

/* How long it may go without taking or printing anything. */
static uint64_t patience(const struct sieve *s)
{
	return s->fifo < 0 ? SIEVE_START_NS : s->config.hang_ns;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sleep until something may have happened. */
static void wait_for(struct sieve *s, bool wants_frames, uint64_t now_ns)
{
	bool crowded = judge_unjudged(&s->judge) > CROWD && s->fifo >= 0;
	struct pollfd fds[] = {
		{.fd = waker_fd(&s->waker), .events = POLLIN},
		{.fd = s->child.pid && !crowded ? s->child.out : -1, .events = POLLIN},
		{.fd = s->child.pid && !crowded ? s->child.err : -1, .events = POLLIN},
		{.fd = s->buffer_at < s->buffer.n && !crowded ? s->fifo : -1, .events = POLLOUT},
	};
	uint64_t due_ns = crowded ? now_ns + CROWD_NS : UINT64_MAX;

	if (s->child.pid && s->fifo < 0 && !s->ending)
		due_ns = now_ns + OPEN_NS;
	if (s->child.pid && !s->ending)
		due_ns = least(due_ns, s->memory_due_ns);
	if (judge_unjudged(&s->judge))
		due_ns = least(due_ns, s->moved_ns + patience(s));
	if (s->quiet_ns)
		due_ns = least(due_ns, now_ns + s->quiet_ns);
	if (s->try_ns && wants_frames)
		due_ns = least(due_ns, s->try_ns);
	actor_sleep(fds, 4, due_ns);
	waker_clear(&s->waker);
}

/* All is written: whether it has all been judged shows once tshark sleeps. */
static void look_for_quiet(struct sieve *s, bool *moved)
{
	if (!s->child.pid || s->fifo < 0 || s->buffer.n || !judge_unjudged(&s->judge)) {
		s->quiet_ns = 0;
		return;
	}
	if (s->taken == s->written && waits(s)) {
		/* What it printed before it slept is in the pipe. */
		read_output(s, moved);
		judge_all(&s->judge);
		s->quiet_ns = 0;
		*moved = true;
		return;
	}
	s->quiet_ns = !s->quiet_ns ? QUIET_NS : least(2 * s->quiet_ns, QUIET_NS_MAX);
}

/* Start, open, write, read. Return: false where it is over */
static bool step_tshark(struct sieve *s, uint64_t now_ns, bool *moved)
{
	if (!s->child.pid)
		return !s->buffer.n || start_tshark(s, now_ns);
	if (s->fifo < 0 && !s->ending) {
		s->fifo = s->port.ops->fifo_open(s->port.ctx, s->fifo_path);
		if (s->fifo >= 0)
			s->moved_ns = now_ns;
		else
			s->fifo = -1;
	}
	write_buffer(s, now_ns);
	*moved |= look_at_fifo(s);
	hear(s);
	/* What it printed before it took those bytes is in the pipe by now: that counts first. */
	if (read_output(s, moved))
		return tshark_ended(s, false, "it ended");
	judge_taken(&s->judge, s->taken);
	if (*moved)
		s->moved_ns = now_ns;
	else if (judge_unjudged(&s->judge) && now_ns - s->moved_ns >= patience(s))
		return tshark_ended(s, true, "it hung");
	look_at_memory(s, now_ns);
	return true;
}

/* Whether every frame has its verdict; the last tshark is ended on the way. */
static bool all_done(struct sieve *s)
{
	if (s->judge.next < count_of(&s->end) || s->buffer.n)
		return false;
	if (s->child.pid && !s->ending && s->fifo >= 0) {
		s->ending = true;
		close_fifo(s);
	}
	return !s->child.pid;
}

static void *run(void *ctx)
{
	struct sieve *s = ctx;
	bool ended = false;

	while (!cancelled(s) && sieve_state(s) == SIEVE_RUNS) {
		uint64_t now_ns = clock_now_ns();
		bool moved = false, frames;

		s->renewed = false;

		/* One that is to end is not fed; who follows it is. */
		frames = !s->ending || !s->child.pid;
		if (frames)
			moved = take_frames(s, now_ns);
		if (!step_tshark(s, now_ns, &moved))
			break;
		look_for_quiet(s, &moved);
		ended = all_done(s);
		if (moved || ended)
			progressed(s);
		if (ended)
			break;
		/* A renewal ends here: its context first. */
		if (s->ending && !s->child.pid && !next_tshark(s, false, ""))
			break;
		/* Who follows has to be fed first. */
		if (!s->renewed && (!moved || s->buffer_at < s->buffer.n || s->asked))
			wait_for(s, frames, now_ns);
	}
	end_tshark(s, true);
	if (ended)
		atomic_store_explicit(&s->state, SIEVE_DONE, memory_order_release);
	progressed(s);
	return NULL;
}

/* ---- start and end ---- */

static void free_all(struct sieve *s)
{
	segment_unref(s->segment);
	if (s->scans)
		frame_scan_done(&s->scan);
	judge_done(&s->judge);
	buf_done(&s->buffer);
	audit_done(&s->audit);
	pthread_mutex_destroy(&s->answering);
	waker_done(&s->waker);
	port_posix_done(&s->posix);
}

int sieve_start(struct sieve *s, const struct sieve_config *config)
{
	sigset_t all, before;
	int error;

	s->config = *config;
	s->fifo = -1;
	if (!s->config.memory_max)
		s->config.memory_max = SIEVE_MEMORY_BYTES;
	if (!s->config.hang_ns)
		s->config.hang_ns = SIEVE_HANG_NS;
	snprintf(s->filter, sizeof(s->filter), "%s", config->filter);
	s->config.filter = s->filter;
	s->audit = (struct audit){.line = config->audit_line, .ctx = config->audit_ctx};
	atomic_init(&s->end, UINT64_MAX);
	atomic_init(&s->known, 1);
	port_posix_init(&s->posix, &s->port);
	error = matches_init(&s->matches);
	if (error)
		return error;
	error = -pthread_mutex_init(&s->answering, NULL);
	if (!error)
		error = waker_init(&s->waker);
	if (error) {
		matches_done(&s->matches);
		return error;
	}
	s->scans = config->places && frame_scan_init(&s->scan, config->places) == 0;
	error = judge_init(&s->judge, &s->matches);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!error)
		error = -pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		free_all(s);
		matches_done(&s->matches);
	}
	return error;
}

void sieve_end(struct sieve *s, uint64_t end)
{
	atomic_store_explicit(&s->end, end, memory_order_relaxed);
	waker_wake(&s->waker);
}

void sieve_cancel(struct sieve *s)
{
	atomic_store_explicit(&s->cancelled, true, memory_order_relaxed);
	waker_wake(&s->waker);
	take_back(s);
}

void sieve_done(struct sieve *s)
{
	pthread_join(s->thread, NULL);
	/* The pipeline may still hold the question, which is ours. */
	while (s->asked && !atomic_load_explicit(&s->answered, memory_order_acquire)) {
		struct pollfd fd = {.fd = waker_fd(&s->waker), .events = POLLIN};

		take_back(s);
		actor_sleep(&fd, 1, UINT64_MAX);
		waker_clear(&s->waker);
	}
	pthread_mutex_lock(&s->answering);
	pthread_mutex_unlock(&s->answering);
	if (s->asked && s->query.where == FRAME_IN_MEMORY)
		segment_unref(s->query.segment);
	free_all(s);
	matches_done(&s->matches);
}

void sieve_put_state(struct sieve *s, struct buf *out)
{
	static const char *const states[] = {"runs", "done", "failed"};
	enum sieve_state state = sieve_state(s);

	buf_puts(out, "\"filter\":");
	buf_json(out, s->filter, strlen(s->filter));
	buf_printf(out,
		   ",\"state\":\"%s\",\"matches\":%" PRIu64 ",\"judged\":%" PRIu64
		   ",\"known\":%" PRIu64,
		   states[state], count_of(&s->matches.count), count_of(&s->matches.judged) - 1,
		   count_of(&s->known) - 1);
	if (state == SIEVE_FAILED) {
		buf_puts(out, ",\"error\":");
		buf_json(out, s->why, strlen(s->why));
	}
}

void sieve_put_status(struct sieve *s, struct buf *out)
{
	sieve_put_state(s, out);
	buf_printf(out,
		   ",\"by_tshark\":%" PRIu64 ",\"native\":%" PRIu64 ",\"lost\":%" PRIu64
		   ",\"left_out\":%" PRIu64 ",\"generations\":%" PRIu64,
		   count_of(&s->fed), count_of(&s->native), count_of(&s->lost), count_of(&s->out),
		   count_of(&s->generations));
}
