// columns.ts - what each column of the table shows, and which filter its cell stands for

import { api } from "./api";
import { absolute, difference, visible } from "./text";
import type { Row, Settings } from "./types";

export interface Column {
  key: string;
  label: string;
  width: number; // px at the start
  right?: boolean;
}

export const COLUMNS: Column[] = [
  { key: "no", label: "No.", width: 70, right: true },
  { key: "time", label: "Time", width: 100, right: true },
  { key: "vm", label: "VM", width: 84 },
  { key: "src", label: "Source", width: 116 },
  { key: "dst", label: "Destination", width: 116 },
  { key: "protocol", label: "Protocol", width: 66 },
  { key: "len", label: "Length", width: 54, right: true },
  { key: "info", label: "Info", width: 0 }, // the rest
];

/** A column of a field's values: its key names the field. */
const FIELD = "field:";
export const FIELDS_MAX = 8; // as the server bounds them
export const COLUMN_MIN = 36; // px
export const COLUMN_MAX = 2000;
const FIELD_WIDTH = 130;

export function fieldOf(key: string): string | null {
  return key.startsWith(FIELD) ? key.slice(FIELD.length) : null;
}

/** The column of a key; undefined: there is none. */
export function columnOf(key: string): Column | undefined {
  const field = fieldOf(key);
  return field ? { key, label: visible(field, 120), width: FIELD_WIDTH } : COLUMNS.find((c) => c.key === key);
}

export function isFieldName(text: string): boolean {
  return text.length <= 200 && /^[A-Za-z0-9_][\w.-]*$/.test(text);
}

/** Columns with one of a field. A text: why it can't be had. */
export function withField(keys: string[], field: string): string[] | string {
  if (!isFieldName(field)) return `"${field.slice(0, 60)}" is no name of a field, such as dns.qry.name.`;
  if (keys.includes(FIELD + field)) return `${field} is a column already.`;
  if (keys.filter((k) => fieldOf(k)).length >= FIELDS_MAX) return `${FIELDS_MAX} columns of fields at most; remove one first.`;
  const at = keys.indexOf("info");
  return at < 0 ? [...keys, FIELD + field] : [...keys.slice(0, at), FIELD + field, ...keys.slice(at)];
}

/** Columns of which one has moved. */
export function moved(keys: string[], key: string, to: number): string[] {
  const others = keys.filter((k) => k !== key);
  others.splice(Math.max(0, Math.min(others.length, to)), 0, key);
  return others;
}

export function timeText(row: Row, how: Settings["time"], first: string | null, before: Row | undefined): string {
  if (how === "absolute") return absolute(row.ts);
  if (how === "relative") return first === null ? "" : difference(row.ts, first);
  return before && before.ts ? difference(row.ts, before.ts) : "";
}

function address(value: string, end: "src" | "dst"): string | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(value)) return `ip.${end} == ${value}`;
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) return `eth.${end} == ${value}`;
  if (/^[0-9a-f:.]+$/i.test(value) && value.includes(":")) return `ipv6.${end} == ${value}`;
  return null;
}

/** A string as the display filter language quotes it. */
export function quoted(text: string): string {
  let out = '"';
  for (const byte of new TextEncoder().encode(text)) {
    const c = String.fromCharCode(byte);
    if (c === '"' || c === "\\") out += `\\${c}`;
    else if (byte >= 0x20 && byte < 0x7f) out += c;
    else out += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `${out}"`;
}

// Names in the protocol column that are not those of the filter language.
const PROTOCOLS: Record<string, string> = {
  tlsv1: "tls", "tlsv1.1": "tls", "tlsv1.2": "tls", "tlsv1.3": "tls", sslv3: "tls", ssl: "tls", sshv2: "ssh",
  igmpv2: "igmp", igmpv3: "igmp", "ieee 802.11": "wlan", "802.11": "wlan", smb2: "smb2", "http/xml": "http",
  "http/json": "http", icmpv6: "icmpv6", ethernet: "eth", "iscsi": "iscsi",
};

/** The filter of what the protocol column says, as the server knows it; null: it knows none. It holds for frames with
 * the protocol in any layer, as the column itself is no field of Wireshark 4.0's language. */
export async function protocolFilter(shown: string): Promise<string | null> {
  const lower = shown.toLowerCase();
  for (const name of [PROTOCOLS[lower] ?? lower, lower.replace(/[^a-z0-9].*$/, "")]) {
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) continue;
    const verdict = await api.checkFilter(name).catch(() => null);
    if (verdict?.ok) return name;
  }
  return null;
}

/** The filter of a field's values: as tshark prints them where the language takes that, else quoted. */
async function valueFilter(field: string, texts: string[] | null | undefined): Promise<string | null> {
  const [text] = texts ?? [];
  if (text === undefined) return null;
  for (const e of [/^[\w.:-]+$/.test(text) ? `${field} == ${text}` : "", `${field} == ${quoted(text)}`, field]) {
    if (!e) continue;
    const verdict = await api.checkFilter(e).catch(() => null);
    if (verdict?.ok) return e;
  }
  return null;
}

/** The filter that a cell stands for; null: none. A protocol's is asked of the server. @texts: of a field. */
export async function cellFilter(row: Row, key: string, texts?: string[] | null): Promise<string | null> {
  const field = fieldOf(key);
  if (field) return valueFilter(field, texts);
  switch (key) {
    case "no":
      return `frame.number == ${row.id}`;
    case "time":
      return row.ts ? `frame.time_epoch == ${row.ts}` : null;
    case "vm":
      return row.vm ? `frame.interface_name == ${quoted(row.vm)}` : null;
    case "src":
    case "dst":
      return address(row[key], key);
    case "len":
      return `frame.len == ${row.len}`;
    case "protocol":
      return protocolFilter(row.protocol);
    default:
      return null;
  }
}

export function cellText(row: Row, key: string): string {
  switch (key) {
    case "no":
      return String(row.id);
    case "len":
      return String(row.len);
    case "time":
      return row.ts;
    case "vm":
    case "src":
    case "dst":
    case "protocol":
    case "info":
      return row[key] ?? "";
    default:
      return "";
  }
}
