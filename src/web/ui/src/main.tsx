// main.tsx - the panel: puts its parts together, and what keys do anywhere

import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { api } from "./api";
import { Audit } from "./audit";
import { cellFilter, cellText, columnOf, fieldOf } from "./columns";
import { Dialogs } from "./dialogs";
import { FilterBar, loadFilters } from "./filterbar";
import { Grid } from "./grid";
import { Bytes, filterItems, Layers, watchFrame } from "./panes";
import * as st from "./state";
import { Stats } from "./stats";
import { StatusBar } from "./statusbar";
import { count, visible } from "./text";
import { exportAs, Toolbar } from "./toolbar";
import type { Row } from "./types";
import { copy, Divider, Menu, openMenu, type MenuItem } from "./ui";

let grid: Grid | null = null;
const theGrid = () => grid;

interface Sizes {
  detail: number; // px
  bytes: number;
  stats: number;
}
const kept = JSON.parse(localStorage.getItem("secvf.sizes") ?? "{}") as Partial<Sizes>;
const bounded = (n: number, least: number, most: number) => Math.max(least, Math.min(most, n));
// A share of the screen, that a large one is not left to the table alone.
const sizes = signal<Sizes>({
  detail: kept.detail ?? bounded(Math.round(innerHeight * 0.3), 250, 640),
  bytes: kept.bytes ?? bounded(Math.round(innerWidth * 0.25), 560, 640),
  stats: kept.stats ?? bounded(Math.round(innerWidth * 0.13), 320, 480),
});
effect(() => localStorage.setItem("secvf.sizes", JSON.stringify(sizes.value)));

const FILTER_MAX = 4095; // characters of a display filter

async function mark(row: Row): Promise<void> {
  try {
    const on = !row.mark;
    await api.note(row.id, { mark: on });
    grid?.rows.patch(row.id, { mark: on });
    st.say(on ? "Marked" : "Mark removed");
  } catch (e) {
    st.complain(e);
  }
}

async function follow(row: Row): Promise<void> {
  try {
    const frame = st.frame.value?.id === row.id ? st.frame.value.answer : await api.frame(row.id);
    const s = frame.streams[frame.streams.length - 1];
    if (!s) st.toast("note", `Frame ${count(row.id)} is part of no stream that can be followed.`);
    else st.dialog.value = { name: "follow", id: row.id, kind: s.kind.toLowerCase(), filter: s.filter };
  } catch (e) {
    st.complain(e);
  }
}

async function copyFilter(): Promise<void> {
  const ids = [...st.selected.value].sort((a, b) => a - b);
  if (!ids.length) return;
  const filter = ids.length === 1 ? `frame.number == ${ids[0]}` : `frame.number in {${ids.join(", ")}}`;
  if (filter.length > FILTER_MAX) {
    st.toast("note", `A filter of ${count(ids.length)} frames would be too long: it may have ${count(FILTER_MAX)} characters.`);
    return;
  }
  try {
    await copy(filter);
    st.say("Copied as filter");
  } catch (e) {
    st.complain(e);
  }
}

async function copyText(): Promise<void> {
  try {
    const lines = (await grid?.copyText()) ?? [];
    await copy(lines.join("\n"));
    const rest = st.selected.value.size - lines.length;
    st.say(`${count(lines.length)} rows copied`);
    if (rest > 0) st.toast("note", `${count(lines.length)} rows are copied, ${count(rest)} are not: 10,000 at most, and none that has gone. Export has them all.`);
  } catch (e) {
    st.complain(e);
  }
}

let menuTurn = 0;

async function rowMenu(row: Row, key: string, x: number, y: number): Promise<void> {
  const field = fieldOf(key);
  const texts = field ? grid?.values.get(row.id, field)?.texts : undefined;
  const turn = ++menuTurn;
  const expression = row.gone ? null : await cellFilter(row, key, texts);
  if (turn !== menuTurn) return; // another was asked for meanwhile
  openMenu(x, y, [
    { label: expression ? visible(expression, 70) : `No filter stands for ${key === "info" ? "this text" : "this cell"}`, head: true },
    ...filterItems(expression),
    null,
    { label: "Follow stream", hint: "f", disabled: row.gone === true, act: () => void follow(row) },
    { label: row.mark ? "Remove mark" : "Mark", hint: "m", act: () => void mark(row) },
    { label: row.comment ? "Edit comment" : "Comment", hint: "c", act: () => (st.dialog.value = { name: "comment", id: row.id, comment: row.comment ?? "" }) },
    null,
    { label: "Copy cell", act: () => void copy(field ? (texts ?? []).join(", ") : cellText(row, key)) },
    { label: "Copy rows as text", hint: "Ctrl+C", act: () => void copyText() },
    { label: "Copy cell as filter", disabled: !expression, act: () => void copy(expression ?? "") },
    { label: "Copy selected as filter", hint: "Ctrl+Shift+C", act: () => void copyFilter() },
    null,
    { label: `Export selected (${count(st.selected.value.size)})`, hint: "Ctrl+Shift+S", act: () => void exportAs("selected") },
    null,
    ...columnItems(key),
  ]);
}

