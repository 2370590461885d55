// hostile.test.mjs - packet content is text wherever it comes
//
// Goal: markup, escapes, bidi marks and texts of a megabyte do nothing but be seen, in every place that shows packet
// content. Method: rows, layers, streams, the audit log and VM names of the mock are hostile; the document is searched
// for elements that they would have made, for marks that would reorder, and for its longest text.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open, ready, shut, skipped, until } from "./browser.mjs";

const skip = skipped();
after(shut);

const LONGEST = 5000; // characters of one text in the document

async function harmless(page, where) {
  const found = await page.evaluate(() => {
    const bad = [];
    if (window.pwned) bad.push(`a script ran: ${window.pwned}`);
    for (const e of document.querySelectorAll("body script, body img, body svg, body iframe, [onerror], [onload], a[href^='javascript']")) bad.push(e.outerHTML.slice(0, 100));
    let longest = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      longest = Math.max(longest, n.data.length);
      if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(n.data)) bad.push(`hidden: ${JSON.stringify(n.data.slice(0, 80))}`);
    }
    for (const e of document.querySelectorAll("[title], [aria-label]")) {
      for (const a of ["title", "aria-label"]) {
        const text = e.getAttribute(a) ?? "";
        longest = Math.max(longest, text.length);
        if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(text)) bad.push(`hidden in ${a}: ${JSON.stringify(text.slice(0, 80))}`);
      }
    }
    return { bad, longest };
  });
  assert.deepEqual(found.bad, [], where);
  assert.ok(found.longest <= LONGEST, `${where}: a text of ${found.longest} characters`);
}

test("hostile packet content stays text", { skip, timeout: 180_000 }, async () => {
  const { mock, page, close } = await open({ rows: 300, hostile: true });
  const { columns } = mock.settings;
  try {
    await page.keyboard.press("Home");
    await page.waitForSelector('.row.active[data-rank="0"]');
    await harmless(page, "the table");
    const cells = await page.locator(".row:not([hidden]) > span:nth-child(9)").allTextContents();
    assert.ok(cells.some((c) => c.includes("invoice<U+202E>fdp.exe")), cells.join("|"));
    assert.ok(cells.some((c) => c.includes("\\x1b]0;owned\\x07\\x1b[31mred")), cells.join("|"));
    assert.ok(cells.some((c) => c.includes("(1,048,576 characters)")));
    // A column of a field, and its name.
    mock.settings.columns = ["no", "field:dns.qry.name", "field:<img src=x onerror=alert(1)>\u202e", "info"];
    await page.reload();
    await ready(page, mock);
    await page.getByRole("columnheader", { name: "dns.qry.name" }).waitFor();
    await page.keyboard.press("Home");
    await until(page, () => [...document.querySelectorAll(".row:not([hidden]) > span:nth-child(3)")].some((c) => c.textContent.includes("<U+202E>")));
    await harmless(page, "columns of fields");
    await page.keyboard.press("Control+Shift+L");
    await page.getByRole("dialog").waitFor();
    await harmless(page, "the list of columns");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    mock.settings.columns = columns;
    await page.reload();
    await ready(page, mock);
    await page.keyboard.press("Home");
    await page.waitForSelector('.row.active[data-rank="0"]');
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.getByRole("treeitem").last().waitFor();
    await until(page, () => document.querySelectorAll(".node:not([hidden])").length > 8);
    await harmless(page, "the layers");
    await page.locator(".row.active > span").nth(4).click({ button: "right" });
    await page.getByRole("menu").waitFor();
    await harmless(page, "a menu");
    await page.keyboard.press("Escape");
    await page.locator("#grid").focus();
    await page.keyboard.press("f");
    await page.locator(".said:not([hidden])").first().waitFor();
    await harmless(page, "a stream");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /dropped/ }).click();
    await page.locator(".auditline:not([hidden])").first().waitFor();
    await harmless(page, "the audit log");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /All switch traffic/ }).click();
    await harmless(page, "the interfaces");
    assert.ok(await page.getByText('<img src=x onerror="window.pwned = 2">', { exact: true }).count() > 0);
    assert.deepEqual(page.faults, []);
    assert.deepEqual(page.outside, []);
  } finally {
    await close();
  }
});

test("the policy of the page forbids what a text could ask for", { skip, timeout: 30_000 }, async () => {
  const { page, close } = await open({ rows: 10 });
  try {
    const refused = await page.evaluate(() => {
      const s = document.createElement("script");
      s.textContent = "window.pwned = 9";
      document.body.append(s);
      return window.pwned === undefined;
    });
    assert.equal(refused, true);
  } finally {
    await close();
  }
});
