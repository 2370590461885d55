// page.test.mjs - the panel in Chromium, against the mock
//
// Goal: each thing that a person can do with the panel does what it says, and asks the server for what it should.
// Method: a mock of the API with made-up rows; keys and clicks as a person's; what is looked at is the document and
// the requests that came.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { open, ready, rowsIn, shut, skipped, until } from "./browser.mjs";

const skip = skipped();
after(shut);

/** A test on a page of its own. After it, no fault of the page, nothing outside. */
function on(name, options, body) {
  test(name, { skip, timeout: 180_000 }, async () => {
    const at = await open(options, options.size);
    try {
      await body(at);
      assert.deepEqual(at.page.faults, []);
      assert.deepEqual(at.page.outside, []);
    } catch (e) {
      if (process.env.SECVF_WEB_SHOT) await at.page.screenshot({ path: process.env.SECVF_WEB_SHOT });
      throw e;
    } finally {
      await at.close();
    }
  });
}
const asked = (mock, method, path) => mock.requests.filter((r) => r.method === method && r.path === path);
const cell = (page, rank, column) => page.locator(`.row[data-rank="${rank}"]:not([hidden]) > span`).nth(column);
const seen = (page, rank) => page.waitForSelector(`.row[data-rank="${rank}"]:not([hidden]):not(.loading)`);
const applied = (page, mock, filter) => until(page, (f) => document.querySelector("#filter").value === f, filter).then(() => assert.equal(mock.filter.filter, filter));
/** What is on the clipboard once it matches. */
async function copied(page, wanted) {
  let text = "";
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    text = await page.evaluate(() => navigator.clipboard.readText());
    if (wanted.test(text)) return text;
  }
  assert.match(text, wanted);
}

on("the table shows the columns of each row", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await seen(page, 0);
  const row = mock.row(1);
  assert.equal(await cell(page, 0, 1).textContent(), "1");
  assert.equal(await cell(page, 0, 2).textContent(), "0.000000000");
  assert.equal(await cell(page, 1, 2).textContent(), "0.000137211");
  assert.equal(await cell(page, 0, 3).textContent(), row.vm);
  assert.equal(await cell(page, 0, 4).textContent(), row.src);
  assert.equal(await cell(page, 0, 5).textContent(), row.dst);
  assert.equal(await cell(page, 0, 6).textContent(), row.protocol);
  assert.equal(await cell(page, 0, 7).textContent(), String(row.len));
  assert.equal(await cell(page, 0, 8).textContent(), row.info);
});

on("time is relative, of day, or since the row before", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await seen(page, 0);
  await page.keyboard.press("t");
  await until(page, () => /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}$/.test(document.querySelector('.row[data-rank="1"] > span:nth-child(3)').textContent));
  assert.equal(mock.settings.time, "absolute");
  await page.keyboard.press("t");
  await until(page, () => document.querySelector('.row[data-rank="3"] > span:nth-child(3)').textContent === "0.000137211");
  await page.keyboard.press("t");
  await until(page, () => document.querySelector('.row[data-rank="3"] > span:nth-child(3)').textContent === "0.000411633");
});

on("rows have the server's colours, and dim ones of the same hue in the dark", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  const plain = (r) => r.status === "decoded" && r.bg === "daeeff";
  const id = Array.from({ length: 15 }, (_, i) => i + 2).find((i) => plain(mock.row(i)));
  await seen(page, id - 1);
  const color = () => page.locator(`.row[data-rank="${id - 1}"]`).evaluate((e) => getComputedStyle(e).backgroundColor);
  assert.equal(await color(), "rgb(218, 238, 255)");
  mock.settings.theme = "dark";
  await page.reload();
  await ready(page, mock);
  await page.waitForSelector('html[data-theme="dark"]');
  await page.keyboard.press("Home");
  await seen(page, id - 1);
  const [r, g, b] = (await color()).match(/\d+/g).map(Number);
  assert.ok(b > r && b < 90 && g < 70, `${r} ${g} ${b}`);
});

on("a million rows: any place by the scroll bar, the wheel and keys; few elements", { rows: 1_000_000 }, async ({ page }) => {
  await seen(page, 999_999);
  await page.keyboard.press("Home");
  await seen(page, 0);
  const box = page.locator(".gridbox");
  await box.evaluate((e) => (e.scrollTop = e.scrollHeight / 2));
  await until(page, () => Math.abs(Number(document.querySelector(".row:not([hidden]):not(.loading)")?.dataset.rank ?? 0) - 500_000) < 200);
  const first = () => page.evaluate(() => Math.min(...[...document.querySelectorAll(".row:not([hidden])")].map((r) => Number(r.dataset.rank))));
  const before = await first();
  await box.hover();
  await page.mouse.wheel(0, 180);
  await until(page, (b) => Math.min(...[...document.querySelectorAll(".row:not([hidden])")].map((r) => Number(r.dataset.rank))) > b, before);
  assert.ok((await first()) - before <= 12, "the wheel moves by rows, not by the bar");
  assert.ok((await box.evaluate((e) => e.scrollHeight)) <= 8_000_100);
  assert.ok((await page.locator(".row").count()) < 1000);
  await page.keyboard.press("End");
  await seen(page, 999_999);
});

