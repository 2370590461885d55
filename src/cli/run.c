/* run.c - `secvf run`: scenarios, each in each of its worlds, each in a process of its own */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/bundle.h"
#include "cli/cases.h"
#include "cli/cli.h"
#include "cli/scenario.h"
#include "os/audit_file.h"
#include "os/port_posix.h"
#include "traffic.h"

static const char help[] =
	"usage: secvf run [OPTION...] SCENARIO.json|DIR|BUNDLE.tar.zst...\n"
	"\n"
	"Plays scenarios: what is sent, what goes wrong on the way, what must come out. Each is played in\n"
	"the real world (threads, processes, tshark) and in the simulated one, as it says. Of a folder, all\n"
	"*.json in it; a bundle is what 'secvf replay --bundle' made. docs/scenarios.md tells how to write one.\n"
	"\n"
	"  --world real|sim   in that world only\n"
	"  --jobs N           so many at a time (default 1)\n"
	"  --tshark PATH      the real tshark (default: $PATH, then the usual places)\n"
	"  --keep DIR         keep the evidence of all of them there: traffic.pcapng, plan.json, report.json,\n"
	"                     audit.log, rows.json, stderr.txt, what secvf wrote (default: of those that fail,\n"
	"                     in a folder below $TMPDIR or /tmp)\n"
	"  --check            read the scenarios, make their traffic, play nothing\n"
	"  --list             their names\n"
	"  --junit FILE       a report as JUnit XML; - is standard output\n"
	"  --tap FILE         as TAP, version 14\n"
	"  --json FILE        as JSON\n"
	"  -q, --quiet        no line for those that pass\n"
	"\n"
	"Exit codes: 0 all passed, 1 one failed, 2 a scenario cannot be read, 3 the environment.\n";

#define JOBS_MAX 64

struct job {
	struct scenario *scenario;
	enum scenario_world world;
	char folder[4200];
	pid_t pid; /* 0: not running */
	uint64_t start_ns;
	struct scenario_outcome outcome;
	size_t index; /* of its case */
	bool done;
};

struct run {
	struct detected tshark;
	char self[4096];
	const char *world, *asked_tshark, *keep, *junit, *tap, *json;
	unsigned long long jobs;
	bool check, list, quiet, color;
	struct scenario *scenario;
	size_t scenarios;
	struct job *job;
	size_t count;
	char **unpacked; /* folders of bundles */
	size_t unpackeds;
	char folder[4096]; /* below which the evidence lies */
	struct cases cases;
};

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool write_text(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[4400];
	size_t n = strlen(text);
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* ---- one case ---- */

static bool wants_stand_in(const struct scenario *s)
{
	bool wants = s->tshark == SCENARIO_TSHARK_STAND_IN;

	for (unsigned i = 0; i < s->plan.count; i++)
		wants |= fault_in_tshark(s->plan.fault[i].kind) ||
			 s->plan.fault[i].kind == FAULT_TSHARK_GONE;
	return wants && s->tshark != SCENARIO_TSHARK_NONE;
}

/* The plan alone, as `replay --faults` and the stand-in read it. */
static bool write_plan(const struct scenario *s, const char *folder)
{
	struct json_object *root = json_object_new_object(), *faults;
	bool ok;

	json_object_object_add(root, "seed", json_object_new_uint64(s->plan.seed));
	if (json_object_object_get_ex(s->root.object, "faults", &faults))
		json_object_object_add(root, "faults", json_object_get(faults));
	ok = write_text(folder, "plan.json",
			json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY), 0600);
	json_object_put(root);
	return ok;
}

/* A program that is called as tshark is, and can be moved away. */
static bool write_stand_in(const struct run *r, const struct job *j)
{
	const char *real =
		j->scenario->tshark == SCENARIO_TSHARK_STAND_IN ? "none" : r->tshark.path;
	char text[16384];

	if (strchr(r->self, '\'') || strchr(j->folder, '\'') || strchr(real, '\''))
		return false;
	snprintf(text, sizeof(text),
		 "#!/bin/sh\nexec '%s' stand-in '%s/plan.json' '%s' '%s/generations' \"$@\"\n",
		 r->self, j->folder, real, j->folder);
	return write_text(j->folder, "tshark", text, 0700);
}

