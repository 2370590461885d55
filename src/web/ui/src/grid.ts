// grid.ts - the table of frames: rows in sight, keyboard, choice, following, freezing
//
// Drawn by hand, not by the framework: it changes up to 30 times a second. What is in it is only
// ever set as text.

import { batch, effect, untracked } from "@preact/signals";
import { api } from "./api";
import { rowColors } from "./colors";
import { COLUMN_MAX, COLUMN_MIN, columnOf, COLUMNS, fieldOf, moved, timeText, type Column } from "./columns";
import { Rows } from "./rows";
import * as st from "./state";
import { causeText, count, visible } from "./text";
import type { Row, Status } from "./types";
import { Values } from "./values";
import { VList } from "./vlist";

const CELL_MAX = 300; // characters of a cell; info: as many as a wide screen has
const INFO_MAX = 1200;
const SELECT_MAX = 65_536; // as many as an export takes
const AROUND = 10; // rows that are fetched before and after those in sight
const STEP_PX = 8; // of a width, by an arrow key
const DRAG_PX = 6; // from here on a heading is moved, not clicked

const STATE_TEXT: Record<string, string> = {
  pending: "not decoded yet",
  basic: "headers only",
  skipped: "not decoded",
  gone: "no longer kept",
};

export interface GridHooks {
  menu: (row: Row, key: string, x: number, y: number) => void;
  heading: (key: string, x: number, y: number) => void; // its menu
  opened: () => void; // Enter, double click
}

export class Grid {
  readonly rows: Rows;
  readonly values: Values;
  private readonly list: VList;
  private readonly box: HTMLElement;
  private readonly header: HTMLElement;
  private columns: Column[] = COLUMNS;
  private widths = new Map<string, number>();
  private shown = 0; // rows in the list: fewer than there are while it is frozen or the tail is fetched
  private activeRank = -1;
  private turn = 0; // of choices: an answer for an older one comes too late
  private activeColumn = 0;
  private anchor = -1;
  private view = ""; // session and filter that the ranks are of
  private first: string | null = null; // time of the first frame
  private tailing = false;
  private filterState = "none";
  private frozenId = 0; // the newest frame when the view was frozen
  private lastAsk = 0;
  private undo: (() => void)[] = [];

  constructor(
    root: HTMLElement,
    private readonly hooks: GridHooks,
  ) {
    const widths = JSON.parse(localStorage.getItem("secvf.widths") ?? "{}") as Record<string, number>;
    for (const [k, w] of Object.entries(widths)) if (typeof w === "number") this.widths.set(k, w);
    this.rows = new Rows(() => this.rowsChanged(), st.complain);
    this.values = new Values(() => this.list.invalidate());
    this.box = document.createElement("div");
    this.box.className = "gridbox";
    this.box.tabIndex = 0;
    this.box.id = "grid";
    this.box.setAttribute("role", "grid");
    this.box.setAttribute("aria-label", "Frames");
    this.box.setAttribute("aria-multiselectable", "true");
    this.header = document.createElement("div");
    this.header.className = "gridhead";
    this.header.setAttribute("role", "row");
    this.header.setAttribute("aria-rowindex", "1");
    this.box.append(this.header);
    root.append(this.box);
    this.list = new VList(this.box, {
      rowHeight: this.rowHeight(),
      make: (slot) => this.make(slot),
      fill: (el, rank) => this.fill(el, rank),
      scrolled: (by) => this.scrolled(by),
    });
    this.list.sheet.setAttribute("role", "rowgroup");
    this.box.addEventListener("keydown", (e) => this.key(e));
    this.box.addEventListener("mousedown", (e) => this.mouse(e));
    this.box.addEventListener("dblclick", (e) => {
      if (this.hit(e)) this.hooks.opened();
    });
    this.box.addEventListener("contextmenu", (e) => this.context(e));
    this.undo.push(
      effect(() => {
        const s = st.settings.value;
        void st.dark.value;
        untracked(() => this.restyle(s.columns));
      }),
      effect(() => {
        const s = st.live.value;
        if (s) untracked(() => this.tick(s));
      }),
      effect(() => {
        void st.selected.value;
        void st.activeId.value;
        untracked(() => this.list.invalidate());
      }),
      effect(() => {
        void st.following.value;
        void st.frozen.value;
        untracked(() => {
          const s = st.live.value;
          if (s) this.tick(s);
        });
      }),
    );
  }

