// colors.ts - row colours of Wireshark's rules, as they are in the light theme, turned for the dark one

type Rgb = [number, number, number];

function parse(hex: string): Rgb | null {
  if (!/^[0-9a-f]{6}$/i.test(hex)) return null;
  const n = parseInt(hex, 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

function luminance([r, g, b]: Rgb): number {
  const lin = (c: number) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * lin(r) + 0.7152 * lin(g) + 0.0722 * lin(b);
}

function contrast(a: Rgb, b: Rgb): number {
  const x = luminance(a);
  const y = luminance(b);
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function hsl([r, g, b]: Rgb): [number, number, number] {
  const max = Math.max(r, g, b) / 255;
  const min = Math.min(r, g, b) / 255;
  const l = (max + min) / 2;
  const d = max - min;
  if (d === 0) return [0, 0, l];
  const s = d / (1 - Math.abs(2 * l - 1));
  const m = max * 255;
  const h = m === r ? ((g - b) / 255 / d + 6) % 6 : m === g ? (b - r) / 255 / d + 2 : (r - g) / 255 / d + 4;
  return [h * 60, s, l];
}

function rgb(h: number, s: number, l: number): Rgb {
  const f = (n: number) => {
    const k = (n + h / 30) % 12;
    return Math.round(255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [f(0), f(8), f(4)];
}

const css = ([r, g, b]: Rgb) => `rgb(${r}, ${g}, ${b})`;
const DARK_TEXT: Rgb = [18, 20, 23];
const LIGHT_TEXT: Rgb = [226, 229, 233];
const READABLE = 4.5; // WCAG AA

const cache = new Map<string, { fg: string; bg: string } | null>();

/** What a row with colours of the server is shown with; null: without colours. */
export function rowColors(fg: string | undefined, bg: string | undefined, dark: boolean): { fg: string; bg: string } | null {
  if (!bg) return null;
  const key = `${dark ? "d" : "l"}${fg ?? ""}/${bg}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const b = parse(bg);
  let made: { fg: string; bg: string } | null = null;
  if (b) {
    const f = (fg && parse(fg)) || DARK_TEXT;
    const [h, s, l] = hsl(b);
    // A light ground becomes a dim one of its hue; a dark ground (bad TCP, resets) stays the darkest.
    const back = !dark ? b : l > 0.45 ? rgb(h, Math.min(s, 0.34), 0.17) : rgb(h, Math.min(s, 0.9), Math.min(l, 0.24));
    let front = f;
    if (dark && l > 0.45) front = LIGHT_TEXT;
    if (contrast(front, back) < READABLE)
      front = contrast(LIGHT_TEXT, back) > contrast(DARK_TEXT, back) ? LIGHT_TEXT : DARK_TEXT;
    made = { fg: css(front), bg: css(back) };
  }
  if (cache.size > 500) cache.clear();
  cache.set(key, made);
  return made;
}
