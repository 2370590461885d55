// api.ts - requests to the server, and the stream of its status

import type {
  AuditLine, Check, FieldName, FollowAnswer, FrameAnswer, Preset, RowsAnswer, SavedFilter, SeriesPoint,
  Settings, Statistics, Status, ValuesAnswer, Verdict,
} from "./types";

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    const init: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) {
      init.headers = { "Content-Type": "application/json" };
      init.body = JSON.stringify(body);
    }
    if (signal) init.signal = signal;
    answer = await fetch(path, init);
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new ApiError("The server cannot be reached. Is secvf serve still running?", 0);
  }
  if (!answer.ok) {
    let text = `The server answered ${answer.status} to ${method} ${path.split("?")[0]}.`;
    try {
      const o = (await answer.json()) as { error?: string };
      if (typeof o.error === "string") text = o.error;
    } catch {
      // The status says enough.
    }
    throw new ApiError(text, answer.status);
  }
  const text = await answer.text();
  return (text ? JSON.parse(text) : {}) as T;
}

const get = <T>(path: string, signal?: AbortSignal) => ask<T>("GET", path, undefined, signal);
const post = <T>(path: string, body: unknown = {}) => ask<T>("POST", path, body);
const q = encodeURIComponent;

export interface StartBody {
  files?: string[];
  rate?: string;
  interfaces?: string[];
  capture_filter?: string;
  decode?: string;
  write?: string;
  loop?: number;
}

export const api = {
  status: async () => whole(await get<Partial<Status>>("/api/status")),
  start: async (body: StartBody) => whole(await post<Partial<Status>>("/api/capture/start", body)),
  stop: async () => whole(await post<Partial<Status>>("/api/capture/stop")),
  clear: async () => whole(await post<Partial<Status>>("/api/capture/clear")),
  captureFilter: (filter: string) => post<Verdict>("/api/capture/filter", { filter }),
  checkCaptureFilter: (filter: string, signal?: AbortSignal) =>
    get<Verdict>(`/api/capture/filter/check?filter=${q(filter)}`, signal),
  scope: (interfaces: string[]) => post<unknown>("/api/capture/scope", { interfaces }),
  filter: (filter: string) => post<Verdict>("/api/filter", { filter }),
  checkFilter: (filter: string, signal?: AbortSignal) =>
    get<Verdict>(`/api/filter/check?filter=${q(filter)}`, signal),
  complete: (prefix: string, limit: number, signal?: AbortSignal) =>
    get<{ fields: FieldName[]; total: number }>(
      `/api/filter/complete?prefix=${q(prefix)}&limit=${limit}`, signal),
  filters: () => get<{ filters: SavedFilter[]; recent: string[] }>("/api/filters"),
  saveFilter: (f: SavedFilter) => post<unknown>("/api/filters", f),
  removeFilter: (name: string) => ask<unknown>("DELETE", `/api/filters/${q(name)}`, {}),
  presets: () => get<{ presets: Preset[] }>("/api/presets"),
  rows: (from: number, count: number, signal?: AbortSignal) =>
    get<RowsAnswer>(`/api/rows?from=${from}&count=${count}`, signal),
  rank: (id: number) => get<{ rank: number; shown: boolean }>(`/api/rank?id=${id}`),
  frame: (id: number, signal?: AbortSignal) => get<FrameAnswer>(`/api/frames/${id}`, signal),
  bytes: (id: number, signal?: AbortSignal) => get<{ hex: string }>(`/api/frames/${id}/bytes`, signal),
  values: (view: string, fields: string[], frames: number[], signal?: AbortSignal) =>
    ask<ValuesAnswer>("POST", "/api/values", { view, fields, frames }, signal),
  note: (id: number, body: { mark?: boolean; comment?: string }) =>
    ask<unknown>("PUT", `/api/frames/${id}`, body),
  follow: (kind: string, frame: number) => get<FollowAnswer>(`/api/follow?kind=${q(kind)}&frame=${frame}`),
  statistics: (top: number, signal?: AbortSignal) => get<Statistics>(`/api/statistics?top=${top}`, signal),
  series: (from: number, signal?: AbortSignal) =>
    get<{ series: SeriesPoint[] }>(`/api/series?from=${from}`, signal),
  audit: (after: number, n: number) =>
    get<{ lines: AuditLine[]; next: number }>(`/api/audit?after=${after}&count=${n}`),
  settings: () => get<Settings>("/api/settings"),
  setSettings: (part: Partial<Settings>) => ask<Settings>("PUT", "/api/settings", part),
  doctor: () => get<Check[]>("/api/doctor"),
};

