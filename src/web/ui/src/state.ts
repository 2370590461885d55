// state.ts - what the whole page knows: the server's status, settings, what is chosen, what is open

import { batch, computed, effect, signal } from "@preact/signals";
import { api, ApiError, Events, type Link } from "./api";
import { withField } from "./columns";
import { count } from "./text";
import type { FrameAnswer, Settings, Status } from "./types";

/** The newest status, up to 30 times a second: for the table alone. */
export const live = signal<Status | null>(null);
/** The same for what people read: figures change no faster than they can be read, states at once. */
export const status = signal<Status | null>(null);
export const link = signal<Link>({ state: "connecting" });

export const DEFAULTS: Settings = {
  theme: "system",
  density: "dense",
  queue_limit: 8192,
  buffer_frames: 1_000_000,
  decode: "auto",
  time: "relative",
  columns: ["no", "time", "vm", "src", "dst", "protocol", "len", "info"],
  layers: true,
  bytes: true,
  preferences: [],
};
export const settings = signal<Settings>(DEFAULTS);

/** Settings with those that were never set; no column at all is all of them. */
export function complete(s: Partial<Settings>): Settings {
  return { ...DEFAULTS, ...s, columns: s.columns?.length ? s.columns : DEFAULTS.columns };
}

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const prefersDark = signal(systemDark.matches);
systemDark.addEventListener("change", (e) => (prefersDark.value = e.matches));
export const dark = computed(() =>
  settings.value.theme === "system" ? prefersDark.value : settings.value.theme === "dark",
);

/** A part of the status; only those that show it are drawn again where it changes. */
export function part<T>(pick: (s: Status) => T, otherwise: T) {
  return computed(() => (status.value ? pick(status.value) : otherwise));
}

export function ledger(s: Status, name: string): number {
  const n = s.ledger[name];
  return typeof n === "number" ? n : 0;
}

/** Rows of the view that is shown. */
export function viewTotal(s: Status): number {
  return s.filter.state === "none" ? s.rows.total : s.filter.matches;
}

// What is chosen.
export const activeId = signal<number | null>(null);
export const selected = signal<ReadonlySet<number>>(new Set());
export const frame = signal<{ id: number; answer: FrameAnswer } | null>(null);

// How the table behaves.
export const following = signal(true);
/** Rows of the view when it was frozen; null: it is not. */
export const frozen = signal<number | null>(null);

// What is open.
export type DialogName =
  | { name: "settings" }
  | { name: "help" }
  | { name: "goto" }
  | { name: "columns" }
  | { name: "open" }
  | { name: "doctor" }
  | { name: "save-filter"; expression: string }
  | { name: "comment"; id: number; comment: string }
  | { name: "follow"; id: number; kind: string; filter: string };
export const dialog = signal<DialogName | null>(null);
export const auditOpen = signal<{ at: string } | null>(null);
export const statsOpen = signal(localStorage.getItem("secvf.stats") !== "off");
effect(() => localStorage.setItem("secvf.stats", statsOpen.value ? "on" : "off"));

/** What the filter bar holds; it is applied when it is in the status. */
export const filterText = signal("");
export const filterVerdict = signal<{ ok: boolean; message?: string; at?: number; bytes?: number; hint?: string; warning?: string } | null>(null);
export const captureText = signal("");

// What is said.
export interface Toast {
  key: number;
  kind: "error" | "note";
  text: string;
}
export const toasts = signal<Toast[]>([]);
/** For screen readers alone. */
export const announced = signal("");
let toastKey = 0;
const TOASTS_MAX = 4;

export function toast(kind: Toast["kind"], text: string): void {
  const key = ++toastKey;
  const others = toasts.value.filter((t) => t.text !== text);
  toasts.value = [...others.slice(-(TOASTS_MAX - 1)), { key, kind, text }];
  if (kind === "note") setTimeout(() => dropToast(key), 5000);
}

export function dropToast(key: number): void {
  toasts.value = toasts.value.filter((t) => t.key !== key);
}

export function say(text: string): void {
  announced.value = text;
}

