// ui.tsx - small parts that others are made of: dialogs, menus, popovers, dividers

import { signal } from "@preact/signals";
import type { ComponentChildren, TargetedPointerEvent } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { dialog } from "./state";

const FOCUSABLE = 'button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea, a[href], [tabindex="0"]';

/** A modal dialog: focus stays in it and goes back to where it was. */
export function Dialog(p: { title: string; wide?: boolean; children: ComponentChildren; onClose?: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const close = () => {
    p.onClose?.();
    dialog.value = null;
  };
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const el = box.current;
    const first = el?.querySelector<HTMLElement>("[autofocus]") ?? el?.querySelector<HTMLElement>(`.dialogbody :is(${FOCUSABLE})`) ?? el;
    first?.focus();
    // What had the focus may be gone since: Esc closes all the same.
    const escape = (e: KeyboardEvent) => {
      if (e.key === "Escape" && !el?.contains(e.target as Node)) close();
    };
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("keydown", escape);
      before?.focus({ preventScroll: true });
    };
  }, []);
  const key = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.defaultPrevented) return; // by what is in it
    if (e.key === "Escape") {
      e.preventDefault();
      close();
    }
    if (e.key !== "Tab" || !box.current) return;
    const all = [...box.current.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((x) => x.offsetParent !== null);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = e.shiftKey ? (at <= 0 ? all.length - 1 : -1) : at === all.length - 1 ? 0 : -1;
    if (next >= 0) {
      e.preventDefault();
      all[next]?.focus();
    }
  };
  return (
    <div class="veil" onMouseDown={(e) => e.target === e.currentTarget && close()}>
      <div ref={box} class={`dialog${p.wide ? " wide" : ""}`} role="dialog" aria-modal="true" aria-labelledby="dialogtitle" tabIndex={-1} onKeyDown={key}>
        <div class="dialoghead">
          <h2 id="dialogtitle">{p.title}</h2>
          <button type="button" class="flat" aria-label="Close" title="Close (Esc)" onClick={close}>{"\u2715"}</button>
        </div>
        <div class="dialogbody">{p.children}</div>
      </div>
    </div>
  );
}

export interface MenuItem {
  label: string;
  hint?: string;
  act?: () => void;
  disabled?: boolean;
  head?: boolean; // a heading, not a choice
}
interface MenuState {
  x: number;
  y: number;
  items: (MenuItem | null)[]; // null: a line
}
const menu = signal<MenuState | null>(null);

export function openMenu(x: number, y: number, items: (MenuItem | null)[]): void {
  menu.value = { x, y, items };
}

/** The context menu; one at a time. */
export function Menu() {
  const box = useRef<HTMLDivElement>(null);
  const m = menu.value;
  useLayoutEffect(() => {
    const el = box.current;
    if (!m || !el) return;
    const before = document.activeElement as HTMLElement | null;
    el.style.left = `${Math.max(2, Math.min(m.x, innerWidth - el.offsetWidth - 4))}px`;
    el.style.top = `${Math.max(2, Math.min(m.y, innerHeight - el.offsetHeight - 4))}px`;
    el.querySelector<HTMLElement>("button:not([disabled])")?.focus();
    const outside = (e: MouseEvent) => {
      if (!el.contains(e.target as Node)) menu.value = null;
    };
    document.addEventListener("mousedown", outside, true);
    return () => {
      document.removeEventListener("mousedown", outside, true);
      if (el.contains(document.activeElement) || document.activeElement === document.body) before?.focus({ preventScroll: true });
    };
  }, [m]);
  if (!m) return null;
  const key = (e: KeyboardEvent) => {
    e.stopPropagation();
    const all = [...(box.current?.querySelectorAll<HTMLElement>("button:not([disabled])") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = e.key === "ArrowDown" ? at + 1 : e.key === "ArrowUp" ? at - 1 : e.key === "Home" ? 0 : e.key === "End" ? -1 : null;
    if (to !== null) {
      e.preventDefault();
      all[(to + all.length) % all.length]?.focus();
    } else if (e.key === "Escape" || e.key === "Tab") {
      e.preventDefault();
      menu.value = null;
    }
  };
  return (
    <div ref={box} class="menu" role="menu" aria-label="Actions" onKeyDown={key} onContextMenu={(e) => e.preventDefault()}>
      {m.items.map((item, i) =>
        item === null ? <div key={i} class="menuline" role="separator" />
        : item.head ? <div key={i} class="menuhead" role="presentation">{item.label}</div>
        : (
          <button key={i} type="button" role="menuitem" disabled={item.disabled} onClick={() => {
            menu.value = null;
            item.act?.();
          }}>
            <span>{item.label}</span>
            {item.hint ? <span class="hint">{item.hint}</span> : null}
          </button>
        ))}
    </div>
  );
}

/** Something that hangs from a button and goes with Esc or a click elsewhere. */
export function Popover(p: { open: boolean; close: () => void; label: string; class?: string; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!p.open) return;
    const outside = (e: MouseEvent) => {
      if (!box.current?.parentElement?.contains(e.target as Node)) p.close();
    };
    document.addEventListener("mousedown", outside, true);
    box.current?.querySelector<HTMLElement>(FOCUSABLE)?.focus();
    return () => document.removeEventListener("mousedown", outside, true);
  }, [p.open]);
  if (!p.open) return null;
  const key = (e: KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === "Escape") {
      p.close();
      box.current?.parentElement?.querySelector("button")?.focus();
      e.preventDefault();
    }
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      const all = [...(box.current?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])];
      const at = all.indexOf(document.activeElement as HTMLElement);
      all[(at + (e.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
      e.preventDefault();
    }
  };
  return (
    <div ref={box} class={`popover ${p.class ?? ""}`} role="dialog" aria-label={p.label} onKeyDown={key}>
      {p.children}
    </div>
  );
}

/** What stands between two panes; value in percent or px of the first or last pane. */
export function Divider(p: {
  label: string;
  vertical?: boolean; // it is moved left and right
  value: number;
  min: number;
  max: number;
  onMove: (deltaPx: number) => void;
  controls?: string;
}) {
  const down = (e: TargetedPointerEvent<HTMLDivElement>) => {
    const el = e.currentTarget;
    let last = p.vertical ? e.clientX : e.clientY;
    el.setPointerCapture(e.pointerId);
    const move = (m: PointerEvent) => {
      const now = p.vertical ? m.clientX : m.clientY;
      p.onMove(now - last);
      last = now;
    };
    el.addEventListener("pointermove", move);
    el.addEventListener("pointerup", () => el.removeEventListener("pointermove", move), { once: true });
  };
  const key = (e: KeyboardEvent) => {
    const by = e.key === "ArrowUp" || e.key === "ArrowLeft" ? -16 : e.key === "ArrowDown" || e.key === "ArrowRight" ? 16 : 0;
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    p.onMove(by);
  };
  return (
    <div class={`divider ${p.vertical ? "upright" : "level"}`} role="separator" tabIndex={0} aria-label={p.label}
      aria-orientation={p.vertical ? "vertical" : "horizontal"} aria-valuenow={Math.round(p.value)} aria-valuemin={p.min} aria-valuemax={p.max}
      onPointerDown={down} onKeyDown={key} />
  );
}

/** Put text on the clipboard; without that right, by a selection. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("The browser did not let this page copy. Select fewer rows, or use Export.");
  }
}
