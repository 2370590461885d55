/* load.c - interfaces, ramps and searches, as words */
#include "cli/load.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

/* What comes behind "iface:" or "tap:". Return: NULL with @err filled where it does not begin so */
static const char *after(const char *kind, const char *option, const char *text, struct err *err)
{
	size_t n = strlen(kind);

	if (strncmp(text, kind, n) == 0 && text[n] == ':' && text[n + 1])
		return text + n + 1;
	err_set(err, EXIT_USAGE, "%s: '%.60s': %s:NAME is wanted, such as %s %s:%s", option, text,
		kind, option, kind, strcmp(kind, "tap") == 0 ? "tap0" : "eth0");
	return NULL;
}

static bool add_port(struct load_options *o, bool is_tap, const char *text, struct err *err)
{
	const char *option = is_tap ? "--port" : "--from";
	const char *name = after(is_tap ? "tap" : "iface", option, text, err);

	if (!name)
		return false;
	for (unsigned i = 0; i < o->ports; i++) {
		if (strcmp(o->port[i].name, name) != 0)
			continue;
		err_set(err, EXIT_USAGE, "%s: '%.40s' was named before", option, name);
		return false;
	}
	if (o->ports == LOAD_PORTS_MAX) {
		err_set(err, EXIT_USAGE, "%s: more than %u interfaces were named", option,
			LOAD_PORTS_MAX);
		return false;
	}
	o->port[o->ports++] = (struct load_port){.is_tap = is_tap, .name = name};
	return true;
}

static bool autostop(struct load_options *o, const char *text, struct err *err)
{
	unsigned long long n = 0;

	if (strncmp(text, "duration:", 9) != 0) {
		err_set(err, EXIT_USAGE,
			"-a: '%.60s': duration:SECONDS is wanted; -c ends after a number of frames",
			text);
		return false;
	}
	if (!cli_u64("-a duration", text + 9, 1, 31622400, &n, err))
		return false;
	o->duration_ns = n * 1000000000;
	return true;
}

static bool find_max(struct load_options *o, const char *text, struct err *err)
{
	const char *dots = strstr(text, "..");
	unsigned long long low = 0, high = 0;
	char first[24] = "";

	if (dots)
		snprintf(first, sizeof(first), "%.*s", (int)(dots - text), text);
	if (!dots || !cli_u64("--find-max", first, 1, RAMP_PPS_MAX, &low, NULL) ||
	    !cli_u64("--find-max", dots + 2, 1, RAMP_PPS_MAX, &high, NULL) || low >= high) {
		err_set(err, EXIT_USAGE,
			"--find-max: '%.60s': LOW..HIGH in frames a second is wanted, such as "
			"1000..500000",
			text);
		return false;
	}
	o->find_max = true;
	o->find_low = low;
	o->find_high = high;
	return true;
}

static bool loss(struct load_options *o, const char *text, struct err *err)
{
	static const char *const words[] = {"any", "dropped", "skipped"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		o->loss = (enum load_loss)i;
		o->loss_given = true;
		return true;
	}
	err_set(err, EXIT_USAGE, "--loss: '%.60s': one of any, dropped, skipped is wanted", text);
	return false;
}

bool load_option(struct load_options *o, enum load_word word, const char *text, struct err *err)
{
	unsigned long long n = 0;

	switch (word) {
	case LOAD_TO: o->to = after("iface", "--to", text, err); return o->to != NULL;
	case LOAD_FROM: return add_port(o, false, text, err);
	case LOAD_PORT: return add_port(o, true, text, err);
	case LOAD_AUTOSTOP: return autostop(o, text, err);
	case LOAD_EXPECT: return pace_rate_parse(&o->expect, PACE_PPS, "--expect-pps", text, err);
	case LOAD_FIND_MAX: return find_max(o, text, err);
	case LOAD_LOSS: return loss(o, text, err);
	case LOAD_TRIAL:
		if (!cli_u64("--trial", text, 1, 3600, &n, err))
			return false;
		o->trial_ns = n * 1000000000;
		return true;
	case LOAD_PLOT: o->plot = text; return true;
	default: o->series = text; return true;
	}
}

static bool clash(struct err *err, const char *a, const char *b, const char *remedy)
{
	err_set(err, EXIT_USAGE, "%s does not go with %s: %s", a, b, remedy);
	return false;
}

