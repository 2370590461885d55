/* made_up.c - a panel with made-up data */
#include "web/made_up.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

static struct made_up *of(struct panel *p)
{
	return p->ctx;
}

static const char *state_name(int state)
{
	static const char *const names[] = {"idle", "running", "ended"};

	return names[state];
}

static enum panel_result on_status(struct panel *p, struct buf *out, uint64_t *serial)
{
	struct made_up *m = of(p);

	*serial = atomic_load(&m->serial);
	atomic_fetch_add(&m->asked, 1);
	pthread_mutex_lock(&m->lock);
	buf_printf(out, "{\"version\":\"0.1.0\",\"state\":\"%s\",", state_name(m->state));
	pthread_mutex_unlock(&m->lock);
	buf_puts(out, "\"session\":\"made-up");
	for (size_t i = 0; i < m->padding; i++)
		buf_putc(out, 'x');
	buf_puts(out, "\",");
	buf_puts(
		out,
		"\"started\":\"2024-02-03T04:05:06Z\",\"source\":{"
		"\"files\":[\"a.pcap\"],\"rate\":\"recorded\"},\"tshark\":{\"found\":true,"
		"\"path\":\"/usr/bin/tshark\",\"version\":\"4.0.17\"},\"sharkd\":true,"
		"\"offline\":false,\"interfaces\":[{\"name\":\"vm1\",\"frames\":3,\"bytes\":180,"
		"\"in_scope\":true}],\"capture_filter\":\"\",\"ledger\":{\"forwarded\":3,"
		"\"out_of_scope\":0,\"prefiltered\":0,\"dropped_queue\":0,\"queued\":0,"
		"\"captured\":3,\"in_memory\":3,\"spilled\":0,\"discarded\":0,\"decoded\":2,"
		"\"undecoded\":1,\"in_flight\":0,\"backfilled\":0,\"cause\":{\"skipped_stall\":1}}"
		",\"behind\":{\"frames\":0,\"ns\":0},\"profile\":\"lean\",\"shards\":[{"
		"\"profile\":\"lean\",\"generation\":1,\"memory\":1}],\"rows\":{\"total\":3,"
		"\"first\":1,\"lost\":0},\"filter\":{\"filter\":\"\",\"state\":\"none\",\"matches\":3,"
		"\"judged\":3,\"known\":3},\"rate\":{\"frames\":1.5,\"bytes\":90},\"queue\":{"
		"\"depth\":0,\"limit\":50000},\"files\":[{\"path\":\"x.pcapng\",\"frames\":3,"
		"\"bytes\":180}],\"memory\":1000000,\"audit\":2,");
	buf_printf(out, "\"marks\":%" PRIu64 "}\n", *serial);
	return PANEL_OK;
}

static void change_state(struct made_up *m, int state)
{
	pthread_mutex_lock(&m->lock);
	m->state = state;
	pthread_mutex_unlock(&m->lock);
	made_up_change(m);
}

static enum panel_result on_start(struct panel *p, struct json_object *body, struct err *err)
{
	struct made_up *m = of(p);
	bool running;

	(void)body;
	pthread_mutex_lock(&m->lock);
	running = m->state == 1;
	pthread_mutex_unlock(&m->lock);
	if (running) {
		err_set(err, EXIT_USAGE, "a capture runs; stop it first");
		return PANEL_STATE;
	}
	change_state(m, 1);
	return PANEL_OK;
}

static enum panel_result on_stop(struct panel *p, struct err *err)
{
	(void)err;
	change_state(of(p), 2);
	return PANEL_OK;
}

static enum panel_result on_clear(struct panel *p, struct err *err)
{
	(void)err;
	change_state(of(p), 0);
	return PANEL_OK;
}

static enum panel_result on_filter(struct panel *p, const char *filter, bool set, struct buf *out,
				   struct err *err)
{
	(void)err;
	if (set)
		made_up_change(of(p));
	if (strcmp(filter, "wrong") == 0)
		buf_puts(out, "{\"ok\":false,\"message\":\"\\\"wrong\\\" is no field\",\"at\":0,"
			      "\"bytes\":5}\n");
	else
		buf_puts(out, "{\"ok\":true}\n");
	return PANEL_OK;
}

