// ticks.mjs - main-thread work of the page per frame, at 30 ticks a second and a million rows
//
//   node tests/web/bench/ticks.mjs [SECONDS]        (5 a scene)
//
// Goal: what the page does for one painted frame leaves time to spare: p95 under 16 ms. Method: Chromium's trace. A frame
// is from one painted layer tree (Layerize) to the next; its work is all tasks of the page's main thread in it: status
// parsed, rows fetched, filled in, style, layout, paint. The mock runs in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lacking, launch, shut } from "../browser.mjs";
import { at, line, sorted, traced } from "./trace.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const BUDGET_MS = 16;
const ROWS_MAX = 1000;
const seconds = Number(process.argv[2] ?? 5);
const why = lacking();
if (why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

const mock = spawn(process.execPath, [join(here, "../mock.mjs"), "--port", "0", "--rows", "1000000", "--rate", "30000"], { stdio: ["ignore", "pipe", "inherit"] });
let failed = false;
try {
  const [address] = await once(mock.stdout, "data");
  const browser = await launch();
  const page = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage();
  await page.goto(String(address).trim());
  await page.waitForSelector(".row:not([hidden])");
  await page.waitForSelector(".tally");
  const pass = () => page.waitForTimeout(seconds * 1000);
  const scenes = [
    ["follow the newest, statistics open", pass],
    ["scroll by wheel while it grows", async () => {
      await page.locator(".gridbox").hover();
      for (let end = Date.now() + seconds * 1000; Date.now() < end; ) await page.mouse.wheel(0, -240);
    }],
    ["walk through frames with layers and bytes", async () => {
      await page.locator("#grid").focus();
      for (let end = Date.now() + seconds * 1000; Date.now() < end; ) await page.keyboard.press("ArrowUp", { delay: 30 });
    }],
    ["jump by the scroll bar", async () => {
      let k = 0;
      for (let end = Date.now() + seconds * 1000; Date.now() < end; ) await page.locator(".gridbox").evaluate((e, k) => new Promise((r) => {
        e.scrollTop = (e.scrollHeight * (k * 37 % 100)) / 100;
        requestAnimationFrame(r);
      }), k++);
    }],
  ];
  console.log("scene                                       frames   p50 ms   p95 ms   p99 ms   max ms   rows in the document");
  for (const [name, act] of scenes) {
    const { timed, ...frames } = await traced(page, act);
    const [work, cpu] = [sorted(frames.work), sorted(frames.cpu)];
    const rows = await page.locator(".row").count();
    // By the processor's clock where the trace has it: who else ran on this machine is no work of the page.
    const p95 = at(timed ? cpu : work, 0.95);
    console.log(`${line(name, work)} ${String(rows).padStart(6)}`);
    if (timed) console.log(line("  of it processor time", cpu));
    if (work.length < seconds * 10 || p95 >= BUDGET_MS || rows > ROWS_MAX) failed = true;
  }
  await shut();
} finally {
  mock.kill();
}
console.log(failed ? `over the budget of ${BUDGET_MS} ms at p95, or too few frames` : `p95 under ${BUDGET_MS} ms in each scene`);
process.exit(failed ? 1 : 0);
