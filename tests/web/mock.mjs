// mock.mjs - the panel's API with made-up data: a million rows that a number decides, live growth, filters, layers,
// hostile texts. Also a program:  node tests/web/mock.mjs [--rows N] [--rate N] [--port N] [--ui DIST] [--idle] [--no-tshark]
//
// Rows are functions of their number, so any of them is there at once and is always the same.
import { createServer } from "node:http";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const BASE_S = 1790000000;

/** Texts that would do something where they were not text. */
export const HOSTILE = [
  "<script>window.pwned = 1</script>",
  '<img src=x onerror="window.pwned = 2">',
  '"><svg/onload=window.pwned=3>',
  "\u001b]0;owned\u0007\u001b[31mred\u001b[0m",
  "invoice\u202Efdp.exe",
  "zero\u200Bwidth\u2066isolate\u2069\uFEFF",
  "javascript:window.pwned=4",
  "nul\u0000and\u0085next\u2028line",
  "{{constructor.constructor('window.pwned=5')()}}",
];
const LONG = "A".repeat(1 << 20);

/** A number in [0, 2^32) that looks random, of a number. */
function mix(n) {
  let x = (n ^ 0x9e3779b9) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

const VMS = ["win10-lab", "win11-ofc", "debian-srv", "android-x86"];
const HOSTS = ["cdn.update-check.example", "c2.fjord.example", "api.weather.example", "telemetry.vendor.example", "www.malware.example", "xk3j9.dga.example", "time.example", "mail.corp.example"];
const KINDS = [
  ["TCP", "e7e6ff", "12272e"], ["TCP", "e7e6ff", "12272e"], ["TLSv1.3", "e7e6ff", "12272e"], ["TLSv1.2", "e7e6ff", "12272e"], ["HTTP", "e4ffc7", "12272e"],
  ["DNS", "daeeff", "12272e"], ["DNS", "daeeff", "12272e"], ["TCP", "a40000", "fffc9c"], ["ARP", "faf0d7", "12272e"], ["ICMP", "fce0ff", "12272e"], ["SMB2", "feffd0", "12272e"], ["TCP", "12272e", "f78787"],
  ["UDP", "daeeff", "12272e"], ["MDNS", "daeeff", "12272e"], ["QUIC", "daeeff", "12272e"], ["TCP", "e7e6ff", "12272e"],
];
const hex2 = (n) => n.toString(16).padStart(2, "0");
export const rowKind = (id) => KINDS[mix(id >>> 2) % KINDS.length][0];
const vmOf = (id) => mix(id >>> 3) % VMS.length;
const hostOf = (id) => HOSTS[mix(id + 77) % HOSTS.length];
const out = (id) => mix(id + 5) % 2 === 0;
const server = (id) => `203.0.113.${1 + (mix(id >>> 4) % 40)}`;
const lenOf = (id) => 54 + (mix(id + 9) % 3 === 0 ? mix(id) % 1400 : mix(id) % 120);

function infoOf(id, kind) {
  const r = mix(id + 1);
  const port = 49152 + (mix(id >>> 4) % 9000);
  switch (kind) {
    case "DNS": return out(id) ? `Standard query 0x${(r & 0xffff).toString(16).padStart(4, "0")} A ${hostOf(id)}` : `Standard query response 0x${(r & 0xffff).toString(16).padStart(4, "0")} A ${hostOf(id)} A ${server(id)}`;
    case "MDNS": return "Standard query 0x0000 PTR _services._dns-sd._udp.local, \"QM\" question";
    case "HTTP": return out(id) ? `GET /gate.php?id=${r.toString(16)} HTTP/1.1 ` : ["HTTP/1.1 200 OK  (text/html)", "HTTP/1.1 404 Not Found ", "HTTP/1.1 302 Found ", "HTTP/1.1 200 OK  (application/x-dosexec)"][r % 4];
    case "TLSv1.3": case "TLSv1.2": return out(id) ? `Client Hello (SNI=${hostOf(id)})` : ["Server Hello, Change Cipher Spec, Application Data", "Application Data", "Encrypted Handshake Message"][r % 3];
    case "ARP": return `Who has 10.0.0.${1 + (r % 200)}? Tell 10.0.0.${10 + vmOf(id)}`;
    case "ICMP": return `Echo (ping) ${out(id) ? "request" : "reply  "} id=0x0001, seq=${r % 9000}/${r % 255}, ttl=64`;
    case "SMB2": return out(id) ? "Tree Connect Request Tree: \\\\10.0.0.5\\ADMIN$" : "Tree Connect Response";
    case "UDP": return `${port} \u2192 4789 Len=${lenOf(id) - 42}`;
    case "QUIC": return `Protected Payload (KP0), DCID=${r.toString(16).padStart(8, "0")}`;
    default: return out(id) ? `${port} \u2192 443 [${["ACK", "PSH, ACK", "SYN", "FIN, ACK", "RST"][r % 5]}] Seq=${r % 90000} Ack=${(r >>> 3) % 90000} Win=64240 Len=${lenOf(id) - 54}` : `443 \u2192 ${port} [ACK] Seq=${r % 90000} Ack=${(r >>> 3) % 90000} Win=501 Len=${lenOf(id) - 54}`;
  }
}

export class Mock {
  constructor(options = {}) {
    this.o = { rows: 1_000_000, rate: 0, ui: join(here, "../../src/web/ui/dist"), port: 0, hostile: false, ...options };
    this.token = "0123456789abcdef0123456789abcdef";
    this.requests = [];
    this.delay = 0; // ms that each answer takes
    this.reset();
  }

  reset(options = {}) {
    Object.assign(this.o, options);
    this.total = this.o.rows;
    this.state = this.o.rows > 0 ? (this.o.rate > 0 ? "running" : "ended") : "idle";
    this.session = "2026-11-27 lab";
    this.offline = false;
    this.tshark = this.o.tshark !== false;
    this.pendingTail = this.o.pendingTail ?? 0;
    this.filter = { filter: "", state: "none", matches: 0, judged: 0, known: 0 };
    this.match = null;
    this.ids = null;
    this.captureFilter = "";
    this.scope = [];
    this.saved = [{ name: "fjord", expression: 'dns.qry.name contains "fjord"', note: "the implant's names" }];
    this.recent = ["dns", "http.request", "ip.src == 10.0.0.10"];
    this.marks = new Map();
    this.comments = new Map();
    this.held = new Promise((come) => (this.come = come)); // a question that is held has come
    this.settings = { theme: "light", density: "dense", queue_limit: 8192, buffer_frames: 2_000_000, decode: "auto", time: "relative", columns: ["no", "time", "vm", "src", "dst", "protocol", "len", "info"], layers: true, bytes: true, preferences: [] };
    this.dropped = this.o.rows > 0 ? 1729 : 0;
    this.started = "2026-09-21T14:13:20Z";
    this.serial++;
  }

  // Rows

  row(id) {
    const kind = rowKind(id);
    const vm = vmOf(id);
    const [, bg, fg] = KINDS[mix(id >>> 2) % KINDS.length];
    const mac = kind === "ARP";
    const local = mac ? `02:00:00:00:00:0${vm + 1}` : `10.0.0.${10 + vm}`;
    const far = mac ? "ff:ff:ff:ff:ff:ff" : server(id);
    const [src, dst] = out(id) || mac ? [local, far] : [far, local];
    const ns = (id - 1) * 137_211;
    const row = {
      id, ts: `${BASE_S + Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, "0")}`, vm: VMS[vm], src, dst,
      protocol: kind, len: lenOf(id), info: infoOf(id, kind), status: "decoded", fg, bg,
    };
    if (this.o.hostile && id % 3 === 0) {
      const text = HOSTILE[(id / 3) % HOSTILE.length];
      row.info = id === 3 ? LONG : text;
      row.vm = text;
      row.src = text;
      row.protocol = text;
    }
    if (this.offline) Object.assign(row, { status: "basic", cause: "no_tshark", fg: undefined, bg: undefined, info: "" });
    else if (id > this.total - this.pendingTail) Object.assign(row, { status: "pending", info: "", protocol: "", fg: undefined, bg: undefined });
    else if (id % 97 === 0) Object.assign(row, { status: "skipped", cause: "skipped_stall" });
    else if (id % 131 === 0) Object.assign(row, { status: "skipped", cause: "quarantined" });
    else if (id % 61 === 0) Object.assign(row, { status: "basic", cause: "skipped_load", fg: undefined, bg: undefined });
    if (this.marks.get(id)) row.mark = true;
    if (this.comments.get(id)) row.comment = this.comments.get(id);
    return row;
  }

  get firstKept() {
    return Math.max(0, this.total - this.settings.buffer_frames);
  }

  rank(id) {
    if (!this.ids) return { rank: Math.min(id - 1, this.total), shown: id >= 1 && id <= this.total };
    let lo = 0;
    let hi = this.filter.matches;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.ids[mid] < id) lo = mid + 1;
      else hi = mid;
    }
    return { rank: lo, shown: this.ids[lo] === id && lo < this.filter.matches };
  }

  rows(from, n) {
    const total = this.ids ? this.filter.matches : this.total;
    const rows = [];
    for (let rank = from; rank < Math.min(total, from + n); rank++) {
      const id = this.ids ? this.ids[rank] : rank + 1;
      rows.push(id <= this.firstKept ? { id, gone: true } : this.row(id));
    }
    return { total, from, rows };
  }

  // Filters: enough of the language for the tests.

  parse(text) {
    const tokens = [...text.matchAll(/\s*(\(|\)|&&|\|\||!(?!=)|==|!=|>=|<=|>|<|"(?:[^"\\]|\\.)*"|[^\s()!&|=<>"]+|.)/gsu)].map((m) => ({ t: m[1], at: Buffer.byteLength(text.slice(0, m.index + m[0].length - m[1].length)), n: Buffer.byteLength(m[1]) }));
    let i = 0;
    const fail = (message, k = tokens[i] ?? { at: Math.max(0, Buffer.byteLength(text) - 1), n: 1 }) => {
      throw { ok: false, message, at: k.at, bytes: k.n };
    };
    const fields = {
      "ip.src": (r) => r.src, "ip.dst": (r) => r.dst, "frame.number": (r) => String(r.id), "frame.len": (r) => String(r.len),
      "frame.interface_name": (r) => r.vm, "dns.qry.name": (r) => (r.protocol === "DNS" ? hostOf(r.id) : ""), "http.response.code": (r) => (r.protocol === "HTTP" ? (/ (\d{3}) /.exec(r.info)?.[1] ?? "") : ""),
      "tcp.stream": (r) => (/^(TCP|HTTP|TLS|SMB)/.test(r.protocol) ? String(r.id >>> 4) : ""), "frame.time_epoch": (r) => r.ts, "ip.addr": (r) => r.src + " " + r.dst,
      "http.request": (r) => (r.protocol === "HTTP" && out(r.id) ? "1" : ""),
    };
    const protocols = { tcp: /^(TCP|HTTP|TLS|SMB)/, udp: /^(UDP|DNS|MDNS|QUIC)/, dns: /^DNS/, http: /^HTTP/, tls: /^TLS/, arp: /^ARP/, icmp: /^ICMP/, smb2: /^SMB2/, quic: /^QUIC/, mdns: /^MDNS/, frame: /./, ip: /^[^A]/ };
    const or = () => {
      let a = and();
      while (tokens[i]?.t === "||" || tokens[i]?.t === "or") { i++; const l = a; const r = and(); a = (x) => l(x) || r(x); }
      return a;
    };
    const and = () => {
      let a = not();
      while (tokens[i]?.t === "&&" || tokens[i]?.t === "and") { i++; const l = a; const r = not(); a = (x) => l(x) && r(x); }
      return a;
    };
    const not = () => {
      if (tokens[i]?.t === "!" || tokens[i]?.t === "not") { i++; const a = not(); return (x) => !a(x); }
      if (tokens[i]?.t === "(") {
        i++;
        const a = or();
        if (tokens[i]?.t !== ")") fail("a ) is missing");
        i++;
        return a;
      }
      return test();
    };
    const test = () => {
      const k = tokens[i++];
      if (!k) fail("the filter ends here, where a field or protocol is wanted");
      const field = fields[k.t];
      const op = tokens[i]?.t;
      if (op === "==" || op === "!=" || op === "contains") {
        if (!field) fail(`"${k.t}" is neither a field nor a protocol name.`, k);
        i++;
        const v = tokens[i++];
        if (!v || ")&&||".includes(v.t)) fail(`a value is wanted after ${op}`, v ?? k);
        const value = v.t.startsWith('"') ? v.t.slice(1, -1).replace(/\\(.)/g, "$1") : v.t;
        if (op === "contains") return (r) => field(r).includes(value);
        if (k.t === "ip.addr") return (r) => (r.src === value || r.dst === value) === (op === "==");
        return (r) => (field(r) === value) === (op === "==");
      }
      if (field) return (r) => field(r) !== "";
      const p = protocols[k.t];
      if (!p) fail(`"${k.t}" is neither a field nor a protocol name.`, k);
      return (r) => p.test(r.protocol);
    };
    const a = or();
    if (i < tokens.length) fail(`"${tokens[i].t}" was not expected here`);
    return a;
  }

  check(text) {
    if (!text.trim()) return { ok: true };
    try {
      this.parse(text);
      return /!=/.test(text) ? { ok: true, warning: "!= is true where any of several values differs; !(a == b) may be meant" } : { ok: true };
    } catch (e) {
      if (e.ok === false) return e;
      throw e;
    }
  }

  setFilter(text) {
    const verdict = this.check(text);
    if (!verdict.ok) return verdict;
    this.serial++;
    if (!text) {
      this.filter = { filter: "", state: "none", matches: 0, judged: 0, known: 0 };
      this.ids = this.match = null;
      return verdict;
    }
    this.recent = [text, ...this.recent.filter((x) => x !== text)].slice(0, 50);
    this.match = this.parse(text);
    this.ids = new Uint32Array(4_000_000);
    this.filter = { filter: text, state: "runs", matches: 0, judged: 0, known: this.total };
    if (!this.o.slowFilter) this.judge(this.total);
    return verdict;
  }

  judge(n) {
    const end = Math.min(this.total, this.filter.judged + n);
    for (let id = this.filter.judged + 1; id <= end; id++) if (this.match(this.row(id))) this.ids[this.filter.matches++] = id;
    this.filter.judged = end;
    this.filter.known = this.total;
    // As the server: as long as frames come, it runs.
    if (end === this.total) this.filter.state = this.state === "running" ? "runs" : "done";
    this.serial++;
  }

  grow(n) {
    this.total += n;
    if (this.match && !this.o.slowFilter) this.judge(n);
    this.serial++;
  }

  // Objects

  status() {
    const s = this.total;
    const running = this.state === "running";
    return {
      version: "0.1.0", state: this.state, session: this.state === "idle" ? "" : this.session, started: this.state === "idle" ? "" : this.started, source: { files: [], rate: "recorded" },
      tshark: this.tshark ? { found: true, path: "/usr/bin/tshark", version: "4.0.17" } : { found: false }, sharkd: this.tshark, offline: this.offline,
      interfaces: this.o.noVms ? [] : VMS.map((name, i) => ({ name: this.o.hostile && i === 0 ? HOSTILE[1] : name, frames: Math.floor((s * (4 - i)) / 10), bytes: Math.floor((s * (4 - i)) / 10) * 180, in_scope: !this.scope.length || this.scope.includes(name) })),
      capture_filter: this.captureFilter,
      ledger: { forwarded: s + this.dropped, out_of_scope: 0, prefiltered: 0, dropped_queue: this.dropped, queued: 0, captured: s, in_memory: s, spilled: 0, discarded: this.firstKept, decoded: Math.floor(s * 0.97), undecoded: Math.floor(s * 0.018), in_flight: this.pendingTail, backfilled: 0, cause: s ? { skipped_stall: Math.floor(s * 0.0103), quarantined: Math.floor(s * 0.0076) } : {} },
      behind: { frames: Math.min(s, this.pendingTail), ns: Math.min(s, this.pendingTail) * 137_211 }, profile: "lean", shards: [{ profile: "lean", generation: 1, memory: 210e6 }],
      rows: { total: s, first: this.firstKept + 1 }, filter: this.filter.filter ? { ...this.filter } : { state: "done" },
      rate: running ? { frames: this.o.rate, bytes: this.o.rate * 180 } : { frames: 0, bytes: 0 }, queue: { depth: running ? 37 + (this.serial % 50) : 0, limit: this.settings.queue_limit },
      files: s ? [{ path: "/var/lib/secvf/Captures/lab_00001.pcapng", frames: Math.floor(s / 2), bytes: s * 90 }, { path: "/var/lib/secvf/Captures/lab_00002.pcapng", frames: Math.ceil(s / 2), bytes: s * 90 }] : [],
      memory: 412e6, marks: this.marks.size,
    };
  }

  auditLines() {
    const lines = [];
    for (let i = 0; i < 3000; i++) {
      const time = `2026-09-21T14:${String(13 + Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}.000000000Z`;
      if (i === 1200) lines.push({ time, event: "drop", cause: "dropped_queue", unit: "serial", first: 61200, last: 62928, count: this.dropped });
      else if (i % 400 === 7) lines.push({ time, event: "undecoded", cause: "skipped_stall", first: i * 97, last: i * 97, count: 1 });
      else lines.push({ time, event: "tshark_stderr", generation: 1, text: this.o.hostile ? HOSTILE[i % HOSTILE.length] : "Running as user \"root\" and group \"root\". This could be dangerous." });
    }
    return this.total ? lines : lines.slice(0, 0);
  }

  bytes(id) {
    const b = Buffer.alloc(lenOf(id));
    for (let i = 0; i < b.length; i++) b[i] = mix(id * 131 + i) & 255;
    Buffer.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, b.length - 14]).copy(b);
    if (b.length > 110) Buffer.from("GET /gate.php HTTP/1.1\r\nHost: c2.fjord.example\r\nUser-").copy(b, 54);
    return b;
  }

  frame(id) {
    const row = this.row(id);
    const bytes = this.bytes(id);
    const bad = this.o.hostile ? HOSTILE : null;
    const tree = [
      { label: `Frame ${id}: ${row.len} bytes on wire, ${row.len} bytes captured`, filter: "frame", field: "frame", view: 0, start: 0, bytes: row.len, protocol: true, children: [
        { label: `Interface name: ${row.vm}`, field: "frame.interface_name", filter: `frame.interface_name == "${row.vm}"` },
        { label: `Frame Number: ${id}`, field: "frame.number", filter: `frame.number == ${id}`, generated: true }] },
      { label: "Ethernet II, Src: 02:00:00:00:00:02, Dst: 02:00:00:00:00:01", filter: "eth", field: "eth", view: 0, start: 0, bytes: 14, protocol: true, children: [
        { label: "Destination: 02:00:00:00:00:01", field: "eth.dst", filter: "eth.dst == 02:00:00:00:00:01", view: 0, start: 0, bytes: 6 },
        { label: "Source: 02:00:00:00:00:02", field: "eth.src", filter: "eth.src == 02:00:00:00:00:02", view: 0, start: 6, bytes: 6 },
        { label: "Type: IPv4 (0x0800)", field: "eth.type", filter: "eth.type == 0x0800", view: 0, start: 12, bytes: 2 }] },
      { label: `Internet Protocol Version 4, Src: ${row.src}, Dst: ${row.dst}`, filter: "ip", field: "ip", view: 0, start: 14, bytes: 20, protocol: true, children: [
        { label: "0100 .... = Version: 4", field: "ip.version", filter: "ip.version == 4", view: 0, start: 14, bytes: 1 },
        { label: "Header checksum status: Bad", field: "ip.checksum.status", filter: "ip.checksum.status == 0", generated: true, severity: "error" },
        { label: `Source Address: ${row.src}`, field: "ip.src", filter: `ip.src == ${row.src}`, view: 0, start: 26, bytes: 4 },
        { label: `Destination Address: ${row.dst}`, field: "ip.dst", filter: `ip.dst == ${row.dst}`, view: 0, start: 30, bytes: 4 }] },
      { label: "Transmission Control Protocol, Src Port: 49200, Dst Port: 443", filter: "tcp", field: "tcp", view: 0, start: 34, bytes: 20, protocol: true, children: [
        { label: `Stream index: ${id >>> 4}`, field: "tcp.stream", filter: `tcp.stream == ${id >>> 4}`, generated: true },
        { label: "Flags: 0x018 (PSH, ACK)", field: "tcp.flags", filter: "tcp.flags == 0x0018", view: 0, start: 46, bytes: 2, children: [{ label: ".... ...1 .... = Acknowledgment: Set", field: "tcp.flags.ack", filter: "tcp.flags.ack == 1", view: 0, start: 47, bytes: 1 }] },
        { label: "Expert Info (Warning/Sequence): Connection reset (RST)", field: "tcp.connection.rst", filter: "tcp.connection.rst", severity: "warning", generated: true },
        { label: `[This is an ACK to the segment in frame: ${Math.max(1, id - 3)}]`, field: "tcp.analysis.acks_frame", filter: `tcp.analysis.acks_frame == ${Math.max(1, id - 3)}`, generated: true, frame: Math.max(1, id - 3) }] },
      { label: bad ? bad[1] : "Hypertext Transfer Protocol", filter: "http", field: "http", view: 0, start: 54, bytes: Math.max(0, row.len - 54), protocol: true, children: [
        { label: bad ? bad[0] : "GET /gate.php HTTP/1.1\r\n", field: "http.request.line", filter: "http.request", view: 0, start: 54, bytes: Math.min(24, row.len - 54), children: [{ label: "Expert Info (Chat/Sequence): GET /gate.php HTTP/1.1", severity: "chat" }] },
        ...(bad ? bad.map((label, i) => ({ label, field: `http.bad${i}`, filter: `http.user_agent == "${i}"` })) : []),
        { label: bad ? LONG : "Host: c2.fjord.example\r\n", field: "http.host", filter: 'http.host == "c2.fjord.example"', view: 0, start: 78, bytes: Math.max(0, Math.min(24, row.len - 78)) }] },
    ];
    return { tree, views: [{ name: `Frame (${row.len} bytes)`, hex: bytes.toString("hex") }, { name: "Reassembled TCP (96 bytes)", hex: Buffer.from("0123456789abcdef".repeat(6)).toString("hex") }], streams: [{ kind: "TCP", filter: `tcp.stream == ${id >>> 4}` }, { kind: "HTTP", filter: `tcp.stream == ${id >>> 4}` }], context: 12 };
  }

  value(id, field) {
    if (id % 97 === 0 || field.startsWith("no.")) return null;
    const row = this.row(id);
    if (this.o.hostile) return [HOSTILE[id % HOSTILE.length]];
    if (field === "dns.qry.name") return row.protocol === "DNS" ? [hostOf(id)] : [];
    if (field === "tcp.port") return row.protocol === "DNS" ? [] : ["443", String(49152 + (id % 1000))];
    return [`${field} of ${id}`];
  }

  follow(id) {
    const pieces = [];
    const put = (from, text, k) => pieces.push({ from, frame: id + k, hex: Buffer.from(text).toString("hex") });
    for (let i = 0; i < 40; i++) {
      put("client", this.o.hostile ? `${HOSTILE[i % HOSTILE.length]}\r\n` : `POST /gate.php HTTP/1.1\r\nHost: c2.fjord.example\r\nUser-Agent: Mozilla/4.0\r\nContent-Length: 41\r\n\r\nid=${mix(i).toString(16)}&os=10.0.19045&job=${i}&state=idle\r\n`, 2 * i);
      put("server", i === 5 ? "\u0000\u0001\u0002binary\u00ff" : `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nsleep=${300 + i}\r\n`, 2 * i + 1);
    }
    const sum = (side) => pieces.filter((p) => p.from === side).reduce((n, p) => n + p.hex.length / 2, 0);
    return { client: "10.0.0.10:49200", server: "203.0.113.7:80", client_bytes: sum("client"), server_bytes: sum("server"), cut: false, pieces };
  }

  statistics(top) {
    const sample = 4000;
    const count = this.ids ? this.filter.matches : this.total;
    const scale = count / Math.max(1, Math.min(sample, count));
    const tables = { protocols: new Map(), "dns.names": new Map(), "http.codes": new Map(), endpoints: new Map(), conversations: new Map() };
    const add = (t, key, bytes, filter, name) => {
      const e = tables[t].get(key) ?? { key, ...(name ? { name } : {}), frames: 0, bytes: 0, filter, exclude: filter === null ? null : `!(${filter})` };
      e.frames += scale;
      e.bytes += bytes * scale;
      tables[t].set(key, e);
    };
    for (let i = 0; i < Math.min(sample, count); i++) {
      const r = this.row(this.ids ? this.ids[Math.floor(i * scale)] : Math.floor(i * scale) + 1);
      add("protocols", r.protocol, r.len, null);
      if (r.protocol === "DNS") add("dns.names", hostOf(r.id), r.len, `dns.qry.name == "${hostOf(r.id)}"`);
      const code = r.protocol === "HTTP" && /^HTTP\S+ (\d{3}) (.+?) *(?:\(|$)/.exec(r.info);
      if (code) add("http.codes", code[1], r.len, `http.response.code == ${code[1]}`, code[2]);
      add("endpoints", r.src, r.len, `ip.addr == ${r.src}`);
      add("conversations", `${r.src} <-> ${r.dst}`, r.len, `ip.addr == ${r.src} && ip.addr == ${r.dst}`);
    }
    const statistics = { frames: count, bytes: count * 180, decoded: count, basic: 0, cut: 0, transport: [], lengths: [], rates: [] };
    for (const [name, map] of Object.entries(tables)) {
      const rows = [...map.values()].map((e) => ({ ...e, frames: Math.round(e.frames), bytes: Math.round(e.bytes) })).sort((a, b) => b.frames - a.frames || (a.key < b.key ? -1 : 1));
      statistics[name] = { distinct: rows.length, estimated: false, error_unit: "frames", error_max: 0, lost: 0, rows: rows.slice(0, top) };
    }
    return { filter: this.filter.filter, statistics };
  }

  series(from) {
    const series = [];
    const end = this.total ? Math.floor(60_000 + this.serial * 33) : 0;
    for (let t = Math.ceil(Math.max(from, end - 120_000) / 100) * 100; t < end; t += 100) {
      const wave = 3000 + 2200 * Math.sin(t / 7000) + (mix(t) % 900);
      const burst = t % 41_000 > 38_500;
      series.push({ t, in: Math.round(wave * (burst ? 2.4 : 1)), bytes: Math.round(wave * 180 * (burst ? 2.4 : 1)), decoded: Math.round(wave), dropped: burst && t % 41_000 > 40_000 ? 140 + (mix(t) % 60) : 0, queue: burst ? 7000 + (mix(t) % 1100) : mix(t) % 160, behind: burst ? 9000 : mix(t) % 300 });
    }
    return { series };
  }

  complete(prefix, limit) {
    const all = [["dns.a", "IPv4", "Address"], ["dns.count.queries", "uint", "Questions"], ["dns.flags.rcode", "uint", "Reply code"], ["dns.flags.response", "bool", "Response"], ["dns.qry.name", "string", "Name"], ["dns.qry.name.len", "uint", "Name Length"], ["dns.qry.type", "uint", "Type"], ["http.host", "string", "Host"], ["http.request", "bool", "Request"], ["http.request.method", "string", "Request Method"], ["http.response.code", "uint", "Status Code"], ["http.user_agent", "string", "User-Agent"], ["ip.addr", "IPv4", "Source or Destination Address"], ["ip.dst", "IPv4", "Destination Address"], ["ip.src", "IPv4", "Source Address"], ["tcp.flags", "uint", "Flags"], ["tcp.port", "uint", "Source or Destination Port"], ["tcp.stream", "uint", "Stream index"], ["tls.handshake.extensions_server_name", "string", "Server Name"]];
    const fields = all.filter(([f]) => f.startsWith(prefix)).map(([field, type, what]) => ({ field, type, what }));
    return { fields: fields.slice(0, limit), total: fields.length };
  }

  // HTTP

  start() {
    this.streams = new Set();
    this.serial = 0;
    this.http = createServer((req, res) => this.handle(req, res).catch((e) => {
      res.writeHead(500, { "Content-Type": "application/json" }).end(JSON.stringify({ error: String(e?.stack ?? e) }));
    }));
    this.ticker = setInterval(() => this.tick(), 33);
    return new Promise((done) => this.http.listen(this.o.port, "127.0.0.1", () => {
      this.url = `http://127.0.0.1:${this.http.address().port}`;
      done(this);
    }));
  }

  tick() {
    if (this.state === "running" && this.o.rate) this.grow(Math.round(this.o.rate / 30));
    if (this.serial === this.sent || !this.streams.size) return;
    this.sent = this.serial;
    const text = `event: status\ndata: ${JSON.stringify(this.status())}\n\n`;
    for (const s of this.streams) s.write(text);
  }

  /** End all connections and refuse new ones, as a server that died. */
  die() {
    this.dead = true;
    for (const s of this.streams) s.destroy();
    this.streams.clear();
  }

  live() {
    this.dead = false;
  }

  stop() {
    clearInterval(this.ticker);
    for (const s of this.streams) s.destroy();
    this.http.closeAllConnections?.();
    return new Promise((done) => this.http.close(done));
  }

  file(path, res) {
    const root = resolve(this.o.ui);
    const name = path === "/" ? "index.html" : path.slice(1);
    if (!/^(index\.html|assets\/[\w.-]+)$/.test(name) || !existsSync(join(root, name))) return false;
    const type = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css", svg: "image/svg+xml" }[name.split(".").pop()] ?? "text/plain";
    res.writeHead(200, { "Content-Type": type, "Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff" });
    res.end(readFileSync(join(root, name)));
    return true;
  }

  async handle(req, res) {
    if (this.dead) return void req.socket.destroy();
    const url = new URL(req.url, "http://127.0.0.1");
    const path = url.pathname;
    const get = (name) => url.searchParams.get(name);
    const send = (o, code = 200) => {
      const body = JSON.stringify(o);
      const go = () => res.writeHead(code, { "Content-Type": "application/json; charset=utf-8" }).end(body);
      if (this.delay) setTimeout(go, this.delay);
      else go();
    };
    const error = (code, text) => send({ error: text }, code);
    if (get("token") === this.token) return void res.writeHead(303, { Location: "/", "Set-Cookie": `secvf=${this.token}; HttpOnly; SameSite=Strict; Path=/` }).end();
    if (req.method === "GET" && this.file(path, res)) return;
    if (!(req.headers.cookie ?? "").includes(this.token)) return error(401, "The address that secvf serve printed is needed, once.");
    let body = {};
    if (req.method !== "GET") {
      if (!/^application\/json/.test(req.headers["content-type"] ?? "")) return error(415, "Content-Type has to be application/json");
      let text = "";
      for await (const part of req) text += part;
      body = text ? JSON.parse(text) : {};
    }
    this.requests.push({ method: req.method, path, query: url.search, body });
    const key = `${req.method} ${path}`;
    const frame = /^\/api\/frames\/(\d+)(\/bytes)?$/.exec(path);
    if (frame) {
      const id = Number(frame[1]);
      if (id < 1 || id > this.total) return error(404, `There is no frame ${id}.`);
      if (frame[2]) return send({ hex: this.bytes(id).toString("hex") });
      if (req.method === "PUT") {
        if ("mark" in body) this.marks.set(id, body.mark);
        if ("comment" in body) this.comments.set(id, body.comment);
        return send({});
      }
      if (!this.tshark) return error(500, "Frame cannot be dissected: there is no tshark.");
      return send(this.frame(id));
    }
    const saved = /^\/api\/filters\/(.+)$/.exec(path);
    if (saved && req.method === "DELETE") {
      this.saved = this.saved.filter((f) => f.name !== decodeURIComponent(saved[1]));
      return send({});
    }
    switch (key) {
      case "GET /api/status": return send(this.status());
      case "GET /api/events":
        res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        res.write(`event: status\ndata: ${JSON.stringify(this.status())}\n\n`);
        this.streams.add(res);
        req.on("close", () => this.streams.delete(res));
        return;
      case "POST /api/capture/start":
        if (this.state !== "idle") return error(409, "a capture is there already: stop and clear it first");
        if (body.files?.some((f) => !f.startsWith("/captures/"))) return error(400, `${body.files[0]}: cannot be opened: No such file or directory. Name a pcap or pcapng file on the machine that runs secvf serve.`);
        if (!this.tshark && body.decode !== "off") return error(409, "tshark was not found; start with decode off, or install it.");
        this.total = body.files ? 2500 : 0;
        this.dropped = 0;
        this.offline = body.decode === "off";
        this.state = body.files ? "ended" : "running";
        this.session = body.files ? "sample.pcapng" : "2026-11-27 live";
        this.started = new Date(1.79e12 + this.serial).toISOString();
        this.setFilter("");
        this.serial++;
        return send(this.status());
      case "POST /api/capture/stop":
        this.state = "ended";
        if (this.match) this.judge(0);
        this.serial++;
        return send(this.status());
      case "POST /api/capture/clear":
        if (this.state === "idle") return error(409, "no capture is there: start a capture first");
        this.state = "idle"; this.total = this.dropped = 0; this.setFilter(""); this.serial++; return send(this.status());
      case "POST /api/capture/filter":
      case "GET /api/capture/filter/check": {
        const text = body.filter ?? get("filter");
        const at = text.indexOf("porrt");
        if (at >= 0) return send({ ok: false, message: "syntax error: porrt is no keyword", at, bytes: 5 });
        if (req.method === "POST") { this.captureFilter = text; this.serial++; }
        return send({ ok: true });
      }
      case "POST /api/capture/scope": this.scope = body.interfaces; this.serial++; return send({});
      case "POST /api/filter": return send(this.setFilter(body.filter));
      case "GET /api/filter/check": return send(this.check(get("filter")));
      case "GET /api/filter/complete": return send(this.complete(get("prefix"), Number(get("limit"))));
      case "GET /api/filters": return send({ filters: this.saved, recent: this.recent });
      case "POST /api/filters": this.saved = [...this.saved, body]; return send({});
      case "GET /api/presets": return send({ presets: [{ name: "beacon-http", category: "beacon", expression: "http.request", note: "HTTP requests that no browser makes." }, { name: "dns-tunnel", category: "dns", expression: 'dns.qry.name contains "dga"', note: "Long names." }, { name: "lateral-smb", category: "lateral", expression: "smb2", note: "File shares of others." }] });
      case "GET /api/rows": return send(this.rows(Number(get("from")), Math.min(1000, Number(get("count")))));
      case "POST /api/values": {
        // A newer question of a view ends the older.
        this.asking?.get(body.view)?.();
        const answer = { frames: body.frames.map((id) => ({ id, values: body.fields.map((f) => this.value(id, f)), ...(id % 97 ? {} : { why: "tshark could not read it" }) })),
          wrong: body.fields.filter((f) => f.startsWith("no.")).map((field) => ({ field, why: "this tshark knows no field of that name" })) };
        if (!this.holdValues) return send(answer);
        this.asking ??= new Map();
        this.asking.set(body.view, () => error(409, "given up: a newer question of the same view came"));
        this.release = () => send(answer);
        this.come();
        return;
      }
      case "GET /api/rank": return send(this.rank(Number(get("id"))));
      case "GET /api/follow": return send(this.follow(Number(get("frame"))));
      case "GET /api/statistics": return send(this.statistics(Number(get("top"))));
      case "GET /api/series": return send(this.series(Number(get("from"))));
      case "GET /api/audit": {
        const after = Number(get("after"));
        const lines = this.auditLines().slice(after, after + Number(get("count")));
        return send({ lines, next: after + lines.length });
      }
      case "GET /api/settings": return send(this.settings);
      case "PUT /api/settings":
        if (body.preferences?.some((p) => p.startsWith("nonsense"))) return error(400, "tshark knows no preference nonsense.");
        Object.assign(this.settings, body);
        return send(this.settings);
      case "GET /api/doctor": return send([{ check: "tshark", status: this.tshark ? "ok" : "error", found: this.tshark ? "version 4.0.17 at /usr/bin/tshark" : "nowhere in $PATH, nor in the usual places", remedy: this.tshark ? null : "apt install tshark" }, { check: "fifo", status: "ok", found: "can be made in /tmp", remedy: null }]);
      case "POST /api/export":
        res.writeHead(200, { "Content-Type": "application/vnd.tcpdump.pcap", "Content-Disposition": "attachment; filename=x.pcapng" });
        return void res.end(Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]));
      default: return error(404, `There is no ${path}.`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const arg = (name, otherwise) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : otherwise);
  const has = (name) => process.argv.includes(name);
  const mock = new Mock({ rows: has("--idle") ? 0 : Number(arg("--rows", 1_000_000)), rate: Number(arg("--rate", 3000)), port: Number(arg("--port", 8099)), ui: arg("--ui", join(here, "../../src/web/ui/dist")), hostile: has("--hostile"), tshark: !has("--no-tshark"), pendingTail: 120 });
  if (!existsSync(mock.o.ui) || !readdirSync(mock.o.ui).includes("index.html")) {
    console.error(`mock: ${mock.o.ui} holds no page; build it: (cd src/web/ui && npm ci --ignore-scripts && npm run build)`);
    process.exit(3);
  }
  await mock.start();
  console.log(`${mock.url}/?token=${mock.token}`);
}