on("a click on a row that is still fetched chooses it", {}, async ({ mock, page }) => {
  await seen(page, 19_999);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/api/rows?*", (route) => held.then(() => route.continue()));
  await page.locator(".gridbox").evaluate((e) => (e.scrollTop = e.scrollHeight / 2));
  const row = page.locator(".row.loading:not([hidden])").nth(5);
  const rank = Number(await row.getAttribute("data-rank"));
  const box = await row.boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.move(0, 0);
  assert.equal(await page.locator(`.row.loading[data-rank="${rank}"]`).count(), 1, "it was not there yet");
  release();
  await page.waitForSelector(`.row.chosen.active[data-rank="${rank}"]:not(.loading)`);
  await page.getByRole("treeitem").filter({ hasText: `Frame ${rank + 1}:` }).waitFor();
  assert.equal(asked(mock, "GET", `/api/frames/${rank + 1}`).length, 1);
});

on("keys move the active row: arrows, j k, pages, ends", {}, async ({ page }) => {
  const active = () => page.locator(".row.active").getAttribute("aria-rowindex").then(Number);
  await page.keyboard.press("Home");
  await page.waitForSelector('.row.active[data-rank="0"]');
  for (const key of ["ArrowDown", "j", "j"]) await page.keyboard.press(key);
  await page.waitForSelector('.row.active[data-rank="3"]');
  await page.keyboard.press("k");
  await page.keyboard.press("ArrowUp");
  await page.waitForSelector('.row.active[data-rank="1"]');
  await page.keyboard.press("PageDown");
  await until(page, () => Number(document.querySelector(".row.active")?.dataset.rank) > 10);
  assert.ok((await active()) < 60);
  await page.keyboard.press("End");
  await page.waitForSelector('.row.active[data-rank="19999"]');
  const grid = page.locator("#grid");
  await until(page, () => document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant"))?.closest(".row.active"));
  assert.equal(await grid.getAttribute("aria-rowcount"), "20001");
});

on("several rows are chosen with shift and ctrl, and copied as text and as filter", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await seen(page, 9);
  await cell(page, 2, 8).click();
  await cell(page, 5, 8).click({ modifiers: ["Shift"] });
  await cell(page, 8, 8).click({ modifiers: ["Control"] });
  await cell(page, 3, 8).click({ modifiers: ["Control"] });
  await until(page, () => document.querySelectorAll(".row.chosen").length === 4);
  await page.keyboard.press("Control+Shift+C");
  await copied(page, /^frame\.number in \{3, 5, 6, 9\}$/);
  await page.keyboard.press("Control+c");
  const text = await copied(page, new RegExp(`^3\t0\\.000274422\t${mock.row(3).vm}\t`));
  assert.equal(text.split("\n").length, 4);
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Escape");
  await until(page, () => document.querySelectorAll(".row.chosen").length === 1);
});

on("going to a frame by its number, and saying so where it is not shown", {}, async ({ page }) => {
  await page.keyboard.press("Control+g");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("99999999");
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("alert").textContent(), /1 to 20,000/);
  await page.getByLabel("Frame number").fill("12345");
  await page.keyboard.press("Enter");
  await page.waitForSelector('.row.active[data-rank="12344"]');
});