  dispose(): void {
    for (const f of this.undo) f();
    this.list.dispose();
    this.box.remove();
  }

  focus(): void {
    this.box.focus({ preventScroll: true });
  }

  private rowHeight(): number {
    return st.settings.value.density === "dense" ? 18 : 24;
  }

  // Columns

  private restyle(keys: string[]): void {
    const chosen = keys.map(columnOf).filter((c) => c !== undefined);
    this.columns = chosen.length ? chosen : COLUMNS;
    this.template();
    this.head();
    this.activeColumn = Math.min(this.activeColumn, this.columns.length);
    for (const row of this.list.sheet.children) this.cells(row as HTMLElement);
    this.list.setRowHeight(this.rowHeight());
    this.list.invalidate();
    this.want();
  }

  private widthKey(c: Column): string {
    return c.key === "time" ? `time.${st.settings.value.time}` : c.key;
  }

  private width(c: Column): number {
    const wide = c.key === "time" && st.settings.value.time === "absolute" ? 210 : c.width;
    return this.widths.get(this.widthKey(c)) ?? wide;
  }

  private template(): void {
    const parts = this.columns.map((c) => (c.key === "info" && !this.widths.has("info") ? "minmax(240px, 1fr)" : `${this.width(c)}px`));
    this.box.style.setProperty("--columns", `18px ${parts.join(" ")}`);
    requestAnimationFrame(() => {
      for (const h of this.header.children) h.querySelector(".grip")?.setAttribute("aria-valuenow", String((h as HTMLElement).offsetWidth));
    });
    const least = this.columns.reduce((sum, c) => sum + (c.key === "info" ? 240 : this.width(c)), 18);
    this.box.style.setProperty("--least", `${least}px`);
  }

  private head(): void {
    this.header.replaceChildren();
    const state = document.createElement("span");
    state.setAttribute("role", "columnheader");
    state.className = "sr-cell";
    state.textContent = "State";
    this.header.append(state);
    this.columns.forEach((c, i) => {
      const h = document.createElement("span");
      h.setAttribute("role", "columnheader");
      h.setAttribute("aria-colindex", String(i + 2));
      h.className = c.right ? "right" : "";
      if (c.key === "time") {
        const b = document.createElement("button");
        b.type = "button";
        b.tabIndex = -1;
        const how = st.settings.value.time;
        b.textContent = how === "relative" ? "Time" : how === "absolute" ? "Time of day" : "Time delta";
        b.title = "Relative, of day, or since the row before (t)";
        b.addEventListener("click", () => this.nextTime());
        h.append(b);
      } else {
        const label = document.createElement("bdi");
        label.textContent = c.label;
        if (fieldOf(c.key)) h.title = c.label;
        h.append(label);
      }
      h.addEventListener("pointerdown", (e) => this.drag(e, c));
      h.addEventListener("contextmenu", (e) => {
        e.preventDefault();
        e.stopPropagation();
        this.hooks.heading(c.key, e.clientX, e.clientY);
      });
      h.append(this.grip(c, i));
      this.header.append(h);
    });
    this.box.setAttribute("aria-colcount", String(this.columns.length + 1));
    const high = st.settings.value.density === "dense" ? 21 : 27;
    this.header.style.height = `${high}px`;
    if (this.list.head !== high) this.list.setHead(high);
  }

  nextTime(): void {
    const next = { relative: "absolute", absolute: "delta", delta: "relative" } as const;
    void st.change({ time: next[st.settings.value.time] });
  }