/* An option about capturing or decoding that was given, or NULL. */
static const char *capture_option(const struct options *o)
{
	const struct {
		bool given;
		const char *name;
	} all[] = {
		{o->write != NULL, "-w"},
		{o->rotate, "-b"},
		{o->direct, "--direct"},
		{o->journal, "--journal"},
		{o->no_spill, "--no-spill"},
		{o->filter != NULL, "-f"},
		{o->interfaces != 0, "--interface"},
		{o->control != NULL, "--control"},
		{o->tshark_write != NULL, "--tshark-write"},
		{o->format == OUTPUT_JSON || o->format == OUTPUT_EK, "-T"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].given)
			return all[i].name;
	}
	return NULL;
}

static bool settle_to(const struct options *o, struct err *err)
{
	const struct load_options *l = &o->load;
	const char *other = capture_option(o);

	if (l->ports)
		return clash(err, "--to", l->port[0].is_tap ? "--port" : "--from",
			     "one sends captures, the other captures; run secvf twice");
	if (!o->replay.file_count) {
		err_set(err, EXIT_USAGE,
			"--to sends captures, and none was named; 'secvf replay --to iface:%s "
			"FILE...'",
			l->to);
		return false;
	}
	if (other)
		return clash(err, "--to", other,
			     "its frames go out of the interface, and are neither captured nor "
			     "decoded; leave that out, or run another secvf with --from");
	return true;
}

static bool settle_ports(const struct options *o, struct err *err)
{
	const struct load_options *l = &o->load;
	bool rate = o->rate.den != 0;
	bool from = false;

	for (unsigned i = 0; i < l->ports; i++)
		from |= !l->port[i].is_tap;
	if (l->expect.den && !from)
		return clash(err, "--expect-pps", "a replay without --from",
			     "it is what the interface's frames are measured against");
	if (l->ports && o->rate.mode == PACE_TOPSPEED)
		return clash(err, "--topspeed", "--from and --port",
			     "an interface does not wait for the pipeline; give a rate");
	if (l->ports && !o->replay.file_count && rate)
		return clash(err, "a rate", "--from and --port without files",
			     "frames come when they come; --expect-pps says what is expected");
	return true;
}

/* Whether the files may be read again and again. */
static bool repeatable(const struct options *o)
{
	for (unsigned i = 0; i < o->replay.file_count; i++) {
		if (strcmp(o->replay.files[i], "-") == 0)
			return false;
	}
	return true;
}

static bool settle_search(const struct options *o, struct err *err)
{
	const struct load_options *l = &o->load;

	if (!l->find_max && (l->trial_ns || l->loss_given)) {
		err_set(err, EXIT_USAGE, "%s is for --find-max LOW..HIGH, which was not given",
			l->trial_ns ? "--trial" : "--loss");
		return false;
	}
	if (!l->find_max)
		return true;
	if (o->rate.den)
		return clash(err, "--find-max", "a rate", "it looks for the rate by itself");
	if (l->ports)
		return clash(err, "--find-max", "--from and --port",
			     "it replays files at the rates that it tries");
	if (l->duration_ns || o->replay.limit)
		return clash(err, "--find-max", l->duration_ns ? "-a" : "-c",
			     "--trial says how long a rate is tried");
	if (o->loops_given || !repeatable(o))
		return clash(err, "--find-max", o->loops_given ? "--loop" : "standard input",
			     "each rate is tried for a time, on files that are read again and "
			     "again");
	if (o->write || o->journal || o->control || l->plot || l->series)
		return clash(err, "--find-max",
			     o->write	  ? "-w"
			     : o->journal ? "--journal"
			     : o->control ? "--control"
			     : l->plot	  ? "--plot"
					  : "--series",
			     "it makes many runs; find the rate first, then replay at it");
	return true;
}

bool load_settle(struct options *o, struct err *err)
{
	struct load_options *l = &o->load;

	if (l->to ? !settle_to(o, err) : !settle_ports(o, err))
		return false;
	if (!settle_search(o, err))
		return false;
	/* Both end by themselves. */
	if ((l->ramp.count || l->find_max) && !o->loops_given && repeatable(o))
		o->replay.loops = 0;
	if (l->find_max && !l->trial_ns)
		l->trial_ns = LOAD_TRIAL_SECONDS * UINT64_C(1000000000);
	return true;
}