on("rows that are not decoded look different and say why", { rows: 400, pendingTail: 5 }, async ({ page }) => {
  await seen(page, 399);
  assert.equal(await rowsIn(page).and(page.locator(".pending")).count(), 5);
  assert.match(await cell(page, 399, 8).textContent(), /waiting for tshark/);
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill("97");
  await page.keyboard.press("Enter");
  await page.waitForSelector('.row.skipped[data-rank="96"]');
  assert.match(await cell(page, 96, 8).textContent(), /^\[not decoded: tshark stopped answering/);
  assert.match(await page.locator('.row[data-rank="96"]').getAttribute("title"), /passed over/);
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill("131");
  await page.keyboard.press("Enter");
  await page.waitForSelector('.row.skipped[data-rank="130"]');
  assert.match(await cell(page, 130, 8).textContent(), /quarantine/);
});

on("rows that wait become decoded without anybody doing anything", { rows: 400, pendingTail: 5 }, async ({ mock, page }) => {
  await page.waitForSelector(".row.pending");
  mock.pendingTail = 0;
  mock.serial++;
  await until(page, () => !document.querySelector(".row.pending:not([hidden])"));
});

on("frames that left the buffer are named so", { rows: 3000, settings: { buffer_frames: 1000 } }, async ({ page }) => {
  await page.keyboard.press("Home");
  await page.waitForSelector('.row.gone[data-rank="0"]');
  assert.match(await cell(page, 0, 8).textContent(), /no longer kept/);
  assert.match(await page.locator(".statusbar").textContent(), /oldest kept: 2,001/);
});

on("follows the newest, stops when scrolled, goes on at End", { rows: 5000, rate: 900 }, async ({ mock, page }) => {
  await until(page, () => Number(document.querySelector(".gridbox").getAttribute("aria-rowcount")) > 5200);
  const follow = page.getByRole("button", { name: "Follow" });
  assert.equal(await follow.getAttribute("aria-pressed"), "true");
  await page.locator(".gridbox").hover();
  await page.mouse.wheel(0, -900);
  await until(page, () => [...document.querySelectorAll("button")].find((b) => b.textContent === "Follow").getAttribute("aria-pressed") === "false");
  const top = await page.locator(".row:not([hidden])").first().getAttribute("data-rank");
  const was = mock.total;
  await until(page, (n) => Number(/([\d,]+) frames/.exec(document.querySelector(".statusbar").textContent)[1].replace(/,/g, "")) > n, was + 400);
  assert.equal(await page.locator(".row:not([hidden])").first().getAttribute("data-rank"), top);
  await page.locator("#grid").focus();
  await page.keyboard.press("End");
  await until(page, () => [...document.querySelectorAll("button")].find((b) => b.textContent === "Follow").getAttribute("aria-pressed") === "true");
  await until(page, (n) => Math.max(...[...document.querySelectorAll(".row:not([hidden])")].map((r) => Number(r.dataset.rank))) > n, mock.total + 200);
});

on("a frozen view holds still and counts what is new", { rows: 5000, rate: 900 }, async ({ page }) => {
  await until(page, () => Number(document.querySelector(".gridbox").getAttribute("aria-rowcount")) > 5000);
  await page.keyboard.press("p");
  await page.getByRole("button", { name: /^Frozen/ }).waitFor();
  const held = await page.locator(".gridbox").getAttribute("aria-rowcount");
  await until(page, () => /\+[1-9]\d\d/.test(document.querySelector(".new")?.textContent ?? ""));
  assert.equal(await page.locator(".gridbox").getAttribute("aria-rowcount"), held);
  await page.keyboard.press("p");
  await until(page, (n) => document.querySelector(".gridbox").getAttribute("aria-rowcount") !== n, held);
});

on("a frozen view under another filter shows what of it was there then", { rows: 5000, rate: 900 }, async ({ mock, page }) => {
  await until(page, () => Number(document.querySelector(".gridbox").getAttribute("aria-rowcount")) > 5000);
  await page.keyboard.press("p");
  const held = Number(await page.locator(".gridbox").getAttribute("aria-rowcount")) - 1;
  await page.locator("#filter").fill("dns");
  await page.locator("#filter").press("Enter");
  await until(page, () => /^Frozen/.test([...document.querySelectorAll(".toolbar button")].map((b) => b.textContent).join("|").match(/Frozen[^|]*/)?.[0] ?? "") && document.querySelector(".row:not([hidden]):not(.loading)"));
  const wanted = Array.from({ length: held }, (_, i) => i + 1).filter((id) => mock.row(id).protocol === "DNS").length;
  await until(page, (n) => document.querySelector(".gridbox").getAttribute("aria-rowcount") === String(n + 1), wanted);
  // It goes on once it is let go, though the filter runs as long as the capture does.
  await page.getByRole("button", { name: /^Frozen/ }).click();
  for (let more = 100; more <= 300; more += 100) {
    await until(page, (n) => Number(document.querySelector(".gridbox").getAttribute("aria-rowcount")) > n, wanted + more);
    await page.getByRole("button", { name: "Freeze", exact: true }).waitFor();
  }
});

on("a display filter: green, red with the wrong bytes underlined, applied by Enter, cleared by Esc", {}, async ({ mock, page }) => {
  await page.keyboard.press("/");
  await page.keyboard.type("\u00e4 dns");
  await page.waitForSelector(".filterbar .filterinput.bad .squiggle");
  assert.equal(await page.locator(".filterbar .squiggle").textContent(), "\u00e4");
  await page.locator("#filter").fill('ip.src == 10.0.0.10 && dnss');
  await page.locator("#filter").press("End");
  await until(page, () => document.querySelector(".filterbar .squiggle")?.textContent === "dnss");
  assert.match(await page.locator("#filter-message").textContent(), /neither a field nor a protocol/);
  assert.equal(await page.locator("#filter").getAttribute("aria-invalid"), "true");
  await page.locator("#filter").press("Enter");
  assert.equal(mock.filter.filter, "");
  await page.locator("#filter").fill("dns");
  await page.waitForSelector(".filterbar .filterinput.good");
  await page.locator("#filter").press("Enter");
  await until(page, () => /shown/.test(document.querySelector(".filterbar .sr").textContent));
  assert.equal(mock.filter.filter, "dns");
  const { matches } = mock.filter;
  assert.ok(matches > 100 && matches < 20_000);
  await until(page, (n) => document.querySelector(".gridbox").getAttribute("aria-rowcount") === String(n + 1), matches);
  await until(page, () => [...document.querySelectorAll(".row:not([hidden]):not(.loading)")].length > 5 && [...document.querySelectorAll(".row:not([hidden]) > span:nth-child(7)")].every((c) => c.textContent === "DNS"));
  await page.locator("#filter").press("Escape");
  await until(page, () => document.querySelector(".gridbox").getAttribute("aria-rowcount") === "20001");
  assert.equal(mock.filter.filter, "");
});

on("a filter over the past shows how far it is, and the active frame stays", { slowFilter: true }, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await seen(page, 0);
  await page.locator("#filter").fill("dns");
  await page.locator("#filter").press("Enter");
  const progress = page.getByRole("progressbar");
  await progress.waitFor();
  mock.judge(5000);
  await until(page, () => document.querySelector("progress")?.value === 5000);
  assert.match(await page.locator(".progress").textContent(), /of 5,000.*25%/);
  mock.judge(15_000);
  await progress.waitFor({ state: "detached" });
});