/* Files that the user of the case has in the home folder. */
static bool write_files(const struct job *j, struct err *err)
{
	struct jt_at files;
	char path[4400];

	if (!jt_member(&j->scenario->root, "files", &files, err))
		return err->text[0] == '\0';
	json_object_object_foreach(files.object, name, text)
	{
		if (name[0] == '/' || strstr(name, "..") ||
		    !json_object_is_type(text, json_type_string))
			return jt_refuse(&files, name, err,
					 "a name below the home folder, and a text");
		snprintf(path, sizeof(path), "%s/home/%s", j->folder, name);
		home_make_folders(path);
		if (!write_text(j->folder, path + strlen(j->folder) + 1,
				json_object_get_string(text), 0600))
			return jt_refuse(&files, name, err, "%s", strerror(errno));
	}
	return true;
}

/* Everything that a case needs, but for its process. Return: false with @err filled */
static bool prepare(struct run *r, struct job *j, struct err *err)
{
	char path[4400];

	mkdir(j->folder, 0700);
	snprintf(path, sizeof(path), "%s/tmp", j->folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/traffic.pcapng", j->folder);
	if (!traffic_write(&j->scenario->root, j->scenario->folder, path, &j->outcome.frames, err))
		return false;
	if (!write_files(j, err))
		return false;
	if (write_plan(j->scenario, j->folder) &&
	    (!wants_stand_in(j->scenario) || write_stand_in(r, j)))
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s: %s", j->folder, strerror(errno));
	return false;
}

/* In the child. */
static void exec_replay(const struct run *r, const struct job *j)
{
	const struct scenario *s = j->scenario;
	char report[4400], audit[4400], plan[4400], traffic[4400], tshark[4400], home[4400],
		tmp[4400];
	const char *argv[SCENARIO_OPTIONS_MAX + 34];
	int n = 0;

	snprintf(report, sizeof(report), "%s/report.json", j->folder);
	snprintf(audit, sizeof(audit), "%s/audit.log", j->folder);
	snprintf(plan, sizeof(plan), "%s/plan.json", j->folder);
	snprintf(traffic, sizeof(traffic), "%s/traffic.pcapng", j->folder);
	snprintf(home, sizeof(home), "%s/home", j->folder);
	snprintf(tmp, sizeof(tmp), "%s/tmp", j->folder);
	snprintf(tshark, sizeof(tshark), "%s/tshark", j->folder);
	setenv("AVF_HOME", home, 1);
	if (jt_has(&s->root, "files"))
		setenv("HOME", home, 1);
	setenv("TMPDIR", tmp, 1);
	argv[n++] = r->self;
	argv[n++] = "replay";
	argv[n++] = "--report";
	argv[n++] = report;
	argv[n++] = "--audit";
	argv[n++] = audit;
	argv[n++] = "-T";
	argv[n++] = "json";
	argv[n++] = "--no-progress";
	argv[n++] = "--tshark";
	argv[n++] = s->tshark == SCENARIO_TSHARK_NONE ? "none"
		    : wants_stand_in(s)		      ? tshark
						      : r->tshark.path;
	if (s->plan.count) {
		argv[n++] = "--faults";
		argv[n++] = plan;
	}
	/* Unless it says otherwise: with auto it is the machine that says how frames are decoded.
	 */
	argv[n++] = "--decode";
	argv[n++] = "lean";
	for (int i = 0; i < s->options; i++)
		argv[n++] = s->option[i];
	argv[n++] = traffic;
	argv[n] = NULL;
	/* What a scenario writes by relative names belongs to its evidence. */
	if (chdir(j->folder) == 0)
		execv(r->self, (char *const *)argv);
	_exit(127);
}

static void redirect(const char *folder, const char *name, int to)
{
	char path[4400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		_exit(127);
	dup2(fd, to);
	close(fd);
}

static void start(struct run *r, struct job *j)
{
	char traffic[4400];

	j->start_ns = clock_now_ns();
	fflush(NULL); /* so that the child has nothing to write that is not its own */
	j->pid = fork();
	if (j->pid != 0)
		return;
	setpgid(0, 0);
	redirect(j->folder, "stderr.txt", STDERR_FILENO);
	if (j->world == WORLD_REAL) {
		redirect(j->folder, "rows.json", STDOUT_FILENO);
		exec_replay(r, j);
	}
	snprintf(traffic, sizeof(traffic), "%s/traffic.pcapng", j->folder);
	exit(scenario_simulate(j->scenario, traffic, j->folder));
}

static void read_tail(const char *folder, const char *name, struct buf *b)
{
	char path[4400], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && b->n < 8192)
		buf_puts(b, line);
	if (f)
		fclose(f);
}

/* Told as they come, in whatever order that is. */
static void settle(struct run *r, struct job *j, enum cases_outcome outcome, const char *message,
		   const struct buf *output)
{
	const struct cases_one *one = &r->cases.one[j->index];
	struct buf row = {0};

	j->done = true;
	cases_settle(&r->cases, j->index, outcome, j->start_ns ? clock_now_ns() - j->start_ns : 0,
		     message, output);
	if (r->quiet && (outcome == CASES_PASSED || outcome == CASES_SKIPPED))
		return;
	cases_row(one, r->color, &row);
	if (!row.failed)
		fwrite(row.p, 1, row.n, stdout);
	fflush(stdout);
	buf_done(&row);
}

static void finish(struct run *r, struct job *j)
{
	struct buf why = {0};
	bool passed;

	/* What it left behind: a stand-in that hangs, say. */
	kill(-j->pid, SIGKILL);
	j->pid = 0;
	j->outcome.folder = j->folder;
	passed = scenario_judge(j->scenario, j->world, &j->outcome, &why);
	if (passed && !r->keep)
		remove_tree(j->folder);
	if (!passed) {
		read_tail(j->folder, "stderr.txt", &why);
		buf_printf(&why, "evidence: %s\n", j->folder);
	}
	settle(r, j, passed ? CASES_PASSED : CASES_FAILED, passed ? NULL : "not what was expected",
	       passed ? NULL : &why);
	buf_done(&why);
}

static void look(struct run *r, struct job *j)
{
	struct rusage usage;
	pid_t pid;

	if (!j->outcome.timed_out && clock_now_ns() - j->start_ns > j->scenario->timeout_ns) {
		j->outcome.timed_out = true;
		kill(-j->pid, SIGKILL);
	}
	pid = wait4(j->pid, &j->outcome.status, WNOHANG, &usage);
	if (pid != j->pid)
		return;
	j->outcome.resident_kib = (uint64_t)usage.ru_maxrss;
#ifdef __APPLE__
	j->outcome.resident_kib /= 1024;
#endif
	finish(r, j);
}

static bool skip(const struct run *r, const struct job *j)
{
	return j->world == WORLD_REAL && j->scenario->tshark == SCENARIO_TSHARK_REAL &&
	       !r->tshark.found;
}

/* Start what may start. Return: how many run or are left */
static size_t start_some(struct run *r)
{
	size_t running = 0, left = 0;

	for (size_t i = 0; i < r->count; i++)
		running += r->job[i].pid > 0;
	for (size_t i = 0; i < r->count; i++) {
		struct job *j = &r->job[i];
		struct err err;

		if (j->done || j->pid > 0) {
			left += j->pid > 0;
			continue;
		}
		left++;
		if (running >= r->jobs)
			continue;
		if (skip(r, j)) {
			settle(r, j, CASES_SKIPPED,
			       "no tshark was found: install it, or name it with --tshark", NULL);
			continue;
		}
		if (!prepare(r, j, &err)) {
			settle(r, j, CASES_ERROR, err.text, NULL);
			continue;
		}
		start(r, j);
		running++;
	}
	return left;
}

static void run_all(struct run *r)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	while (start_some(r) > 0) {
		nanosleep(&pause, NULL);
		for (size_t i = 0; i < r->count; i++) {
			if (r->job[i].pid > 0)
				look(r, &r->job[i]);
		}
	}
}

