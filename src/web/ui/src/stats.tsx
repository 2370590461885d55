// stats.tsx - the sidebar: charts over time, and tables of what the filter shows

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { api } from "./api";
import { apply } from "./filterbar";
import * as st from "./state";
import { bytesText, count, short, visible } from "./text";
import type { SeriesPoint, Statistics, TallyRow, TallyTable } from "./types";
import { copy, openMenu } from "./ui";
import { protocolFilter } from "./columns";

const EACH_MS = 1000;
const TOP = 12;
const POINTS_MAX = 6000; // ten minutes of ten a second

const TABLES: [string, string][] = [
  ["protocols", "Protocols"],
  ["dns.names", "DNS names"],
  ["http.codes", "HTTP codes"],
  ["http2.codes", "HTTP/2 codes"],
  ["http.methods", "HTTP methods"],
  ["endpoints", "Top talkers"],
  ["conversations", "Conversations"],
  ["mdns.names", "mDNS names"],
  ["llmnr.names", "LLMNR names"],
];

const statistics = signal<Statistics | null>(null);
const missing = signal<string | null>(null);

/** The filter of a row; a protocol's is asked of the server. */
async function expressionOf(table: string, row: TallyRow): Promise<string | null> {
  if (row.filter) return row.filter;
  const found = table === "protocols" ? await protocolFilter(row.key) : null;
  if (!found) st.toast("note", `No filter stands for ${visible(row.key, 60)}.`);
  return found;
}

