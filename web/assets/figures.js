// What a process uses, in words and as a small curve; the same rules as in
// web/src/pages/figures.rs.

const WIDTH = 60; // of a curve, in samples and pixels
const HEIGHT = 18;
const LEAST = 10; // percent that its height stands for at least
const SVG = 'http://www.w3.org/2000/svg';

/** Percent of one core. */
export const cpu = (percent) => `${percent.toFixed(1)}%`;

/** `2 days, 3:04:05`, as the daemon words it. */
export function uptime(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, '0');
  const clock = `${Math.floor(all / 3600) % 24}:${two(Math.floor(all / 60) % 60)}:${two(all % 60)}`;
  const days = Math.floor(all / 86400);
  return days === 0 ? clock : `${days} day${days > 1 ? 's' : ''}, ${clock}`;
}

/** `34 MiB`. */
export function memory(bytes) {
  let amount = bytes / 1024;
  let unit = 'KiB';
  for (const next of ['MiB', 'GiB', 'TiB', 'PiB']) {
    if (amount < 1023.5) break;
    amount /= 1024;
    unit = next;
  }
  return `${amount.toFixed(amount < 9.95 ? 1 : 0)} ${unit}`;
}

/** Adds a sample to a curve. */
export function push(curve, sample) {
  curve.push(sample);
  if (curve.length > WIDTH) curve.shift();
}

/** An empty curve. */
export function blank() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 60 20');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.append(document.createElementNS(SVG, 'path'));
  return svg;
}

/** Draws samples; the height stands for the greatest, but at least for `least`. */
export function draw(svg, curve, least = LEAST) {
  const top = Math.max(least, ...curve);
  const depth = (sample) => 1 + Math.round(HEIGHT - sample / top * HEIGHT);
  const points = curve.map((sample, at) => `${WIDTH - curve.length + at} ${depth(sample)}`);
  svg.firstElementChild.setAttribute('d', `M${points.join('L')}`);
}

/** The samples of a curve that the server has drawn: `M56 19l1-9 1 0`. */
export function unfold(svg) {
  const numbers = svg.firstElementChild.getAttribute('d').match(/-?\d+/g).map(Number);
  const top = Number(svg.dataset.top ?? LEAST);
  let depth = numbers[1] - 1;
  const value = () => Math.max(0, (HEIGHT - depth) / HEIGHT * top);
  const curve = [value()];
  for (let at = 3; at < numbers.length; at += 2) {
    depth += numbers[at];
    for (let count = numbers[at - 1]; count > 0; count -= 1) curve.push(value());
  }
  return curve;
}
