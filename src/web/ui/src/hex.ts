// hex.ts - bytes, 16 a row, with their ASCII; what a field stands for is marked

import { hexByte } from "./text";
import { VList } from "./vlist";

const ROW = 16;

export class Hex {
  private bytes: Uint8Array = new Uint8Array(0);
  private marks: [number, number][] = [];
  private from = -1; // what a person has selected: both ends in it
  private to = -1;
  private cursor = 0;
  private readonly list: VList;
  private dragging = false;

  constructor(
    private readonly box: HTMLElement,
    private readonly picked: (byte: number) => void,
    private readonly menu: (x: number, y: number) => void,
    rowHeight: number,
  ) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    this.list = new VList(box, { rowHeight, make: () => this.make(), fill: (el, i) => this.fill(el, i) });
    box.addEventListener("mousedown", this.down);
    box.addEventListener("mousemove", this.move);
    window.addEventListener("mouseup", this.up);
    box.addEventListener("keydown", this.key);
    box.addEventListener("contextmenu", this.context);
  }

  dispose(): void {
    window.removeEventListener("mouseup", this.up);
    this.box.removeEventListener("mousedown", this.down);
    this.box.removeEventListener("mousemove", this.move);
    this.box.removeEventListener("keydown", this.key);
    this.box.removeEventListener("contextmenu", this.context);
    this.list.dispose();
  }

  setRowHeight(px: number): void {
    this.list.setRowHeight(px);
  }

  show(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.from = this.to = -1;
    this.cursor = 0;
    this.marks = [];
    this.list.setCount(Math.ceil(bytes.length / ROW));
    this.list.invalidate();
    this.box.setAttribute("aria-label", `Bytes of the frame, ${bytes.length}`);
  }

  /** Mark the bytes of a field, and show the first of them. */
  mark(ranges: [number, number][]): void {
    this.marks = ranges;
    this.from = this.to = -1;
    const first = ranges[0];
    if (first && first[1] > 0) this.list.reveal(Math.floor(first[0] / ROW), true);
    this.list.invalidate();
  }

  /** What a person has selected, else what is marked, else all. */
  selection(): Uint8Array {
    if (this.from >= 0) return this.bytes.slice(Math.min(this.from, this.to), Math.max(this.from, this.to) + 1);
    const m = this.marks[0];
    return m && m[1] > 0 ? this.bytes.slice(m[0], m[0] + m[1]) : this.bytes;
  }

  private make(): HTMLElement {
    const el = document.createElement("div");
    el.className = "hexrow";
    const offset = document.createElement("span");
    offset.className = "offset";
    el.append(offset);
    for (const kind of ["h", "a"]) {
      const group = document.createElement("span");
      group.className = kind === "h" ? "hexes" : "chars";
      for (let i = 0; i < ROW; i++) {
        const b = document.createElement("span");
        b.dataset["i"] = String(i);
        group.append(b);
      }
      el.append(group);
    }
    return el;
  }

  private class(at: number): string {
    const lo = Math.min(this.from, this.to);
    const hi = Math.max(this.from, this.to);
    if (this.from >= 0 && at >= lo && at <= hi) return "picked";
    for (const [start, n] of this.marks) if (at >= start && at < start + n) return "marked";
    return "";
  }

  private fill(el: HTMLElement, row: number): void {
    el.dataset["row"] = String(row);
    const [offset, hexes, chars] = el.children as unknown as HTMLElement[];
    if (!offset || !hexes || !chars) return;
    offset.textContent = (row * ROW).toString(16).padStart(4, "0");
    for (let i = 0; i < ROW; i++) {
      const at = row * ROW + i;
      const b = this.bytes[at];
      const h = hexes.children[i] as HTMLElement;
      const c = chars.children[i] as HTMLElement;
      const cls = b === undefined ? "" : this.class(at);
      h.textContent = b === undefined ? "" : hexByte(b);
      c.textContent = b === undefined ? "" : b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "\u00b7";
      const dim = b !== undefined && !cls && (b < 0x20 || b >= 0x7f) ? "dim" : cls;
      if (h.className !== cls) h.className = cls;
      if (c.className !== dim) c.className = dim;
    }
  }

  private at(e: MouseEvent): number {
    const b = (e.target as Element).closest<HTMLElement>("[data-i]");
    const row = b?.closest<HTMLElement>(".hexrow");
    if (!b || !row) return -1;
    const at = Number(row.dataset["row"]) * ROW + Number(b.dataset["i"]);
    return at < this.bytes.length ? at : -1;
  }

  private down = (e: MouseEvent): void => {
    if (e.button !== 0) return;
    const at = this.at(e);
    if (at < 0) return;
    e.preventDefault();
    this.box.focus({ preventScroll: true });
    this.dragging = true;
    this.cursor = at;
    if (e.shiftKey && this.from >= 0) this.to = at;
    else {
      this.picked(at);
      this.from = this.to = at;
    }
    this.list.invalidate();
  };

  private move = (e: MouseEvent): void => {
    if (!this.dragging) return;
    const at = this.at(e);
    if (at < 0 || at === this.to) return;
    this.to = at;
    this.list.invalidate();
  };

  private up = (): void => {
    if (!this.dragging) return;
    this.dragging = false;
    // One byte alone was a click on its field, whose bytes are marked.
    if (this.from === this.to) this.from = this.to = -1;
    this.list.invalidate();
  };

  private key = (e: KeyboardEvent): void => {
    const step: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: ROW, ArrowUp: -ROW, PageDown: ROW * this.list.page, PageUp: -ROW * this.list.page, Home: -Infinity, End: Infinity };
    if (e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) {
      const box = this.box.getBoundingClientRect();
      this.menu(box.left + 60, box.top + 20);
      e.preventDefault();
      return;
    }
    const by = step[e.key];
    if (by === undefined || e.altKey || e.metaKey || e.ctrlKey || this.bytes.length === 0) return;
    e.preventDefault();
    e.stopPropagation();
    const before = this.cursor;
    this.cursor = Math.max(0, Math.min(this.bytes.length - 1, this.cursor + by));
    if (e.shiftKey) {
      if (this.from < 0) this.from = before;
      this.to = this.cursor;
    } else {
      this.picked(this.cursor);
      this.from = this.to = this.cursor;
    }
    this.list.reveal(Math.floor(this.cursor / ROW));
    this.list.invalidate();
  };

  private context = (e: MouseEvent): void => {
    e.preventDefault();
    this.menu(e.clientX, e.clientY);
  };
}

export function asHex(bytes: Uint8Array): string {
  return [...bytes].map(hexByte).join(" ");
}

export function asC(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 12) {
    lines.push(`\t${[...bytes.subarray(i, i + 12)].map((b) => `0x${hexByte(b)},`).join(" ")}`);
  }
  return `static const unsigned char bytes[${bytes.length}] = {\n${lines.join("\n")}\n};\n`;
}

export function asText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}
