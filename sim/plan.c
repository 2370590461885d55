/* plan.c - faults as JSON */
#include "plan.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What each fault may say besides what all of its side may. */
enum {
	SAYS_SIGNAL = 1,
	SAYS_STATUS = 2,
	SAYS_ERROR = 4,
	SAYS_FOR = 8,
	SAYS_BYTES = 16,
	SAYS_MATCH = 32,
	SAYS_BY = 64,
	SAYS_PORT = 128,
	NO_RECORD = 256,
};

static const struct {
	const char *name;
	unsigned says;
} kinds[FAULT_KINDS] = {
	[FAULT_TSHARK_CRASH] = {"tshark.crash", SAYS_SIGNAL},
	[FAULT_TSHARK_EXIT] = {"tshark.exit", SAYS_STATUS},
	[FAULT_TSHARK_HANG] = {"tshark.hang", 0},
	[FAULT_TSHARK_STALL] = {"tshark.stall", SAYS_FOR},
	[FAULT_TSHARK_SLOW] = {"tshark.slow", SAYS_FOR},
	[FAULT_TSHARK_CLOSES] = {"tshark.closes", 0},
	[FAULT_TSHARK_DEAF] = {"tshark.deaf", NO_RECORD},
	[FAULT_TSHARK_POISON] = {"tshark.poison", SAYS_MATCH | NO_RECORD},
	[FAULT_TSHARK_NOISE] = {"tshark.noise", 0},
	[FAULT_TSHARK_BROKEN] = {"tshark.broken", 0},
	[FAULT_TSHARK_CUT] = {"tshark.cut", 0},
	[FAULT_TSHARK_LONG] = {"tshark.long", SAYS_BYTES},
	[FAULT_TSHARK_DUPLICATE] = {"tshark.duplicate", 0},
	[FAULT_TSHARK_MISSING] = {"tshark.missing", 0},
	[FAULT_TSHARK_WRONG_NUMBER] = {"tshark.wrong_number", 0},
	[FAULT_TSHARK_STDERR] = {"tshark.stderr", SAYS_BYTES},
	[FAULT_FIFO_MAKE] = {"fifo.make", SAYS_ERROR | SAYS_FOR},
	[FAULT_FIFO_REMOVED] = {"fifo.removed", 0},
	[FAULT_SPAWN] = {"spawn", SAYS_ERROR | SAYS_FOR},
	[FAULT_TSHARK_GONE] = {"tshark.gone", SAYS_FOR},
	[FAULT_DESCRIPTORS] = {"descriptors", SAYS_FOR},
	[FAULT_DISK_FULL] = {"disk.full", SAYS_FOR},
	[FAULT_DISK_READ_ONLY] = {"disk.read_only", SAYS_FOR},
	[FAULT_DISK_ERROR] = {"disk.error", SAYS_FOR},
	[FAULT_DISK_GONE] = {"disk.gone", SAYS_FOR},
	[FAULT_DISK_SLOW] = {"disk.slow", SAYS_FOR | SAYS_BY},
	[FAULT_CLOCK] = {"clock", SAYS_BY},
	[FAULT_OUTPUT_STUCK] = {"output.stuck", SAYS_FOR},
	[FAULT_OUTPUT_GONE] = {"output.gone", 0},
	[FAULT_PORT_DOWN] = {"port.down", SAYS_FOR | SAYS_PORT},
};

const char *fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

bool fault_in_tshark(enum fault_kind kind)
{
	return kind <= FAULT_TSHARK_LAST;
}

static bool read_kind(struct fault *f, const struct jt_at *at, struct err *err)
{
	const char *words[FAULT_KINDS + 1] = {NULL};
	unsigned kind = 0;

	for (unsigned i = 0; i < FAULT_KINDS; i++)
		words[i] = kinds[i].name;
	if (!jt_has(at, "fault"))
		return jt_refuse(at, NULL, err, "\"fault\" is missing: what goes wrong");
	if (!jt_word(at, "fault", words, &kind, err))
		return false;
	f->kind = (enum fault_kind)kind;
	return true;
}

static bool read_match(struct fault *f, const struct jt_at *at, struct err *err)
{
	const char *hex = NULL;
	unsigned byte;
	int used;

	if (!jt_has(at, "match"))
		return jt_refuse(at, NULL, err, "\"match\" is missing: bytes of the frame, in hex");
	if (!jt_text(at, "match", &hex, err))
		return false;
	for (; *hex; hex += 2) {
		used = 0;
		if (f->match_n == PLAN_MATCH_MAX || sscanf(hex, "%2x%n", &byte, &used) != 1 ||
		    used != 2)
			return jt_refuse(at, "match", err, "up to %u bytes in hex are wanted",
					 PLAN_MATCH_MAX);
		f->match[f->match_n++] = (unsigned char)byte;
	}
	return true;
}