/* ---- the scenarios ---- */

static bool add_file(struct run *r, const char *path, struct err *err)
{
	struct scenario *more = realloc(r->scenario, (r->scenarios + 1) * sizeof(*more));

	if (!more) {
		err_set(err, EXIT_ENVIRONMENT, "out of memory");
		return false;
	}
	r->scenario = more;
	if (!scenario_read(&more[r->scenarios], path, err))
		return false;
	r->scenarios++;
	return true;
}

/* A folder that is removed at the end. Return: NULL with @err filled */
static const char *unpack(struct run *r, const char *path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char folder[4096], **more;

	more = realloc(r->unpacked, (r->unpackeds + 1) * sizeof(*more));
	if (!more) {
		err_set(err, EXIT_ENVIRONMENT, "out of memory");
		return NULL;
	}
	r->unpacked = more;
	snprintf(folder, sizeof(folder), "%s/secvf-bundle-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder) || !(more[r->unpackeds] = strdup(folder))) {
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", folder, strerror(errno));
		return NULL;
	}
	r->unpackeds++;
	return bundle_unpack(path, folder, err) ? more[r->unpackeds - 1] : NULL;
}

static bool add_bundle(struct run *r, const char *path, struct err *err)
{
	const char *folder = unpack(r, path, err), *slash = strrchr(path, '/');
	char file[4200];
	char *name;

	if (!folder)
		return false;
	snprintf(file, sizeof(file), "%s/scenario.json", folder);
	if (!add_file(r, file, err))
		return false;
	name = r->scenario[r->scenarios - 1].name;
	snprintf(name, sizeof(r->scenario->name), "%s", slash ? slash + 1 : path);
	name[strcspn(name, ".")] = '\0';
	return true;
}

