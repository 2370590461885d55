// termshark.mjs - the panel beside termshark, on the same capture: time to the first rows, to all, to a filter's list; memory
//
//   SECVF=build/release/secvf node tests/web/bench/termshark.mjs CAPTURE [HOSTILE]        (HOSTILE: a second capture, for its rows)
//
// Goal: the panel is there sooner than termshark with each of these, and takes less memory. Method: in turn, A B A B, after a
// round that does not count; figures are medians, a ratio is the median of those of each round. What a person looks through
// runs already, and rests, when the clock starts: a terminal (tmux) and Chromium with an empty page. All rows: tshark has read
// all, and the last frame is seen after End. A filter: from Enter until its list is whole and its last frame is seen after End;
// which one that is, tshark has said before. Memory: PSS of all processes, each SAMPLE_MS, its peak over the round, in rounds
// of their own, as to ask for it takes the processor from those who are asked. termshark keeps its configuration and caches
// from round to round; secvf begins with an empty home. Exit 1 where the panel is worse; a whole browser beside a whole
// terminal is told, not judged: both are there before.
//
// The panel decodes by "summary": its columns are those of termshark's list. Its default for a file at top speed, "lean", asks
// tshark for what statistics need as well.
//
// SECVF_WEB_MODULES: node_modules with playwright-core. SECVF_BENCH_ROUNDS: instead of 3. SECVF_BENCH_DECODE: another profile.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { lacking, launch, shut } from "../browser.mjs";
import { pss, serve, ticks, tree } from "./served.mjs";

const [given, other] = process.argv.slice(2);
const ROUNDS = Number(process.env.SECVF_BENCH_ROUNDS ?? 3);
const FILTERS = ["tcp.port == 443", "dns"];
const DECODE = process.env.SECVF_BENCH_DECODE ?? "summary";
const SAMPLE_MS = 50;
const RESTS_MS = 500; // without a tick of the processor
const [ALONE, MORE, WHOLE] = ["peak memory, programs alone, MB", "  and what terminal or browser take more, MB", "  and all of terminal or browser, MB"];
const LOOK_MS = 20; // between two looks at the terminal
const ENTER_S = 5;
const AGAIN_MS = 500; // a key is pressed again that came before there was anything to go to
const STEP_S = 60; // no step takes longer
const PAGES_MAX = 1000;
if (!given || !process.env.SECVF) {
  console.error("usage: SECVF=PROGRAM node termshark.mjs CAPTURE [HOSTILE]");
  process.exit(2);
}
const has = (program) => process.env.PATH.split(":").some((d) => existsSync(join(d, program)));
const why = lacking(false) || ["termshark", "tmux", "tshark"].filter((p) => !has(p)).map((p) => `${p} is not installed`).join(", ");
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}
const home = mkdtempSync(join(tmpdir(), "secvf-bench-termshark-"));
const run = promisify(execFile);
const env = { ...process.env, TERM: "xterm-256color", XDG_CONFIG_HOME: join(home, "config"), XDG_CACHE_HOME: join(home, "cache") };
delete env.TMUX;
const tmux = async (...words) => (await run("tmux", ["-L", `secvf-${process.pid}`, ...words], { env })).stdout;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => performance.now() / 1000;

/** Look until it is so. Return: seconds since start */
async function when(what, start, f) {
  for (const late = now() + STEP_S; now() < late; await wait(LOOK_MS)) if (await f()) return now() - start;
  throw new Error(`${what}: not within ${STEP_S} s. The terminal shows:\n${await tmux("capture-pane", "-p")}`);
}

/** The numbers of the frames that a filter shows, in order, by tshark. */
function frames(capture, filter) {
  const out = execFileSync("tshark", ["-n", "-r", capture, "-T", "fields", "-e", "frame.number", ...(filter ? ["-Y", filter] : [])], { stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 30 });
  return out.toString().split("\n").filter(Boolean).map(Number);
}

/** The peak of memory of the programs and of what they are seen through, until figures(). */
function sampled(programs, through) {
  const before = pss(through()) / 1e6;
  const peak = { [ALONE]: 0, [MORE]: 0, [WHOLE]: 0 };
  const raise = (name, to) => (peak[name] = Math.max(peak[name], to));
  let on = true;
  const done = (async () => {
    for (; on; await wait(SAMPLE_MS)) {
      const [own, seen] = [pss(programs()) / 1e6, pss(through()) / 1e6];
      raise(ALONE, own);
      raise(MORE, own + seen - before);
      raise(WHOLE, own + seen);
    }
  })();
  return async () => {
    on = false;
    await done;
    return peak;
  };
}

/** Once these processes have had nothing to do. */
async function rest(pids) {
  const spent = () => pids().map((pid) => `/proc/${pid}/stat`).filter(existsSync).reduce((sum, path) => sum + ticks(path), 0);
  for (let [last, since] = [spent(), now()]; now() - since < RESTS_MS / 1000; await wait(LOOK_MS)) {
    const s = spent();
    if (s !== last) [last, since] = [s, now()];
  }
}