on("fields are completed with their types, by keyboard", {}, async ({ page }) => {
  await page.keyboard.press("/");
  await page.keyboard.type("tcp and dns.q");
  const options = page.getByRole("option");
  await options.first().waitFor();
  assert.deepEqual(await options.locator(".field").allTextContents(), ["dns.qry.name", "dns.qry.name.len", "dns.qry.type"]);
  assert.match(await options.nth(2).textContent(), /uint/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.locator("#filter").getAttribute("aria-activedescendant"), "filter-option-2");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#filter").inputValue(), "tcp and dns.qry.type");
});

on("history, saved filters, presets, and saving under a name", {}, async ({ mock, page }) => {
  await page.locator("#filter").focus();
  await page.keyboard.press("ArrowUp");
  assert.equal(await page.locator("#filter").inputValue(), "dns");
  await page.keyboard.press("ArrowUp");
  assert.equal(await page.locator("#filter").inputValue(), "http.request");
  await page.keyboard.press("Control+d");
  await page.getByLabel("Name", { exact: true }).fill("fjord");
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("alert").textContent(), /of that name/);
  await page.getByLabel("Name", { exact: true }).fill("requests");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.deepEqual(mock.saved[1], { name: "requests", expression: "http.request", note: "" });
  await page.locator("#grid").focus();
  await page.keyboard.press("Control+l");
  await page.getByRole("tab", { name: "Saved" }).click();
  await page.getByRole("button", { name: "Remove requests" }).click();
  await page.getByRole("button", { name: "Remove requests" }).waitFor({ state: "detached" });
  assert.equal(mock.saved.length, 1);
  await page.getByRole("tab", { name: "Presets" }).click();
  await page.getByRole("button", { name: /lateral-smb/ }).click();
  await applied(page, mock, "smb2");
});

on("the menu of a cell filters in, out, and, or", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await seen(page, 0);
  const pick = async (rank, column, name) => {
    await cell(page, rank, column).click({ button: "right" });
    await page.getByRole("menuitem", { name, exact: true }).click();
  };
  const { src } = mock.row(2);
  await pick(1, 4, "Apply as filter");
  await applied(page, mock, `ip.src == ${src}`);
  await page.waitForSelector('.row[data-rank="0"]:not(.loading)');
  const next = await cell(page, 0, 7).textContent();
  await pick(0, 7, "... and");
  await applied(page, mock, `(ip.src == ${src}) && frame.len == ${next}`);
  await page.locator("#filter").fill("");
  await page.locator("#filter").press("Enter");
  await until(page, () => document.querySelector(".gridbox").getAttribute("aria-rowcount") === "20001");
  await page.locator("#grid").focus();
  await page.keyboard.press("Home");
  const tls = Array.from({ length: 3000 }, (_, i) => i + 1).find((i) => mock.row(i).protocol === "TLSv1.2" && mock.row(i).status === "decoded");
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill(String(tls));
  await page.keyboard.press("Enter");
  await seen(page, tls - 1);
  await pick(tls - 1, 6, "Apply as not");
  await applied(page, mock, "!(tls)");
  await page.keyboard.press("Shift+F10");
});

on("a row is marked and commented", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await page.waitForSelector('.row.active[data-rank="0"]');
  await page.keyboard.press("m");
  await page.waitForSelector('.row.marked[data-rank="0"]');
  assert.equal(mock.marks.get(1), true);
  await page.keyboard.press("c");
  await page.locator("textarea").fill("first contact");
  await page.getByRole("button", { name: "Save" }).last().click();
  await until(page, () => /first contact/.test(document.querySelector('.row[data-rank="0"]').title));
  assert.equal(mock.comments.get(1), "first contact");
});

