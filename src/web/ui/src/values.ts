// values.ts - what fields hold in frames, for columns of a person's choice: asked for where it is looked at, then kept

import { api, ApiError } from "./api";

const FRAMES_MAX = 200; // of one question, as the server bounds it
const KEPT_MAX = 20_000; // frames
const AGAIN_MS = 5000; // after a question that failed
const WAIT_MS = 60; // a key that is held down passes over rows without asking for each

/** texts: of the frame, often none; null: it can't be had, and why says so. */
export interface Value {
  texts: string[] | null;
  why?: string;
  until?: number; // ms: it is asked for again from then on
}

export class Values {
  private kept = new Map<number, Map<string, Value>>();
  private wanted: number[] = [];
  private fields: string[] = [];
  private asking: { ids: Set<number>; abort: AbortController } | null = null;
  private timer = 0;
  private epoch = 0;
  private readonly view = crypto.getRandomValues(new Uint32Array(4)).join("-");

  constructor(private readonly changed: () => void) {}

  /** Frames are others now: forget all. */
  reset(): void {
    this.epoch++;
    this.asking?.abort.abort();
    this.asking = null;
    this.kept.clear();
    this.wanted = [];
  }

  get(id: number, field: string): Value | undefined {
    const value = this.kept.get(id)?.get(field);
    return value?.until !== undefined && performance.now() > value.until ? undefined : value;
  }

  /** These frames are in sight, with these columns. What was asked for and is no more in sight is given up. */
  want(ids: number[], fields: string[]): void {
    this.wanted = fields.length ? ids : [];
    this.fields = fields;
    if (this.asking && !this.wanted.some((id) => this.asking?.ids.has(id))) {
      this.asking.abort.abort();
      this.asking = null;
    }
    if (!this.asking && !this.timer && this.lacking().length) this.later();
  }

  /** All of these, for a copy; asks until they are there. */
  async all(ids: number[], fields: string[]): Promise<void> {
    const lack = ids.filter((id) => fields.some((f) => !this.get(id, f)));
    for (let at = 0; at < lack.length && fields.length; at += FRAMES_MAX) await this.ask(lack.slice(at, at + FRAMES_MAX), fields, `${this.view}-copy`);
  }

  private lacking(): number[] {
    return this.wanted.filter((id) => this.fields.some((f) => !this.get(id, f))).slice(0, FRAMES_MAX);
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.next();
    }, WAIT_MS);
  }

  private async next(): Promise<void> {
    const ids = this.lacking();
    if (this.asking || !ids.length) return;
    const asking = { ids: new Set(ids), abort: new AbortController() };
    this.asking = asking;
    await this.ask(ids, this.fields, this.view, asking.abort.signal);
    if (this.asking === asking) this.asking = null;
    if (!this.asking && this.lacking().length) this.later();
  }

  private async ask(ids: number[], fields: string[], view: string, signal?: AbortSignal): Promise<void> {
    const epoch = this.epoch;
    try {
      const answer = await api.values(view, fields, ids, signal);
      if (epoch !== this.epoch) return;
      const wrong = new Map(answer.wrong.map((w) => [w.field, w.why]));
      for (const f of answer.frames)
        fields.forEach((field, i) => {
          const texts = f.values[i] ?? null;
          this.put(f.id, field, texts ? { texts } : { texts, why: wrong.get(field) ?? f.why ?? "the server does not say why" });
        });
    } catch (e) {
      if (signal?.aborted || epoch !== this.epoch || (e instanceof ApiError && e.status === 0)) return;
      const why = e instanceof Error ? e.message : String(e);
      for (const id of ids) for (const field of fields) if (!this.get(id, field)) this.put(id, field, { texts: null, why, until: performance.now() + AGAIN_MS });
    }
    this.changed();
  }

  private put(id: number, field: string, value: Value): void {
    const of = this.kept.get(id) ?? new Map<string, Value>();
    of.set(field, value);
    this.kept.delete(id); // the newest is last
    this.kept.set(id, of);
    while (this.kept.size > KEPT_MAX) {
      const oldest = this.kept.keys().next().value;
      if (oldest === undefined) break;
      this.kept.delete(oldest);
    }
  }
}
