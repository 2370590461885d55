// access.test.mjs - axe-core finds nothing to say about the main states, in both themes
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { modules, open, shut, skipped, until } from "./browser.mjs";

const skip = skipped();
after(shut);

async function clean(page, where) {
  // Through the debugger, as the policy of the page lets no script be added.
  await page.evaluate(readFileSync(join(modules, "axe-core/axe.min.js"), "utf8") + ";0");
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 140)} (${n.failureSummary?.split("\n")[1]?.trim()})`).join(" | ")}`);
  });
  assert.deepEqual(found, [], where);
}

for (const theme of ["light", "dark"]) {
  test(`no violations, ${theme}`, { skip, timeout: 300_000 }, async () => {
    const { mock, page, close } = await open({ rows: 2000, pendingTail: 3, settings: { theme, columns: ["no", "time", "src", "field:tcp.port", "field:dns.qry.name", "info"] } });
    const shut_ = async () => {
      await page.keyboard.press("Escape");
      await page.locator(".veil").waitFor({ state: "detached" });
    };
    try {
      await page.waitForSelector(`html[data-theme="${theme}"]`);
      await page.waitForSelector(".tally");
      await clean(page, "rows and statistics");
      await page.keyboard.press("Home");
      await page.waitForSelector('.row.active[data-rank="0"]');
      await until(page, () => document.querySelectorAll(".node:not([hidden])").length > 3 && document.querySelector(".hexrow:not([hidden])"));
      await page.locator(".twist").nth(2).click();
      await clean(page, "a frame");
      await page.locator("#filter").fill("ip.src == 10.0.0.10 && dnss");
      await page.waitForSelector(".filterinput.bad");
      await clean(page, "a wrong filter");
      await page.locator("#filter").fill("");
      await page.locator("#filter").pressSequentially("dns.");
      await page.getByRole("option").first().waitFor();
      await page.keyboard.press("ArrowDown");
      await clean(page, "completion");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await page.locator("#grid").focus();
      for (const [key, where] of [["Control+,", "settings"], ["?", "help"], ["Control+Shift+L", "columns"], ["Control+g", "go to"], ["f", "follow"], ["c", "comment"]]) {
        await page.keyboard.press(key);
        await page.getByRole("dialog").waitFor();
        if (key === "f") await page.locator(".said:not([hidden])").first().waitFor();
        await clean(page, where);
        await shut_();
      }
      await page.keyboard.press("Shift+F10");
      await page.getByRole("menu").waitFor();
      await clean(page, "a menu");
      await page.keyboard.press("Escape");
      await page.locator("#library").click();
      await page.getByRole("tab", { name: "Presets" }).click();
      await clean(page, "presets");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /dropped/ }).click();
      await page.locator(".auditline.active").waitFor();
      await clean(page, "the audit log");
      await page.keyboard.press("Escape");
      mock.die();
      await page.getByText("Connection lost.").waitFor();
      await clean(page, "a lost connection");
    } finally {
      await close();
    }
  });
  test(`no violations where there is nothing yet, ${theme}`, { skip, timeout: 180_000 }, async () => {
    const { page, close } = await open({ rows: 0, tshark: false, settings: { theme } });
    try {
      await page.waitForSelector(`html[data-theme="${theme}"]`);
      await clean(page, "without tshark");
      await page.keyboard.press("Control+o");
      await page.getByRole("dialog").waitFor();
      await clean(page, "open");
    } finally {
      await close();
    }
  });
}
