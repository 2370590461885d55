// text.ts - hostile text made visible, and figures for people

// Characters that hide, reorder or break a line: C0, DEL, C1, bidi marks, zero widths, line
// separators, tags, halves of surrogate pairs.
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u034f\u115f\u1160\u3164\uffa0\ufe00-\ufe0f]|[\u{e0000}-\u{e01ef}]|[\ud800-\udfff]/gu;

/** The most characters of one text that ever come into the document. */
export const TEXT_MAX = 4096;

function shown(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  const escape = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
  if (escape) return escape;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** Text as it may be shown: nothing in it hides, and no more than max characters of it. */
export function visible(text: string, max = TEXT_MAX): string {
  const cut = text.length > max;
  const part = (cut ? text.slice(0, max) : text).replace(UNSEEN, shown);
  return cut ? `${part}... (${count(text.length)} characters)` : part;
}

const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(n: number): string {
  return plain.format(n);
}

/** 1234567 as 1.23 M: three digits that matter, for where a count moves. */
export function short(n: number): string {
  if (n < 10000) return plain.format(n);
  const units = ["k", "M", "G", "T"];
  let i = -1;
  do {
    n /= 1000;
    i++;
  } while (n >= 1000 && i < units.length - 1);
  return `${n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)} ${units[i]}`;
}

export function bytesText(n: number): string {
  if (n < 1000) return `${plain.format(n)} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let i = -1;
  do {
    n /= 1000;
    i++;
  } while (n >= 1000 && i < units.length - 1);
  return `${n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)} ${units[i]}`;
}

/** A duration in ns in the unit that suits it. */
export function duration(ns: number): string {
  if (ns < 1e6) return `${(ns / 1e3).toFixed(0)} \u00b5s`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(0)} ms`;
  if (ns < 120e9) return `${(ns / 1e9).toFixed(1)} s`;
  return `${(ns / 60e9).toFixed(1)} min`;
}

interface Stamp {
  s: number;
  ns: number;
}

export function stamp(ts: string): Stamp {
  const dot = ts.indexOf(".");
  if (dot < 0) return { s: Number(ts), ns: 0 };
  return { s: Number(ts.slice(0, dot)), ns: Number(ts.slice(dot + 1).padEnd(9, "0").slice(0, 9)) };
}

/** a - b as seconds with nine digits, exactly. */
export function difference(a: string, b: string): string {
  const x = stamp(a);
  const y = stamp(b);
  let s = x.s - y.s;
  let ns = x.ns - y.ns;
  const minus = s < 0 || (s === 0 && ns < 0);
  if (minus) {
    s = -s;
    ns = -ns;
  }
  if (ns < 0) {
    s--;
    ns += 1_000_000_000;
  }
  return `${minus ? "-" : ""}${s}.${String(ns).padStart(9, "0")}`;
}

let day = -1;
let dayText = "";

/** Local time of day with its date; nine digits of a second. */
export function absolute(ts: string): string {
  const t = stamp(ts);
  if (!Number.isFinite(t.s)) return visible(ts, 40);
  const d = new Date(t.s * 1000);
  const minute = Math.floor(t.s / 60);
  if (minute !== day) {
    day = minute;
    const two = (n: number) => String(n).padStart(2, "0");
    dayText = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
  }
  return `${dayText}:${String(d.getSeconds()).padStart(2, "0")}.${String(t.ns).padStart(9, "0")}`;
}

const encoder = new TextEncoder();

/** Where byte number at of the UTF-8 form of text is, as an index into text. */
export function indexOfByte(text: string, at: number): number {
  let bytes = 0;
  for (let i = 0; i < text.length; ) {
    if (bytes >= at) return i;
    const c = String.fromCodePoint(text.codePointAt(i) ?? 0);
    bytes += encoder.encode(c).length;
    i += c.length;
  }
  return text.length;
}

export function fromHex(hex: string): Uint8Array {
  const out = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < out.length; i++) {
    const hi = hex.charCodeAt(2 * i);
    const lo = hex.charCodeAt(2 * i + 1);
    out[i] = ((hi & 15) + (hi > 57 ? 9 : 0)) * 16 + (lo & 15) + (lo > 57 ? 9 : 0);
  }
  return out;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

export function hexByte(n: number): string {
  return HEX[n] ?? "";
}

const CAUSES: Record<string, string> = {
  skipped_stall: "tshark stopped answering; this frame was passed over",
  skipped_backlog: "decoding was too far behind; this frame was passed over",
  skipped_load: "under load; this frame was passed over",
  lost_child: "tshark ended before it answered for this frame",
  quarantined: "tshark fails on this frame; it is in quarantine and is not given to it again",
  unreadable: "tshark's answer for this frame could not be read",
  no_tshark: "there is no tshark: headers only",
  not_asked: "decoding is off: headers only",
  stopped: "the capture was stopped before tshark answered",
};

export function causeText(cause: string | undefined): string {
  if (!cause) return "not decoded";
  return CAUSES[cause] ?? visible(cause.replace(/_/g, " "), 80);
}
