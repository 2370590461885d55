// dialogs.tsx - settings, help, going to a frame, opening a capture, saving, commenting, the doctor

import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { api } from "./api";
import { columnOf, COLUMNS, fieldOf, moved } from "./columns";
import { FilterInput } from "./filterinput";
import { loadFilters, saved } from "./filterbar";
import { Follow } from "./follow";
import type { Grid } from "./grid";
import * as st from "./state";
import { count, visible } from "./text";
import type { Check, Settings, Verdict } from "./types";
import { Dialog } from "./ui";

/** What was written into a field of a form. */
function written(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

const closeDialog = () => (st.dialog.value = null);

/** Columns with one of those that are always there, before the first of those that stand behind it at the start. */
function withColumn(keys: string[], key: string): string[] {
  const order = COLUMNS.map((c) => c.key);
  const behind = order.slice(order.indexOf(key) + 1);
  const at = order.includes(key) ? keys.findIndex((k) => behind.includes(k)) : keys.indexOf("info");
  return moved(keys, key, at < 0 ? keys.length : at);
}

function Columns() {
  const keys = st.settings.value.columns;
  const text = useSignal("");
  const verdict = useSignal<Verdict | null>(null);
  const set = (columns: string[]) => void st.change({ columns });
  const off = COLUMNS.filter((c) => !keys.includes(c.key));
  const add = async (field: string) => {
    if (!field) return;
    const v = await api.checkFilter(field).catch(() => null);
    verdict.value = v;
    if (v?.ok === false) return;
    if (await st.addColumn(field)) {
      text.value = "";
      verdict.value = null;
    }
  };
  const step = (key: string, i: number, by: number) => {
    set(moved(keys, key, i + by));
    // The button is drawn anew at another place: the focus goes with it.
    requestAnimationFrame(() => document.getElementById(`column-${i + by}-${by < 0 ? "up" : "down"}`)?.focus());
  };
  return (
    <Dialog title="Columns">
      <form class="addcolumn" onSubmit={(e) => e.preventDefault()}>
        <FilterInput id="addcolumn" label="Field of a new column" placeholder="Field: dns.qry.name" text={text} verdict={verdict}
          check={api.checkFilter} complete apply={(t) => void add(t.trim())} applied="" />
        <button type="button" disabled={!text.value.trim()} onClick={() => void add(text.value.trim())}>Add</button>
      </form>
      <ol class="columnlist" aria-label="Columns, from the left">
        {keys.map((key, i) => {
          const label = visible(columnOf(key)?.label ?? key, 80);
          return (
            <li key={key}>
              <span class={fieldOf(key) ? "field" : ""}>{label}</span>
              <button type="button" class="flat" id={`column-${i}-up`} disabled={i === 0} aria-label={`Move ${label} left`} title="Left" onClick={() => step(key, i, -1)}>{"\u2191"}</button>
              <button type="button" class="flat" id={`column-${i}-down`} disabled={i === keys.length - 1} aria-label={`Move ${label} right`} title="Right" onClick={() => step(key, i, 1)}>{"\u2193"}</button>
              <button type="button" class="flat" disabled={keys.length === 1} aria-label={`Remove ${label}`} title="Remove" onClick={() => void st.removeColumn(key)}>{"\u2715"}</button>
            </li>
          );
        })}
      </ol>
      <div class="buttons">
        {off.map((c) => <button key={c.key} type="button" class="small" onClick={() => set(withColumn(keys, c.key))}>Show {c.label}</button>)}
        <span class="gap" />
        <button type="button" onClick={() => set(st.DEFAULTS.columns)}>As at first</button>
        <button type="button" class="primary" onClick={closeDialog}>Close</button>
      </div>
    </Dialog>
  );
}

function SettingsDialog() {
  const [s, set] = useState<Settings>(st.settings.value);
  const [error, setError] = useState("");
  const put = (part: Partial<Settings>) => set({ ...s, ...part });
  const save = async () => {
    for (const p of s.preferences) {
      if (!/^[a-z0-9_.-]+:/i.test(p)) {
        setError(`The preference "${visible(p, 60)}" has to be NAME:VALUE, such as tcp.desegment_tcp_streams:FALSE`);
        return;
      }
    }
    if (!(s.queue_limit > 0) || !(s.buffer_frames > 0)) {
      setError("The queue limit and the buffer have to be numbers of frames above 0.");
      return;
    }
    // What is not changed stays the server's default, which may be better than any number.
    const changed = Object.fromEntries(Object.entries(s).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(st.settings.value[k as keyof Settings])));
    if (await st.change(changed)) closeDialog();
    else setError("The server did not keep this; the message says why.");
  };
  const radio = <K extends "theme" | "density" | "time">(key: K, choices: [Settings[K], string][], label: string) => (
    <fieldset><legend>{label}</legend>
      {choices.map(([value, text]) => <label key={value}><input type="radio" name={key} checked={s[key] === value} onChange={() => put({ [key]: value })} /> {text}</label>)}
    </fieldset>
  );
  return (
    <Dialog title="Settings">
      <form onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}>
        <div class="fields">
          {radio("theme", [["system", "By system"], ["light", "Light"], ["dark", "Dark"]], "Theme")}
          {radio("density", [["dense", "Dense"], ["comfortable", "Comfortable"]], "Density")}
          {radio("time", [["relative", "Relative"], ["absolute", "Of day"], ["delta", "Delta"]], "Time")}
          <fieldset><legend>Columns</legend>
            {[...COLUMNS.map((c) => c.key), ...st.settings.value.columns.filter((k) => fieldOf(k))].map((key) => <label key={key}><input type="checkbox" checked={s.columns.includes(key)} onChange={(e) => put({ columns: e.currentTarget.checked ? withColumn(s.columns, key) : s.columns.filter((k) => k !== key) })} /> {visible(columnOf(key)?.label ?? key, 60)}</label>)}
            <button type="button" class="small" onClick={() => (st.dialog.value = { name: "columns" })}>Fields, order</button>
          </fieldset>
          <fieldset><legend>Panes</legend>
            <label><input type="checkbox" checked={s.layers} onChange={(e) => put({ layers: e.currentTarget.checked })} /> Layers</label>
            <label><input type="checkbox" checked={s.bytes} onChange={(e) => put({ bytes: e.currentTarget.checked })} /> Bytes</label>
          </fieldset>
          <label class="field"><span>Buffer, frames</span><input type="number" min={1000} value={s.buffer_frames} onInput={(e) => put({ buffer_frames: e.currentTarget.valueAsNumber })} /><small>Older frames leave memory for files. From the next start on.</small></label>
          <label class="field"><span>Queue limit, frames</span><input type="number" min={16} value={s.queue_limit} onInput={(e) => put({ queue_limit: e.currentTarget.valueAsNumber })} /><small>Beyond it frames are dropped, and counted. From the next start on.</small></label>
          <label class="field"><span>Decode</span><select value={s.decode} onChange={(e) => put({ decode: e.currentTarget.value })}>
            <option value="auto">auto: as full as keeps up</option><option value="full">full</option><option value="lean">lean</option><option value="summary">summary</option><option value="off">off: headers only</option>
          </select><small>From the next start on.</small></label>
          <label class="field tall"><span>tshark preferences</span><textarea rows={3} spellcheck={false} value={s.preferences.join("\n")} onInput={(e) => put({ preferences: e.currentTarget.value.split("\n").map((x) => x.trim()).filter(Boolean) })} /><small>One a line, NAME:VALUE. From the next start on.</small></label>
        </div>
        {error ? <p class="note bad" role="alert">{error}</p> : null}
        <div class="buttons"><button type="button" onClick={closeDialog}>Cancel</button><button type="submit" class="primary">Save</button></div>
      </form>
    </Dialog>
  );
}

