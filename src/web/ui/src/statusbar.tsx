// statusbar.tsx - who decodes, what is shown, and what could not be kept up with

import * as st from "./state";
import { bytesText, causeText, count, duration, short, visible } from "./text";
import type { Status } from "./types";

const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function Decoder(p: { s: Status }) {
  const t = p.s.tshark;
  return t.found
    ? <span class="part" title={`profile ${p.s.profile}${p.s.sharkd ? "; sharkd answers for layers" : "; no sharkd: layers come from tshark, more slowly"}`}>tshark: <b class="ok">{"\u2713"}</b> {visible(t.path ?? "", 80)} {visible(t.version ?? "", 20)}</span>
    : <button type="button" class="part flat bad" onClick={() => (st.dialog.value = { name: "doctor" })} title="What is missing, and what to do">tshark: <b>{"\u2717"}</b> not found: install the package tshark</button>;
}

export function StatusBar() {
  const s = st.status.value;
  if (!s) return <footer class="statusbar" aria-label="Status"><span class="part">No status yet</span></footer>;
  const dropped = st.ledger(s, "dropped_queue");
  const undecoded = st.ledger(s, "undecoded");
  const causes = (s.ledger["cause"] as Record<string, number> | undefined) ?? {};
  const meant = Object.entries(causes).filter(([, n]) => n > 0);
  const lag = s.behind.ns > 2e9 ? "bad" : s.behind.ns > 5e8 ? "warn" : "";
  const selected = st.selected.value.size;
  return (
    <footer class="statusbar" aria-label="Status">
      <Decoder s={s} />
      <span class="part num" title="Frames that were captured">{count(s.rows.total)} frames</span>
      <span class="part num" title="Frames that the filter shows">{count(st.viewTotal(s))} shown</span>
      {selected > 1 ? <span class="part num">{count(selected)} selected</span> : null}
      <span class={`part num ${lag}`} title="How far decoding is behind the capture">{s.behind.frames ? `behind ${count(s.behind.frames)} frames, ${duration(s.behind.ns)}` : s.state === "idle" ? "not decoding" : "decoded up to now"}</span>
      {undecoded && meant.length ? <button type="button" class="part flat num warn" title={meant.map(([k, n]) => `${count(n)}: ${causeText(k)}`).join("\n")} onClick={() => (st.auditOpen.value = { at: "undecoded" })}>{count(undecoded)} not decoded</button> : null}
      <button type="button" class={`part flat num ${dropped ? "bad" : ""}`} title="Frames that the full queue dropped: the audit log at that place" onClick={() => (st.auditOpen.value = { at: "drop" })}>{count(dropped)} dropped</button>
      <span class={`part num ${s.queue.limit && s.queue.depth > s.queue.limit * 0.8 ? "warn" : ""}`} title="Frames that wait in the capture queue, and how many fit">queue {count(s.queue.depth)}/{short(s.queue.limit)}</span>
      {s.rows.lost ? <span class="part num bad" title="Their rows found no room in the folder for temporary files: free some there, or set TMPDIR to another folder. The frames themselves are captured.">{count(s.rows.lost)} rows lost</span> : null}
      <span class="gap" />
      {s.rows.first > 1 ? <span class="part num warn" title="Older frames are no longer in the buffer">oldest kept: {count(s.rows.first)}</span> : null}
      <span class="part num" title="Memory of all processes of this capture">{bytesText(s.memory)}</span>
      {s.files.length ? <span class="part" title={s.files.slice(-12).map((f) => `${visible(f.path, 160)}: ${count(f.frames)} frames${f.bytes === undefined ? "" : `, ${bytesText(f.bytes)}`}`).join("\n")}>{s.files.length} {s.files.length === 1 ? "file" : "files"}: {visible(base(s.files[s.files.length - 1]?.path ?? ""), 40)}</span> : null}
      <span class="part" title={`Session, started ${visible(s.started, 40)}`}>{visible(s.session, 40)}</span>
    </footer>
  );
}
