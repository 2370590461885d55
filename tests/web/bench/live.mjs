// live.mjs - what the page costs while the real server decodes at a high rate, a million rows in
//
//   SECVF=build/release/secvf node tests/web/bench/live.mjs SECONDS CAPTURE...      (30; 600 for ten minutes)
//
// Goal: at 50,000 frames a second and with the newest rows followed, the page has 30 updates a second, its main thread works
// for less than 16 ms at p95 for a painted frame, its memory does not grow, and the server takes less than 5 % of a processor
// more than without a page. Method: `secvf serve` plays the captures for ever, with other addresses in each pass. Once there
// are ROWS rows the server is measured without a page, then with one in Chromium, whose first WARM_S seconds do not count: its
// store of rows fills up. Updates are counted in the page as they come. Work is by Chromium's trace, which takes memory of the
// page's process and so comes at the end: 5 s for each minute.
// JS heap is that which is left after a collection, a line through it its slope; above noise: by more than twice the error
// of the slope and by HEAP_LEAST. The server's processor time is all but that of its threads that serve no page: those
// of connections that have ended count, too. Exit 1 where a goal is missed.
//
// SECVF_WEB_MODULES: node_modules with playwright-core. SECVF_BENCH_PPS, SECVF_BENCH_ROWS: another rate, fewer rows.
import { readFileSync, readdirSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { lacking, launch, shut } from "../browser.mjs";
import { pss, serve, ticks } from "./served.mjs";
import { at, line, sorted, traced } from "./trace.mjs";

const [asked, ...captures] = process.argv.slice(2);
const seconds = Number(asked);
const PPS = Number(process.env.SECVF_BENCH_PPS ?? 50_000);
const ROWS = Number(process.env.SECVF_BENCH_ROWS ?? 1_000_000);
const WARM_S = 30;
const ALONE_S = Math.max(10, Math.min(60, seconds));
const TRACED_S = 5;
const FRAME_BYTES = 1000; // of most captures fewer
const TICK_HZ = 100; // of /proc/PID/stat: USER_HZ, the same on all Linux
const GOAL = { updates: 29, p95: 16, core: 5 };
const HEAP_LEAST = 0.5; // MB a minute: what cannot be told from the collector's own doing in half a minute
if (!(seconds >= 10) || !captures.length || !process.env.SECVF) {
  console.error("usage: SECVF=PROGRAM node live.mjs SECONDS CAPTURE...        (10 seconds at least)");
  process.exit(2);
}
const why = lacking(false);
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}
let failed = false;
/** A figure beside its goal; good: undefined where it has none. */
function tell(what, figure, goal = "", good = undefined) {
  failed ||= good === false;
  console.log(`${what.padEnd(46)} ${figure.padStart(22)}  ${goal.padEnd(16)} ${good === undefined ? "" : good ? "good" : "MISSED"}`.trimEnd());
}
const wait = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));
const now = () => performance.now() / 1000;
const MB = (bytes) => bytes / 1e6;

/** Seconds of processor time of the server: whole, and of its threads by their names. */
function times(pid) {
  const threads = new Map();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.set(tid, { name: readFileSync(`/proc/${pid}/task/${tid}/comm`, "latin1").trim(), s: ticks(`/proc/${pid}/task/${tid}/stat`) / TICK_HZ });
    } catch { /* it has ended */ }
  }
  return { at: now(), whole: ticks(`/proc/${pid}/stat`) / TICK_HZ, threads };
}

const serves = (name) => /^MHD-|^secvf-(events|guard|download)$/.test(name);

/** Per cent of a processor between two times: of all threads, of those that serve pages by name, and of all but the others. */
function shares(a, b) {
  let named = 0;
  let others = 0;
  for (const [tid, { name, s }] of b.threads) {
    const spent = s - (a.threads.get(tid)?.s ?? 0);
    if (serves(name)) named += spent;
    else others += spent;
  }
  const per = 100 / (b.at - a.at);
  return { whole: (b.whole - a.whole) * per, named: named * per, web: Math.max(named, b.whole - a.whole - others) * per };
}