  // What a column's width is changed by: a separator that takes keys, as WAI-ARIA's window splitter does.
  private grip(c: Column, column: number): HTMLElement {
    const grip = document.createElement("i");
    grip.className = "grip";
    grip.tabIndex = 0;
    grip.title = "Width: drag, or arrow keys; Home: least, End or double click: as wide as what is seen";
    grip.setAttribute("role", "separator");
    grip.setAttribute("aria-orientation", "vertical");
    grip.setAttribute("aria-label", `Width of ${c.label}`);
    grip.setAttribute("aria-valuemin", String(COLUMN_MIN));
    grip.setAttribute("aria-valuemax", String(COLUMN_MAX));
    grip.addEventListener("pointerdown", (e) => this.resize(e, c));
    grip.addEventListener("dblclick", () => this.setWidth(c, this.fit(column)));
    grip.addEventListener("keydown", (e) => {
      const now = grip.parentElement?.offsetWidth ?? c.width;
      const by = (e.shiftKey ? 5 : 1) * STEP_PX;
      switch (e.key) {
        case "ArrowLeft": this.setWidth(c, now - by); break;
        case "ArrowRight": this.setWidth(c, now + by); break;
        case "Home": this.setWidth(c, COLUMN_MIN); break;
        case "End": this.setWidth(c, this.fit(column)); break;
        case "Delete": case "Backspace":
          this.widths.delete(this.widthKey(c));
          this.keepWidths();
          break;
        case "Escape": this.focus(); break;
        default: return;
      }
      e.preventDefault();
      e.stopPropagation();
    });
    return grip;
  }

  private setWidth(c: Column, px: number): void {
    this.widths.set(this.widthKey(c), Math.round(Math.max(COLUMN_MIN, Math.min(COLUMN_MAX, px))));
    this.keepWidths();
  }

  /** The width that shows all of a column in sight. */
  private fit(column: number): number {
    const range = document.createRange();
    let most = 0;
    const heading = this.header.children[column + 1]?.firstElementChild;
    const cells = [...this.list.sheet.children].filter((row) => !(row as HTMLElement).hidden).map((row) => row.children[column + 1]);
    for (const el of [heading, ...cells]) {
      if (!el) continue;
      range.selectNodeContents(el);
      most = Math.max(most, range.getBoundingClientRect().width);
    }
    return Math.ceil(most) + 14;
  }

  /** A heading that is dragged: its column moves to where it is let go. */
  private drag(e: PointerEvent, c: Column): void {
    if (e.button !== 0 || (e.target as Element).closest(".grip")) return;
    const heading = e.currentTarget as HTMLElement;
    const from = e.clientX;
    const to = (x: number) => [...this.header.children].slice(1).filter((h) => h !== heading && h.getBoundingClientRect().left + h.clientWidth / 2 < x).length;
    const move = (m: PointerEvent) => {
      if (Math.abs(m.clientX - from) < DRAG_PX || heading.classList.contains("moving")) return;
      heading.classList.add("moving");
      heading.setPointerCapture(m.pointerId);
    };
    const end = (u: PointerEvent) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      if (!heading.classList.contains("moving")) return;
      heading.classList.remove("moving");
      if (u.type === "pointerup") this.moveColumn(c.key, to(u.clientX));
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  moveColumn(key: string, to: number): void {
    const keys = this.columns.map((x) => x.key);
    const next = moved(keys, key, to);
    if (next.join() !== keys.join()) void st.change({ columns: next });
  }

  /** By so many places. */
  shiftColumn(key: string, by: number): void {
    this.moveColumn(key, this.columns.findIndex((c) => c.key === key) + by);
  }

  private fields(): string[] {
    return this.columns.map((c) => fieldOf(c.key)).filter((f) => f !== null);
  }

  private keepWidths(): void {
    localStorage.setItem("secvf.widths", JSON.stringify(Object.fromEntries(this.widths)));
    this.template();
  }

  private resize(e: PointerEvent, c: Column): void {
    e.preventDefault();
    e.stopPropagation();
    const grip = e.currentTarget as HTMLElement;
    const from = e.clientX;
    const before = grip.parentElement?.clientWidth ?? c.width;
    grip.setPointerCapture(e.pointerId);
    const move = (m: PointerEvent) => {
      this.widths.set(this.widthKey(c), Math.max(COLUMN_MIN, Math.min(COLUMN_MAX, before + m.clientX - from)));
      this.template();
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", () => {
      grip.removeEventListener("pointermove", move);
      this.keepWidths();
    }, { once: true });
  }