// termshark

/** Numbers of the rows that are seen in the terminal. */
async function rows() {
  const out = [];
  for (const line of (await tmux("capture-pane", "-p")).split("\n").slice(5)) {
    if (line.startsWith("\u2501")) break; // below the list
    const number = /^ *(\d+) +\S/.exec(line);
    const more = /^ *(\d+) *[\u2588\u25bc]?$/.exec(line); // the column is too narrow: the rest of the one above
    if (more && out.length) out.push(Number(`${out.pop()}${more[1]}`));
    else if (number) out.push(Number(number[1]));
  }
  return out;
}

/** Whether a tshark of it lists the capture now. */
function lists(pid, filter) {
  return tree(pid).some((p) => {
    try {
      const words = readFileSync(`/proc/${p}/cmdline`, "utf8").split("\0");
      return words.includes("psml") && !words.some((w) => w.endsWith("empty.pcap")) && (!filter || words.some((w) => w.includes(filter)));
    } catch {
      return false; // it has ended
    }
  });
}

/** All of a list that was begun: its tshark has ended, and End shows this frame. */
async function whole(pid, start, filter, last) {
  let pressed = 0;
  return when(`termshark, ${filter || "all rows"}`, start, async () => {
    if (lists(pid, filter)) return false;
    if (now() - pressed > AGAIN_MS / 1000) {
      await tmux("send-keys", "End");
      pressed = now();
    }
    return (await rows()).at(-1) === last;
  });
}

/** termshark in a terminal that is there; act(pid, start) once the clock runs. Return: its times, or peaks of memory */
async function terminal(capture, memory, act) {
  await tmux("new-session", "-d", "-x", "200", "-y", "50", "sh", "-c", 'read go; exec termshark -r "$0"', capture);
  try {
    const [pid, own] = (await tmux("display-message", "-p", "#{pane_pid} #{pid}")).trim().split(" ").map(Number);
    await rest(() => [...tree(pid), own]);
    const peak = memory ? sampled(() => tree(pid), () => [own]) : undefined;
    const start = now();
    await tmux("send-keys", "Enter");
    const figures = await act(pid, start);
    return peak ? await peak() : figures;
  } finally {
    await tmux("kill-server").catch(() => {});
  }
}

const by_termshark = (capture, expected, memory) => terminal(capture, memory, async (pid, start) => {
  const figures = {};
  figures["first rows, s"] = await when("termshark, first rows", start, async () => (await rows()).includes(1));
  figures["all rows, s"] = await whole(pid, start, "", expected.all.at(-1));
  for (const filter of FILTERS) {
    await tmux("send-keys", "/");
    await tmux("send-keys", "C-u"); // a / too, where the keyboard was there already
    await tmux("send-keys", "-l", filter);
    // It asks a tshark whether it is a filter, and takes Enter once it has made it green.
    await when("termshark, filter typed", now(), async () => (await tmux("capture-pane", "-p", "-e")).split("\n")[2].includes(`48;5;82m${filter}`));
    let enter = 0;
    // From the Enter that it took: the first one may close its completions alone.
    await when(`termshark, Enter after ${filter}`, now(), async () => {
      if (lists(pid, filter)) return true;
      if (now() - enter > ENTER_S) {
        enter = now();
        await tmux("send-keys", "Enter");
      }
      return false;
    });
    figures[`${filter}, s`] = await whole(pid, enter, filter, expected[filter].at(-1));
  }
  return figures;
});

/** How many rows there are to be walked through. */
const rows_of_termshark = (capture) => terminal(capture, false, async (pid, start) => {
  await when("termshark, first rows", start, async () => (await rows()).includes(1));
  let quiet = 0;
  await when("termshark, its tshark", start, () => (quiet = lists(pid, "") ? 0 : quiet + 1) > 20);
  const seen = new Set(await rows());
  for (let i = 0; i < PAGES_MAX; i++) {
    const before = seen.size;
    await tmux("send-keys", "NPage");
    for (const late = now() + 1; now() < late && seen.size === before; await wait(LOOK_MS)) for (const n of await rows()) seen.add(n);
    if (seen.size === before) break;
  }
  return { seen: seen.size };
});

// The panel

const count = (n) => n.toLocaleString("en");

/** After End, in a painted frame: the last row that is seen is this frame's. */
async function ends(page, last) {
  await page.locator("#grid").focus();
  await page.keyboard.press("End");
  await page.waitForFunction((text) => {
    const rows = [...document.querySelectorAll(".gridbox .row:not([hidden])")].sort((a, b) => Number(a.dataset.rank) - Number(b.dataset.rank));
    const row = rows.at(-1);
    return row && !row.matches(".loading, .pending") && row.children[1].textContent === text;
  }, String(last), { polling: "raf" });
}