const KEYS: [string, [string, string][]][] = [
  ["Anywhere", [["/", "display filter"], ["Ctrl+G", "go to a frame"], ["Ctrl+E", "start or stop"], ["Ctrl+O", "open a capture"], ["Ctrl+D", "save the filter"], ["Ctrl+L", "filters: recent, saved, presets"], ["Ctrl+,", "settings"], ["Ctrl+Shift+L", "columns"], ["p", "freeze, go on"], ["s", "statistics"], ["l, b", "layers, bytes on or off"], ["?", "this sheet"]]],
  ["Frames", [["\u2191 \u2193, j k", "row"], ["PgUp PgDn", "page"], ["Home", "first"], ["End", "newest, and follow"], ["\u2190 \u2192", "cell"], ["Shift+arrows", "extend the selection"], ["Space", "select or not"], ["Ctrl+A", "select all that is shown"], ["Enter", "to the layers"], ["Shift+F10", "menu of the cell"], ["m, c, f", "mark, comment, follow stream"], ["t", "time: relative, of day, delta"], ["Ctrl+C", "copy rows as text"], ["Ctrl+Shift+C", "copy as filter"], ["Ctrl+Shift+S", "export selected"]]],
  ["Filter", [["Enter", "apply"], ["Tab, \u2191 \u2193", "complete a field"], ["\u2191", "older filters"], ["Ctrl+Space", "complete"], ["Esc", "clear"]]],
  ["Layers", [["\u2190 \u2192", "close, open"], ["*", "open all below"], ["Enter", "open; go to a linked frame"], ["Shift+F10", "apply as filter"]]],
];

