// filterbar.tsx - the display filter: written, checked, kept, and how far it has got over the past

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { api } from "./api";
import { FilterInput } from "./filterinput";
import * as st from "./state";
import { count, visible } from "./text";
import type { Preset, SavedFilter } from "./types";
import { Popover } from "./ui";

export const saved = signal<SavedFilter[]>([]);
export const recent = signal<string[]>([]);
const presets = signal<Preset[] | null>(null);

export async function loadFilters(): Promise<void> {
  try {
    const a = await api.filters();
    saved.value = a.filters;
    recent.value = a.recent;
    presets.value ??= (await api.presets()).presets;
  } catch (e) {
    st.complain(e);
  }
}

export async function apply(text: string): Promise<void> {
  if (await st.applyFilter(text)) void loadFilters();
}

function Choice(p: { name: string; expression: string; note?: string | undefined; close: () => void; remove?: () => void }) {
  return (
    <li>
      <button type="button" class="choice" title={p.note ? visible(p.note, 400) : undefined} onClick={() => {
        p.close();
        void apply(p.expression);
      }}>
        {p.name ? <span class="name">{visible(p.name, 60)}</span> : null}
        <span class="expression">{visible(p.expression, 160)}</span>
      </button>
      {p.remove ? <button type="button" class="flat" aria-label={`Remove ${visible(p.name, 60)}`} title="Remove" onClick={p.remove}>{"\u2715"}</button> : null}
    </li>
  );
}

function Library() {
  const [open, setOpen] = useState(false);
  const [tab, setTab] = useState<"saved" | "presets" | "recent">("recent");
  const [find, setFind] = useState("");
  const close = () => setOpen(false);
  const wanted = (f: { name?: string; expression: string }) => !find || `${f.name ?? ""} ${f.expression}`.toLowerCase().includes(find.toLowerCase());
  const tabs = [["recent", "Recently used"], ["saved", "Saved"], ["presets", "Presets"]] as const;
  const tabKey = (e: KeyboardEvent) => {
    const at = tabs.findIndex(([k]) => k === tab);
    const by = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    e.preventDefault();
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next) {
      setTab(next[0]);
      document.getElementById(`library-${next[0]}`)?.focus();
    }
  };
  const categories = [...new Set((presets.value ?? []).map((x) => x.category))];
  const remove = async (name: string) => {
    try {
      await api.removeFilter(name);
      await loadFilters();
    } catch (e) {
      st.complain(e);
    }
  };
  return (
    <div class="hang">
      <button type="button" aria-haspopup="dialog" aria-expanded={open} onClick={() => {
        void loadFilters();
        setOpen(!open);
      }} title="Filters recently used, saved, and presets (Ctrl+L)" id="library">Filters <span class="caret" aria-hidden="true">{"\u25be"}</span></button>
      <Popover open={open} close={close} label="Filters" class="library">
        <div class="libraryhead">
          <div role="tablist" aria-label="Kinds of filters" onKeyDown={tabKey}>
            {tabs.map(([key, label]) => (
              <button key={key} id={`library-${key}`} type="button" role="tab" aria-selected={tab === key} aria-controls="library-panel" tabIndex={tab === key ? 0 : -1} onClick={() => setTab(key)}>{label}</button>
            ))}
          </div>
          <input type="search" aria-label="Find a filter" placeholder="Find" value={find} onInput={(e) => setFind(e.currentTarget.value)} />
        </div>
        <div role="tabpanel" id="library-panel" aria-labelledby={`library-${tab}`} class="librarylist" tabIndex={0}>
          {tab === "saved" ? (saved.value.length
            ? <ul>{saved.value.filter(wanted).map((f) => <Choice key={f.name} {...f} close={close} remove={() => void remove(f.name)} />)}</ul>
            : <p class="dimmed">Nothing is saved yet. Write a filter, then press Save.</p>) : null}
          {tab === "recent" ? (recent.value.length
            ? <ul>{recent.value.filter((expression) => wanted({ expression })).map((e) => <Choice key={e} name="" expression={e} close={close} />)}</ul>
            : <p class="dimmed">No filter was applied yet.</p>) : null}
          {tab === "presets" ? categories.map((c) => {
            const of = (presets.value ?? []).filter((x) => x.category === c && wanted(x));
            return of.length ? <section key={c}><h2>{visible(c, 40)}</h2><ul>{of.map((f) => <Choice key={f.name} {...f} close={close} />)}</ul></section> : null;
          }) : null}
        </div>
      </Popover>
    </div>
  );
}

function Progress() {
  const f = st.part((s) => s.filter, null).value;
  if (!f || f.state === "none") return null;
  const percent = f.known > 0 ? Math.floor((100 * f.judged) / f.known) : 0;
  return (
    <div class="progress">
      <span class="num" title="Frames shown, of those that the filter has judged">{count(f.matches)} of {count(f.judged)}</span>
      {f.state === "runs" ? <>
        <progress aria-label="Frames that the filter has judged" max={Math.max(1, f.known)} value={f.judged} title={`${count(f.judged)} of ${count(f.known)} frames judged`} />
        <span class="num dimmed">{percent}%</span>
      </> : f.state === "failed" ? <span class="bad" title={visible(f.error ?? "", 400)}>failed</span> : null}
    </div>
  );
}

/** What a screen reader is told: at the end, not at each step. */
function Told() {
  const state = st.part((s) => s.filter.state, "none").value;
  const matches = st.status.peek()?.filter.matches ?? 0;
  return <span class="sr" aria-live="polite">{state === "done" ? `${count(matches)} frames shown` : state === "runs" ? "The filter runs" : ""}</span>;
}

export function FilterBar() {
  const applied = st.part((s) => s.filter.filter, "").value;
  const text = st.filterText.value.trim();
  return (
    <div class="filterbar" role="search" aria-label="Display filter">
      <FilterInput id="filter" label="Display filter" placeholder="Display filter: dns.qry.name contains &quot;example&quot;   (press /)" text={st.filterText} verdict={st.filterVerdict}
        check={api.checkFilter} complete apply={(t) => void apply(t)} applied={applied} cleared={() => void apply("")} older={() => recent.value} />
      <Progress />
      <button type="button" disabled={text === applied} onClick={() => void apply(st.filterText.value)} title="Apply (Enter)">Apply</button>
      <button type="button" disabled={!text && !applied} onClick={() => void apply("")} title="Show all frames (Esc in the field)">Clear</button>
      <button type="button" disabled={!text || st.filterVerdict.value?.ok === false} onClick={() => (st.dialog.value = { name: "save-filter", expression: text })} title="Keep this filter under a name (Ctrl+D)">Save</button>
      <Library />
      <Told />
    </div>
  );
}