on("layers: open stays open from frame to frame; a field marks its bytes, a byte its field", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  const ip = page.getByRole("treeitem", { name: /^.?Internet Protocol/ });
  await ip.waitFor();
  await ip.locator(".twist").click();
  const source = page.getByRole("treeitem", { name: /Source Address/ });
  await source.waitFor();
  await source.click();
  await until(page, () => document.querySelectorAll(".hexes .marked").length === 4);
  assert.deepEqual(await page.locator(".hexes .marked").evaluateAll((all) => all.map((b) => Number(b.closest(".hexrow").dataset.row) * 16 + Number(b.dataset.i))), [26, 27, 28, 29]);
  await page.locator("#grid").focus();
  await page.keyboard.press("ArrowDown");
  await until(page, () => document.querySelector(".panehead .num")?.textContent === "frame 2");
  assert.equal(await ip.getAttribute("aria-expanded"), "true");
  assert.equal(await source.getAttribute("aria-selected"), "true");
  await page.locator('.hexrow[data-row="0"] .hexes span').nth(7).click();
  await until(page, () => /^Source: 02:00/.test(document.querySelector(".node.active .label").textContent));
  assert.equal(await page.locator(".hexes .marked").count(), 6);
  assert.equal(await page.locator(".node.severity.error").count(), 1);
  await page.getByRole("treeitem", { name: /Source: 02:00/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Apply as filter" }).click().catch(() => undefined);
  assert.equal(asked(mock, "POST", "/api/filter").at(-1)?.body.filter, "eth.src == 02:00:00:00:00:02");
});

on("layers: keyboard, a link to another frame, byte views as tabs, copying bytes", {}, async ({ page }) => {
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill("500");
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem").first().waitFor();
  await page.locator("#grid").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "layers");
  await page.keyboard.press("Home");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("treeitem", { name: /ACK to the segment/ }).waitFor();
  await page.getByRole("tab", { name: /Reassembled/ }).click();
  await until(page, () => document.querySelector(".chars")?.textContent === "0123456789abcdef");
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("menuitem", { name: "Copy as C array" }).click();
  await copied(page, /^static const unsigned char bytes\[96\] = \{\n\t0x30, 0x31,/);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("menuitem", { name: "Copy as hex" }).click();
  await copied(page, /^30 31 32 33 /);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("menuitem", { name: "Copy as text" }).click();
  await copied(page, /^0123456789abcdef0123/);
  await page.getByText("go to frame 497").click();
  await page.waitForSelector('.row.active[data-rank="496"]');
  await until(page, () => document.querySelector(".panehead .num")?.textContent === "frame 497");
});

on("panes that are off ask the server for nothing", { settings: { layers: false, bytes: false } }, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await page.waitForSelector('.row.active[data-rank="0"]');
  await page.keyboard.press("j");
  await page.waitForSelector('.row.active[data-rank="1"]');
  assert.equal(await page.locator(".pane").count(), 0);
  await page.keyboard.press("b");
  await page.waitForSelector(".hexrow:not([hidden])");
  assert.equal(mock.requests.some((r) => r.path === "/api/frames/2"), false);
  assert.equal(mock.requests.some((r) => r.path === "/api/frames/1/bytes"), false);
  assert.equal(mock.requests.some((r) => r.path === "/api/frames/2/bytes"), true);
  assert.equal(mock.settings.bytes, true);
});

on("following a stream: both sides, hex, and a filter of it", {}, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await page.waitForSelector('.row.active[data-rank="0"]');
  await page.getByRole("treeitem").first().waitFor();
  await page.keyboard.press("f");
  await page.locator(".said.client:not([hidden])").first().waitFor();
  assert.ok((await page.locator(".said.server:not([hidden])").count()) > 2);
  assert.match(await page.locator(".said:not([hidden]) .what").first().textContent(), /POST \/gate.php/);
  await page.getByLabel("Side").selectOption("server");
  await page.getByLabel("Show").selectOption("hex");
  await until(page, () => /^000000  48 54 54 50/.test(document.querySelector(".said .what").textContent) && !document.querySelector(".said.client:not([hidden])"));
  await page.getByRole("button", { name: "Filter this stream" }).click();
  await applied(page, mock, "tcp.stream == 0");
});

on("statistics follow the filter; a click filters, a right click excludes", {}, async ({ mock, page }) => {
  const protocols = page.getByRole("region", { name: "Protocols" });
  await protocols.getByRole("button", { name: "DNS", exact: true }).waitFor();
  assert.equal(await page.locator(".charts canvas").count(), 4);
  await page.getByRole("region", { name: "DNS names" }).getByRole("button", { name: "c2.fjord.example" }).click();
  await applied(page, mock, 'dns.qry.name == "c2.fjord.example"');
  await until(page, () => /of dns\.qry\.name/.test(document.querySelector(".statsof")?.textContent ?? ""));
  assert.equal(await protocols.locator("tbody tr").count(), 1);
  await page.locator("#filter").fill("");
  await page.locator("#filter").press("Enter");
  const code = page.getByRole("region", { name: "HTTP codes" }).getByRole("button", { name: /404/ });
  await code.waitFor();
  await code.click({ button: "right" });
  await page.getByRole("menuitem", { name: "Exclude these" }).click();
  await applied(page, mock, "!(http.response.code == 404)");
  await protocols.getByRole("button", { name: "TLSv1.2", exact: true }).click();
  await applied(page, mock, "tls");
  const before = mock.requests.filter((r) => r.path === "/api/statistics").length;
  await page.getByRole("button", { name: "Statistics" }).click();
  assert.equal(await page.locator(".stats").count(), 0);
  assert.ok(before > 1);
});

on("start, stop, clear; the light; scope; capture filter", { rows: 0 }, async ({ mock, page }) => {
  assert.match(await page.locator(".empty").textContent(), /No capture yet/);
  await page.getByRole("textbox", { name: "Capture filter" }).or(page.locator("#capture")).first().fill("tcp porrt 1");
  await until(page, () => document.querySelector(".toolbar .squiggle")?.textContent === "porrt");
  await page.locator("#capture").fill("tcp port 443");
  await page.waitForSelector(".toolbar .filterinput.good");
  await page.getByRole("button", { name: /All switch traffic/ }).click();
  await page.getByLabel("android-x86").click();
  await page.getByRole("button", { name: /3 of 4 VMs/ }).waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(mock.scope, ["win10-lab", "win11-ofc", "debian-srv"]);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  assert.deepEqual(asked(mock, "POST", "/api/capture/start")[0].body, { interfaces: ["win10-lab", "win11-ofc", "debian-srv"], capture_filter: "tcp port 443" });
  await page.locator('.light.running[aria-label="Capturing"]').waitFor();
  assert.match(await page.locator(".empty").textContent(), /Waiting for the first frame/);
  mock.grow(300);
  await seen(page, 299);
  await page.locator("#grid").focus();
  await page.keyboard.press("Control+e");
  await page.getByRole("button", { name: "Start", exact: true }).waitFor();
  assert.equal(mock.state, "ended");
  await seen(page, 299);
  await page.getByRole("button", { name: "Clear" }).first().click();
  await until(page, () => /No capture yet/.test(document.querySelector(".empty")?.textContent ?? ""));
});

