// types.ts - what the server answers, as docs/openapi.json has it

export interface Iface {
  name: string;
  frames: number;
  bytes: number;
  in_scope: boolean;
}

export interface Status {
  version: string;
  state: "idle" | "running" | "ended";
  session: string;
  started: string;
  source: { files?: string[]; rate?: string };
  tshark: { found: boolean; path?: string; version?: string };
  sharkd: boolean;
  offline: boolean;
  interfaces: Iface[];
  capture_filter: string;
  ledger: Record<string, number | Record<string, number>>;
  behind: { frames: number; ns: number };
  profile: string;
  rows: { total: number; first: number; lost: number }; // first: number of the oldest row that is kept; lost: for want of room for rows
  filter: {
    filter: string;
    state: "none" | "runs" | "done" | "failed";
    matches: number;
    judged: number;
    known: number;
    error?: string;
  };
  rate: { frames: number; bytes: number };
  queue: { depth: number; limit: number };
  files: { path: string; frames: number; bytes?: number }[];
  memory: number;
  audit: number;
  marks: number;
}

export interface Row {
  id: number;
  ts: string;
  vm: string;
  src: string;
  dst: string;
  protocol: string;
  len: number;
  info: string;
  status: "decoded" | "basic" | "pending" | "skipped";
  cause?: string;
  fg?: string;
  bg?: string;
  mark?: boolean;
  comment?: string;
  gone?: boolean;
}

export interface RowsAnswer {
  total: number;
  from: number;
  rows: Row[];
}

export interface LayerNode {
  label: string;
  filter?: string;
  field?: string;
  view?: number;
  start?: number;
  bytes?: number;
  after?: number;
  after_bytes?: number;
  frame?: number;
  severity?: "comment" | "chat" | "note" | "warning" | "error";
  protocol?: boolean;
  generated?: boolean;
  hidden?: boolean;
  children?: LayerNode[];
}

export interface FrameAnswer {
  tree: LayerNode[];
  views: { name: string; hex: string }[];
  streams: { kind: string; filter: string }[];
  context?: number;
}

export interface ValuesAnswer {
  frames: { id: number; values: (string[] | null)[]; why?: string }[];
  wrong: { field: string; why: string }[];
}

export interface FollowAnswer {
  client: string;
  server: string;
  client_bytes: number;
  server_bytes: number;
  cut?: boolean;
  pieces: { from: "client" | "server"; frame?: number; hex: string }[];
}

export interface Verdict {
  ok: boolean;
  message?: string;
  at?: number;
  bytes?: number;
  hint?: string;
  warning?: string;
}

export interface FieldName {
  field: string;
  type: string;
  what: string;
}

export interface SavedFilter {
  name: string;
  expression: string;
  note?: string;
}

export interface Preset extends SavedFilter {
  category: string;
}

export interface TallyRow {
  key: string;
  name?: string;
  frames: number;
  bytes: number;
  filter: string | null;
  exclude: string | null;
}

export interface TallyTable {
  distinct: number;
  estimated: boolean;
  lost: number;
  rows: TallyRow[];
}

export interface Statistics {
  filter: string;
  statistics: Record<string, TallyTable | TallyRow[] | number> & {
    frames: number;
    bytes: number;
    decoded: number;
    basic: number;
  };
}

export interface SeriesPoint {
  t: number;
  in: number;
  bytes: number;
  decoded: number;
  dropped: number;
  queue: number;
  behind: number;
}

export interface Settings {
  theme: "system" | "light" | "dark";
  density: "dense" | "comfortable";
  queue_limit: number;
  buffer_frames: number;
  decode: string;
  time: "relative" | "absolute" | "delta";
  columns: string[];
  layers: boolean;
  bytes: boolean;
  preferences: string[];
}

export interface Check {
  check: string;
  status: string;
  found: string;
  remedy: string | null;
}

export type AuditLine = Record<string, unknown>;
