// Runs ansi-cases.txt through the browser's module: `node ansi-cases.mjs`, from here.
import { readFileSync } from "node:fs";
import { strict as assert } from "node:assert";

const source = readFileSync("../../assets/ansi.js", "utf8");
const ansi = await import("data:text/javascript," + encodeURIComponent(source));

const unescaped = (text) => text.replace(/\\(u(....)|.)/g, (_, kind, digits) =>
  digits ? String.fromCharCode(parseInt(digits, 16))
    : { e: "\x1b", n: "\n", r: "\r", t: "\t", "\\": "\\" }[kind]);
const noted = (style) => [
  ...["b", "d", "i", "u", "v", "s"].filter((key) => style[key]),
  ...["f", "g"].filter((key) => style[key] !== null).map((key) => key + style[key]),
].join(" ");

const cases = readFileSync("ansi-cases.txt", "utf8").split("\n");
for (const line of cases.filter((line) => line && !line.startsWith("#"))) {
  const [input, ...rest] = line.split("\t");
  let style;
  const found = unescaped(input).split("\n").map((text) => {
    const painted = ansi.paint(text, style);
    style = painted.style;
    return painted.spans.map((span) => `{${noted(span.style)}|${span.text}}`).join("");
  });
  assert.equal(found.join("\n"), unescaped(rest.join("\t")), input);
}

// whatever a program combines can be read
for (const scheme of ["light", "dark"]) {
  const { f, g } = ansi.BOUNDS[scheme];
  const [low, high] = [f, g].sort((a, b) => a - b);
  assert.ok((high + 0.05) / (low + 0.05) >= 4.5);
}
for (const color of ["#ffff00", "#000000", "#ffffff", 208, 21, 244]) {
  const rgb = ansi.rgbOf(color);
  assert.ok(ansi.luminance(ansi.bounded(rgb, 0.115, true)) <= 0.115);
  assert.ok(ansi.luminance(ansi.bounded(rgb, 0.42, false)) >= 0.42);
}
const start = Date.now();
ansi.paint("\x1b]".repeat(200000));
assert.ok(Date.now() - start < 5000);
