// toolbar.tsx - capture: from where, what of it, start, stop; and what leaves as a file

import { signal, useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { api, exportFrames } from "./api";
import { FilterInput } from "./filterinput";
import type { Grid } from "./grid";
import * as st from "./state";
import { bytesText, count, short, visible } from "./text";
import type { Verdict } from "./types";
import { openMenu, Popover } from "./ui";

const captureVerdict = signal<Verdict | null>(null);

export async function exportAs(what: "all" | "shown" | "selected"): Promise<void> {
  const s = st.status.value;
  if (!s) return;
  const bytes = s.interfaces.reduce((sum, i) => sum + i.bytes, 0);
  const name = `${(s.session || "capture").replace(/[^\w.-]+/g, "_").slice(0, 60)}-${what}.pcapng`;
  try {
    if (what === "selected") {
      const frames = [...st.selected.value].sort((a, b) => a - b);
      if (!frames.length) return;
      await exportFrames({ frames }, name, 0);
      st.toast("note", `${count(frames.length)} frames exported as ${name}.`);
    } else {
      await exportFrames(what === "all" ? { all: true } : { shown: true }, name, bytes);
      st.toast("note", `Exported as ${name}.`);
    }
  } catch (e) {
    st.complain(e);
  }
}

function Interfaces() {
  const [open, setOpen] = useState(false);
  const list = st.part((s) => s.interfaces, []).value;
  const scoped = list.filter((i) => i.in_scope);
  const all = scoped.length === list.length;
  const frames = scoped.reduce((n, i) => n + i.frames, 0);
  const set = async (names: string[]) => {
    try {
      await api.scope(names);
    } catch (e) {
      st.complain(e);
    }
  };
  const toggle = (name: string, on: boolean) => {
    const names = list.filter((i) => (i.name === name ? on : i.in_scope)).map((i) => i.name);
    if (!names.length) st.toast("note", "One interface at least has to be captured.");
    else void set(names.length === list.length ? [] : names);
  };
  const label = all ? "All switch traffic" : scoped.length === 1 ? visible(scoped[0]?.name ?? "", 40) : `${scoped.length} of ${list.length} VMs`;
  return (
    <div class="hang">
      <button type="button" class="pick" aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open)} title="Which VMs' traffic is captured">
        <span>{label}</span>
        <span class="num" aria-hidden="true">{list.length ? short(frames) : ""}</span>
        <span class="caret" aria-hidden="true">{"\u25be"}</span>
      </button>
      <Popover open={open} close={() => setOpen(false)} label="Interfaces" class="interfaces">
        <label class="check"><input type="checkbox" checked={all} onChange={() => void set([])} /><span>All switch traffic</span><span class="num">{count(list.reduce((n, i) => n + i.frames, 0))}</span><span class="num dimmed">frames</span></label>
        {list.map((i) => (
          <label key={i.name} class="check">
            <input type="checkbox" checked={i.in_scope} onChange={(e) => toggle(i.name, e.currentTarget.checked)} />
            <span>{visible(i.name, 60)}</span><span class="num">{count(i.frames)}</span><span class="num dimmed">{i.bytes || !i.frames ? bytesText(i.bytes) : ""}</span>
          </label>
        ))}
        {list.length ? null : <p class="dimmed">No VM is on the switch yet. One is listed as soon as it sends its first frame.</p>}
      </Popover>
    </div>
  );
}

const CLEAR_FIRST = "Clear first: what was captured is still here";