static bool read_signal(struct fault *f, const struct jt_at *at, struct err *err)
{
	static const char *const words[] = {"SEGV", "ABRT", "KILL", "BUS", "ILL", "FPE", NULL};
	static const int signals[] = {SIGSEGV, SIGABRT, SIGKILL, SIGBUS, SIGILL, SIGFPE};
	unsigned i = 0;

	if (!jt_word(at, "signal", words, &i, err))
		return false;
	f->signal = signals[i];
	return true;
}

static bool read_error(struct fault *f, const struct jt_at *at, struct err *err)
{
	static const char *const words[] = {"ENOSPC", "EACCES", "EEXIST", "EMFILE", "ENFILE",
					    "EAGAIN", "ENOMEM", "EIO",	  "EROFS",  NULL};
	static const int errors[] = {ENOSPC, EACCES, EEXIST, EMFILE, ENFILE,
				     EAGAIN, ENOMEM, EIO,    EROFS};
	unsigned i = f->kind == FAULT_SPAWN ? 5 : 0;

	if (!jt_word(at, "error", words, &i, err))
		return false;
	f->error = errors[i];
	return true;
}

/* "by" may go backwards: "-1h" */
static bool read_by(struct fault *f, const struct jt_at *at, struct err *err)
{
	struct json_object *o = json_object_object_get(at->object, "by");
	const char *text =
		json_object_is_type(o, json_type_string) ? json_object_get_string(o) : "";
	struct json_object *positive;
	struct jt_at copy = *at;
	uint64_t ns = 0;
	bool ok;

	if (!jt_has(at, "by"))
		return jt_refuse(at, NULL, err, "\"by\" is missing: how long");
	if (text[0] != '-') {
		ok = jt_ns(at, "by", &ns, err);
		f->by_ns = (int64_t)ns;
		return ok;
	}
	positive = json_object_new_object();
	json_object_object_add(positive, "by", json_object_new_string(text + 1));
	copy.object = positive;
	ok = jt_ns(&copy, "by", &ns, err);
	f->by_ns = -(int64_t)ns;
	json_object_put(positive);
	return ok;
}

static bool read_number_or_each(const struct jt_at *at, const char *key, uint64_t most,
				uint64_t each, uint64_t *value, struct err *err)
{
	static const char *const words[] = {"each", NULL};
	unsigned word = 0;

	if (!json_object_is_type(json_object_object_get(at->object, key), json_type_string))
		return jt_u64(at, key, 0, most, value, err);
	*value = each;
	return jt_word(at, key, words, &word, err);
}

static bool read_tshark_trigger(struct fault *f, const struct jt_at *at, struct err *err)
{
	uint64_t generation = 1;

	if (!read_number_or_each(at, "generation", UINT32_MAX, 0, &generation, err) ||
	    !read_number_or_each(at, "record", UINT32_MAX, FAULT_EACH_RECORD, &f->record, err))
		return false;
	f->generation = (uint32_t)generation;
	return true;
}

static bool read_seam_trigger(struct fault *f, const struct jt_at *at, struct err *err)
{
	const char *on = NULL;

	if (jt_has(at, "at") + jt_has(at, "at_frame") + jt_has(at, "on") > 1)
		return jt_refuse(at, NULL, err, "one of \"at\", \"at_frame\", \"on\" is wanted");
	if (!jt_ns(at, "at", &f->at_ns, err) ||
	    !jt_u64(at, "at_frame", 1, UINT64_C(1) << 62, &f->at_frame, err) ||
	    !jt_text(at, "on", &on, err) || !jt_u64(at, "nth", 1, UINT32_MAX, &f->nth, err) ||
	    !jt_ns(at, "every", &f->every_ns, err))
		return false;
	if (on && strlen(on) >= PLAN_EVENT_MAX)
		return jt_refuse(at, "on", err, "no audit event has so long a name");
	if (on)
		snprintf(f->on, sizeof(f->on), "%s", on);
	if (!on && !f->at_frame && f->at_ns == UINT64_MAX)
		f->at_ns = 0;
	return true;
}