/** Tell the person what went wrong; nothing where a request was given up. */
export function complain(e: unknown): void {
  if (e instanceof DOMException && e.name === "AbortError") return;
  if (e instanceof ApiError && e.status === 0) return; // the link says so
  toast("error", e instanceof Error ? e.message : String(e));
}

const CALM_MS = 125;
let shownAt = 0;
let later = 0;

function readable(s: Status): void {
  clearTimeout(later);
  later = 0;
  shownAt = performance.now();
  status.value = s;
}

export function arrived(s: Status): void {
  const before = status.value;
  live.value = s;
  const same = before && before.state === s.state && before.filter.state === s.filter.state && before.filter.filter === s.filter.filter &&
    before.offline === s.offline && before.tshark.found === s.tshark.found && before.session === s.session && before.rows.total > 0 === s.rows.total > 0;
  const wait = CALM_MS - (performance.now() - shownAt);
  if (!same || wait <= 0) readable(s);
  else if (!later) later = window.setTimeout(() => live.value && readable(live.value), wait);
}

export const events = new Events(
  arrived,
  (l) => (link.value = l),
);

/** Change settings: at once here, then kept by the server. */
export async function change(partial: Partial<Settings>): Promise<boolean> {
  const before = settings.value;
  settings.value = { ...before, ...partial };
  try {
    const kept = await api.setSettings(partial);
    settings.value = complete({ ...settings.value, ...kept });
    return true;
  } catch (e) {
    settings.value = before;
    complain(e);
    return false;
  }
}

/** Add a column of a field. Return: false where it can't be had; the person is told. */
export async function addColumn(field: string): Promise<boolean> {
  const columns = withField(settings.value.columns, field);
  if (typeof columns === "string") {
    toast("note", columns);
    return false;
  }
  if (!(await change({ columns }))) return false;
  say(`${field} is a column now`);
  return true;
}

export async function removeColumn(key: string): Promise<void> {
  const columns = settings.value.columns.filter((k) => k !== key);
  if (!columns.length) toast("note", "One column at least stays.");
  else await change({ columns });
}

/** Set the display filter. Return: whether the server took it. */
export async function applyFilter(expression: string): Promise<boolean> {
  const text = expression.trim();
  batch(() => {
    filterText.value = text;
    filterVerdict.value = null;
  });
  try {
    const verdict = await api.filter(text);
    filterVerdict.value = text || !verdict.ok ? verdict : null;
    if (!verdict.ok) say(`The filter is wrong: ${verdict.message ?? ""}`);
    return verdict.ok;
  } catch (e) {
    complain(e);
    return false;
  }
}

export type Join = "apply" | "not" | "and" | "or" | "and not";

/** A filter joined to the one that is set. */
export function joined(how: Join, expression: string): string {
  const current = status.value?.filter.filter ?? "";
  const simple = /^[!\w.]+( (==|!=|>=|<=|contains|matches) ("[^"]*"|[\w.:]+))?$/.test(expression);
  const e = simple ? expression : `(${expression})`;
  const not = `!(${expression})`;
  if (how === "apply") return expression;
  if (how === "not") return not;
  if (!current) return how === "and not" ? not : expression;
  return `(${current}) ${how === "or" ? "||" : "&&"} ${how === "and not" ? not : e}`;
}

export async function start(decode?: string): Promise<void> {
  const now = status.value;
  const scope = now?.interfaces.every((i) => i.in_scope) ? [] : (now?.interfaces.filter((i) => i.in_scope) ?? []).map((i) => i.name);
  try {
    const before = live.value;
    const s = await api.start({
      ...(scope.length ? { interfaces: scope } : {}),
      ...(captureText.value ? { capture_filter: captureText.value } : {}),
      ...(decode ? { decode } : {}),
    });
    if (live.value === before) arrived(s); // what came meanwhile is newer
    say("Capture started");
  } catch (e) {
    complain(e);
  }
}

export async function stop(): Promise<void> {
  try {
    const before = live.value;
    const s = await api.stop();
    if (live.value === before) arrived(s);
    say(`Capture stopped; ${count(s.rows.total)} frames can be looked at`);
  } catch (e) {
    complain(e);
  }
}

export async function clear(): Promise<void> {
  try {
    arrived(await api.clear());
    say("Cleared");
  } catch (e) {
    complain(e);
  }
}
