// vlist.ts - a list of any length of which only the rows in sight are elements
//
// The rows are in a sheet that stays in sight (position: sticky), so nothing is ever blank while
// somebody scrolls. A list that is higher than browsers let an element be is mapped: the scroll bar
// stands for the whole, and the wheel moves by pixels of the list, not of the bar.

const HEIGHT_MAX = 8_000_000;
const BAR_MS = 200; // between two looks of a scroll bar at a list that grows

export interface VListOptions {
  rowHeight: number;
  /** An empty row, of which there are as many as are seen. */
  make: (slot: number) => HTMLElement;
  /** Fill a row; called only where its index or its data changed. */
  fill: (el: HTMLElement, index: number) => void;
  /** What is in sight changed; by: a person, or the program. */
  scrolled?: (by: "person" | "program") => void;
}

export class VList {
  readonly sheet: HTMLElement;
  private readonly spacer: HTMLElement;
  private slots: { el: HTMLElement; index: number; y: number }[] = [];
  private count = 0;
  private at = 0; // px of the list that are above what is seen
  private expected = 0; // what scrollTop was set to
  private height = 0;
  private dirty = true;
  private queued = false;
  private misplaced: "" | "grown" | "moved" = ""; // the scroll bar is to be set: before long, at once
  private placedAt = -Infinity; // ms; with rows in it
  private barRoom = 0; // px that the bar can go
  private timer: number | undefined;
  private readonly observer: ResizeObserver;

  constructor(
    readonly box: HTMLElement,
    private readonly o: VListOptions,
  ) {
    this.spacer = document.createElement("div");
    this.spacer.className = "vspacer";
    this.spacer.setAttribute("role", "presentation");
    this.sheet = document.createElement("div");
    this.sheet.className = "vsheet";
    this.sheet.setAttribute("role", "presentation");
    this.spacer.append(this.sheet);
    box.append(this.spacer);
    box.addEventListener("scroll", this.onScroll, { passive: true });
    box.addEventListener("wheel", this.onWheel, { passive: false });
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(box);
    this.resized();
  }

  dispose(): void {
    this.observer.disconnect();
    window.clearTimeout(this.timer);
    this.box.removeEventListener("scroll", this.onScroll);
    this.box.removeEventListener("wheel", this.onWheel);
    this.spacer.remove();
  }

  private get whole(): number {
    return this.count * this.o.rowHeight;
  }
  private get mapped(): boolean {
    return this.whole > HEIGHT_MAX;
  }
  private get atMax(): number {
    return Math.max(0, this.whole - this.height);
  }
  get first(): number {
    return Math.floor(this.at / this.o.rowHeight);
  }
  /** One after the last row in sight. */
  get end(): number {
    return Math.min(this.count, Math.ceil((this.at + this.height) / this.o.rowHeight));
  }
  /** Rows that are seen whole. */
  get page(): number {
    return Math.max(1, Math.floor(this.height / this.o.rowHeight));
  }
  get atEnd(): boolean {
    return this.at >= this.atMax - 1;
  }
  get length(): number {
    return this.count;
  }
  get elements(): number {
    return this.slots.length;
  }

  setRowHeight(px: number): void {
    if (px === this.o.rowHeight) return;
    const first = this.at / this.o.rowHeight;
    this.o.rowHeight = px;
    this.at = Math.min(first * px, this.atMax);
    this.resized();
  }

  setCount(n: number): void {
    if (n === this.count) return;
    const grows = n > this.count;
    this.count = n;
    this.at = Math.min(this.at, this.atMax);
    if (grows) {
      if (!this.misplaced) this.misplaced = "grown";
      this.redraw(); // rows in sight stay as they are
      return;
    }
    // A list that shrinks is scrolled by the browser at its next layout: nobody must take that for a person's doing.
    this.place();
    this.invalidate();
  }

  private resized(): void {
    this.height = Math.max(0, this.box.clientHeight - this.head);
    const n = Math.min(400, Math.ceil(this.height / this.o.rowHeight) + 2);
    while (this.slots.length < n) {
      const el = this.o.make(this.slots.length);
      el.hidden = true;
      this.sheet.append(el);
      this.slots.push({ el, index: -1, y: NaN });
    }
    while (this.slots.length > n) this.slots.pop()?.el.remove();
    for (const s of this.slots) s.index = -1;
    this.at = Math.min(this.at, this.atMax);
    this.place();
    this.invalidate();
  }

  /** Height of what stays on top of the box and is no row. */
  head = 0;
  setHead(px: number): void {
    this.head = px;
    this.sheet.style.top = `${px}px`;
    this.resized();
  }