export function Toolbar(p: { grid: () => Grid | null }) {
  const state = st.part((s) => s.state, "idle").value;
  const tshark = st.part((s) => s.tshark.found, false).value;
  const offline = st.part((s) => s.offline, false).value;
  const filter = st.part((s) => s.capture_filter, "").value;
  const rate = useComputed(() => {
    const s = st.status.value;
    return s && s.state === "running" ? `${short(s.rate.frames)}/s  ${bytesText(s.rate.bytes)}/s` : "";
  });
  const linked = st.link.value.state === "open";
  const running = state === "running";
  const ended = state === "ended";
  const known = st.status.value !== null;
  const fresh = useComputed(() => {
    const s = st.status.value;
    return s && st.frozen.value !== null ? Math.max(0, st.viewTotal(s) - st.frozen.value) : 0;
  });
  const chosen = st.selected.value.size;
  const light = !linked ? "lost" : running ? (offline ? "offline" : "running") : state;
  const lightText = !linked ? "Not connected" : running ? (offline ? "Capturing, offline" : "Capturing") : state === "ended" ? "Stopped" : "Idle";
  const setFilter = async (text: string) => {
    st.captureText.value = text.trim();
    try {
      const verdict = running ? await api.captureFilter(text.trim()) : await api.checkCaptureFilter(text.trim());
      captureVerdict.value = text.trim() || !verdict.ok ? verdict : null;
      if (verdict.ok && running) st.toast("note", text.trim() ? "The capture filter is set; it holds for frames from now on." : "The capture filter is cleared.");
    } catch (e) {
      st.complain(e);
    }
  };
  return (
    <div class="toolbar" role="toolbar" aria-label="Capture">
      <span class={`light ${light}`} role="img" aria-label={lightText} title={lightText} />
      <span class="lighttext">{lightText}</span>
      <Interfaces />
      {running
        ? <button type="button" class="stop" onClick={() => void st.stop()} title="End the capture; what was captured stays (Ctrl+E)">Stop</button>
        : <button type="button" class="primary" disabled={!tshark || !linked || ended} onClick={() => void st.start()} title={ended ? CLEAR_FIRST : tshark ? "Start capturing (Ctrl+E)" : "tshark was not found: capture offline, or see what to do"}>Start</button>}
      {known && !tshark && !running ? (
        <>
          <button type="button" disabled={!linked || ended} onClick={() => void st.start("off")} title={ended ? CLEAR_FIRST : "Headers are decoded without tshark: no layers, no display filter over fields"}>Start offline</button>
          <button type="button" class="link" onClick={() => (st.dialog.value = { name: "doctor" })}>tshark not found: what to do</button>
        </>
      ) : null}
      <button type="button" disabled={!ended || !linked} onClick={() => void st.clear()} title={running ? "Stop first" : ended ? "Forget what was captured" : "There is nothing to forget"}>Clear</button>
      {offline && (running || state === "ended") ? <span class="badge" title="No tshark decodes: source, destination, protocol and length are of our own decode of the headers">Offline mode: headers only</span> : null}
      <FilterInput id="capture" label="Capture filter (BPF)" placeholder="Capture filter: tcp port 443" text={st.captureText} verdict={captureVerdict}
        check={api.checkCaptureFilter} apply={(t) => void setFilter(t)} applied={filter} cleared={() => running && void setFilter("")} />
      <span class="rate num" aria-hidden="true">{rate}</span>
      <span class="gap" />
      <button type="button" aria-pressed={st.following.value} onClick={() => p.grid()?.follow(!st.following.value)} title="Stay at the newest frame (End)">Follow</button>
      <button type="button" aria-pressed={st.frozen.value !== null} onClick={() => p.grid()?.freeze(st.frozen.value === null)} title="Hold the view still while the capture goes on (p)">
        {st.frozen.value === null ? "Freeze" : "Frozen"}{st.frozen.value !== null && fresh.value ? <span class="new num">+{short(fresh.value)} new</span> : null}
      </button>
      <button type="button" disabled={running || ended} onClick={() => (st.dialog.value = { name: "open" })} title={running ? "Stop the capture first" : ended ? CLEAR_FIRST : "Replay a capture file of the server's machine (Ctrl+O)"}>Open</button>
      <button type="button" aria-haspopup="menu" onClick={(e) => {
        const box = e.currentTarget.getBoundingClientRect();
        openMenu(box.left, box.bottom + 2, [
          { label: "Export all frames", act: () => void exportAs("all") },
          { label: "Export what is shown", act: () => void exportAs("shown") },
          { label: `Export selected (${count(chosen)})`, hint: "Ctrl+Shift+S", disabled: chosen === 0, act: () => void exportAs("selected") },
        ]);
      }}>Export <span class="caret" aria-hidden="true">{"\u25be"}</span></button>
      <button type="button" aria-pressed={st.statsOpen.value} onClick={() => (st.statsOpen.value = !st.statsOpen.value)} title="Statistics of what is shown (s)">Statistics</button>
      <button type="button" onClick={() => (st.dialog.value = { name: "settings" })} title="Settings (Ctrl+,)">Settings</button>
      <button type="button" class="square" aria-label="Help" onClick={() => (st.dialog.value = { name: "help" })} title="Keys (?)">?</button>
    </div>
  );
}
