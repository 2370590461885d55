// tree.ts - a frame's layers as a tree that remembers what was open, by the path of fields

import { VList } from "./vlist";
import { visible } from "./text";
import type { LayerNode } from "./types";

const LABEL_MAX = 1000;
const OPEN_MAX = 2000; // paths that are remembered

interface Line {
  node: LayerNode;
  depth: number;
  path: string;
  position: number;
  siblings: number;
  parent: number; // line of it; -1: none
}

export interface TreeHooks {
  chosen: (node: LayerNode | null) => void;
  jump: (frame: number) => void;
  menu: (node: LayerNode, x: number, y: number) => void;
}

/** What a node is called from frame to frame: its field, or what its label begins with. */
function nameOf(node: LayerNode): string {
  return node.field ?? node.label.split(/[:,(=]/, 1)[0]?.slice(0, 60) ?? "";
}

export class Tree {
  private static readonly open = new Map<string, boolean>();
  private lines: Line[] = [];
  private tree: LayerNode[] = [];
  private active = -1;
  private readonly list: VList;

  constructor(
    private readonly box: HTMLElement,
    private readonly hooks: TreeHooks,
    rowHeight: number,
  ) {
    box.setAttribute("role", "tree");
    box.setAttribute("aria-label", "Layers of the frame");
    box.tabIndex = 0;
    this.list = new VList(box, { rowHeight, make: (slot) => this.make(slot), fill: (el, i) => this.fill(el, i) });
    box.addEventListener("keydown", this.key);
    box.addEventListener("mousedown", this.mouse);
    box.addEventListener("contextmenu", this.context);
  }

  dispose(): void {
    this.box.removeEventListener("keydown", this.key);
    this.box.removeEventListener("mousedown", this.mouse);
    this.box.removeEventListener("contextmenu", this.context);
    this.list.dispose();
  }

  setRowHeight(px: number): void {
    this.list.setRowHeight(px);
  }

  show(tree: LayerNode[]): void {
    const before = this.lines[this.active]?.path;
    this.tree = tree;
    this.flatten();
    this.active = before === undefined ? -1 : this.lines.findIndex((l) => l.path === before);
    this.hooks.chosen(this.lines[this.active]?.node ?? null);
    this.describe();
  }

  private isOpen(line: { path: string; depth: number }, last: boolean): boolean {
    return Tree.open.get(line.path) ?? (line.depth === 0 && last);
  }

  private flatten(): void {
    const lines: Line[] = [];
    const walk = (nodes: LayerNode[], depth: number, path: string, parent: number) => {
      const seen = nodes.filter((n) => !n.hidden);
      seen.forEach((node, i) => {
        const line: Line = { node, depth, path: `${path}/${nameOf(node)}`, position: i + 1, siblings: seen.length, parent };
        const at = lines.push(line) - 1;
        if (node.children?.length && this.isOpen(line, i === seen.length - 1)) walk(node.children, depth + 1, line.path, at);
      });
    };
    walk(this.tree, 0, "", -1);
    this.lines = lines;
    this.list.setCount(lines.length);
    this.list.invalidate();
  }

  private make(slot: number): HTMLElement {
    const el = document.createElement("div");
    el.className = "node";
    el.id = `node-${slot}`;
    el.setAttribute("role", "treeitem");
    const mark = document.createElement("span");
    mark.className = "twist";
    mark.setAttribute("aria-hidden", "true");
    const label = document.createElement("span");
    label.className = "label";
    const jump = document.createElement("span");
    jump.className = "jump";
    el.append(mark, label, jump);
    return el;
  }

  private lineOpen(line: Line): boolean {
    return this.isOpen(line, line.position === line.siblings);
  }

  private fill(el: HTMLElement, i: number): void {
    const line = this.lines[i];
    if (!line) return;
    const { node } = line;
    const parent = (node.children?.length ?? 0) > 0;
    const open = parent && this.lineOpen(line);
    el.className = `node${node.protocol ? " protocol" : ""}${node.generated ? " generated" : ""}${node.severity ? ` severity ${node.severity}` : ""}${i === this.active ? " active" : ""}`;
    el.dataset["line"] = String(i);
    el.style.paddingLeft = `${4 + line.depth * 14}px`;
    el.setAttribute("aria-level", String(line.depth + 1));
    el.setAttribute("aria-posinset", String(line.position));
    el.setAttribute("aria-setsize", String(line.siblings));
    el.setAttribute("aria-selected", String(i === this.active));
    if (parent) el.setAttribute("aria-expanded", String(open));
    else el.removeAttribute("aria-expanded");
    const [mark, label, jump] = el.children as unknown as HTMLElement[];
    if (mark) mark.textContent = parent ? (open ? "\u25be" : "\u25b8") : "";
    const severity = node.severity ? `${node.severity[0]?.toUpperCase()}${node.severity.slice(1)}: ` : "";
    const text = visible(node.label, LABEL_MAX);
    if (label) label.textContent = severity && !/^expert/i.test(text) ? severity + text : text;
    if (jump) jump.textContent = node.frame ? `go to frame ${node.frame}` : "";
    el.title = node.field ? visible(node.field, 120) : "";
  }

  private toggle(i: number, open: boolean): void {
    const line = this.lines[i];
    if (!line?.node.children?.length) return;
    if (Tree.open.size >= OPEN_MAX) Tree.open.clear();
    Tree.open.set(line.path, open);
    this.flatten();
    this.describe();
  }

  private expandAll(i: number, open: boolean): void {
    const line = this.lines[i];
    if (!line) return;
    const walk = (node: LayerNode, path: string) => {
      if (!node.children?.length || Tree.open.size >= OPEN_MAX) return;
      Tree.open.set(path, open);
      for (const c of node.children) walk(c, `${path}/${nameOf(c)}`);
    };
    walk(line.node, line.path);
    this.flatten();
    this.describe();
  }

  private go(i: number): void {
    const n = Math.max(0, Math.min(this.lines.length - 1, i));
    const line = this.lines[n];
    if (!line) return;
    this.active = n;
    this.list.reveal(n);
    this.list.invalidate();
    this.hooks.chosen(line.node);
    this.describe();
  }

  private describe(): void {
    requestAnimationFrame(() => {
      const el = this.active >= 0 ? this.list.element(this.active) : null;
      if (el) this.box.setAttribute("aria-activedescendant", el.id);
      else this.box.removeAttribute("aria-activedescendant");
    });
  }

  /** Choose the deepest node that stands for a byte, and open what it is in. */
  chooseByte(view: number, byte: number): void {
    let best: { node: LayerNode; way: { path: string }[] } | null = null;
    let size = Infinity;
    const walk = (nodes: LayerNode[], path: string, way: { path: string }[]) => {
      for (const node of nodes) {
        if (node.hidden) continue;
        const here = `${path}/${nameOf(node)}`;
        const n = node.bytes ?? 0;
        const start = node.start ?? 0;
        if (n > 0 && (node.view ?? 0) === view && byte >= start && byte < start + n && n <= size) {
          best = { node, way };
          size = n;
        }
        if (node.children) walk(node.children, here, [...way, { path: here }]);
      }
    };
    walk(this.tree, "", []);
    const found = best as { node: LayerNode; way: { path: string }[] } | null;
    if (!found) return;
    for (const w of found.way) Tree.open.set(w.path, true);
    this.flatten();
    this.go(this.lines.findIndex((l) => l.node === found.node));
  }

  private key = (e: KeyboardEvent): void => {
    const line = this.lines[this.active];
    const parent = line ? (line.node.children?.length ?? 0) > 0 : false;
    if (e.altKey || e.metaKey || (e.ctrlKey && e.key !== "Enter")) return;
    switch (e.key) {
      case "ArrowDown": case "j": this.go(this.active + 1); break;
      case "ArrowUp": case "k": this.go(this.active - 1); break;
      case "Home": this.go(0); break;
      case "End": this.go(this.lines.length - 1); break;
      case "PageDown": this.go(this.active + this.list.page - 1); break;
      case "PageUp": this.go(this.active - this.list.page + 1); break;
      case "ArrowRight":
        if (!line) return;
        if (parent && !this.lineOpen(line)) this.toggle(this.active, true);
        else if (parent) this.go(this.active + 1);
        break;
      case "ArrowLeft":
        if (!line) return;
        if (parent && this.lineOpen(line)) this.toggle(this.active, false);
        else if (line.parent >= 0) this.go(line.parent);
        break;
      case "*": this.expandAll(this.active, true); break;
      case "Enter": case " ":
        if (line?.node.frame && e.key === "Enter") this.hooks.jump(line.node.frame);
        else if (line && parent) this.toggle(this.active, !this.lineOpen(line));
        break;
      case "ContextMenu": case "F10": {
        if (e.key === "F10" && !e.shiftKey) return;
        const box = this.list.element(this.active)?.getBoundingClientRect();
        if (line && box) this.hooks.menu(line.node, box.left + 40, box.bottom);
        break;
      }
      default: return;
    }
    e.preventDefault();
    e.stopPropagation();
  };

  private at(e: MouseEvent): number {
    const el = (e.target as Element).closest<HTMLElement>(".node");
    return el ? Number(el.dataset["line"]) : -1;
  }

  private mouse = (e: MouseEvent): void => {
    const i = this.at(e);
    const line = this.lines[i];
    if (!line) return;
    const target = e.target as Element;
    if (e.button === 0 && target.classList.contains("jump") && line.node.frame) {
      this.hooks.jump(line.node.frame);
      return;
    }
    this.go(i);
    if (e.button === 0 && (target.classList.contains("twist") || e.detail === 2)) this.toggle(i, !this.lineOpen(line));
  };

  private context = (e: MouseEvent): void => {
    const line = this.lines[this.at(e)];
    if (!line) return;
    e.preventDefault();
    this.hooks.menu(line.node, e.clientX, e.clientY);
  };
}