on("without tshark: Start is off, offline is offered and named, what to do is said", { rows: 0, tshark: false }, async ({ mock, page }) => {
  assert.equal(await page.getByRole("button", { name: "Start", exact: true }).isDisabled(), true);
  assert.match(await page.locator(".statusbar").textContent(), /tshark: .* not found: install the package tshark/);
  assert.match(await page.locator(".empty").textContent(), /apt install tshark/);
  await page.getByRole("button", { name: /what to do/ }).click();
  await page.getByRole("dialog").getByText("apt install tshark").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Start offline" }).click();
  await page.getByText("Offline mode: headers only").waitFor();
  assert.equal(asked(mock, "POST", "/api/capture/start")[0].body.decode, "off");
  mock.grow(50);
  await page.waitForSelector(".row.basic");
  assert.match(await page.locator(".row.basic:not([hidden])").first().getAttribute("title"), /no tshark/);
  await page.keyboard.press("j");
  await page.locator('.pane [role="alert"]').waitFor();
  assert.match(await page.locator('.pane [role="alert"]').textContent(), /Layers need tshark/);
  mock.tshark = true;
  mock.state = "ended";
  mock.serial++;
  // What was captured is there until it is cleared: the server would refuse another start.
  const start = page.getByRole("button", { name: "Start", exact: true });
  await page.getByTitle(/^Clear first/).first().waitFor();
  assert.equal(await start.isDisabled(), true);
  await page.keyboard.press("Control+o");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.getByTitle("Forget what was captured").click();
  await until(page, () => [...document.querySelectorAll("button")].some((b) => b.textContent === "Start" && !b.disabled));
});

on("opening a capture of the server's machine, with an error that says what to do", { rows: 0 }, async ({ mock, page }) => {
  await page.keyboard.press("Control+o");
  await page.getByLabel("Files").fill("/nowhere/x.pcap");
  await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
  assert.match(await page.getByRole("dialog").getByRole("alert").textContent(), /No such file or directory/);
  await page.getByLabel("Files").fill("/captures/sample.pcapng");
  await page.getByLabel("Rate").selectOption("pps");
  await page.getByLabel("Frames a second").fill("500");
  await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.deepEqual(asked(mock, "POST", "/api/capture/start").at(-1).body, { files: ["/captures/sample.pcapng"], rate: "500", decode: "auto" });
  await seen(page, 2499);
});

on("exporting all, shown and selected", {}, async ({ mock, page }) => {
  const save = async (name) => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name }).click();
    return (await download).path();
  };
  assert.deepEqual([...readFileSync(await save("Export all frames"))], [0x0a, 0x0d, 0x0d, 0x0a]);
  await save("Export what is shown");
  await page.keyboard.press("Escape");
  await page.locator("#grid").focus();
  await page.keyboard.press("Home");
  await page.waitForSelector('.row.active[data-rank="0"]');
  await page.keyboard.press("Shift+ArrowDown");
  await until(page, () => document.querySelectorAll(".row.chosen").length === 2);
  await save(/Export selected \(2\)/);
  assert.deepEqual(asked(mock, "POST", "/api/export").map((r) => r.body), [{ all: true }, { shown: true }, { frames: [1, 2] }]);
});

on("the status bar's drops open the audit log at that place", {}, async ({ page }) => {
  await page.getByRole("button", { name: "1,729 dropped" }).click();
  const drawer = page.getByRole("dialog", { name: "Audit log" });
  await drawer.locator(".auditline.active").waitFor();
  assert.match(await drawer.locator(".auditline.active").textContent(), /dropcause=dropped_queue.*count=1729/);
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  const bar = await page.locator(".statusbar").textContent();
  for (const part of ["/usr/bin/tshark 4.0.17", "20,000 frames", "20,000 shown", "412 MB", "2 files", "2026-11-27 lab"]) assert.ok(bar.includes(part), `${part} in ${bar}`);
});

on("settings are kept by the server; a wrong one is refused in place", {}, async ({ mock, page }) => {
  await page.keyboard.press("Control+,");
  const d = page.getByRole("dialog");
  await d.getByLabel("Dark").check();
  await d.getByLabel("Comfortable").check();
  await d.getByLabel("Queue limit, frames").fill("4096");
  await d.getByLabel("tshark preferences").fill("nonsense");
  await d.getByRole("button", { name: "Save" }).click();
  assert.match(await d.getByRole("alert").textContent(), /NAME:VALUE/);
  await d.getByLabel("tshark preferences").fill("nonsense.x:TRUE");
  await d.getByRole("button", { name: "Save" }).click();
  await d.getByRole("alert").filter({ hasText: "did not keep" }).waitFor();
  await d.getByLabel("tshark preferences").fill("tcp.desegment_tcp_streams:FALSE");
  await d.getByRole("button", { name: "Save" }).click();
  await d.waitFor({ state: "detached" });
  assert.equal(mock.settings.theme, "dark");
  assert.equal(mock.settings.queue_limit, 4096);
  assert.deepEqual(mock.settings.preferences, ["tcp.desegment_tcp_streams:FALSE"]);
  await page.reload();
  await ready(page, mock);
  await page.waitForSelector('html[data-theme="dark"][data-density="comfortable"]');
  await page.waitForSelector(".row:not([hidden])");
  assert.equal(await page.locator(".row:not([hidden])").first().evaluate((e) => e.offsetHeight), 24);
});

