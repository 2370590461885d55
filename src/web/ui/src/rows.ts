// rows.ts - rows of the view by rank: pages that were fetched, least recently used ones let go
//
// Ranks are those of the filtered view. Rows that are not settled yet are asked for again while they
// are looked at, by a timer, too: the last news may come right after a look; while a filter runs over the past, ranks may
// still move, so all is.

import { api } from "./api";
import type { Row } from "./types";

const PAGE = 100;
const PAGES_MAX = 100; // 10,000 rows: a renderer keeps a kilobyte for each
const FETCHES_MAX = 3;
const ROWS_MAX = 1000; // of one request
const AGAIN_MS = 150; // between two looks at rows that are not settled
const AGAIN_SLOW_MS = 2000; // at rows that only backfill changes

interface Page {
  rows: (Row | undefined)[];
  at: number; // ms, of the newest fetch
  stale: boolean;
  moved: boolean; // that fetch had another status for some row
}

export class Rows {
  total = 0;
  private pages = new Map<number, Page>();
  private fetching = new Set<number>();
  private epoch = 0;
  private wanted: [number, number] = [0, 0];
  private settling = false;
  private abort = new AbortController();
  private timer: number | undefined;

  /** changed: rows or total came; failed: a request did. */
  constructor(
    private readonly changed: () => void,
    private readonly failed: (e: unknown) => void,
  ) {}

  /** The view is another one: forget all. */
  reset(): void {
    this.epoch++;
    this.abort.abort();
    this.abort = new AbortController();
    this.pages.clear();
    this.fetching.clear();
    this.total = 0;
    this.changed();
  }

  /** Everything is asked for again when it is next looked at; until then the old is shown. */
  stale(): void {
    for (const p of this.pages.values()) p.stale = true;
  }

  get(rank: number): Row | undefined {
    const n = Math.floor(rank / PAGE);
    return this.pages.get(n)?.rows[rank - n * PAGE];
  }

  /** Whether ranks may still move, as a filter runs over the past. */
  set moving(on: boolean) {
    if (this.settling && !on) this.stale();
    this.settling = on;
  }

  /** These ranks are looked at; whatever lacks is fetched. The end is that of the view. */
  want(from: number, to: number): void {
    this.wanted = [Math.max(0, from), to];
    const now = performance.now();
    for (let n = Math.floor(this.wanted[0] / PAGE); n * PAGE < to; n++) {
      if (this.fetching.has(n) || this.fetching.size >= FETCHES_MAX) continue;
      if (this.lacks(n, now)) void this.fetch(n);
    }
    this.lookAgain(now);
  }

  /** At rows that are not settled, once they may be asked for; at those that only backfill changes, while it does. */
  private lookAgain(now: number): void {
    let due = Infinity;
    for (let rank = this.wanted[0]; rank < this.wanted[1]; rank++) {
      const page = this.pages.get(Math.floor(rank / PAGE));
      const status = page?.rows[rank % PAGE]?.status;
      if (!page || !status) continue;
      if (status === "pending") due = Math.min(due, page.at + AGAIN_MS);
      else if (status !== "decoded" && page.moved) due = Math.min(due, page.at + AGAIN_SLOW_MS);
    }
    window.clearTimeout(this.timer);
    if (due < Infinity) this.timer = window.setTimeout(() => { this.want(...this.wanted); }, Math.max(due - now, 0) + 1);
  }

  private lacks(n: number, now: number): boolean {
    const page = this.pages.get(n);
    if (!page) return true;
    this.pages.delete(n); // the newest is last
    this.pages.set(n, page);
    if (page.stale) return true;
    const from = Math.max(this.wanted[0], n * PAGE);
    const to = Math.min(this.wanted[1], (n + 1) * PAGE);
    const old = now - page.at;
    if (this.settling && old > 4 * AGAIN_MS) return true;
    for (let rank = from; rank < to; rank++) {
      const row = page.rows[rank - n * PAGE];
      if (!row) return true;
      if (row.status === "pending" && old > AGAIN_MS) return true;
      if ((row.status === "basic" || row.status === "skipped") && old > AGAIN_SLOW_MS) return true;
    }
    return false;
  }

  private async fetch(n: number): Promise<void> {
    const epoch = this.epoch;
    this.fetching.add(n);
    try {
      const answer = await api.rows(n * PAGE, PAGE, this.abort.signal);
      if (epoch !== this.epoch) return;
      this.put(answer.from, answer.rows);
      const page = this.pages.get(n);
      if (page) page.stale = false;
      this.changed();
    } catch (e) {
      if (epoch === this.epoch) this.failed(e);
    } finally {
      if (epoch === this.epoch) this.fetching.delete(n);
    }
  }

  private put(from: number, rows: Row[]): void {
    const now = performance.now();
    for (let n = Math.floor(from / PAGE); n * PAGE < from + rows.length; n++) {
      const page = this.pages.get(n);
      if (page) page.moved = false;
    }
    for (let i = 0; i < rows.length; i++) {
      const rank = from + i;
      const n = Math.floor(rank / PAGE);
      let page = this.pages.get(n);
      if (!page) {
        page = { rows: new Array<Row | undefined>(PAGE), at: now, stale: false, moved: true };
        this.pages.set(n, page);
      }
      page.at = now;
      page.moved ||= page.rows[rank - n * PAGE]?.status !== rows[i]?.status;
      page.rows[rank - n * PAGE] = rows[i];
    }
    while (this.pages.size > PAGES_MAX) {
      const oldest = this.pages.keys().next().value;
      if (oldest === undefined) break;
      this.pages.delete(oldest);
    }
  }

  /** The newest rows, as many as are seen: for following. Return: the total then, or null. */
  async tail(total: number, seen: number): Promise<number | null> {
    const epoch = this.epoch;
    const want = Math.min(seen, ROWS_MAX);
    const from = Math.max(0, total - want);
    const answer = await api.rows(from, want, this.abort.signal);
    if (epoch !== this.epoch) return null;
    this.put(answer.from, answer.rows);
    return answer.from + answer.rows.length;
  }

  /** Rows of ranks, in their order, fetched where they lack; at most ROWS_MAX a request. */
  async range(from: number, to: number): Promise<Row[]> {
    const out: Row[] = [];
    for (let at = from; at < to; at += ROWS_MAX) {
      const answer = await api.rows(at, Math.min(ROWS_MAX, to - at));
      out.push(...answer.rows);
      if (answer.rows.length === 0) break;
    }
    return out;
  }

  /** A row that this page has changed itself: its mark, its comment. */
  patch(id: number, part: Partial<Row>): void {
    for (const page of this.pages.values())
      for (const row of page.rows) if (row && row.id === id) Object.assign(row, part);
    this.changed();
  }

  get held(): number {
    return this.pages.size;
  }
}
