// filterinput.tsx - a text field for a filter: checked as it is written, the wrong bytes underlined

import { useEffect, useRef, useState } from "preact/hooks";
import type { Signal } from "@preact/signals";
import { api } from "./api";
import { indexOfByte, visible } from "./text";
import type { FieldName, Verdict } from "./types";

const CHECK_MS = 160;
const COMPLETE_MS = 70;
const COMPLETE_MAX = 40;
const WORD = /[A-Za-z_][\w.-]*$/;

export interface FilterInputProps {
  id: string;
  label: string;
  placeholder: string;
  text: Signal<string>;
  verdict: Signal<Verdict | null>;
  check: (filter: string, signal: AbortSignal) => Promise<Verdict>;
  complete?: boolean;
  apply: (text: string) => void;
  applied: string;
  cleared?: () => void;
  older?: () => string[]; // history, the newest first
}

export function FilterInput(p: FilterInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const [fields, setFields] = useState<FieldName[]>([]);
  const [total, setTotal] = useState(0);
  const [at, setAt] = useState(-1);
  const typed = useRef(false);
  const back = useRef(-1);
  const text = p.text.value;
  const verdict = p.verdict.value;

  useEffect(() => {
    if (!typed.current) return;
    if (!text.trim()) {
      p.verdict.value = null;
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      p.check(text, abort.signal).then((v) => (p.verdict.value = v), () => undefined);
    }, CHECK_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);

  const word = () => {
    const el = input.current;
    if (!el || el.selectionStart !== el.selectionEnd) return null;
    const before = el.value.slice(0, el.selectionStart ?? 0);
    const quotes = before.match(/"/g)?.length ?? 0;
    return quotes % 2 ? null : (WORD.exec(before)?.[0] ?? null);
  };

  const asked = useRef<AbortController | null>(null);
  const timer = useRef(0);
  const suggest = () => {
    asked.current?.abort();
    clearTimeout(timer.current);
    const prefix = p.complete ? word() : null;
    if (!prefix) {
      setFields([]);
      return;
    }
    const abort = new AbortController();
    asked.current = abort;
    timer.current = window.setTimeout(() => {
      api.complete(prefix, COMPLETE_MAX, abort.signal).then((a) => {
        const only = a.fields.length === 1 && a.fields[0]?.field === prefix;
        setFields(only ? [] : a.fields);
        setTotal(a.total);
        setAt(-1);
      }, () => undefined);
    }, COMPLETE_MS);
  };

  const close = () => {
    asked.current?.abort();
    clearTimeout(timer.current);
    setFields([]);
    setAt(-1);
  };

  const accept = (f: FieldName) => {
    const el = input.current;
    const prefix = word();
    if (!el || prefix === null) return;
    const caret = el.selectionStart ?? 0;
    const start = caret - prefix.length;
    typed.current = true;
    p.text.value = el.value.slice(0, start) + f.field + el.value.slice(caret);
    close();
    requestAnimationFrame(() => {
      el.focus();
      el.setSelectionRange(start + f.field.length, start + f.field.length);
    });
  };

  const set = (value: string) => {
    typed.current = true;
    p.text.value = value;
    close();
  };

  const key = (e: KeyboardEvent) => {
    const open = fields.length > 0;
    const history = p.older?.() ?? [];
    switch (e.key) {
      case "ArrowDown":
        if (open) setAt((at + 1) % fields.length);
        else if (back.current >= 0) {
          back.current--;
          set(back.current < 0 ? p.applied : (history[back.current] ?? ""));
        } else return;
        break;
      case "ArrowUp":
        if (open) setAt((at - 1 + fields.length) % fields.length);
        else if (history.length) {
          back.current = Math.min(history.length - 1, back.current + 1);
          set(history[back.current] ?? "");
        }
        break;
      case "Tab": {
        const f = fields[Math.max(0, at)];
        if (!open || !f || e.shiftKey) return;
        accept(f);
        break;
      }
      case "Enter": {
        const f = fields[at];
        if (open && f) accept(f);
        else {
          close();
          back.current = -1;
          p.apply(input.current?.value ?? "");
        }
        break;
      }
      case " ":
        if (!e.ctrlKey) return;
        suggest();
        break;
      case "Escape":
        if (open) close();
        else if ((e.target as Element).closest("[role=dialog]")) return; // that closes
        else if (p.text.value || p.applied) {
          set("");
          p.verdict.value = null;
          p.cleared?.();
        } else document.getElementById("grid")?.focus();
        break;
      default:
        return;
    }
    e.preventDefault();
  };

  const scroll = () => {
    if (mirror.current && input.current) mirror.current.scrollLeft = input.current.scrollLeft;
  };
  useEffect(scroll);
  useEffect(() => {
    if (at >= 0) document.getElementById(`${p.id}-option-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const state = !text.trim() || !verdict ? "" : verdict.ok ? (verdict.warning ? "warn" : "good") : "bad";
  let parts: [string, string, string] | null = null;
  if (state === "bad" && verdict?.at !== undefined) {
    const from = indexOfByte(text, verdict.at);
    const to = Math.max(from + 1, indexOfByte(text, verdict.at + Math.max(1, verdict.bytes ?? 1)));
    parts = [text.slice(0, from), text.slice(from, to) || " ", text.slice(to)];
  }
  const message = state === "bad" ? verdict?.message : (verdict?.warning ?? verdict?.hint);
  const open = fields.length > 0;
  return (
    <div class={`filterinput ${state}`}>
      <div class="filterfield">
        <div ref={mirror} class="mirror" aria-hidden="true">
          {parts ? <>{parts[0]}<span class="squiggle">{parts[1]}</span>{parts[2]}</> : null}
        </div>
        <input ref={input} id={p.id} type="text" role="combobox" aria-label={p.label} placeholder={p.placeholder} value={text} spellcheck={false}
          autocomplete="off" autocapitalize="off" aria-expanded={open} aria-controls={`${p.id}-list`} aria-autocomplete={p.complete ? "list" : "none"}
          aria-invalid={state === "bad"} aria-describedby={`${p.id}-message`} aria-activedescendant={open && at >= 0 ? `${p.id}-option-${at}` : undefined}
          onInput={(e) => {
            typed.current = true;
            back.current = -1;
            p.text.value = e.currentTarget.value;
            suggest();
          }}
          onKeyDown={key} onScroll={scroll} onBlur={() => setTimeout(close, 150)} />
      </div>
      <div id={`${p.id}-message`} class={`filtermessage ${message && (state !== "good" || document.activeElement === input.current) ? "" : "none"}`} role="status">
        {message ? visible(message, 400) : ""}
      </div>
      <div id={`${p.id}-list`} class={`completion ${open ? "" : "none"}`} role="listbox" aria-label="Fields">
        {fields.map((f, i) => (
          <div key={f.field} id={`${p.id}-option-${i}`} role="option" aria-selected={i === at} onMouseDown={(e) => {
            e.preventDefault();
            accept(f);
          }}>
            <span class="field">{visible(f.field, 80)}</span>
            <span class="type">{visible(f.type, 24)}</span>
            <span class="what">{visible(f.what, 120)}</span>
          </div>
        ))}
        {total > fields.length && open ? <div class="more" role="presentation">{total - fields.length} more: write on</div> : null}
      </div>
    </div>
  );
}