  /** The scroll bar, as the list is now. It makes the browser lay out, and tell of a scroll in a frame of its own. */
  private place(): void {
    this.misplaced = "";
    this.placedAt = this.count ? performance.now() : -Infinity;
    this.spacer.style.height = `${Math.max(Math.min(this.whole, HEIGHT_MAX), this.height)}px`;
    this.sheet.style.height = `${this.height}px`;
    const room = Math.min(this.whole, HEIGHT_MAX) - this.height;
    this.barRoom = Math.max(0, room);
    const top = !this.mapped ? this.at : this.atMax > 0 ? (this.at / this.atMax) * room : 0;
    if (Math.abs(this.box.scrollTop - top) >= 1) this.box.scrollTop = top;
    this.expected = this.box.scrollTop;
  }

  private onScroll = (): void => {
    const top = this.box.scrollTop;
    const by = top - this.expected;
    if (Math.abs(by) < 1) return;
    this.expected = top;
    const room = Math.min(this.whole, HEIGHT_MAX) - this.height;
    const scale = !this.mapped ? 1 : room > 0 ? this.atMax / room : 0;
    // The bar may not know of all rows yet: its ends are those of the list all the same, and a step is one from what is seen.
    if (top >= this.barRoom - 1) this.at = this.atMax;
    else this.at = Math.max(0, Math.min(this.misplaced && top > 0 ? this.at + by * scale : top * scale, this.atMax));
    this.redraw();
    this.o.scrolled?.("person");
  };

  private onWheel = (e: WheelEvent): void => {
    if (!this.mapped || e.ctrlKey || e.deltaY === 0) return;
    e.preventDefault();
    const unit = e.deltaMode === 1 ? this.o.rowHeight * 3 : e.deltaMode === 2 ? this.height : 1;
    this.to(this.at + e.deltaY * unit);
    if (e.deltaX) this.box.scrollLeft += e.deltaX;
    this.o.scrolled?.("person");
  };

  private to(at: number): void {
    this.at = Math.max(0, Math.min(at, this.atMax));
    this.misplaced = "moved";
    this.redraw();
  }

  toEnd(): void {
    this.to(this.atMax);
    this.o.scrolled?.("program");
  }

  /** The end as it grows, which the scroll bar need not show at once. */
  keepEnd(): void {
    if (this.atEnd) return;
    this.at = this.atMax;
    if (!this.misplaced) this.misplaced = "grown";
    this.redraw();
    this.o.scrolled?.("program");
  }

  toStart(): void {
    this.to(0);
    this.o.scrolled?.("program");
  }

  /** Scroll just so far that a row is seen; centre: to the middle where it was not. */
  reveal(index: number, centre = false): void {
    const top = index * this.o.rowHeight;
    if (top >= this.at && top + this.o.rowHeight <= this.at + this.height) return;
    // To whole rows, so that none is cut off below the heading.
    if (centre) this.to(top - Math.floor((this.height / this.o.rowHeight - 1) / 2) * this.o.rowHeight);
    else if (top < this.at) this.to(top);
    else this.to(top + this.o.rowHeight - this.height);
    this.o.scrolled?.("program");
  }

  /** The data of rows changed. */
  invalidate(): void {
    this.dirty = true;
    this.redraw();
  }

  private redraw(): void {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.draw();
    });
  }

  private draw(): void {
    const n = this.slots.length;
    const first = this.first;
    const h = this.o.rowHeight;
    const dirty = this.dirty;
    this.dirty = false;
    // A row keeps its element while it is in sight: index modulo number of slots.
    for (let i = 0; i < n; i++) {
      const index = first + i;
      const slot = this.slots[index % n];
      if (!slot) continue;
      if (index >= this.count) {
        if (slot.index !== -1 || !slot.el.hidden) slot.el.hidden = true;
        slot.index = -1;
        continue;
      }
      if (dirty || slot.index !== index) {
        slot.index = index;
        if (slot.el.hidden) slot.el.hidden = false;
        this.o.fill(slot.el, index);
      }
      const y = index * h - Math.round(this.at);
      if (slot.y !== y) {
        slot.y = y;
        slot.el.style.transform = `translateY(${y}px)`;
      }
    }
    if (!this.misplaced) return;
    const wait = this.misplaced === "moved" ? 0 : this.placedAt + BAR_MS - performance.now();
    window.clearTimeout(this.timer);
    if (wait <= 0) this.place();
    else this.timer = window.setTimeout(() => this.redraw(), wait);
  }

  /** The element that shows a row now, if one does. */
  element(index: number): HTMLElement | null {
    if (this.slots.length === 0) return null;
    const slot = this.slots[index % this.slots.length];
    return slot && slot.index === index ? slot.el : null;
  }
}
