// shots.mjs - the pictures of docs/images, of the page against the mock:  node tests/web/shots.mjs [FOLDER]
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, shut, until } from "./browser.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "../../docs/images");

async function shot(name, options, act, size) {
  const { page, mock, close } = await open({ rows: 1_000_000, pendingTail: 6, ...options }, size);
  await page.waitForSelector(".row:not([hidden])").catch(() => undefined);
  await act?.({ page, mock });
  await page.waitForTimeout(1200); // charts and statistics have come
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await close();
}

async function frame({ page }) {
  await page.keyboard.press("Control+g");
  await page.getByLabel("Frame number").fill("485");
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem").nth(3).waitFor();
  await page.locator(".twist").nth(2).click();
  await page.getByRole("treeitem", { name: /Source Address/ }).click();
  await page.locator("#grid").focus();
}

await shot("panel-light", {}, frame);
await shot("panel-dark", { settings: { theme: "dark" } }, frame);
await shot("panel-live", { rate: 3000, settings: { layers: false, bytes: false } });
await shot("panel-filter-error", { settings: { layers: false, bytes: false } }, async ({ page }) => {
  await page.locator("#filter").pressSequentially("ip.src == 10.0.0.10 && dns.qry.nam == 1");
  await page.waitForSelector(".squiggle");
  await page.locator("#grid").press("Shift");
});
await shot("panel-complete", { settings: { theme: "dark", layers: false, bytes: false } }, async ({ page }) => {
  await page.locator("#filter").pressSequentially("ip.src == 10.0.0.10 && dns.");
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("ArrowDown");
});
await shot("panel-follow", { rows: 20_000 }, async (at) => {
  await frame(at);
  await at.page.keyboard.press("f");
  await at.page.locator(".said:not([hidden])").first().waitFor();
});
await shot("panel-statistics", {}, async ({ page }) => {
  await page.locator("#filter").fill("dns || http");
  await page.locator("#filter").press("Enter");
  await until(page, () => document.querySelectorAll(".tally").length > 3);
  await page.locator(".stats").evaluate((e) => (e.scrollTop = 380));
});
await shot("panel-audit", {}, async ({ page }) => {
  await page.getByRole("button", { name: /dropped/ }).click();
  await page.locator(".auditline.active").waitFor();
});
await shot("panel-offline", { rows: 0, tshark: false });
await shot("panel-settings", { settings: { theme: "dark" } }, ({ page }) => page.keyboard.press("Control+,"));
await shot("panel-keys", {}, async ({ page }) => {
  await page.locator("#grid").focus();
  await page.keyboard.press("?");
});
await shut();