interface SavePicker {
  showSaveFilePicker?: (o: { suggestedName: string }) => Promise<{ createWritable(): Promise<WritableStream<Uint8Array>> }>;
}

/** From here on a file goes to the disk as it comes, where the browser can: not through memory. */
const STREAM_BYTES = 256_000_000;

/** Save what the server exports. bytes: about how much it will be. */
export async function exportFrames(
  body: { frames?: number[]; shown?: true; all?: true },
  name: string,
  bytes: number,
): Promise<void> {
  const picker = (window as SavePicker).showSaveFilePicker;
  const file = picker && bytes > STREAM_BYTES ? await picker.call(window, { suggestedName: name }) : null;
  const answer = await fetch("/api/export", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    const o = (await answer.json().catch(() => ({}))) as { error?: string };
    throw new ApiError(o.error ?? `The server answered ${answer.status}.`, answer.status);
  }
  if (file && answer.body) {
    await answer.body.pipeTo(await file.createWritable());
    return;
  }
  const url = URL.createObjectURL(await answer.blob());
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export type Link =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "lost"; attempt: number; again: number }
  | { state: "refused" };

/** A status with all its parts: what has nothing to say may be left out by the server. */
export function whole(said: Partial<Status>): Status {
  const filter = { filter: "", matches: 0, judged: 0, known: 0, ...said.filter };
  return {
    version: "", state: "idle", session: "", started: "", source: {}, sharkd: false, offline: false, interfaces: [], profile: "", files: [],
    memory: 0, audit: 0, marks: 0,
    ...said,
    capture_filter: said.capture_filter ?? "",
    tshark: said.tshark ?? { found: false },
    ledger: said.ledger ?? {},
    behind: { frames: 0, ns: 0, ...said.behind },
    rows: { total: 0, first: 1, lost: 0, ...said.rows },
    rate: { frames: 0, bytes: 0, ...said.rate },
    queue: { depth: 0, limit: 0, ...said.queue },
    filter: { ...filter, state: filter.filter ? (said.filter?.state ?? "runs") : "none" },
  };
}

/** The longest time between two attempts to connect again, ms. */
const RETRY_MAX = 10_000;

/** Times between two statuses that are taken, ms: the server sends 30 a second, and what came at once after a pause counts once. */
const APART_MS = 20;

/** The status as it changes, soon enough that rows asked for with it are painted with it; connects again for ever. */
export class Events {
  private source: EventSource | null = null;
  private timer = 0;
  private attempt = 0;
  private latest: string | null = null;
  private scheduled = false;
  private taken = -Infinity;

  constructor(
    private readonly onStatus: (s: Status) => void,
    private readonly onLink: (l: Link) => void,
  ) {}

  connect(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.onLink({ state: "connecting" });
    const source = new EventSource("/api/events");
    this.source = source;
    source.onopen = () => {
      this.attempt = 0;
      this.onLink({ state: "open" });
    };
    source.addEventListener("status", (e) => this.take((e as MessageEvent<string>).data));
    source.onerror = () => void this.lost(source);
  }

  private take(data: string): void {
    this.latest = data;
    if (this.scheduled) return;
    // A hidden page gets no frames: then the newest waits until somebody looks.
    if (!document.hidden && performance.now() - this.taken >= APART_MS) {
      this.give();
      return;
    }
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.give();
    });
  }

  private give(): void {
    if (this.latest === null) return;
    const status = whole(JSON.parse(this.latest) as Partial<Status>);
    this.latest = null;
    this.taken = performance.now();
    this.onStatus(status);
  }

  private async lost(source: EventSource): Promise<void> {
    source.close();
    if (source !== this.source) return;
    try {
      const status = await api.status();
      if (source !== this.source) return; // connected again meanwhile
      this.onStatus(status);
    } catch (e) {
      if (e instanceof ApiError && (e.status === 401 || e.status === 403)) {
        this.onLink({ state: "refused" });
        return;
      }
    }
    const wait = Math.min(RETRY_MAX, 500 * 2 ** this.attempt++);
    this.onLink({ state: "lost", attempt: this.attempt, again: Date.now() + wait });
    this.timer = window.setTimeout(() => this.connect(), wait);
  }
}
