// browser.mjs - the installed Chromium, a mock and a page on it, for the tests
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Mock } from "./mock.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const modules = resolve(process.env.SECVF_WEB_MODULES ?? join(here, "node_modules"));
const ui = process.env.SECVF_UI_DIST ?? join(here, "../../src/web/ui/dist");
const chromium = process.env.SECVF_CHROMIUM ?? "/usr/bin/chromium";

/** Why the tests cannot run here; "" where they can. page: it is a mock that serves it. */
export function lacking(page = true) {
  if (!existsSync(chromium)) return `${chromium} is not there: apt install chromium, or SECVF_CHROMIUM`;
  if (!existsSync(join(modules, "playwright-core"))) return `${modules} lacks playwright-core: npm ci in tests/web`;
  if (page && !existsSync(join(ui, "index.html"))) return `${ui} holds no page: build it`;
  return "";
}

/** What node:test takes as its skip. A program by itself ends with 77, which ctest takes as skipped. */
export function skipped() {
  const why = lacking();
  if (why && !process.env.NODE_TEST_CONTEXT) {
    console.log(`skipped: ${why}`);
    process.exit(77);
  }
  return why || false;
}

let browser;
export async function launch() {
  const { chromium: driver } = createRequire(join(modules, "_"))("playwright-core");
  browser ??= await driver.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
  return browser;
}

export async function shut() {
  await browser?.close();
  browser = undefined;
}

/** A mock and a page that has it open. Errors of the page and of its policy are gathered in page.faults. */
export async function open(options = {}, size = { width: 1280, height: 720 }) {
  const mock = await new Mock({ rows: 20_000, ui, ...options }).start();
  Object.assign(mock.settings, options.settings);
  const context = await (await launch()).newContext({ viewport: size, acceptDownloads: true, colorScheme: options.scheme ?? "light" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: mock.url });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.faults = [];
  page.outside = [];
  page.on("pageerror", (e) => page.faults.push(String(e)));
  page.on("console", (m) => m.type() === "error" && !/ERR_|Failed to load resource/.test(m.text()) && page.faults.push(m.text()));
  page.on("request", (r) => !r.url().startsWith(mock.url) && !r.url().startsWith("blob:") && page.outside.push(r.url()));
  await page.goto(`${mock.url}/?token=${mock.token}`);
  await ready(page, mock);
  return { mock, page, close: async () => {
    await context.close();
    await mock.stop();
  } };
}

/** Wait until a page that is being loaded has what there is to show: a key that comes before is for nobody. */
export async function ready(page, mock) {
  await page.waitForSelector(".statusbar .num");
  if (mock.total > 0) await rowsIn(page).first().waitFor();
}

export const rowsIn = (page) => page.locator(".gridbox .row:not([hidden])");

/** Wait until what f() says of the page is true. */
export async function until(page, f, arg) {
  await page.waitForFunction(f, arg);
}