function columnItems(key: string): MenuItem[] {
  const keys = st.settings.value.columns;
  const at = keys.indexOf(key);
  return [
    { label: "Columns", hint: "Ctrl+Shift+L", act: () => (st.dialog.value = { name: "columns" }) },
    { label: "Move column left", disabled: at <= 0, act: () => grid?.shiftColumn(key, -1) },
    { label: "Move column right", disabled: at < 0 || at === keys.length - 1, act: () => grid?.shiftColumn(key, 1) },
    { label: "Remove column", disabled: at < 0 || keys.length === 1, act: () => void st.removeColumn(key) },
  ];
}

function headingMenu(key: string, x: number, y: number): void {
  openMenu(x, y, [{ label: columnOf(key)?.label ?? key, head: true }, ...columnItems(key)]);
}

function jump(id: number): void {
  void grid?.locate(id, false);
  grid?.focus();
}

async function onRow(what: "mark" | "comment" | "follow"): Promise<void> {
  const row = await grid?.activeRow();
  if (!row) return;
  if (what === "mark") await mark(row);
  else if (what === "comment") st.dialog.value = { name: "comment", id: row.id, comment: row.comment ?? "" };
  else await follow(row);
}

function keys(e: KeyboardEvent): void {
  if (st.dialog.value) return;
  const target = e.target as HTMLElement;
  const writes = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  const s = st.status.value;
  const taken = () => e.preventDefault();
  if (e.ctrlKey && !e.altKey && !e.metaKey) {
    switch (e.key) {
      case "g": taken(); st.dialog.value = { name: "goto" }; break;
      case "e": taken(); if (s?.state === "running") void st.stop(); else if (s?.state === "idle" && s.tshark.found) void st.start(); break;
      case "o": taken(); if (s?.state === "idle") st.dialog.value = { name: "open" }; break;
      case "d": taken(); if (st.filterText.value.trim()) st.dialog.value = { name: "save-filter", expression: st.filterText.value.trim() }; break;
      case "l": taken(); document.getElementById("library")?.click(); break;
      case ",": taken(); st.dialog.value = { name: "settings" }; break;
      case "L": taken(); st.dialog.value = { name: "columns" }; break;
      case "S": taken(); void exportAs("selected"); break;
      case "C": if (!writes) { taken(); void copyFilter(); } break;
      case "c": if (target.id === "grid" && !String(getSelection() ?? "")) { taken(); void copyText(); } break;
    }
    return;
  }
  if (writes || e.altKey || e.metaKey) return;
  switch (e.key) {
    case "/": taken(); document.getElementById("filter")?.focus(); (document.getElementById("filter") as HTMLInputElement | null)?.select(); break;
    case "?": taken(); st.dialog.value = { name: "help" }; break;
    case "p": grid?.freeze(st.frozen.value === null); break;
    case "s": st.statsOpen.value = !st.statsOpen.value; break;
    case "l": void st.change({ layers: !st.settings.value.layers }); break;
    case "b": void st.change({ bytes: !st.settings.value.bytes }); break;
    case "t": grid?.nextTime(); break;
    case "m": void onRow("mark"); break;
    case "c": void onRow("comment"); break;
    case "f": void onRow("follow"); break;
    case "j": case "k": grid?.focus(); void grid?.step(e.key === "j" ? 1 : -1); break;
    case "End": grid?.follow(true); break;
    case "Escape": grid?.focus(); break;
  }
}

function Table() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return;
    grid = new Grid(box.current, {
      menu: (row, key, x, y) => void rowMenu(row, key, x, y),
      heading: headingMenu,
      opened: () => document.getElementById("layers")?.focus(),
    });
    const stop = watchFrame();
    grid.focus();
    return () => {
      stop();
      grid?.dispose();
      grid = null;
    };
  }, []);
  return <div ref={box} class="tablebox" />;
}

