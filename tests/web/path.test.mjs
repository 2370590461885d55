// path.test.mjs - what a person does, from the start of a capture to an export that tshark opens
//
// Goal: the page, the server, the switch, the pipeline, tshark and sharkd do together what each is tested for alone.
// Method: `secvf serve` on fixtures of ours, Chromium, and no mock. SECVF: the program; SECVF_FIXTURES: the folder.
// SECVF_WEB_SHOTS: a folder for pictures of each step.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { lacking, launch, shut } from "./browser.mjs";

const secvf = process.env.SECVF;
const fixtures = process.env.SECVF_FIXTURES;
const has = (program) => process.env.PATH.split(":").some((d) => existsSync(join(d, program)));
const skip = lacking() || (!secvf && "SECVF names no program") || (!has("tshark") && "there is no tshark") || false;
const home = mkdtempSync(join(tmpdir(), "secvf-path-"));
let server;

after(async () => {
  await shut();
  if (server) {
    server.kill("SIGINT");
    await new Promise((r) => server.once("exit", r));
  }
  rmSync(home, { recursive: true, force: true });
});

/** The address that serve prints. */
function serve(words) {
  server = spawn(secvf, ["serve", "--start", "--", ...words], {
    env: { ...process.env, AVF_HOME: home, HOME: home, XDG_CONFIG_HOME: join(home, "config") }, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", (d) => (text += d).includes("\n") && resolve(text.trim()));
    server.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
  });
}

function tshark(...words) {
  return execFileSync("tshark", ["-n", ...words], { stdio: ["ignore", "pipe", "ignore"] }).toString().trim().split("\n").filter(Boolean);
}

let step = 0;
async function picture(page, name) {
  if (process.env.SECVF_WEB_SHOTS) await page.screenshot({ path: join(process.env.SECVF_WEB_SHOTS, `${++step}-${name}.png`) });
}

test("capture, filter, save, look, follow, export", { skip, timeout: 240_000 }, async () => {
  const captures = ["dns.pcap", "http.pcap"].map((f) => join(fixtures, "captures", f));
  const url = await serve(["--topspeed", ...captures]);
  const context = await (await launch()).newContext({ viewport: { width: 1280, height: 720 }, acceptDownloads: true });
  const page = await context.newPage();
  const faults = [];
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (e) => faults.push(String(e)));
  await page.goto(url);

  // The capture runs, and its rows come.
  await page.waitForSelector(".row:not([hidden]):not(.loading)");
  await page.keyboard.press("Home"); // the newest are followed
  await page.waitForSelector('.row[data-rank="0"]:not([hidden]):not(.loading)');
  await picture(page, "capture");

  // A filter: what it shows is what tshark shows.
  const expression = "dns and !mdns";
  const theirs = captures.flatMap((f) => tshark("-r", f, "-Y", expression, "-o", 'gui.column.format:"n","%m"')).length;
  assert.ok(theirs > 4);
  await page.keyboard.press("/");
  await page.keyboard.type(expression);
  await page.keyboard.press("Enter");
  await page.waitForFunction((n) => new RegExp(`(^|[^0-9,])${n} shown`).test(document.querySelector(".statusbar").textContent), theirs);
  await picture(page, "filter");

  // It is saved, and there for another program.
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByLabel("Name", { exact: true }).fill("names asked for");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const kept = JSON.parse(readFileSync(join(home, "config/secvf/settings.json"), "utf8")).SavedDisplayFilters;
  assert.deepEqual(kept.map((f) => [f.name, f.expression]), [["names asked for", expression]]);

  // It is the newest of those recently used, here and in the settings.
  await page.locator("#library").click();
  await page.getByRole("tabpanel").getByRole("button", { name: expression, exact: true }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(JSON.parse(readFileSync(join(home, "config/secvf/settings.json"), "utf8")).RecentDisplayFilters[0], expression);

  // A column of a field: what it says is what tshark says.
  await page.locator("#grid").focus();
  await page.keyboard.press("Control+Shift+L");
  await page.getByLabel("Field of a new column").fill("dns.qry.name");
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await page.locator(".columnlist").getByText("dns.qry.name").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const names = captures.flatMap((f) => tshark("-r", f, "-Y", expression, "-T", "fields", "-E", "aggregator=/s", "-e", "dns.qry.name"));
  await page.waitForFunction(([n, at]) => {
    const row = document.querySelector(`.row[data-rank="${at}"]:not([hidden])`);
    return [...(row?.children ?? [])].some((c) => c.textContent === n);
  }, [names[0].split(" ").join(", "), 0]);
  await picture(page, "column");

  // A frame, a field of it, and its bytes.
  await page.locator('.row[data-rank="0"]:not([hidden]) > span').nth(9).click();
  await page.getByRole("treeitem", { name: /Domain Name System/ }).waitFor();
  await page.getByRole("treeitem", { name: /Internet Protocol Version/ }).locator(".twist").first().click();
  await page.getByRole("treeitem", { name: /Source Address|Source: / }).first().click();
  await page.waitForFunction(() => document.querySelectorAll(".hexes .marked").length > 0);
  await picture(page, "field");

  // The stream that it is part of.
  await page.getByRole("button", { name: /Follow UDP/ }).click();
  await page.getByRole("dialog").locator(".said.client:not([hidden])").first().waitFor();
  await picture(page, "follow");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });

  // Two frames exported, and opened by tshark.
  await page.locator('.row[data-rank="0"]:not([hidden]) > span').nth(9).click();
  await page.locator('.row[data-rank="1"]:not([hidden]) > span').nth(9).click({ modifiers: ["Shift"] });
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Control+Shift+S")]);
  const file = join(home, "export.pcapng");
  await download.saveAs(file);
  const rows = tshark("-r", file, "-Y", expression);
  assert.equal(rows.length, 2);
  await picture(page, "export");
  assert.deepEqual(faults, []);
  await context.close();
});