  // Rows in sight

  private make(slot: number): HTMLElement {
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "row");
    row.id = `row-${slot}`;
    this.cells(row);
    return row;
  }

  private cells(row: HTMLElement): void {
    row.replaceChildren();
    for (let i = 0; i <= this.columns.length; i++) {
      const cell = document.createElement("span");
      const c = this.columns[i - 1];
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-colindex", String(i + 1));
      cell.id = `${row.id}-${i}`;
      cell.className = i === 0 ? "state" : c?.right ? "right" : c?.key === "info" ? "info" : "";
      cell.append(document.createTextNode(""));
      row.append(cell);
    }
  }

  private set(cell: Element | undefined, text: string): void {
    const node = cell?.firstChild as Text | null | undefined;
    if (node && node.data !== text) node.data = text;
  }

  private fill(el: HTMLElement, rank: number): void {
    const row = this.rows.get(rank);
    el.setAttribute("aria-rowindex", String(rank + 2));
    el.dataset["rank"] = String(rank);
    const cells = el.children;
    if (!row) {
      el.className = "row loading";
      el.setAttribute("aria-selected", "false");
      el.style.color = el.style.backgroundColor = "";
      el.title = "";
      for (let i = 0; i < cells.length; i++) {
        this.set(cells[i], i === 1 ? "..." : "");
        cells[i]?.removeAttribute("title");
      }
      return;
    }
    const gone = row.gone === true;
    const state = gone ? "gone" : row.status;
    const chosen = st.selected.value.has(row.id);
    const active = rank === this.activeRank && row.id === st.activeId.value;
    el.className = `row ${state}${chosen ? " chosen" : ""}${active ? " active" : ""}${row.mark ? " marked" : ""}`;
    el.setAttribute("aria-selected", String(chosen));
    const plain = chosen || gone || state === "skipped" || state === "pending";
    const colors = plain ? null : rowColors(row.fg, row.bg, st.dark.value);
    el.style.color = colors?.fg ?? "";
    el.style.backgroundColor = colors?.bg ?? "";
    const why = gone ? "No longer kept: the buffer holds newer frames" : state === "decoded" ? "" :
      state === "pending" ? "tshark has not answered for this frame yet" : causeText(row.cause);
    const title = [why, row.comment ? `Comment: ${visible(row.comment, 400)}` : ""].filter(Boolean).join("\n");
    if (el.title !== title) el.title = title;
    const glyph = state === "pending" ? "\u2026" : state === "skipped" ? "!" : state === "basic" ? "\u25cb" : gone ? "\u2013" : "";
    this.set(cells[0], (row.mark ? "\u2691" : "") + (row.comment ? "\u270e" : "") + glyph);
    const label = [row.mark ? "marked" : "", row.comment ? "has a comment" : "", STATE_TEXT[state] ?? ""].filter(Boolean).join(", ");
    if (label) cells[0]?.setAttribute("aria-label", label);
    else cells[0]?.removeAttribute("aria-label");
    for (let i = 0; i < this.columns.length; i++) {
      const key = this.columns[i]?.key ?? "";
      this.set(cells[i + 1], this.text(row, key, rank, gone, why));
      const field = fieldOf(key);
      if (field) this.titleOf(cells[i + 1], row, field, gone);
    }
  }

  private titleOf(cell: Element | undefined, row: Row, field: string, gone: boolean): void {
    const value = gone ? undefined : this.values.get(row.id, field);
    const title = value?.texts === null ? `${field}: ${visible(value.why ?? "", 400)}` : value ? value.texts.map((t) => visible(t, 300)).join("\n") : "";
    if (!title) cell?.removeAttribute("title");
    else if (cell?.getAttribute("title") !== title) cell?.setAttribute("title", title);
  }

  private fieldText(row: Row, field: string): string {
    const value = this.values.get(row.id, field);
    return !value ? "\u2026" : value.texts === null ? "\u2013" : visible(value.texts.join(", "), CELL_MAX);
  }

  private text(row: Row, key: string, rank: number, gone: boolean, why: string): string {
    if (key === "no") return String(row.id);
    if (gone) return key === "info" ? "no longer kept" : "";
    const field = fieldOf(key);
    if (field) return this.fieldText(row, field);
    switch (key) {
      case "time":
        return timeText(row, st.settings.value.time, this.first, this.rows.get(rank - 1));
      case "len":
        return String(row.len);
      case "info": {
        const note = row.status === "skipped" ? `[not decoded: ${why}] ` : row.status === "pending" && !row.info ? "waiting for tshark" : "";
        return note + visible(row.info ?? "", INFO_MAX);
      }
      case "vm":
      case "src":
      case "dst":
      case "protocol":
        return visible(row[key] ?? "", CELL_MAX);
      default:
        return "";
    }
  }

  private describe(): void {
    const el = this.activeRank >= 0 ? this.list.element(this.activeRank) : null;
    const cell = el?.children[this.activeColumn];
    if (cell && !el?.hidden) this.box.setAttribute("aria-activedescendant", cell.id);
    else this.box.removeAttribute("aria-activedescendant");
    for (const old of this.list.sheet.querySelectorAll(".at")) if (old !== cell) old.classList.remove("at");
    cell?.classList.add("at");
  }

  // Growth

  private tick(s: Status): void {
    const view = `${s.session}\n${s.started}\n${s.filter.filter}`;
    const total = st.viewTotal(s);
    if (view !== this.view || (total < this.rows.total && s.filter.state !== "runs")) this.renew(s, view);
    this.rows.total = total;
    if (this.filterState === "runs" && s.filter.state !== "runs") {
      this.rows.stale();
      if (st.activeId.value !== null && !st.following.value) void this.locate(st.activeId.value, true);
    }
    this.filterState = s.filter.state;
    this.rows.moving = s.filter.state === "runs";
    if (this.first === null && total > 0 && !this.tailing) void this.findFirst();
    const frozen = st.frozen.value;
    if (frozen !== null) {
      this.limit(Math.min(frozen, total));
      this.want();
      return;
    }
    if (st.following.value && total > 0) {
      void this.tail(total);
      return;
    }
    this.limit(total);
    this.want();
  }

  private renew(s: Status, view: string): void {
    const session = view.split("\n", 2).join("\n") !== this.view.split("\n", 2).join("\n");
    this.view = view;
    this.turn++;
    this.rows.reset();
    if (session) this.values.reset();
    this.activeRank = this.anchor = -1;
    this.shown = 0;
    this.list.setCount(0);
    if (session || s.rows.total === 0) {
      this.first = null;
      st.activeId.value = null;
      st.selected.value = new Set();
      st.frame.value = null;
      st.frozen.value = null;
      st.following.value = true;
    } else if (st.activeId.value !== null) {
      st.following.value = false;
      void this.locate(st.activeId.value, true);
    }
    // Of all frames, not of those that a filter showed.
    if (!s.filter.filter) this.first = null;
    if (st.frozen.value !== null) void this.refreeze();
  }

  /** Under another filter, the frozen view ends where the newest frame of then would be. */
  private async refreeze(): Promise<void> {
    const view = this.view;
    const over = () => st.frozen.value === null || view !== this.view;
    if (over()) return;
    try {
      const { rank } = await api.rank(this.frozenId + 1);
      if (over()) return;
      st.frozen.value = rank;
      const s = st.live.value;
      if (s?.filter.state === "runs") setTimeout(() => { if (!over()) void this.refreeze(); }, 500);
    } catch (e) {
      st.complain(e);
    }
  }

  private async findFirst(): Promise<void> {
    this.first = "";
    try {
      const [row] = await this.rows.range(0, 1);
      this.first = row && row.ts ? row.ts : null;
      const s = st.live.value;
      if (row?.gone && !s?.filter.filter) {
        const [oldest] = s ? await this.rows.range(s.rows.first - 1, s.rows.first) : [];
        this.first = oldest?.ts ?? null;
      }
    } catch {
      this.first = null;
    }
    this.list.invalidate();
  }

  /** Follow: show the newest rows once they are here, so that none is ever empty. */
  private async tail(total: number): Promise<void> {
    if (this.tailing) return;
    if (total === this.shown && this.list.atEnd && !this.unsettled()) return;
    this.tailing = true;
    try {
      const end = await this.rows.tail(total, this.list.page + 2 + AROUND);
      if (end === null || !st.following.value || st.frozen.value !== null) return;
      this.limit(end);
      this.list.keepEnd();
      this.list.invalidate();
      this.want();
    } catch (e) {
      st.complain(e);
      return;
    } finally {
      this.tailing = false;
    }
    // The last news may have come meanwhile.
    const s = st.live.value;
    if (s && st.following.value && st.frozen.value === null && st.viewTotal(s) !== this.shown) void this.tail(st.viewTotal(s));
  }

  private unsettled(): boolean {
    const now = performance.now();
    if (now - this.lastAsk < 150) return false;
    for (let rank = this.list.first; rank < this.list.end; rank++) {
      const row = this.rows.get(rank);
      if (!row || row.status === "pending") {
        this.lastAsk = now;
        return true;
      }
    }
    return false;
  }

  private limit(n: number): void {
    if (n === this.shown) return;
    this.shown = n;
    this.box.setAttribute("aria-rowcount", String(n + 1));
    this.list.setCount(n);
  }

  private want(): void {
    if (this.shown === 0) return;
    this.rows.want(this.list.first - AROUND, Math.min(this.shown, this.list.end + AROUND));
    this.wantValues();
  }

  private wantValues(): void {
    const fields = this.fields();
    const ids: number[] = [];
    // The list draws one or two rows more than are seen.
    for (let rank = this.list.first; fields.length && rank < Math.min(this.shown, this.list.end + 2); rank++) {
      const row = this.rows.get(rank);
      if (row && !row.gone) ids.push(row.id);
    }
    this.values.want(ids, fields);
  }

  private rowsChanged(): void {
    this.list.invalidate();
    requestAnimationFrame(() => this.describe());
    this.want();
  }

  private scrolled(by: "person" | "program"): void {
    if (by === "person") st.following.value = this.list.atEnd && st.frozen.value === null && (st.following.value || this.shown >= this.rows.total);
    this.want();
    requestAnimationFrame(() => this.describe());
  }

  follow(on: boolean): void {
    if (on) st.frozen.value = null;
    st.following.value = on;
    if (on) {
      this.list.toEnd();
      const s = st.live.value;
      if (s) this.tick(s);
    }
  }

  freeze(on: boolean): void {
    if (!on) {
      st.frozen.value = null;
      return;
    }
    this.frozenId = this.rows.get(this.shown - 1)?.id ?? st.live.value?.rows.total ?? 0;
    const shown = this.shown;
    // At once: between the two, the view would jump to the newest.
    batch(() => {
      st.frozen.value = shown;
      st.following.value = false;
    });
  }

  // Choice

  private async rowAt(rank: number): Promise<Row | undefined> {
    const row = this.rows.get(rank);
    if (row) return row;
    try {
      return (await this.rows.range(rank, rank + 1))[0];
    } catch (e) {
      st.complain(e);
      return undefined;
    }
  }

  /** Make a row the active one; extend: choose from the anchor to it; toggle: it alone changes. */
  async choose(rank: number, how: "one" | "extend" | "toggle" | "move" = "one"): Promise<void> {
    if (rank < 0 || rank >= this.shown) return;
    const s = st.live.value;
    if (rank < this.shown - 1 || (s?.state === "running" && how !== "one")) st.following.value = false;
    this.activeRank = rank;
    this.list.reveal(rank);
    const turn = ++this.turn;
    const row = await this.rowAt(rank);
    if (!row || this.activeRank !== rank || turn !== this.turn) return;
    if (how === "one") {
      this.anchor = rank;
      st.selected.value = new Set([row.id]);
    } else if (how === "toggle") {
      this.anchor = rank;
      const set = new Set(st.selected.value);
      if (!set.delete(row.id)) set.add(row.id);
      st.selected.value = set;
    } else if (how === "extend") {
      await this.span(this.anchor < 0 ? rank : this.anchor, rank, turn);
      if (turn !== this.turn) return;
    }
    st.activeId.value = row.id;
    this.list.invalidate();
    requestAnimationFrame(() => this.describe());
  }

  private async span(a: number, b: number, turn = ++this.turn): Promise<void> {
    const from = Math.min(a, b);
    let to = Math.max(a, b) + 1;
    if (to - from > SELECT_MAX) {
      st.toast("note", `${count(SELECT_MAX)} frames at most can be selected at a time. To export all that is shown, use Export shown.`);
      to = from + SELECT_MAX;
    }
    const ids = new Set<number>();
    let lacking = false;
    for (let rank = from; rank < to && !lacking; rank++) {
      const row = this.rows.get(rank);
      if (row) ids.add(row.id);
      else lacking = true;
    }
    if (lacking) {
      ids.clear();
      try {
        for (const row of await this.rows.range(from, to)) ids.add(row.id);
      } catch (e) {
        st.complain(e);
        return;
      }
    }
    if (turn !== this.turn) return; // another choice was made meanwhile
    st.selected.value = ids;
    st.say(`${count(ids.size)} frames selected`);
  }

  /** Go to a frame, or to where it would be. */
  async locate(id: number, quiet: boolean): Promise<void> {
    try {
      const { rank, shown } = await api.rank(id);
      if (rank >= this.shown) this.limit(Math.max(this.shown, Math.min(rank + 1, this.rows.total)));
      this.activeRank = shown ? rank : -1;
      this.anchor = this.activeRank;
      st.following.value = false;
      this.list.reveal(Math.min(rank, Math.max(0, this.shown - 1)), true);
      this.want();
      if (!quiet && !shown) st.toast("note", `Frame ${count(id)} is not among those that the filter shows; this is where it would be.`);
      if (shown && (!quiet || st.activeId.value === null)) {
        st.selected.value = new Set([id]);
        st.activeId.value = id;
      }
      this.list.invalidate();
    } catch (e) {
      if (!quiet) st.complain(e);
    }
  }

  async step(by: number): Promise<void> {
    await this.choose(Math.max(0, Math.min(this.shown - 1, (this.activeRank < 0 ? this.list.first - Math.sign(by) : this.activeRank) + by)));
  }

  async activeRow(): Promise<Row | undefined> {
    if (this.activeRank < 0) return undefined;
    const row = await this.rowAt(this.activeRank);
    const id = st.activeId.value;
    if (!row || id === null || row.id === id) return row;
    // Under a filter that runs, others have come in before it.
    const { rank, shown } = await api.rank(id);
    if (!shown) return undefined;
    this.activeRank = rank;
    return this.rowAt(rank);
  }

  /** Rows that are chosen, in order of frames, as text. */
  async copyText(): Promise<string[]> {
    const ids = [...st.selected.value].sort((a, b) => a - b).slice(0, 10_000);
    const lines: string[] = [];
    await this.values.all(ids, this.fields());
    for (const id of ids) {
      const { rank, shown } = await api.rank(id);
      const row = shown ? await this.rowAt(rank) : undefined;
      if (row) lines.push(this.columns.map((c) => this.text(row, c.key, rank, row.gone === true, causeText(row.cause))).join("\t"));
    }
    return lines;
  }

  private key(e: KeyboardEvent): void {
    if (e.target !== this.box && (e.target as HTMLElement).tagName !== "BUTTON") return;
    const page = Math.max(1, this.list.page - 1);
    const from = this.activeRank >= 0 ? this.activeRank : this.list.first - 1;
    const last = this.shown - 1;
    const how = e.shiftKey ? "extend" : e.ctrlKey && e.key !== "Home" && e.key !== "End" ? "move" : "one";
    const go = (rank: number) => void this.choose(Math.max(0, Math.min(last, rank)), how);
    let taken = true;
    if (e.altKey || e.metaKey) return;
    switch (e.key) {
      case "ArrowDown": go(from + 1); break;
      case "ArrowUp": go(from < 0 ? last : from - 1); break;
      case "j": if (e.ctrlKey) return; go(from + 1); break;
      case "k": if (e.ctrlKey) return; go(from < 0 ? last : from - 1); break;
      case "PageDown": go(from + page); break;
      case "PageUp": go(from - page); break;
      case "Home": go(0); break;
      case "End":
        if (!e.shiftKey) {
          this.follow(true);
          st.say("Following the newest frames");
        }
        void this.choose(this.shown - 1, how);
        break;
      case "ArrowRight": this.column(1); break;
      case "ArrowLeft": this.column(-1); break;
      case " ": if (this.activeRank >= 0) void this.choose(this.activeRank, "toggle"); break;
      case "Enter": if (this.activeRank < 0) return; this.hooks.opened(); break;
      case "ContextMenu": this.menuAtActive(); break;
      case "F10": if (!e.shiftKey) return; this.menuAtActive(); break;
      case "a":
        if (!e.ctrlKey) return;
        void this.span(0, last);
        break;
      case "Escape":
        if (st.selected.value.size > 1 && st.activeId.value !== null) st.selected.value = new Set([st.activeId.value]);
        else taken = false;
        break;
      default: taken = false;
    }
    if (taken) {
      e.preventDefault();
      e.stopPropagation();
    }
  }

  private column(by: number): void {
    this.activeColumn = Math.max(0, Math.min(this.columns.length, this.activeColumn + by));
    this.describe();
    this.list.element(this.activeRank)?.children[this.activeColumn]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  private hit(e: MouseEvent): { rank: number; key: string; column: number } | null {
    const row = (e.target as Element).closest<HTMLElement>(".row");
    if (!row || !this.box.contains(row)) return null;
    const cells = [...row.children];
    let column = cells.findIndex((cell) => cell.contains(e.target as Element));
    // Between two cells, and where one is empty as its row is still fetched, there is the row alone: the cell left of it.
    if (column < 0) column = Math.max(0, cells.filter((cell) => cell.getBoundingClientRect().left <= e.clientX).length - 1);
    return { rank: Number(row.dataset["rank"]), key: this.columns[column - 1]?.key ?? "no", column };
  }

  private mouse(e: MouseEvent): void {
    const at = this.hit(e);
    if (!at) return;
    this.activeColumn = at.column;
    if (e.button === 0) {
      if (e.shiftKey) e.preventDefault();
      void this.choose(at.rank, e.shiftKey ? "extend" : e.ctrlKey || e.metaKey ? "toggle" : "one");
    } else if (e.button === 2) {
      const row = this.rows.get(at.rank);
      if (row && !st.selected.value.has(row.id)) void this.choose(at.rank, "one");
    }
  }

  private context(e: MouseEvent): void {
    const at = this.hit(e);
    if (!at) return;
    e.preventDefault();
    const row = this.rows.get(at.rank);
    if (row) this.hooks.menu(row, at.key, e.clientX, e.clientY);
  }

  private menuAtActive(): void {
    const el = this.list.element(this.activeRank);
    const row = this.rows.get(this.activeRank);
    if (!el || !row) return;
    const cell = el.children[this.activeColumn] ?? el;
    const box = cell.getBoundingClientRect();
    this.hooks.menu(row, this.columns[this.activeColumn - 1]?.key ?? "no", box.left + 4, box.bottom);
  }
}
