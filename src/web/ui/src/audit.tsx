// audit.tsx - the audit log in a drawer, at the place that a count stands for

import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api";
import * as st from "./state";
import { visible } from "./text";
import type { AuditLine } from "./types";
import { VList } from "./vlist";

const CHUNK = 1000;
const CHUNKS_MAX = 200; // how many lines are looked through for the place
const KEPT = 5000;

function summary(line: AuditLine): [string, string, string] {
  const { time, event, ...rest } = line;
  const said = (v: unknown) => (typeof v === "string" ? v : JSON.stringify(v));
  const text = Object.entries(rest).map(([k, v]) => `${k}=${said(v)}`).join(" ");
  return [said(time ?? "").replace("T", " ").slice(0, 23), said(event ?? ""), text];
}

export function Audit() {
  const open = st.auditOpen.value;
  const box = useRef<HTMLDivElement>(null);
  const drawer = useRef<HTMLElement>(null);
  const [lines, setLines] = useState<AuditLine[] | null>(null);
  const [error, setError] = useState("");
  const [found, setFound] = useState(true);
  useEffect(() => {
    if (!open) return;
    let given = false;
    const before = document.activeElement as HTMLElement | null;
    drawer.current?.focus();
    const load = async () => {
      // Forwards, as only the server knows where lines end. What is shown is the newest of them, or, where the event is
      // further back, the lines about the newest of its kind.
      let next = Math.max(0, (st.status.value?.audit ?? 0) - CHUNK * CHUNKS_MAX);
      let window: AuditLine[] = [];
      let about: AuditLine[] | null = null;
      let last: AuditLine[] = [];
      const has = (lines: AuditLine[]) => lines.some((l) => l["event"] === open.at);
      for (let i = 0; i < CHUNKS_MAX && !given; i++) {
        const a = await api.audit(next, CHUNK);
        if (!a.lines.length) break;
        if (has(a.lines)) about = [...last, ...a.lines];
        else if (about && has(last)) about = [...about, ...a.lines];
        window = [...window, ...a.lines].slice(-KEPT);
        last = a.lines;
        if (a.next <= next) break;
        next = a.next;
      }
      if (given) return;
      setFound(about !== null);
      setLines(has(window) || !about ? window : about);
    };
    load().catch((e: unknown) => setError(e instanceof Error ? e.message : String(e)));
    return () => {
      given = true;
      setLines(null);
      setError("");
      before?.focus({ preventScroll: true });
    };
  }, [open]);
  useEffect(() => {
    if (!box.current || !lines) return;
    let at = -1;
    lines.forEach((l, i) => {
      if (l["event"] === open?.at) at = i;
    });
    const list = new VList(box.current, {
      rowHeight: 18,
      make: () => {
        const el = document.createElement("div");
        el.className = "auditline";
        for (let i = 0; i < 3; i++) el.append(document.createElement("span"));
        return el;
      },
      fill: (el, i) => {
        const line = lines[i];
        if (!line) return;
        const s = summary(line);
        el.className = `auditline${line["event"] === open?.at ? " here" : ""}${i === at ? " active" : ""}`;
        s.forEach((text, k) => {
          const cell = el.children[k];
          if (cell) cell.textContent = visible(text, 600);
        });
        el.title = visible(s[2], 2000);
      },
    });
    list.setCount(lines.length);
    if (at >= 0) list.reveal(at, true);
    else list.toEnd();
    return () => list.dispose();
  }, [lines]);
  if (!open) return null;
  return (
    <section ref={drawer} class="drawer" role="dialog" aria-label="Audit log" tabIndex={-1} onKeyDown={(e) => {
      e.stopPropagation();
      if (e.key === "Escape") st.auditOpen.value = null;
    }}>
      <div class="panehead">
        <h2>Audit log</h2>
        <span class="dimmed">{lines ? (found ? `at the newest "${open.at}"` : `no "${open.at}" in it; its newest lines`) : "loading"}</span>
        <span class="gap" />
        <button type="button" class="flat" aria-label="Close audit log" title="Close (Esc)" onClick={() => (st.auditOpen.value = null)}>{"\u2715"}</button>
      </div>
      {error ? <p class="note bad" role="alert">{visible(error, 400)}</p> : null}
      <div ref={box} class="scroll auditbox" tabIndex={0} role="log" aria-live="off" aria-label="Lines of the audit log" />
    </section>
  );
}