function Empty() {
  const state = st.part((s) => s.state, null).value;
  const rows = st.part((s) => s.rows.total, 0).value;
  const shown = st.part(st.viewTotal, 0).value;
  const filter = st.part((s) => s.filter, null).value;
  const tshark = st.part((s) => s.tshark.found, false).value;
  if (state === null || shown > 0) return null;
  let head = "";
  let text = "";
  if (rows > 0 && filter && filter.state !== "none") {
    head = filter.state === "runs" ? "No frame so far" : filter.state === "failed" ? "The filter could not be run" : "No frame matches";
    text = filter.state === "runs" ? `${count(filter.judged)} of ${count(filter.known)} frames judged.` : filter.state === "failed" ? visible(filter.error ?? "", 400) : "Esc in the filter field shows all frames again.";
  } else if (state === "running") {
    head = "Waiting for the first frame";
    text = "Nothing has crossed the switch since the start. Is a VM running, is it in scope, does the capture filter let it pass?";
  } else if (state === "ended") {
    head = "Nothing was captured";
    text = "Look at scope and capture filter, clear, and start again.";
  } else if (tshark) {
    head = "No capture yet";
    text = "Start captures what VMs say on the switch (Ctrl+E). Open replays a capture file (Ctrl+O).";
  } else {
    head = "tshark was not found";
    text = "Install the package tshark (Debian: apt install tshark); it is noticed by itself. Until then Start offline captures and shows headers only.";
  }
  return <div class="empty" role="status"><h2>{head}</h2><p>{text}</p></div>;
}

function Link() {
  const l = st.link.value;
  if (l.state === "open" || (l.state === "connecting" && !st.status.value)) return null;
  if (l.state === "refused")
    return <div class="lost" role="alert"><b>Not signed in.</b> Open the address that <code>secvf serve</code> printed; it has this run's token in it.</div>;
  return (
    <div class="lost" role="alert">
      <b>Connection lost.</b> The server does not answer; what is shown is of before. {l.state === "lost" ? `Attempt ${l.attempt}; the next one follows by itself.` : "Connecting."}
      <button type="button" onClick={() => st.events.connect()}>Retry now</button>
    </div>
  );
}

function Toasts() {
  return (
    <div class="toasts" role="region" aria-label="Messages" aria-live="polite">
      {st.toasts.value.map((t) => (
        <div key={t.key} class={`toast ${t.kind}`} role={t.kind === "error" ? "alert" : "status"}>
          <span>{visible(t.text, 600)}</span>
          <button type="button" class="flat" aria-label="Dismiss" onClick={() => st.dropToast(t.key)}>{"\u2715"}</button>
        </div>
      ))}
    </div>
  );
}

function Panel() {
  const z = sizes.value;
  const { layers, bytes } = st.settings.value;
  return (
    <>
      <header class="top">
        <h1 class="sr">Packet Analysis</h1>
        <Toolbar grid={theGrid} />
        <FilterBar />
        <Link />
      </header>
      <main class="middle">
        <div class="left">
          <div class="tablearea"><Table /><Empty /></div>
          {layers || bytes ? (
            <>
              <Divider label="Height of layers and bytes" value={z.detail} min={80} max={1200} onMove={(d) => (sizes.value = { ...sizes.value, detail: bounded(sizes.value.detail - d, 80, innerHeight - 260) })} />
              <div class="detail" style={{ height: `${z.detail}px` }}>
                {layers ? <Layers jump={jump} /> : null}
                {layers && bytes ? <Divider vertical label="Width of bytes" value={z.bytes} min={200} max={1600} onMove={(d) => (sizes.value = { ...sizes.value, bytes: bounded(sizes.value.bytes - d, 200, innerWidth - 300) })} /> : null}
                {bytes ? <div class="byteside" style={layers ? { width: `${z.bytes}px` } : { flex: "1" }}><Bytes /></div> : null}
              </div>
            </>
          ) : null}
        </div>
        {st.statsOpen.value ? (
          <>
            <Divider vertical label="Width of statistics" value={z.stats} min={220} max={900} onMove={(d) => (sizes.value = { ...sizes.value, stats: bounded(sizes.value.stats - d, 220, 900) })} />
            <div class="side" style={{ width: `${z.stats}px` }}><Stats /></div>
          </>
        ) : null}
        <Menu />
      </main>
      <Audit />
      <StatusBar />
      <Dialogs grid={theGrid} jump={jump} />
      <Toasts />
      <div class="sr" aria-live="polite">{st.announced}</div>
    </>
  );
}

effect(() => {
  const root = document.documentElement;
  root.dataset["theme"] = st.dark.value ? "dark" : "light";
  root.dataset["density"] = st.settings.value.density;
});
effect(() => {
  const s = st.status.value;
  document.title = s && s.session ? `${visible(s.session, 40)} - Packet Analysis` : "Packet Analysis - SecVF";
});

window.addEventListener("error", (e) => st.toast("error", `A fault of this page: ${e.message}. Reload it; the capture goes on.`));
window.addEventListener("unhandledrejection", (e) => st.complain(e.reason));
document.addEventListener("keydown", keys);

const root = document.getElementById("panel");
if (root) render(<Panel />, root);

// The filter that is set, as it was left.
const stopFirst = effect(() => {
  const s = st.status.value;
  if (!s) return;
  st.filterText.value = st.filterText.peek() || s.filter.filter;
  st.captureText.value = st.captureText.peek() || s.capture_filter;
  queueMicrotask(() => stopFirst());
});
api.settings().then((s) => (st.settings.value = st.complete(s)), () => undefined);
st.events.connect();
void loadFilters();