function Help() {
  return (
    <Dialog title="Keys" wide>
      <div class="keys" tabIndex={0} role="group" aria-label="Keys">
        {KEYS.map(([title, keys]) => <section key={title}><h3>{title}</h3><dl>{keys.map(([k, what]) => <div key={k}><dt><kbd>{k}</kbd></dt><dd>{what}</dd></div>)}</dl></section>)}
        <section><h3>States of a row</h3><dl>
          <div><dt><kbd>{"\u2026"}</kbd></dt><dd>tshark has not answered yet</dd></div>
          <div><dt><kbd>{"\u25cb"}</kbd></dt><dd>headers only: decoded without tshark</dd></div>
          <div><dt><kbd>!</kbd></dt><dd>not decoded; the row says why</dd></div>
          <div><dt><kbd>{"\u2013"}</kbd></dt><dd>no longer kept: the buffer has newer ones</dd></div>
          <div><dt><kbd>{"\u2691"}</kbd></dt><dd>marked</dd></div>
          <div><dt><kbd>{"\u270e"}</kbd></dt><dd>has a comment</dd></div>
        </dl></section>
      </div>
    </Dialog>
  );
}

function GoTo(p: { grid: () => Grid | null }) {
  const [error, setError] = useState("");
  const total = st.status.value?.rows.total ?? 0;
  return (
    <Dialog title="Go to frame">
      <form onSubmit={(e) => {
        e.preventDefault();
        const n = Number(new FormData(e.currentTarget).get("frame"));
        if (!Number.isInteger(n) || n < 1 || n > total) {
          setError(`There are frames 1 to ${count(total)}.`);
          return;
        }
        closeDialog();
        void p.grid()?.locate(n, false);
        setTimeout(() => p.grid()?.focus());
      }}>
        <label class="field"><span>Frame number</span><input name="frame" inputMode="numeric" autocomplete="off" autofocus /></label>
        {error ? <p class="note bad" role="alert">{error}</p> : null}
        <div class="buttons"><button type="button" onClick={closeDialog}>Cancel</button><button type="submit" class="primary">Go</button></div>
      </form>
    </Dialog>
  );
}

function Open() {
  const [error, setError] = useState("");
  const found = st.status.value?.tshark.found ?? false;
  const open = async (form: HTMLFormElement) => {
    const f = new FormData(form);
    const files = written(f, "files").split("\n").map((x) => x.trim()).filter(Boolean);
    if (!files.length) {
      setError("Name a capture: the path of a pcap or pcapng file on the machine that runs secvf serve.");
      return;
    }
    const rate = written(f, "rate");
    try {
      st.arrived(await api.start({
        files,
        rate: rate === "pps" ? String(Number(f.get("pps")) || 1000) : rate,
        decode: found ? written(f, "decode") : "off",
        ...(st.captureText.value ? { capture_filter: st.captureText.value } : {}),
      }));
      closeDialog();
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    }
  };
  return (
    <Dialog title="Open capture">
      <form onSubmit={(e) => {
        e.preventDefault();
        void open(e.currentTarget);
      }}>
        <label class="field tall"><span>Files</span><textarea name="files" rows={2} spellcheck={false} placeholder="/captures/sample.pcapng" autofocus /><small>Paths on the server's machine, one a line; several are replayed one after the other.</small></label>
        <div class="field"><label for="rate">Rate</label><select id="rate" name="rate"><option value="topspeed">as fast as it decodes</option><option value="recorded">as it was recorded</option><option value="pps">so many frames a second:</option></select><input name="pps" type="number" min={1} defaultValue="1000" aria-label="Frames a second" /></div>
        <label class="field"><span>Decode</span><select name="decode" disabled={!found}><option value="auto">auto</option><option value="full">full</option><option value="lean">lean</option><option value="summary">summary</option><option value="off">off: headers only</option></select>{found ? null : <small>tshark was not found: headers only.</small>}</label>
        {error ? <p class="note bad" role="alert">{visible(error, 600)}</p> : null}
        <div class="buttons"><button type="button" onClick={closeDialog}>Cancel</button><button type="submit" class="primary">Open</button></div>
      </form>
    </Dialog>
  );
}

