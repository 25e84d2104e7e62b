// Lines of a log as a terminal would show them. The rules are those of web/src/ansi.rs, and
// web/src/tests/ansi-cases.txt holds both to them.

/** No colour, no style. Styles are never changed, only replaced. */
export const PLAIN = Object.freeze({
  b: false, d: false, i: false, u: false, v: false, s: false, f: null, g: null,
});

// control characters but tab, and those that turn the direction of writing
const ODD = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const SEQUENCE = new RegExp(
  "^\\x1b(?:" +
  "\\[[\\x30-\\x3f]*[\\x20-\\x2f]*[\\x40-\\x7e]" +
  "|[\\]PX^_][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)" +
  "|[\\x20-\\x2f]+[\\x30-\\x7e]" +
  "|(?![\\]PX^_[])[\\x30-\\x7e])");
const SGR = /^\x1b\[([0-9;:]*)m$/;
const LONGEST = 4096;

/** Whether the line leaves the style as it is and contains nothing that is not shown. */
export const isPlain = (line) => !ODD.test(line);

/**
 * One line without its line end, which begins in a style.
 * @returns {{spans: {text: string, style: object}[], style: object}} the style after it
 */
export function paint(line, style = PLAIN) {
  if (line.endsWith("\r")) line = line.slice(0, -1);
  const spans = [];
  const put = (text) => {
    const last = spans[spans.length - 1];
    if (last && same(last.style, style)) last.text += text;
    else if (text) spans.push({ text, style });
  };
  let rest = line;
  for (;;) {
    const at = rest.search(ODD);
    if (at < 0) break;
    put(rest.slice(0, at));
    const found = rest[at] === "\x1b" && SEQUENCE.exec(rest.slice(at, at + LONGEST));
    if (found) {
      const sgr = SGR.exec(found[0]);
      if (sgr) style = apply(style, sgr[1]);
      rest = rest.slice(at + found[0].length);
    } else {
      put(shown(rest.charCodeAt(at)));
      rest = rest.slice(at + 1);
    }
  }
  put(rest);
  return { spans, style };
}

const same = (a, b) => a === b || Object.keys(PLAIN).every((key) => a[key] === b[key]);

/** The picture of a character that must not be obeyed. */
function shown(code) {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

const SIMPLE = {
  0: PLAIN, 1: { b: true }, 2: { d: true }, 3: { i: true }, 7: { v: true }, 9: { s: true },
  21: { u: true }, 22: { b: false, d: false }, 23: { i: false }, 24: { u: false },
  27: { v: false }, 29: { s: false }, 39: { f: null }, 49: { g: null },
};

function apply(style, parameters) {
  const all = parameters.split(";");
  for (let at = 0; at < all.length; at++) {
    const [first, ...details] = all[at].split(":");
    const code = Number(first);
    if (code === 38 || code === 48) {
      if (details.length > 4) details.splice(1, 1);
      const parts = details.length ? details : all.slice(at + 1);
      const [color, used] = colorOf(parts);
      if (color === null) return style;
      if (!details.length) at += used;
      style = { ...style, [code === 38 ? "f" : "g"]: color };
    } else if (code === 4) {
      style = { ...style, u: details[0] !== "0" };
    } else if (code in SIMPLE) {
      style = { ...style, ...SIMPLE[code] };
    } else if (code >= 30 && code <= 37) {
      style = { ...style, f: code - 30 };
    } else if (code >= 40 && code <= 47) {
      style = { ...style, g: code - 40 };
    } else if (code >= 90 && code <= 97) {
      style = { ...style, f: code - 82 };
    } else if (code >= 100 && code <= 107) {
      style = { ...style, g: code - 92 };
    }
  }
  return style;
}

/** A colour and how many parameters it took; null if it is none. */
function colorOf(parts) {
  const bytes = parts.slice(0, 4).map((part) => (Number(part) <= 255 ? Number(part) : NaN));
  if (bytes[0] === 5 && bytes[1] >= 0) return [bytes[1], 2];
  const rgb = bytes.slice(1);
  if (bytes[0] === 2 && rgb.length === 3 && rgb.every((byte) => byte >= 0)) {
    return ["#" + rgb.map((byte) => byte.toString(16).padStart(2, "0")).join(""), 4];
  }
  return [null, 0];
}

/** Puts a style on an element: classes, and for a colour beyond the 16 a property. */
export function dress(element, style) {
  for (const key of ["b", "d", "i", "u", "v", "s"]) {
    if (style[key]) element.classList.add("s" + key);
  }
  for (const key of ["f", "g"]) {
    const color = style[key];
    if (color === null) continue;
    if (color < 16) element.classList.add(key + color);
    else {
      element.classList.add(key + "x");
      element.style.setProperty("--" + key, legible(rgbOf(color), key));
    }
  }
}

/** Red, green and blue of one of xterm's 256, or of #rrggbb. */
export function rgbOf(color) {
  if (typeof color === "string") {
    return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  }
  if (color >= 232) return Array(3).fill(8 + 10 * (color - 232));
  const cube = color - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6]
    .map((part) => (part ? 55 + 40 * part : 0));
}

// Luminances between which text and what is behind it always keep a contrast of 4.5 : 1,
// whatever a program combines; the style sheet keeps its 16 colours to the same.
export const BOUNDS = { light: { f: 0.115, g: 0.72 }, dark: { f: 0.42, g: 0.045 } };

/** The colour for light and for dark pages, as near as it may be. */
function legible(rgb, key) {
  const css = (scheme) => {
    const most = (key === "f") === (scheme === "light");
    return "rgb(" + bounded(rgb, BOUNDS[scheme][key], most).join(" ") + ")";
  };
  return `light-dark(${css("light")}, ${css("dark")})`;
}

/** Towards black until it is no lighter, or towards white until it is no darker. */
export function bounded(rgb, bound, most) {
  const end = most ? 0 : 255;
  const fits = (color) => (most ? luminance(color) <= bound : luminance(color) >= bound);
  if (fits(rgb)) return rgb;
  let [from, to] = [0, 1];
  const mix = (part) => rgb.map((byte) => Math.round(byte + (end - byte) * part));
  for (let step = 0; step < 12; step++) {
    const middle = (from + to) / 2;
    if (fits(mix(middle))) to = middle;
    else from = middle;
  }
  return mix(to);
}

/** WCAG's relative luminance. */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