const stands = (page, text) => page.waitForFunction((t) => document.querySelector(".statusbar")?.textContent.includes(t), text, { polling: "raf" });

async function by_panel(capture, expected, memory) {
  const browser = await launch();
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 900 } })).newPage();
  page.setDefaultTimeout(STEP_S * 1000);
  await page.goto("about:blank");
  const root = await browser.newBrowserCDPSession();
  const chromium = (await root.send("SystemInfo.getProcessInfo")).processInfo.find((p) => p.type === "browser").id;
  let server;
  const figures = {};
  await rest(() => tree(chromium));
  const peak = memory ? sampled(() => (server ? tree(server.pid) : []), () => tree(chromium)) : undefined;
  try {
    const start = now();
    server = await serve(["--topspeed", "--decode", DECODE, capture]);
    await page.goto(String(server.url));
    await page.waitForSelector('.gridbox .row:not([hidden]):not(.loading):not(.pending)');
    figures["first rows, s"] = now() - start;
    await stands(page, `${count(expected.all.length)} frames`);
    await stands(page, "decoded up to now");
    await ends(page, expected.all.at(-1));
    figures["all rows, s"] = now() - start;
    const { ledger } = await server.call("GET", "/api/status");
    if (ledger.undecoded) throw new Error(`${ledger.undecoded} frames are not decoded`);
    for (const filter of FILTERS) {
      await page.keyboard.press("/");
      await page.keyboard.press("Control+A");
      await page.keyboard.type(filter);
      const enter = now();
      const done = server.until((s) => s.filter.filter === filter && ["done", "failed"].includes(s.filter.state));
      await page.keyboard.press("Enter");
      const { filter: verdict } = await done;
      if (verdict.state !== "done" || verdict.matches !== expected[filter].length) throw new Error(`${filter}: ${verdict.state}, ${verdict.matches} of ${expected[filter].length}`);
      await stands(page, `${count(verdict.matches)} shown`);
      await ends(page, expected[filter].at(-1));
      figures[`${filter}, s`] = now() - enter;
    }
    return peak ? await peak() : figures;
  } finally {
    await peak?.();
    await shut();
    await server?.end();
  }
}

/** How many rows have been decoded, of how many. */
async function rows_of_panel(capture, n) {
  const server = await serve(["--topspeed", capture]);
  try {
    await server.until((s) => s.state === "ended" && s.rows.total === n && !s.behind.frames);
    let decoded = 0;
    for (let from = 0; from < n; from += 1000) decoded += (await server.call("GET", `/api/rows?from=${from}&count=1000`)).rows.filter((r) => r.status === "decoded").length;
    return decoded;
  } finally {
    await server.end();
  }
}

const median = (list) => {
  const s = [...list].sort((a, b) => a - b);
  return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2;
};

let failed = false;
try {
  const capture = resolve(given);
  const expected = { all: frames(capture, "") };
  for (const filter of FILTERS) expected[filter] = frames(capture, filter);
  console.log(`${count(expected.all.length)} frames; ${FILTERS.map((f) => `${f}: ${count(expected[f].length)}`).join(", ")}; ${ROUNDS} rounds after one that does not count`);
  const [theirs, ours] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const both = async (memory) => [await by_termshark(capture, expected, memory), await by_panel(capture, expected, memory)];
    const times = await both(false);
    if (round === 0) continue;
    const peaks = await both(true);
    const [a, b] = [{ ...times[0], ...peaks[0] }, { ...times[1], ...peaks[1] }];
    theirs.push(a);
    ours.push(b);
    console.log(`round ${round}: termshark ${Object.values(a).map((x) => x.toFixed(2)).join(" ")}; panel ${Object.values(b).map((x) => x.toFixed(2)).join(" ")}`);
  }
  console.log(`${"".padEnd(42)} termshark      panel      ratio`);
  for (const what of Object.keys(ours[0])) {
    const ratio = median(theirs.map((a, i) => a[what] / ours[i][what]));
    failed ||= ratio < 1 && what !== WHOLE;
    console.log(`${what.padEnd(42)} ${median(theirs.map((a) => a[what])).toFixed(2).padStart(9)} ${median(ours.map((b) => b[what])).toFixed(2).padStart(10)} ${ratio.toFixed(2).padStart(10)}${ratio < 1 ? "  WORSE" : ""}`);
  }
  if (other) {
    const hostile = resolve(other);
    const all = frames(hostile, "").length;
    const [a, b] = [(await rows_of_termshark(hostile)).seen, await rows_of_panel(hostile, all)];
    failed ||= b < a || b < all;
    console.log(`rows of ${other.replace(/.*\//, "")}, of ${all}: termshark ${a}, panel ${b}`);
  }
} finally {
  await tmux("kill-server").catch(() => {});
  await shut();
  rmSync(home, { recursive: true, force: true });
}
console.log(failed ? "the panel is worse in some" : "the panel is worse in none");
process.exit(failed ? 1 : 0);