/** A straight line through points [minutes, MB]: its slope and the standard error of that. */
function slope(points) {
  const n = points.length;
  const mean = (i) => points.reduce((sum, p) => sum + p[i], 0) / n;
  const [mx, my] = [mean(0), mean(1)];
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const by = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx;
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - by * (x - mx)) ** 2, 0);
  return { by, error: Math.sqrt(rest / Math.max(1, n - 2) / sxx) };
}

/** The page in Chromium, and what is known of it from outside. */
async function opened(server) {
  const browser = await launch();
  const page = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage();
  await page.addInitScript(() => {
    window.arrived = { count: 0, newest: null };
    window.EventSource = class extends EventSource {
      constructor(...a) {
        super(...a);
        this.addEventListener("status", (e) => {
          window.arrived.count++;
          window.arrived.newest = e.data;
        });
      }
    };
  });
  await page.goto(String(server.url));
  await page.waitForSelector(".gridbox .row:not([hidden]):not(.loading)", { timeout: 60_000 });
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const root = await browser.newBrowserCDPSession();
  return {
    page,
    updates: () => page.evaluate(() => window.arrived.count),
    status: async () => JSON.parse(await page.evaluate(() => window.arrived.newest)),
    /** The last row in the document, and what the status says. */
    lag: () => page.evaluate(() => JSON.parse(window.arrived.newest).rows.total - 1 - Math.max(...[...document.querySelectorAll(".gridbox .row:not([hidden])")].map((e) => Number(e.dataset.rank)))),
    async memory() {
      await client.send("HeapProfiler.collectGarbage");
      const { metrics } = await client.send("Performance.getMetrics");
      const { processInfo } = await root.send("SystemInfo.getProcessInfo");
      const renderers = processInfo.filter((p) => p.type === "renderer").map((p) => pss([p.id]));
      return { heap: MB(metrics.find((m) => m.name === "JSHeapUsedSize").value), pss: MB(Math.max(0, ...renderers)) };
    },
  };
}

/** Watch the page for the time that was asked for. */
async function watched(at_page) {
  const every = Math.max(5, Math.min(60, seconds / 6));
  const begin = now();
  const seen = { memory: [], work: [], cpu: [], timed: false, traced_s: 0, behind: [], lag: [] };
  const sample = async () => seen.memory.push([(now() - begin) / 60, await at_page.memory()]);
  await sample();
  const updates = await at_page.updates();
  const first = now();
  while (now() - begin < seconds) {
    const next = Math.min(begin + seconds, begin + every * seen.memory.length);
    while (now() < next) {
      seen.behind.push((await at_page.status()).behind);
      seen.lag.push(await at_page.lag());
      await wait(Math.min(1, Math.max(0, next - now())));
    }
    seen.updates = (await at_page.updates()) - updates;
    seen.updates_s = now() - first;
    await sample();
  }
  return seen;
}

/** What its main thread does, into what was seen. */
async function worked(at_page, seen) {
  for (let minute = 0; minute < seconds / 60; minute++) {
    const start = now();
    const { work, cpu, timed } = await traced(at_page.page, () => wait(TRACED_S).then(() => (seen.traced_s += now() - start)));
    for (const w of work) seen.work.push(w);
    for (const c of cpu) seen.cpu.push(c);
    seen.timed = timed;
  }
}

function report_page(seen) {
  const updates = seen.updates / seen.updates_s;
  tell("updates a second that came to the page", updates.toFixed(1), `30; from ${GOAL.updates}`, updates >= GOAL.updates);
  tell("frames painted a second, while traced", (seen.work.length / seen.traced_s).toFixed(1));
  const lag = sorted(seen.lag);
  tell("rows by which the newest that is seen is late", `p50 ${at(lag, 0.5)}, max ${at(lag, 1)}`);
  const [work, cpu] = [sorted(seen.work), sorted(seen.cpu)];
  console.log(`${"milliseconds of main-thread work for a frame".padEnd(42)} ${"frames".padStart(7)} ${["p50", "p95", "p99", "max"].map((s) => s.padStart(8)).join(" ")}`);
  console.log(line("  by the clock", work));
  if (seen.timed) console.log(line("  processor time", cpu));
  const p95 = at(seen.timed ? cpu : work, 0.95);
  tell(`p95${seen.timed ? " of processor time" : ""}, ms`, p95.toFixed(2), `under ${GOAL.p95}`, work.length > 0 && p95 < GOAL.p95);
  for (const [minutes, m] of seen.memory) tell(`memory after ${minutes.toFixed(1)} min: JS heap, renderer's PSS, MB`, `${m.heap.toFixed(2)}, ${m.pss.toFixed(1)}`);
  const heap = slope(seen.memory.map(([x, m]) => [x, m.heap]));
  const room = Math.max(2 * heap.error, HEAP_LEAST);
  tell("slope of the JS heap, MB a minute", `${heap.by.toFixed(3)} +- ${heap.error.toFixed(3)}`, `at most ${room.toFixed(3)}`, heap.by <= room);
  const whole = slope(seen.memory.map(([x, m]) => [x, m.pss]));
  tell("slope of the renderer's PSS, MB a minute", `${whole.by.toFixed(2)} +- ${whole.error.toFixed(2)}`);
}

