// follow.tsx - what both sides of a stream said, in their order

import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api";
import { apply } from "./filterbar";
import { asHex } from "./hex";
import * as st from "./state";
import { bytesText, count, fromHex, hexByte, visible } from "./text";
import type { FollowAnswer } from "./types";
import { copy, Dialog } from "./ui";
import { VList } from "./vlist";

const LINE_MAX = 160; // characters of a line; a longer one goes on below

interface Line {
  from: "client" | "server";
  frame: number | undefined;
  head: boolean;
  text: string;
}

function textLines(bytes: Uint8Array): string[] {
  const out: string[] = [];
  // Latin-1, as bytes are: a text that is UTF-8 is shown as such where all of it is.
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  for (const line of text.split(/\r?\n/)) {
    for (let i = 0; i === 0 || i < line.length; i += LINE_MAX) out.push(visible(line.slice(i, i + LINE_MAX), LINE_MAX));
  }
  if (out.length > 1 && out[out.length - 1] === "") out.pop();
  return out;
}

function hexLines(bytes: Uint8Array): string[] {
  const out: string[] = [];
  for (let i = 0; i < bytes.length; i += 16) {
    const part = [...bytes.subarray(i, i + 16)];
    out.push(`${i.toString(16).padStart(6, "0")}  ${part.map(hexByte).join(" ").padEnd(47)}  ${part.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "\u00b7")).join("")}`);
  }
  return out;
}

export function Follow(p: { id: number; kind: string; filter: string; jump: (id: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [answer, setAnswer] = useState<FollowAnswer | null>(null);
  const [error, setError] = useState("");
  const [how, setHow] = useState<"text" | "hex">("text");
  const [side, setSide] = useState<"both" | "client" | "server">("both");
  useEffect(() => {
    api.follow(p.kind, p.id).then(setAnswer, (e: unknown) => setError(e instanceof Error ? e.message : String(e)));
  }, []);
  useEffect(() => {
    if (!box.current || !answer) return;
    const lines: Line[] = [];
    for (const piece of answer.pieces) {
      if (side !== "both" && piece.from !== side) continue;
      const bytes = fromHex(piece.hex);
      (how === "text" ? textLines(bytes) : hexLines(bytes)).forEach((text, i) => lines.push({ from: piece.from, frame: piece.frame, head: i === 0, text }));
    }
    const list = new VList(box.current, {
      rowHeight: 17,
      make: () => {
        const el = document.createElement("div");
        el.className = "said";
        const frame = document.createElement("span");
        frame.className = "of";
        const text = document.createElement("span");
        text.className = "what";
        el.append(frame, text);
        return el;
      },
      fill: (el, i) => {
        const line = lines[i];
        if (!line) return;
        el.className = `said ${line.from}`;
        const [of, text] = el.children as unknown as HTMLElement[];
        if (of) {
          of.textContent = line.head && line.frame ? String(line.frame) : "";
          of.title = line.frame ? "Go to this frame" : "";
          of.dataset["frame"] = line.frame ? String(line.frame) : "";
        }
        if (text) text.textContent = line.text;
      },
    });
    list.setCount(lines.length);
    return () => list.dispose();
  }, [answer, how, side]);
  const whole = () => {
    const pieces = (answer?.pieces ?? []).filter((x) => side === "both" || x.from === side);
    return pieces.map((x) => (how === "hex" ? asHex(fromHex(x.hex)) : new TextDecoder().decode(fromHex(x.hex)))).join(how === "hex" ? "\n" : "");
  };
  return (
    <Dialog title={`Follow ${visible(p.kind, 12).toUpperCase()} stream`} wide>
      {error ? <p class="note bad" role="alert">{visible(error, 600)}</p> : null}
      {!answer && !error ? <p class="dimmed">Putting the stream together.</p> : null}
      {answer ? <p class="sides">
        <span class="client">{visible(answer.client, 60)}</span> sent {bytesText(answer.client_bytes)}, <span class="server">{visible(answer.server, 60)}</span> sent {bytesText(answer.server_bytes)} in {count(answer.pieces.length)} pieces
        {answer.cut ? <b class="bad"> The stream is longer; this is its beginning.</b> : null}
      </p> : null}
      <div ref={box} class="follow scroll" tabIndex={0} role="log" aria-live="off" aria-label="What was said" onClick={(e) => {
        const n = Number((e.target as HTMLElement).dataset["frame"]);
        if (!n) return;
        st.dialog.value = null;
        p.jump(n);
      }} />
      <div class="buttons">
        <label>Show <select value={how} onChange={(e) => setHow(e.currentTarget.value as "text" | "hex")}><option value="text">text</option><option value="hex">hex</option></select></label>
        <label>Side <select value={side} onChange={(e) => setSide(e.currentTarget.value as "both" | "client" | "server")}><option value="both">both</option><option value="client">client</option><option value="server">server</option></select></label>
        <span class="gap" />
        <button type="button" disabled={!answer} onClick={() => void copy(whole())}>Copy</button>
        <button type="button" disabled={!p.filter} onClick={() => {
          st.dialog.value = null;
          void apply(p.filter);
        }}>Filter this stream</button>
        <button type="button" disabled={!p.filter} onClick={() => {
          st.dialog.value = null;
          void apply(st.joined("and not", p.filter));
        }}>Filter it out</button>
        <button type="button" class="primary" onClick={() => (st.dialog.value = null)}>Close</button>
      </div>
    </Dialog>
  );
}