function SaveFilter(p: { expression: string }) {
  const [error, setError] = useState("");
  const save = async (form: HTMLFormElement) => {
    const f = new FormData(form);
    const name = written(f, "name").trim();
    if (!name) {
      setError("Give it a name.");
      return;
    }
    if (saved.value.some((x) => x.name === name)) {
      setError("There is a filter of that name; take another, or remove that one first.");
      return;
    }
    try {
      await api.saveFilter({ name, expression: p.expression, note: written(f, "note") });
      await loadFilters();
      st.toast("note", `Saved as ${visible(name, 60)}.`);
      closeDialog();
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    }
  };
  return (
    <Dialog title="Save filter">
      <form onSubmit={(e) => {
        e.preventDefault();
        void save(e.currentTarget);
      }}>
        <p class="expression">{visible(p.expression, 400)}</p>
        <label class="field"><span>Name</span><input name="name" autocomplete="off" maxLength={100} autofocus /></label>
        <label class="field"><span>Note</span><input name="note" autocomplete="off" maxLength={400} /></label>
        {error ? <p class="note bad" role="alert">{visible(error, 400)}</p> : null}
        <div class="buttons"><button type="button" onClick={closeDialog}>Cancel</button><button type="submit" class="primary">Save</button></div>
      </form>
    </Dialog>
  );
}

function Comment(p: { id: number; comment: string; grid: () => Grid | null }) {
  const [error, setError] = useState("");
  const save = async (form: HTMLFormElement) => {
    const comment = written(new FormData(form), "comment");
    try {
      await api.note(p.id, { comment });
      p.grid()?.rows.patch(p.id, { comment });
      closeDialog();
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    }
  };
  return (
    <Dialog title={`Comment on frame ${count(p.id)}`}>
      <form onSubmit={(e) => {
        e.preventDefault();
        void save(e.currentTarget);
      }}>
        <label class="field tall"><span>Comment</span><textarea name="comment" rows={4} maxLength={4000} defaultValue={p.comment} autofocus /><small>It is kept with the capture and exported with the frame.</small></label>
        {error ? <p class="note bad" role="alert">{visible(error, 400)}</p> : null}
        <div class="buttons"><button type="button" onClick={closeDialog}>Cancel</button><button type="submit" class="primary">Save</button></div>
      </form>
    </Dialog>
  );
}

function Doctor() {
  const [checks, setChecks] = useState<Check[] | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    api.doctor().then(setChecks, (e: unknown) => setError(e instanceof Error ? e.message : String(e)));
  }, []);
  const order = ["failed", "error", "warning", "ok", "skipped"];
  return (
    <Dialog title="What a capture needs" wide>
      {error ? <p class="note bad" role="alert">{visible(error, 400)}</p> : null}
      {checks ? (
        <div class="scroll doctor" tabIndex={0} role="group" aria-label="Checks">
          <table><thead><tr><th scope="col">Check</th><th scope="col">Found</th><th scope="col">What to do</th></tr></thead><tbody>
            {[...checks].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status)).map((c) => <tr key={c.check} class={c.status}><th scope="row">{visible(c.check, 40)}</th><td><b>{visible(c.status, 12)}</b> {visible(c.found, 300)}</td><td>{visible(c.remedy ?? "", 300)}</td></tr>)}
          </tbody></table>
        </div>
      ) : error ? null : <p class="dimmed">Looking.</p>}
      <div key="buttons" class="buttons"><button type="button" class="primary" onClick={closeDialog}>Close</button></div>
    </Dialog>
  );
}

export function Dialogs(p: { grid: () => Grid | null; jump: (id: number) => void }) {
  const d = st.dialog.value;
  switch (d?.name) {
    case "settings": return <SettingsDialog />;
    case "help": return <Help />;
    case "columns": return <Columns />;
    case "goto": return <GoTo grid={p.grid} />;
    case "open": return <Open />;
    case "doctor": return <Doctor />;
    case "save-filter": return <SaveFilter expression={d.expression} />;
    case "comment": return <Comment id={d.id} comment={d.comment} grid={p.grid} />;
    case "follow": return <Follow key={`${d.kind}${d.id}`} id={d.id} kind={d.kind} filter={d.filter} jump={p.jump} />;
    default: return null;
  }
}
