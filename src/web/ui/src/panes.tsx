// panes.tsx - one frame: its layers and its bytes. A pane that is off asks the server for nothing

import { computed, effect, signal, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "./api";
import { apply } from "./filterbar";
import { asC, asHex, asText, Hex } from "./hex";
import * as st from "./state";
import { bytesText, count, fromHex, visible } from "./text";
import { Tree } from "./tree";
import type { LayerNode } from "./types";
import { copy, openMenu, type MenuItem } from "./ui";

const WAIT_MS = 45; // a key that is held down passes over frames without asking for each

interface Loaded {
  id: number;
  views: { name: string; bytes: Uint8Array }[];
}
const views = signal<Loaded | null>(null);
const view = signal(0);
const problems = signal<{ layers?: string; bytes?: string }>({});
// Other settings do not have a frame dissected anew.
const withLayers = computed(() => st.settings.value.layers);
const withBytes = computed(() => st.settings.value.bytes);
const loading = signal(false);
const chosen = signal<LayerNode | null>(null);

/** Ask for what the panes need, of the frame that is active; what was asked for before is given up. */
export function watchFrame(): () => void {
  let abort = new AbortController();
  let timer = 0;
  let last = -Infinity;
  return effect(() => {
    const id = st.activeId.value;
    const layers = withLayers.value;
    const bytes = withBytes.value;
    abort.abort();
    clearTimeout(timer);
    abort = new AbortController();
    const { signal: given } = abort;
    untracked(() => {
      problems.value = {};
      if (id === null || (!layers && !bytes)) {
        st.frame.value = null;
        views.value = null;
        loading.value = false;
        return;
      }
      loading.value = true;
      // The first of several is asked for at once.
      const now = performance.now();
      const wait = now - last < 4 * WAIT_MS ? WAIT_MS : 0;
      last = now;
      timer = window.setTimeout(() => void load(id, layers, bytes, given), wait);
    });
  });
}

async function load(id: number, layers: boolean, bytes: boolean, given: AbortSignal): Promise<void> {
  // What is of another frame goes with it.
  const fail = (what: "layers" | "bytes") => (e: unknown) => {
    if (given.aborted) return;
    problems.value = { ...problems.value, [what]: e instanceof Error ? e.message : String(e) };
    if (what === "layers") st.frame.value = null;
    else if (views.value?.id !== id) views.value = null;
  };
  const jobs: Promise<unknown>[] = [];
  if (bytes) {
    jobs.push(api.bytes(id, given).then((a) => {
      if (given.aborted || (views.value?.id === id && layers)) return;
      view.value = 0;
      chosen.value = null;
      views.value = { id, views: [{ name: "Frame", bytes: fromHex(a.hex) }] };
    }).catch(fail("bytes")));
  }
  if (layers) {
    jobs.push(api.frame(id, given).then((answer) => {
      if (given.aborted) return;
      if (answer.views.length && bytes) {
        view.value = 0;
        views.value = { id, views: answer.views.map((v) => ({ name: v.name, bytes: fromHex(v.hex) })) };
      }
      st.frame.value = { id, answer };
    }).catch(fail("layers")));
  }
  await Promise.all(jobs);
  if (!given.aborted) loading.value = false;
}

export function filterItems(expression: string | null | undefined): MenuItem[] {
  const put = (how: st.Join) => () => void apply(st.joined(how, expression ?? ""));
  const disabled = !expression;
  return [
    { label: "Apply as filter", act: put("apply"), disabled },
    { label: "Apply as not", act: put("not"), disabled },
    { label: "... and", act: put("and"), disabled },
    { label: "... or", act: put("or"), disabled },
    { label: "... and not", act: put("and not"), disabled },
  ];
}

const rowHeight = () => (st.settings.value.density === "dense" ? 17 : 22);

export function Layers(p: { jump: (id: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const tree = useRef<Tree | null>(null);
  useEffect(() => {
    if (!box.current) return;
    const made = new Tree(box.current, {
      chosen: (node) => (chosen.value = node),
      jump: p.jump,
      menu: (node, x, y) => openMenu(x, y, [
        { label: node.filter ? visible(node.filter, 70) : "This line is no field", head: true },
        ...filterItems(node.filter),
        null,
        { label: "Copy line", act: () => void copy(node.label) },
        { label: "Copy as filter", disabled: !node.filter, act: () => void copy(node.filter ?? "") },
        { label: "Add as column", disabled: !node.field, act: () => void st.addColumn(node.field ?? "") },
        { label: "Copy field name", disabled: !node.field, act: () => void copy(node.field ?? "") },
        ...(node.frame ? [null, { label: `Go to frame ${count(node.frame)}`, act: () => p.jump(node.frame ?? 0) }] : []),
      ]),
    }, rowHeight());
    tree.current = made;
    shownTree = made;
    const stop = effect(() => {
      made.setRowHeight(rowHeight());
      const f = st.frame.value;
      untracked(() => made.show(f?.answer.tree ?? []));
    });
    return () => {
      stop();
      made.dispose();
      shownTree = null;
    };
  }, []);
  const f = st.frame.value;
  const failed = problems.value.layers;
  const offline = st.part((s) => s.offline || !s.tshark.found, false).value;
  return (
    <section class="pane" aria-label="Layers">
      <div class="panehead">
        <h2>Layers</h2>
        {f ? <span class="dimmed num" title={f.answer.context ? `Dissected after ${count(f.answer.context)} frames before it, so that streams and reassembly are right` : ""}>frame {count(f.id)}</span> : null}
        {loading.value ? <span class="dimmed">loading</span> : null}
        <span class="gap" />
        {f?.answer.streams.map((s) => <button key={s.kind} type="button" class="small" onClick={() => (st.dialog.value = { name: "follow", id: f.id, kind: s.kind.toLowerCase(), filter: s.filter })}>Follow {visible(s.kind, 12)}</button>)}
        <button type="button" class="flat" aria-label="Close layers" title="Switch off; nothing is dissected then" onClick={() => void st.change({ layers: false })}>{"\u2715"}</button>
      </div>
      {failed ? <p class="note bad" role="alert">{visible(failed, 600)} {offline ? "Layers need tshark: install the package tshark." : ""}</p> : null}
      {!f && !failed && !loading.value ? <p class="note dimmed">Choose a frame to see its layers.</p> : null}
      <div ref={box} class="tree scroll" id="layers" />
    </section>
  );
}

let shownTree: Tree | null = null;

export function Bytes() {
  const box = useRef<HTMLDivElement>(null);
  const hex = useRef<Hex | null>(null);
  const copyMenu = (x: number, y: number) => {
    const bytes = hex.current?.selection() ?? new Uint8Array(0);
    openMenu(x, y, [
      { label: `${count(bytes.length)} bytes`, head: true },
      { label: "Copy as hex", act: () => void copy(asHex(bytes)) },
      { label: "Copy as C array", act: () => void copy(asC(bytes)) },
      { label: "Copy as text", act: () => void copy(asText(bytes)) },
    ]);
  };
  useEffect(() => {
    if (!box.current) return;
    const together = () => st.frame.value?.id === views.value?.id;
    const made = new Hex(box.current, (byte) => together() && shownTree?.chooseByte(view.value, byte), copyMenu, rowHeight());
    hex.current = made;
    const stopBytes = effect(() => {
      made.setRowHeight(rowHeight());
      const bytes = views.value?.views[view.value]?.bytes;
      untracked(() => made.show(bytes ?? new Uint8Array(0)));
    });
    const stopMark = effect(() => {
      const node = chosen.value;
      void views.value;
      void st.frame.value;
      if (!node) return;
      untracked(() => {
        const of = node.view ?? 0;
        const bytes = views.value?.views[of]?.bytes;
        if (!together() || (node.bytes && !bytes)) return;
        if (node.bytes && bytes && of !== view.value) {
          view.value = of;
          made.show(bytes); // before it is marked
        }
        const ranges: [number, number][] = [];
        if (node.bytes) ranges.push([node.start ?? 0, node.bytes]);
        if (node.after_bytes) ranges.push([node.after ?? 0, node.after_bytes]);
        made.mark(ranges);
      });
    });
    return () => {
      stopBytes();
      stopMark();
      made.dispose();
      hex.current = null;
    };
  }, []);
  const all = views.value?.views ?? [];
  const failed = problems.value.bytes;
  const tabKey = (e: KeyboardEvent) => {
    const by = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
    if (!by || !all.length) return;
    e.preventDefault();
    view.value = (view.value + by + all.length) % all.length;
    document.getElementById(`view-${view.value}`)?.focus();
  };
  return (
    <section class="pane" aria-label="Bytes">
      <div class="panehead">
        <h2>Bytes</h2>
        {all.length > 1 ? (
          <div role="tablist" aria-label="Byte views" onKeyDown={tabKey} class="tabs">
            {all.map((v, i) => <button key={i} id={`view-${i}`} type="button" role="tab" aria-selected={view.value === i} aria-controls="bytes-panel" tabIndex={view.value === i ? 0 : -1} onClick={() => {
              chosen.value = null;
              view.value = i;
            }}>{visible(v.name, 50)}</button>)}
          </div>
        ) : all[0] ? <span class="dimmed num">{bytesText(all[0].bytes.length)}</span> : null}
        <span class="gap" />
        <button type="button" class="small" disabled={!all.length} aria-haspopup="menu" onClick={(e) => {
          const r = e.currentTarget.getBoundingClientRect();
          copyMenu(r.left, r.bottom + 2);
        }}>Copy <span class="caret" aria-hidden="true">{"\u25be"}</span></button>
        <button type="button" class="flat" aria-label="Close bytes" title="Switch off; no bytes are asked for then" onClick={() => void st.change({ bytes: false })}>{"\u2715"}</button>
      </div>
      {failed ? <p class="note bad" role="alert">{visible(failed, 600)}</p> : null}
      {!all.length && !failed && !loading.value ? <p class="note dimmed">Choose a frame to see its bytes.</p> : null}
      <div id="bytes-panel" {...(all.length > 1 ? { role: "tabpanel", "aria-labelledby": `view-${view.value}` } : {})} class="bytespanel">
        <div ref={box} class="hex scroll" />
      </div>
    </section>
  );
}