static bool read_fault(struct fault *f, const struct jt_at *at, struct err *err)
{
	const char *keys[16] = {"fault", "about", "chance"};
	unsigned says, n = 3;
	uint64_t status = 1;
	const char *port = NULL;

	*f = (struct fault){.at_ns = UINT64_MAX, .nth = 1, .permille = 1000, .for_ns = UINT64_MAX};
	if (!read_kind(f, at, err))
		return false;
	says = kinds[f->kind].says;
	if (fault_in_tshark(f->kind)) {
		keys[n++] = "generation";
		if (!(says & NO_RECORD))
			keys[n++] = "record";
	} else {
		keys[n++] = "at";
		keys[n++] = "at_frame";
		keys[n++] = "on";
		keys[n++] = "nth";
		keys[n++] = "every";
	}
	if (says & SAYS_SIGNAL)
		keys[n++] = "signal";
	if (says & SAYS_STATUS)
		keys[n++] = "status";
	if (says & SAYS_ERROR)
		keys[n++] = "error";
	if (says & SAYS_FOR)
		keys[n++] = "for";
	if (says & SAYS_BYTES)
		keys[n++] = "bytes";
	if (says & SAYS_BY)
		keys[n++] = "by";
	if (says & SAYS_PORT)
		keys[n++] = "port";
	if (says & SAYS_MATCH) {
		keys[n++] = "match";
		keys[n++] = "hangs";
	}
	f->bytes = 1000000;
	f->signal = SIGSEGV;
	if (!jt_known(at, keys, err) || !jt_permille(at, "chance", &f->permille, err) ||
	    !(fault_in_tshark(f->kind) ? read_tshark_trigger : read_seam_trigger)(f, at, err) ||
	    ((says & SAYS_SIGNAL) && !read_signal(f, at, err)) ||
	    ((says & SAYS_ERROR) && !read_error(f, at, err)) ||
	    ((says & SAYS_MATCH) && !read_match(f, at, err)) ||
	    ((says & SAYS_BY) && !read_by(f, at, err)) || !jt_bool(at, "hangs", &f->hangs, err) ||
	    !jt_ns(at, "for", &f->for_ns, err) ||
	    !jt_u64(at, "bytes", 1, UINT64_C(1) << 32, &f->bytes, err) ||
	    !jt_u64(at, "status", 0, 255, &status, err) || !jt_text(at, "port", &port, err))
		return false;
	if (f->kind == FAULT_TSHARK_SLOW && f->for_ns == UINT64_MAX)
		return jt_refuse(at, NULL, err, "\"for\" is missing: how long each record takes");
	if ((says & SAYS_PORT) && !port)
		return jt_refuse(at, NULL, err, "\"port\" is missing: the VM's name");
	if (port)
		snprintf(f->port, sizeof(f->port), "%s", port);
	f->status = (int)status;
	return true;
}

bool plan_read(struct plan *plan, const struct jt_at *at, const char *key, struct err *err)
{
	struct jt_at item;
	size_t count;

	*plan = (struct plan){.seed = 1};
	if (!jt_u64(at, "seed", 0, UINT64_MAX >> 1, &plan->seed, err) ||
	    !jt_count(at, key, &count, err))
		return false;
	if (count > PLAN_FAULTS_MAX)
		return jt_refuse(at, key, err, "at most %u faults", PLAN_FAULTS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!jt_item(at, key, i, &item, err) || !read_fault(&plan->fault[i], &item, err))
			return false;
		plan->count++;
	}
	return true;
}

bool plan_load(struct plan *plan, const char *file, struct err *err)
{
	static const char *const keys[] = {"seed", "faults", NULL};
	struct jsontext text;
	struct jt_at root;
	bool ok;

	if (!jsontext_read(&text, file, err))
		return false;
	ok = jsontext_root(&text, &root, err) && jt_known(&root, keys, err) &&
	     plan_read(plan, &root, "faults", err);
	jsontext_done(&text);
	return ok;
}

bool plan_has(const struct plan *plan, enum fault_kind kind)
{
	for (unsigned i = 0; i < plan->count; i++) {
		if (plan->fault[i].kind == kind)
			return true;
	}
	return false;
}

bool plan_strikes(const struct fault *f, uint32_t generation, uint64_t record,
		  struct sim_random *random)
{
	if (f->generation && f->generation != generation)
		return false;
	/* Slowness goes on from its record. */
	if (f->record != FAULT_EACH_RECORD &&
	    (f->kind == FAULT_TSHARK_SLOW ? record < f->record : record != f->record))
		return false;
	return f->permille == 1000 || random_chance(random, f->permille);
}

bool plan_poisons(const struct fault *f, const unsigned char *data, uint32_t caplen)
{
	return f->kind == FAULT_TSHARK_POISON && memmem(data, caplen, f->match, f->match_n) != NULL;
}