static enum panel_result on_scope(struct panel *p, struct json_object *body, struct err *err)
{
	(void)body;
	(void)err;
	made_up_change(of(p));
	return PANEL_OK;
}

static enum panel_result on_complete(struct panel *p, const char *prefix, uint32_t limit,
				     struct buf *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(out, "{\"fields\":[{\"field\":");
	buf_json(out, prefix, strlen(prefix));
	buf_printf(out, ",\"type\":\"FT_UINT16\",\"what\":\"limit %u\"}],\"total\":1}\n", limit);
	return PANEL_OK;
}

static enum panel_result on_saved(struct panel *p, struct buf *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(out, "{\"filters\":[{\"name\":\"web\",\"expression\":\"tcp.port == 80\",\"note\":"
		      "\"\"}],\"recent\":[\"dns\"]}\n");
	return PANEL_OK;
}

static enum panel_result on_save(struct panel *p, const char *name, struct json_object *body,
				 struct err *err)
{
	(void)p;
	(void)body;
	if (!name || strcmp(name, "web") == 0)
		return PANEL_OK;
	err_set(err, EXIT_USAGE, "no display filter is saved as '%.64s'", name);
	return PANEL_NONE;
}

static enum panel_result on_presets(struct panel *p, struct buf *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(out, "{\"presets\":[{\"name\":\"a\",\"expression\":\"dns\",\"note\":\"b\","
		      "\"category\":\"c\"}]}\n");
	return PANEL_OK;
}

static enum panel_result on_rows(struct panel *p, uint64_t from, uint32_t count, struct buf *out,
				 struct err *err)
{
	(void)p;
	(void)err;
	buf_printf(out, "{\"total\":%u,\"from\":%" PRIu64 ",\"rows\":[", MADE_UP_FRAMES, from);
	for (uint64_t i = from; i < MADE_UP_FRAMES && i < from + count; i++) {
		if (i > from)
			buf_putc(out, ',');
		if (i == 0) {
			buf_puts(out, "{\"id\":1,\"gone\":true}");
			continue;
		}
		buf_printf(out,
			   "{\"id\":%" PRIu64 ",\"ts\":\"1700000000.%09" PRIu64
			   "\",\"vm\":\"vm1\",\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\","
			   "\"protocol\":\"TCP\",\"len\":60,\"info\":\"80 \\u2192 5\",\"status\":"
			   "\"decoded\",\"fg\":\"12272e\",\"bg\":\"e4ffc7\"}",
			   i + 1, i);
	}
	buf_puts(out, "]}\n");
	return PANEL_OK;
}

/* Whether there is such a frame, and what asking for it does. */
static enum panel_result on_id(struct panel *p, uint64_t id, struct err *err)
{
	struct made_up *m = of(p);

	if (id > MADE_UP_FRAMES) {
		err_set(err, EXIT_USAGE, "there is no frame %" PRIu64, id);
		return PANEL_NONE;
	}
	if (id == MADE_UP_FAILS) {
		err_set(err, EXIT_ENVIRONMENT, "sharkd died");
		return PANEL_FAILED;
	}
	if (id != MADE_UP_HANGS)
		return PANEL_OK;
	pthread_mutex_lock(&m->lock);
	m->hanging++;
	pthread_cond_broadcast(&m->changed);
	while (!m->cancelled)
		pthread_cond_wait(&m->changed, &m->lock);
	m->hanging--;
	pthread_mutex_unlock(&m->lock);
	err_set(err, EXIT_ENVIRONMENT, "cancelled");
	return PANEL_FAILED;
}

static enum panel_result on_rank(struct panel *p, uint64_t id, struct buf *out, struct err *err)
{
	enum panel_result result = on_id(p, id, err);

	buf_printf(out, "{\"rank\":%" PRIu64 ",\"shown\":true}\n", id - 1);
	return result;
}

static enum panel_result on_frame(struct panel *p, uint64_t id, struct buf *out, struct err *err)
{
	enum panel_result result = on_id(p, id, err);