on("theme by system", { scheme: "dark", settings: { theme: "system" } }, async ({ page }) => {
  await page.waitForSelector('html[data-theme="dark"]');
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForSelector('html[data-theme="light"]');
});

on("a lost connection is said, and comes back by itself", {}, async ({ mock, page }) => {
  mock.die();
  await page.getByText("Connection lost.").waitFor();
  assert.equal(await page.locator('.light.lost[aria-label="Not connected"]').count(), 1);
  mock.live();
  await page.getByRole("button", { name: "Retry now" }).click();
  await page.getByText("Connection lost.").waitFor({ state: "detached" });
  mock.grow(10);
  await seen(page, 20_009);
});

on("an error of the server is said once, with its text", {}, async ({ mock, page }) => {
  mock.setFilter = () => { throw new Error("sharkd went away"); };
  await page.locator("#filter").fill("dns");
  await page.locator("#filter").press("Enter");
  await page.locator(".toast.error").waitFor();
  assert.match(await page.locator(".toast.error").textContent(), /sharkd went away/);
  await page.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await page.locator(".toast").count(), 0);
});

on("the help sheet, and where the focus goes after it", {}, async ({ page }) => {
  await page.locator("#grid").focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => !!document.activeElement.closest('[role="dialog"]')), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "grid");
});

for (const [name, size] of [["1280x720", { width: 1280, height: 720 }], ["4K", { width: 3840, height: 2160 }]]) {
  on(`nothing runs out of a ${name} screen`, { rows: 1_000_000, size }, async ({ page }) => {
    await seen(page, 999_999);
    const over = await page.evaluate(() => [...document.querySelectorAll("button, input, .statusbar, .stats")].filter((e) => {
      const r = e.getBoundingClientRect();
      return r.width > 0 && (r.right > innerWidth + 1 || (r.bottom > innerHeight + 1 && !e.closest(".stats")));
    }).map((e) => e.textContent || e.id));
    assert.deepEqual(over, []);
    assert.ok((await page.locator(".row").count()) <= 1000);
    assert.equal(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight), true);
  });
}

const FIELD_COLUMNS = ["no", "time", "field:tcp.port", "field:dns.qry.name", "info"];
const questions = (mock) => asked(mock, "POST", "/api/values");

on("a column of a field has the values of the rows in sight, asked for once", { settings: { columns: FIELD_COLUMNS } }, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await seen(page, 0);
  await until(page, () => [...document.querySelectorAll(".row:not([hidden]) > span:nth-child(4)")].every((c) => c.textContent !== "\u2026"));
  for (const rank of [0, 1, 5, 9]) {
    assert.equal(await cell(page, rank, 3).textContent(), mock.value(rank + 1, "tcp.port").join(", "));
    assert.equal(await cell(page, rank, 4).textContent(), mock.value(rank + 1, "dns.qry.name").join(", "));
  }
  assert.deepEqual(await page.locator('[role="columnheader"] bdi').allTextContents(), ["No.", "tcp.port", "dns.qry.name", "Info"]);
  const last = questions(mock).at(-1).body;
  assert.deepEqual(last.fields, ["tcp.port", "dns.qry.name"]);
  const ids = questions(mock).flatMap((q) => q.body.frames);
  assert.equal(new Set(ids).size, ids.length, "no frame is asked for twice");
  assert.ok(questions(mock).every((q) => q.body.frames.length <= 200 && q.body.fields.length <= 8));
  const before = questions(mock).length;
  await page.keyboard.press("ArrowDown");
  await page.waitForSelector('.row.active[data-rank="1"]');
  assert.equal(questions(mock).length, before);
  // It stands for a filter, as any cell, and is copied.
  await cell(page, 4, 3).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Copy cell", exact: true }).click();
  await copied(page, new RegExp(`^${mock.value(5, "tcp.port").join(", ") || "$"}`));
});

on("values that can't be had say why; those that have not come are awaited", { rows: 4000, settings: { columns: ["no", "field:tcp.port", "field:no.such", "info"] } }, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill("97");
  await page.keyboard.press("Enter");
  await page.waitForSelector('.row.active[data-rank="96"]');
  await until(page, () => document.querySelector('.row[data-rank="96"] > span:nth-child(3)').textContent === "\u2013");
  assert.equal(await cell(page, 96, 2).getAttribute("title"), "tcp.port: tshark could not read it");
  assert.equal(await cell(page, 95, 3).textContent(), "\u2013");
  assert.match(await cell(page, 95, 3).getAttribute("title"), /knows no field/);
  mock.holdValues = true;
  const question = page.waitForRequest((r) => r.url().endsWith("/api/values") && r.postDataJSON().frames.includes(2000));
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill("2000");
  await page.keyboard.press("Enter");
  await seen(page, 1999);
  await question;
  assert.equal(await cell(page, 1999, 2).textContent(), "\u2026");
  mock.holdValues = false;
  await mock.held;
  mock.release();
  await until(page, () => document.querySelector('.row[data-rank="1999"] > span:nth-child(3)').textContent !== "\u2026");
});