static bool add_path(struct run *r, const char *path, struct err *err)
{
	char pattern[4200];
	struct stat st;
	glob_t found;
	bool ok = true;

	if (stat(path, &st) < 0) {
		err_set(err, EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		return bundle_is(path) ? add_bundle(r, path, err) : add_file(r, path, err);
	snprintf(pattern, sizeof(pattern), "%s/*.json", path);
	if (glob(pattern, 0, NULL, &found) != 0) {
		err_set(err, EXIT_USAGE, "%s: no scenario, *.json, is in it", path);
		return false;
	}
	for (size_t i = 0; i < found.gl_pathc && ok; i++)
		ok = add_file(r, found.gl_pathv[i], err);
	globfree(&found);
	return ok;
}

/* realloc() moves them, and what a reader keeps points into its own text. */
static void settle_texts(struct run *r)
{
	for (size_t i = 0; i < r->scenarios; i++)
		r->scenario[i].root.text = &r->scenario[i].text;
}

static bool make_jobs(struct run *r, struct err *err)
{
	r->job = calloc(r->scenarios * WORLDS + 1, sizeof(*r->job));
	cases_init(&r->cases, "run", clock_wall_ns());
	cases_property(&r->cases, "secvf", SECVF_VERSION);
	cases_property(&r->cases, "tshark", r->tshark.found ? r->tshark.version : "none");
	if (!r->job) {
		err_set(err, EXIT_ENVIRONMENT, "out of memory");
		return false;
	}
	for (size_t i = 0; i < r->scenarios; i++) {
		for (unsigned w = 0; w < WORLDS; w++) {
			struct scenario *s = &r->scenario[i];
			const char *name = scenario_world_name((enum scenario_world)w);
			struct job *j = &r->job[r->count];
			char title[160];

			if (!s->world[w] || (r->world && strcmp(r->world, name) != 0))
				continue;
			j->scenario = s;
			j->world = (enum scenario_world)w;
			snprintf(j->folder, sizeof(j->folder), "%s/%s.%s", r->folder, s->name,
				 name);
			snprintf(title, sizeof(title), "%s/%s", name, s->name);
			j->index = cases_add(&r->cases, title);
			if (j->index == SIZE_MAX) {
				err_set(err, EXIT_ENVIRONMENT, "out of memory");
				return false;
			}
			r->count++;
		}
	}
	return true;
}

static bool make_folder(struct run *r, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char path[4096];

	if (r->keep) {
		mkdir(r->keep, 0777);
		if (realpath(r->keep, r->folder))
			return true;
		err_set(err, EXIT_ENVIRONMENT, "--keep %s: %s", r->keep, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/secvf-run-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(path) && realpath(path, r->folder))
		return true;
	err_set(err, EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
	return false;
}

static int check_all(struct run *r)
{
	struct err err;
	int exit = EXIT_BALANCED;

	for (size_t i = 0; i < r->count; i++) {
		mkdir(r->job[i].folder, 0700);
		if (!prepare(r, &r->job[i], &err))
			exit = cli_say(&err);
		if (!r->keep)
			remove_tree(r->job[i].folder);
	}
	return exit;
}

/* ---- the command ---- */

static bool parse(struct run *r, int argc, char **argv, struct err *err)
{
	static const struct option words[] = {
		{"world", required_argument, NULL, 'w'},  {"jobs", required_argument, NULL, 'j'},
		{"tshark", required_argument, NULL, 't'}, {"keep", required_argument, NULL, 'k'},
		{"check", no_argument, NULL, 'c'},	  {"list", no_argument, NULL, 'l'},
		{"junit", required_argument, NULL, 'x'},  {"tap", required_argument, NULL, 'p'},
		{"json", required_argument, NULL, 's'},	  {"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int word;

	optind = 1;
	opterr = 0;
	while ((word = getopt_long(argc, argv, ":hqj:", words, NULL)) != -1) {
		switch (word) {
		case 'w':
			if (strcmp(optarg, "real") != 0 && strcmp(optarg, "sim") != 0) {
				err_set(err, EXIT_USAGE, "--world: '%s': real or sim is wanted",
					optarg);
				return false;
			}
			r->world = optarg;
			break;
		case 'j':
			if (!cli_u64("--jobs", optarg, 1, JOBS_MAX, &r->jobs, err))
				return false;
			break;
		case 't': r->asked_tshark = optarg; break;
		case 'k': r->keep = optarg; break;
		case 'c': r->check = true; break;
		case 'l': r->list = true; break;
		case 'x': r->junit = optarg; break;
		case 'p': r->tap = optarg; break;
		case 's': r->json = optarg; break;
		case 'q': r->quiet = true; break;
		case 'h':
			fputs(help, stdout);
			err_set(err, EXIT_BALANCED, "%s", "");
			return false;
		default: cli_usage(word, argv, "run", err); return false;
		}
	}
	if (optind < argc)
		return true;
	err_set(err, EXIT_USAGE, "no scenario is named; 'secvf run --help' tells more");
	return false;
}

static int report(struct run *r, uint64_t start_ns)
{
	int exit = cases_ok(&r->cases) ? EXIT_BALANCED : EXIT_UNBALANCED;
	struct buf sum = {0};
	struct err err;

	if (r->cases.counts[CASES_ERROR])
		exit = EXIT_ENVIRONMENT;
	r->cases.ns = clock_now_ns() - start_ns;
	cases_sum(&r->cases, &sum);
	if (!sum.failed)
		fwrite(sum.p, 1, sum.n, stdout);
	fflush(stdout);
	buf_done(&sum);
	if (!cases_write(&r->cases, cases_junit, "--junit", r->junit, &err) ||
	    !cases_write(&r->cases, cases_tap, "--tap", r->tap, &err) ||
	    !cases_write(&r->cases, cases_json, "--json", r->json, &err))
		exit = cli_say(&err);
	return exit;
}

static int run(struct run *r, int argc, char **argv)
{
	uint64_t start_ns = clock_now_ns();
	struct err err = {0};

	if (!parse(r, argc, argv, &err))
		return err.text[0] ? cli_say(&err) : err.exit;
	for (int i = optind; i < argc; i++) {
		if (!add_path(r, argv[i], &err))
			return cli_say(&err);
	}
	settle_texts(r);
	if (r->list) {
		for (size_t i = 0; i < r->scenarios; i++)
			printf("%-28s %s\n", r->scenario[i].name, r->scenario[i].about);
		return EXIT_BALANCED;
	}
	if (!cli_detect(&r->tshark, r->asked_tshark, &err) || !make_folder(r, &err) ||
	    !make_jobs(r, &err))
		return cli_say(&err);
	if (!cli_self(r->self)) {
		err_set(&err, EXIT_ENVIRONMENT, "our own program is not found");
		return cli_say(&err);
	}
	if (r->check)
		return check_all(r);
	r->color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	run_all(r);
	return report(r, start_ns);
}

int cli_run(int argc, char **argv)
{
	struct run r = {.jobs = 1};
	int exit = run(&r, argc, argv);

	/* Empty, unless one failed. */
	if (r.folder[0] && !r.keep)
		rmdir(r.folder);
	for (size_t i = 0; i < r.scenarios; i++)
		scenario_done(&r.scenario[i]);
	cases_done(&r.cases);
	for (size_t i = 0; i < r.unpackeds; i++) {
		remove_tree(r.unpacked[i]);
		free(r.unpacked[i]);
	}
	free(r.unpacked);
	free(r.scenario);
	free(r.job);
	return exit;
}
