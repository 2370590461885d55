// trace.mjs - main-thread work of a page per painted frame, from Chromium's trace

export const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** One line of a table: how many, and their p50, p95, p99 and maximum. */
export const line = (what, sorted) => `${what.padEnd(42)} ${String(sorted.length).padStart(7)} ${[0.5, 0.95, 0.99, 1].map((s) => at(sorted, s).toFixed(2).padStart(8)).join(" ")}`;

/**
 * Milliseconds of work for each frame that is painted while act() runs, unsorted. timed: the trace has the processor's
 * clock, which cpu is by.
 */
export async function traced(page, act) {
  const events = [];
  const client = await page.context().newCDPSession(page);
  client.on("Tracing.dataCollected", (e) => events.push(...e.value));
  await client.send("Tracing.start", { traceConfig: { includedCategories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"], recordMode: "recordAsMuchAsPossible" }, transferMode: "ReportEvents" });
  await act();
  const done = new Promise((resolve) => client.once("Tracing.tracingComplete", resolve));
  await client.send("Tracing.end");
  await done;
  await client.detach();
  // The renderer's main thread with the most frames is the page's.
  const mains = events.filter((e) => e.name === "thread_name" && e.args?.name === "CrRendererMain").map((e) => `${e.pid}/${e.tid}`);
  const of = (name) => events.filter((e) => e.name === name && mains.includes(`${e.pid}/${e.tid}`));
  const frames = of("Layerize").sort((a, b) => a.ts - b.ts);
  const count = new Map();
  for (const f of frames) count.set(`${f.pid}/${f.tid}`, (count.get(`${f.pid}/${f.tid}`) ?? 0) + 1);
  const main = [...count].sort((a, b) => b[1] - a[1])[0]?.[0];
  const begins = frames.filter((f) => `${f.pid}/${f.tid}` === main).map((f) => f.ts);
  const tasks = events.filter((e) => e.ph === "X" && /RunTask$/.test(e.name) && `${e.pid}/${e.tid}` === main).sort((a, b) => a.ts - b.ts);
  const work = new Array(Math.max(0, begins.length - 1)).fill(0);
  const cpu = [...work];
  let i = 0;
  let end = 0; // of what is counted: a task in a task is not counted twice
  for (const t of tasks) {
    if (t.ts < end) continue;
    end = t.ts + t.dur;
    while (i < work.length && begins[i + 1] <= t.ts) i++;
    if (i >= work.length || t.ts < begins[0]) continue;
    work[i] += t.dur / 1000;
    cpu[i] += (t.tdur ?? t.dur) / 1000;
  }
  return { work, cpu, timed: tasks.some((t) => t.tdur !== undefined) };
}

export const sorted = (list) => [...list].sort((a, b) => a - b);