on("values of rows that are no more in sight are given up", { settings: { columns: FIELD_COLUMNS } }, async ({ mock, page }) => {
  mock.holdValues = true;
  const asked = page.waitForRequest((r) => r.url().endsWith("/api/values") && r.postDataJSON().frames.includes(1));
  const gone = page.waitForEvent("requestfailed", (r) => r.url().endsWith("/api/values"));
  await page.keyboard.press("Home");
  await seen(page, 0);
  await asked;
  await page.keyboard.press("End");
  await gone;
  const views = new Set(questions(mock).map((q) => q.body.view));
  assert.equal(views.size, 1, "all questions of a page are of one view");
});

on("a column is added by a field's name with completion, moved, and removed", {}, async ({ mock, page }) => {
  await page.locator("#grid").focus();
  await page.keyboard.press("Control+Shift+L");
  const dialog = page.getByRole("dialog", { name: "Columns" });
  await dialog.waitFor();
  await page.keyboard.type("dns.qry.n");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await dialog.getByText("dns.qry.name").first().waitFor();
  await until(page, () => document.querySelector("#addcolumn").value === "");
  assert.deepEqual(mock.settings.columns, ["no", "time", "vm", "src", "dst", "protocol", "len", "field:dns.qry.name", "info"]);
  await dialog.getByRole("button", { name: "Move dns.qry.name left" }).click();
  await until(page, () => document.activeElement?.id === "column-6-up");
  assert.deepEqual(mock.settings.columns.slice(6), ["field:dns.qry.name", "len", "info"]);
  // What is none is told, and changes nothing.
  await page.locator("#addcolumn").fill("dns.qry.nam");
  await page.locator("#addcolumn").press("Enter");
  await dialog.locator(".filterinput.bad").waitFor();
  assert.equal(mock.settings.columns.length, 9);
  await page.getByRole("button", { name: "Close", exact: true }).first().click();
  await dialog.waitFor({ state: "detached" });
  // By the menu of a heading, and by dragging.
  const heading = (name) => page.locator('[role="columnheader"]').filter({ hasText: new RegExp(`^${name}$`) });
  await heading("VM").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Remove column" }).click();
  await heading("VM").waitFor({ state: "detached" });
  assert.ok(!mock.settings.columns.includes("vm"));
  await heading("Source").locator("bdi").dragTo(heading("Length"));
  await until(page, () => [...document.querySelectorAll('[role="columnheader"] bdi')].map((h) => h.textContent).indexOf("Source") > 2);
  assert.ok(mock.settings.columns.indexOf("src") > mock.settings.columns.indexOf("protocol"));
  await page.reload();
  await ready(page, mock);
  await heading("dns.qry.name").waitFor();
});

on("a field of the layers becomes a column", { rows: 400 }, async ({ mock, page }) => {
  await page.keyboard.press("Home");
  await page.getByRole("treeitem").nth(3).waitFor();
  await page.locator(".twist").nth(2).click();
  await page.getByRole("treeitem", { name: /Source Address/ }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Add as column" }).click();
  await page.locator('[role="columnheader"] bdi').filter({ hasText: "ip.src" }).waitFor();
  assert.ok(mock.settings.columns.includes("field:ip.src"));
});

on("no more than eight columns of fields", { settings: { columns: ["no", ...Array.from({ length: 8 }, (_, i) => `field:a.b${i}`)] } }, async ({ mock, page }) => {
  await page.keyboard.press("Control+Shift+L");
  await page.locator("#addcolumn").fill("ip.src");
  await page.locator("#addcolumn").press("Enter");
  await page.getByText(/8 columns of fields at most/).waitFor();
  assert.equal(mock.settings.columns.length, 9);
});

on("a column's width by keyboard, kept", {}, async ({ mock, page }) => {
  await seen(page, 19_999);
  const grip = page.getByRole("separator", { name: "Width of Source" });
  const width = () => grip.evaluate((e) => e.parentElement.offsetWidth);
  const before = await width();
  await grip.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await width(), before + 16);
  await until(page, (n) => document.activeElement.getAttribute("aria-valuenow") === String(n), before + 16);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await width(), before + 8);
  await page.keyboard.press("Home");
  const least = await width();
  assert.equal(String(least), await grip.getAttribute("aria-valuemin"));
  await page.keyboard.press("ArrowLeft");
  assert.equal(await width(), least);
  await page.keyboard.press("End");
  assert.ok((await width()) > least);
  const cut = await page.evaluate(() => [...document.querySelectorAll(".row:not([hidden]) > span:nth-child(5)")].filter((c) => c.scrollWidth > c.clientWidth).length);
  assert.equal(cut, 0, "all of it is seen");
  const fit = await width();
  // The row that is active has not moved, and the width stays.
  await page.reload();
  await ready(page, mock);
  await seen(page, 19_999);
  assert.equal(await width(), fit);
  await grip.focus();
  await page.keyboard.press("Delete");
  assert.equal(await width(), before);
});