	buf_puts(out,
		 "{\"tree\":[{\"label\":\"Ethernet\",\"filter\":\"eth\",\"field\":\"eth\","
		 "\"view\":0,\"start\":0,\"bytes\":14,\"protocol\":true,\"children\":[{\"label\":"
		 "\"x\",\"severity\":\"warning\",\"generated\":true}]}],\"views\":[{\"name\":"
		 "\"Frame\",\"hex\":\"00ff\"}],\"streams\":[{\"kind\":\"tcp\",\"filter\":"
		 "\"tcp.stream == 0\"}],\"context\":7}\n");
	return result;
}

static enum panel_result on_frame_bytes(struct panel *p, uint64_t id, struct buf *out,
					struct err *err)
{
	enum panel_result result = on_id(p, id, err);

	buf_puts(out, "{\"hex\":\"00ff\"}\n");
	return result;
}

static enum panel_result on_values(struct panel *p, struct json_object *body, struct buf *out,
				   struct err *err)
{
	struct json_object *fields = json_object_object_get(body, "fields");
	struct json_object *frames = json_object_object_get(body, "frames");

	(void)p;
	(void)err;
	buf_puts(out, "{\"frames\":[");
	for (size_t i = 0; i < json_object_array_length(frames); i++) {
		buf_printf(out, "%s{\"id\":%" PRIu64 ",\"values\":[", i ? "," : "",
			   json_object_get_uint64(json_object_array_get_idx(frames, i)));
		for (size_t k = 0; k < json_object_array_length(fields); k++)
			buf_printf(out, "%s%s", k ? "," : "", i % 2 ? "null" : "[\"x\",\"y\"]");
		buf_printf(out, "]%s}", i % 2 ? ",\"why\":\"it is not kept any more\"" : "");
	}
	buf_puts(out, "],\"wrong\":[{\"field\":\"x\",\"why\":\"there is no field x\"}]}\n");
	return PANEL_OK;
}

static enum panel_result on_note(struct panel *p, uint64_t id, struct json_object *body,
				 struct err *err)
{
	(void)body;
	return on_id(p, id, err);
}

static enum panel_result on_follow(struct panel *p, const char *kind, uint64_t id, struct buf *out,
				   struct err *err)
{
	(void)kind;
	buf_puts(out, "{\"client\":\"192.0.2.1:1\",\"server\":\"192.0.2.2:2\",\"client_bytes\":2,"
		      "\"server_bytes\":0,\"cut\":false,\"pieces\":[{\"from\":\"client\",\"frame\":"
		      "1,\"hex\":\"4142\"}]}\n");
	return on_id(p, id, err);
}

static enum panel_result on_statistics(struct panel *p, uint32_t top, struct buf *out,
				       struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(out, "{\"filter\":\"\",\"statistics\":{\"frames\":3,\"rows\":[");
	for (uint32_t i = 0; i < top; i++)
		buf_printf(out,
			   "%s{\"key\":\"192.0.2.%u\",\"frames\":%u,\"filter\":\"ip.addr == "
			   "192.0.2.%u\",\"exclude\":\"!(ip.addr == 192.0.2.%u)\"}",
			   i ? "," : "", i, i, i, i);
	buf_puts(out, "]}}\n");
	return PANEL_OK;
}

static enum panel_result on_series(struct panel *p, uint64_t from_ms, struct buf *out,
				   struct err *err)
{
	(void)p;
	(void)err;
	buf_printf(out,
		   "{\"series\":[{\"t\":%" PRIu64 ",\"in\":1,\"bytes\":60,\"decoded\":1,"
		   "\"dropped\":0,\"queue\":0,\"behind\":0}]}\n",
		   from_ms);
	return PANEL_OK;
}

static enum panel_result export_ended(struct made_up *m, enum panel_result result)
{
	pthread_mutex_lock(&m->lock);
	m->exports_ended++;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	return result;
}

static enum panel_result on_export(struct panel *p, struct json_object *body,
				   bool (*write)(void *ctx, const void *bytes, size_t n), void *ctx,
				   struct err *err)
{
	struct made_up *m = of(p);
	struct json_object *frames = NULL;
	uint64_t first = 0;
	size_t bytes = m->export_bytes;
	char block[7000]; /* no divisor of any buffer on its way */