function report_server(alone, open, before, after, seen) {
  const more = open.web - alone.web;
  tell("server's threads for pages, % of a processor", `${alone.web.toFixed(2)} closed, ${open.web.toFixed(2)} open`);
  tell("  of it threads that live, by their names", `${alone.named.toFixed(2)}, ${open.named.toFixed(2)}`);
  tell("  more with the page, % of a processor", more.toFixed(2), `under ${GOAL.core}`, more < GOAL.core);
  tell("all threads of the server, % of a processor", `${alone.whole.toFixed(1)}, ${open.whole.toFixed(1)}`);
  const rate = (after.rows.total - before.rows.total) / (after.at - before.at);
  tell("frames a second that came", rate.toFixed(0), `${PPS} asked for`);
  tell("rows at the end", after.rows.total.toLocaleString("en"));
  const behind = (f) => sorted(seen.behind.map(f));
  const [frames, ms] = [behind((b) => b.frames), behind((b) => b.ns / 1e6)];
  tell("decode is behind, frames", `p50 ${at(frames, 0.5)}, max ${at(frames, 1)}`);
  tell("decode is behind, ms", `p50 ${at(ms, 0.5).toFixed(0)}, max ${at(ms, 1).toFixed(0)}`);
  for (const [name, n] of Object.entries(after.ledger)) {
    if (/drop|skip|lost|loss|basic/.test(name) && typeof n === "number") tell(`${name}, meanwhile`, String(n - (before.ledger[name] ?? 0)));
  }
  tell("profile of decode at the end", after.profile);
}

/** Whether the disk takes what the run writes, at FRAME_BYTES a frame. */
function room() {
  const disk = statfsSync(tmpdir());
  return disk.bavail * disk.bsize > 2e9 + FRAME_BYTES * (ROWS + PPS * (seconds + WARM_S + ALONE_S + 30));
}

const words = ["--pps", String(PPS), "--loop", "0", "--unique-ip"];
if (!room()) {
  console.log(`${tmpdir()} has no room for what is captured: frames past the buffer are discarded`);
  words.push("--no-spill");
}
const server = await serve([...words, ...captures]);
try {
  const started = now();
  await Promise.race([server.until((s) => s.rows.total >= ROWS || s.state === "ended"), wait(60 + (4 * ROWS) / PPS)]);
  const reached = await server.call("GET", "/api/status");
  if (reached.rows.total < ROWS) throw new Error(`${reached.rows.total} rows of ${ROWS} after ${(now() - started).toFixed(0)} s (${reached.state})`);
  console.log(`${reached.rows.total.toLocaleString("en")} rows after ${(now() - started).toFixed(1)} s at ${PPS} frames/s; ${ALONE_S} s without a page, ${seconds} s with one`);
  const closed = times(server.pid);
  await wait(ALONE_S);
  const alone = shares(closed, times(server.pid));
  const at_page = await opened(server);
  await wait(WARM_S);
  const before = { ...(await at_page.status()), at: now() };
  const begin = times(server.pid);
  const seen = await watched(at_page);
  const open = shares(begin, times(server.pid));
  const after = { ...(await at_page.status()), at: now() };
  await worked(at_page, seen);
  report_page(seen);
  report_server(alone, open, before, after, seen);
} finally {
  await shut();
  await server.end();
}
console.log(failed ? "goals are missed" : "all goals are met");
process.exit(failed ? 1 : 0);
