/* replaying.h - one capture through the real pipeline, in a process of its own, and its account
 *
 * Theory of operation: `secvf replay --topspeed -T json` is started with the capture; its rows are
 * read from a pipe as they come, its complaints, report and written file once it has ended. Nothing
 * of this waits: the owner polls replaying_fd(), calls replaying_read() when it is readable,
 * replaying_reap() when some child has ended, replaying_tick() when time has passed.
 *
 *     replaying_start() --> rows --end of stdout--> replaying_reap() true --> replaying_account()
 *
 * One that takes too long gets SIGTERM, again after TRIAL_GRACE_NS (which ends secvf and its tshark
 * at once), then SIGKILL.
 */
#ifndef SECVF_CLI_REPLAYING_H
#define SECVF_CLI_REPLAYING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/account.h"
#include "cli/golden.h"
#include "tshark/args.h"

#define TRIAL_GRACE_NS	   UINT64_C(3000000000)
#define TRIAL_ROW_BYTES	   (4u << 20)  /* 17 fields of 4,096 bytes at most, each byte escaped */
#define TRIAL_ERRORS_BYTES (1u << 20)  /* of stderr that are looked at */
#define TRIAL_REPORT_BYTES (64u << 20) /* far above any report */
#define TRIAL_WORDS_MAX	   1024u

struct replaying_config {
	const char *program; /* secvf */
	const char *capture;
	const char *tshark;  /* path, or "none" */
	const char *version; /* of tshark, or "" */
	enum profile profile;
	const struct golden_options *options;
	const struct account_fields *fields;
	const char *folder; /* of its own, made and removed by the caller */
	uint64_t timeout_ns;
};

struct replaying {
	struct replaying_config config; /* borrowed */
	pid_t pid;			/* 0: not running */
	int fd;				/* its stdout; -1: it has ended */
	int status;			/* as wait()'s */
	bool ended;
	bool late; /* it took longer than it may */
	unsigned signals;
	uint64_t start_ns, end_ns, due_ns; /* monotonic */
	struct buf line;
	uint64_t rows;
	char fault[512]; /* why its output is none; "" */
	struct account account;
};

/** replaying_start() - @t: zeroed; @config: copied, what it points to is borrowed until the end */
bool replaying_start(struct replaying *t, const struct replaying_config *config, uint64_t now_ns,
		     struct err *err);

/** replaying_fd() - To be polled for reading; -1: not any more */
int replaying_fd(const struct replaying *t);

/** replaying_read() - Take what there is */
void replaying_read(struct replaying *t);

/** replaying_reap() - Return: whether it has come to its end, output and process */
bool replaying_reap(struct replaying *t, uint64_t now_ns);

/** replaying_tick() - Send the signal that is due. Return: when the next one is */
uint64_t replaying_tick(struct replaying *t, uint64_t now_ns);

/** replaying_stop() - Have it end now: SIGTERM is due */
void replaying_stop(struct replaying *t, uint64_t now_ns);

/**
 * replaying_account() - Complete the account, once replaying_reap() returned true
 * @why:  Set where there is none that is worth a comparison: it crashed, took too long, or printed
 *        what is no row
 *
 * Return: false with @why
 */
bool replaying_account(struct replaying *t, char *why, size_t n);

/** replaying_done() - Free; a process that still runs is killed and waited for */
void replaying_done(struct replaying *t);

#endif