	if (json_object_object_get_ex(body, "frames", &frames)) {
		bytes = json_object_array_length(frames) * 100;
		if (bytes)
			first = json_object_get_uint64(json_object_array_get_idx(frames, 0));
	}
	if (first == MADE_UP_FAILS) {
		err_set(err, EXIT_ENVIRONMENT, "cannot read the capture");
		return PANEL_FAILED;
	}
	if (first == MADE_UP_BREAKS)
		bytes = 1u << 20;
	for (size_t at = 0; at < bytes;) {
		size_t n = bytes - at < sizeof(block) ? bytes - at : sizeof(block);

		for (size_t i = 0; i < n; i++)
			block[i] = (char)((at + i) % 251);
		if (!write(ctx, block, n))
			return export_ended(m, PANEL_FAILED);
		at += n;
		atomic_fetch_add(&m->exported, n);
	}
	return export_ended(m, first == MADE_UP_BREAKS ? PANEL_FAILED : PANEL_OK);
}

static enum panel_result on_audit(struct panel *p, uint64_t after, uint32_t count, struct buf *out,
				  struct err *err)
{
	(void)p;
	(void)count;
	(void)err;
	buf_printf(out, "{\"lines\":[{\"event\":\"start\"}],\"next\":%" PRIu64 "}\n", after);
	return PANEL_OK;
}

static enum panel_result on_settings(struct panel *p, struct json_object *body, struct buf *out,
				     struct err *err)
{
	(void)p;
	(void)body;
	(void)err;
	buf_puts(out, "{\"theme\":\"dark\",\"density\":\"dense\",\"queue_limit\":50000,"
		      "\"buffer_frames\":100000,\"decode\":\"auto\",\"time\":\"relative\","
		      "\"columns\":[\"id\"],\"layers\":true,\"bytes\":false,\"preferences\":[]}\n");
	return PANEL_OK;
}

static enum panel_result on_doctor(struct panel *p, struct buf *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(out, "[{\"check\":\"tshark\",\"ok\":true}]\n");
	return PANEL_OK;
}

static enum panel_result on_metrics(struct panel *p, struct buf *out, struct err *err)
{
	(void)p;
	(void)err;
	buf_puts(out, "# HELP secvf_frames_total Frames\n# TYPE secvf_frames_total counter\n"
		      "secvf_frames_total 3\n");
	return PANEL_OK;
}

static void on_cancel(struct panel *p)
{
	if (!of(p)->deaf)
		made_up_cancel(of(p));
}

static const struct panel_ops ops = {
	.status = on_status,
	.start = on_start,
	.stop = on_stop,
	.clear = on_clear,
	.capture_filter = on_filter,
	.scope = on_scope,
	.filter = on_filter,
	.complete = on_complete,
	.saved = on_saved,
	.save = on_save,
	.presets = on_presets,
	.rows = on_rows,
	.rank = on_rank,
	.frame = on_frame,
	.bytes = on_frame_bytes,
	.values = on_values,
	.note = on_note,
	.follow = on_follow,
	.statistics = on_statistics,
	.series = on_series,
	.export = on_export,
	.audit = on_audit,
	.settings = on_settings,
	.doctor = on_doctor,
	.metrics = on_metrics,
	.cancel = on_cancel,
};

void made_up_init(struct made_up *m)
{
	memset(m, 0, sizeof(*m));
	m->panel = (struct panel){&ops, m};
	m->export_bytes = 100000;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
}

void made_up_done(struct made_up *m)
{
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
}

void made_up_change(struct made_up *m)
{
	atomic_fetch_add(&m->serial, 1);
}

void made_up_cancel(struct made_up *m)
{
	pthread_mutex_lock(&m->lock);
	m->cancelled = true;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

void made_up_await_hanging(struct made_up *m, unsigned n)
{
	pthread_mutex_lock(&m->lock);
	while (m->hanging < n)
		pthread_cond_wait(&m->changed, &m->lock);
	pthread_mutex_unlock(&m->lock);
}

void made_up_await_exports(struct made_up *m, unsigned n)
{
	pthread_mutex_lock(&m->lock);
	while (m->exports_ended < n)
		pthread_cond_wait(&m->changed, &m->lock);
	pthread_mutex_unlock(&m->lock);
}