function Table(p: { name: string; title: string; table: TallyTable }) {
  const top = Math.max(1, ...p.table.rows.map((r) => r.frames));
  const act = async (r: TallyRow, how: st.Join) => {
    const e = await expressionOf(p.name, r);
    if (!e) return;
    await apply(how === "and not" && r.exclude ? st.joined("and", r.exclude) : st.joined(how, e));
  };
  return (
    <section class="tally" aria-label={p.title}>
      <table>
        <thead><tr><th scope="col">{p.title} <span class="dimmed">{p.table.distinct > p.table.rows.length ? `${p.table.rows.length} of ${p.table.estimated ? "about " : ""}${count(p.table.distinct)}` : ""}</span></th><th scope="col" class="num">Frames</th><th scope="col" class="num">Bytes</th></tr></thead>
        <tbody>
          {p.table.rows.map((r) => {
            const can = r.filter !== null || p.name === "protocols";
            return (
              <tr key={r.key} onContextMenu={(ev) => {
                ev.preventDefault();
                openMenu(ev.clientX, ev.clientY, [
                  { label: visible(r.name ?? r.key, 60), head: true },
                  { label: "Show only these", disabled: !can, act: () => void act(r, "apply") },
                  { label: "Exclude these", disabled: !can, act: () => void act(r, "and not") },
                  { label: "... and", disabled: !can, act: () => void act(r, "and") },
                  { label: "... or", disabled: !can, act: () => void act(r, "or") },
                  null,
                  { label: "Copy", act: () => void copy(r.key) },
                ]);
              }}>
                <td class="bar" style={{ "--share": `${(100 * r.frames) / top}%` }}>
                  <button type="button" disabled={!can} title={`${visible(r.key, 200)}\nClick: show only these. Right click: exclude`} onClick={() => void act(r, "apply")}>{visible(r.name && r.name !== r.key ? `${r.key} ${r.name}` : r.key, 90)}</button>
                </td>
                <td class="num">{short(r.frames)}</td>
                <td class="num">{bytesText(r.bytes)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface ChartSpec {
  title: string;
  text: (n: number) => string;
  lines: [keyof SeriesPoint, string, string][]; // key, label, colour variable
}
const CHARTS: ChartSpec[] = [
  { title: "Packets/s", text: short, lines: [["in", "captured", "--chart-1"], ["decoded", "decoded", "--chart-2"]] },
  { title: "Bytes/s", text: bytesText, lines: [["bytes", "bytes", "--chart-1"]] },
  { title: "Drops/s", text: short, lines: [["dropped", "dropped", "--chart-3"]] },
  { title: "Queue depth", text: short, lines: [["queue", "queued", "--chart-4"], ["behind", "behind", "--chart-2"]] },
];

/** Ms since the start as minutes and seconds. */
function clock(ms: number): string {
  const s = Math.round(ms / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

function Charts() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    let points: SeriesPoint[] = [];
    let plots: uPlot[] = [];
    let stopped = false;
    let timer = 0;
    const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const values = el.querySelectorAll<HTMLElement>(".now");
    const width = () => Math.max(120, el.clientWidth - 16); // less what is beside it
    const make = () => {
      for (const p of plots) p.destroy();
      plots = CHARTS.map((c, i) => {
        const holder = el.querySelectorAll<HTMLElement>(".plot")[i];
        if (!holder) throw new Error("no place for a chart");
        const axis = { stroke: color("--dim"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "10px system-ui" };
        return new uPlot({
          width: width(), height: 74, legend: { show: false }, cursor: { show: false }, pxAlign: 1, padding: [6, 14, 0, 0],
          scales: { x: { time: false }, y: { range: (_u, _lo, hi) => [0, Math.max(1, hi ?? 1) * 1.08] } },
          axes: [
            { ...axis, size: 17, gap: 4, space: 70, values: (_u, v) => v.map((t) => (t % 1000 ? "" : clock(t))) },
            { ...axis, size: 50, gap: 3, space: 24, values: (_u, v) => v.map((n, k) => (k > 0 && c.text(n) === c.text(v[k - 1] ?? 0) ? "" : c.text(n))) },
          ],
          series: [{}, ...c.lines.map(([, label, name], k) => ({ label, stroke: color(name), width: 1.25, points: { show: false }, ...(k === 0 ? { fill: `${color(name)}22` } : {}) }))],
        }, [[], ...c.lines.map(() => [])] as uPlot.AlignedData, holder);
      });
    };
    const draw = () => {
      const last = points[points.length - 1];
      el.classList.toggle("blank", !last);
      // One point a pixel is enough.
      const each = Math.max(1, Math.floor(points.length / 600));
      const thin = each === 1 ? points : points.filter((_, i) => i % each === 0 || i === points.length - 1);
      const x = thin.map((p) => p.t);
      CHARTS.forEach((c, i) => {
        plots[i]?.setData([x, ...c.lines.map(([key]) => thin.map((p) => p[key]))] as uPlot.AlignedData);
        const now = values[i];
        if (now) now.textContent = last ? c.lines.map(([key, label]) => (c.lines.length > 1 ? `${label} ${c.text(last[key])}` : c.text(last[key]))).join("  ") : "";
      });
    };
    let session = "";
    const poll = async () => {
      const now = st.status.value?.session ?? "";
      if (now !== session) {
        session = now;
        points = [];
      }
      if (!document.hidden && st.link.value.state === "open") {
        try {
          const last = points[points.length - 1];
          const { series } = await api.series(last ? last.t + 1 : 0);
          const first = series[0];
          if (first && last && first.t <= last.t) points = [];
          points = [...points, ...series].slice(-POINTS_MAX);
          if (!stopped) draw();
        } catch {
          // The link says what is wrong.
        }
      }
      if (!stopped) timer = window.setTimeout(() => void poll(), EACH_MS);
    };
    const theme = st.dark.subscribe(() => requestAnimationFrame(() => {
      if (stopped) return;
      make();
      draw();
    }));
    const observer = new ResizeObserver(() => {
      for (const p of plots) if (p.width !== width()) p.setSize({ width: width(), height: 74 });
    });
    observer.observe(el);
    void poll();
    return () => {
      stopped = true;
      clearTimeout(timer);
      theme();
      observer.disconnect();
      for (const p of plots) p.destroy();
    };
  }, []);
  return (
    <div ref={box} class="charts">
      {CHARTS.map((c) => (
        <figure key={c.title} aria-label={`${c.title} over time`}>
          <figcaption><b>{c.title}</b><span class="now num" /></figcaption>
          <div class="plot" aria-hidden="true" />
        </figure>
      ))}
    </div>
  );
}

export function Stats() {
  useEffect(() => {
    let stopped = false;
    let timer = 0;
    let filter = "";
    let total = -1;
    const poll = async () => {
      const s = st.status.value;
      const idle = s && s.filter.filter === filter && st.viewTotal(s) === total && s.state !== "running" && s.filter.state !== "runs";
      if (!document.hidden && st.link.value.state === "open" && s && !idle) {
        filter = s.filter.filter;
        total = st.viewTotal(s);
        try {
          statistics.value = await api.statistics(TOP);
          missing.value = null;
        } catch (e) {
          missing.value = e instanceof Error ? e.message : String(e);
          total = -1; // once more
        }
      }
      if (!stopped) timer = window.setTimeout(() => void poll(), EACH_MS);
    };
    void poll();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, []);
  const all = statistics.value?.statistics;
  const tables = TABLES.map(([name, title]) => [name, title, all?.[name]] as const).filter(
    (t): t is readonly [string, string, TallyTable] => typeof t[2] === "object" && !Array.isArray(t[2]) && t[2].rows.length > 0,
  );
  return (
    <aside class="stats scroll" aria-label="Statistics" tabIndex={0}>
      <Charts />
      {missing.value ? <p class="note bad" role="alert">{visible(missing.value, 400)}</p> : null}
      {all ? <p class="statsof"><span class="num">{count(all.frames)}</span> frames, <span class="num">{bytesText(all.bytes)}</span>{statistics.value?.filter ? <> of <code>{visible(statistics.value.filter, 120)}</code></> : null}</p> : null}
      {tables.map(([name, title, table]) => <Table key={name} name={name} title={title} table={table} />)}
      {all && !tables.length ? <p class="note dimmed">Nothing is shown, so there is nothing to count.</p> : null}
    </aside>
  );
}
