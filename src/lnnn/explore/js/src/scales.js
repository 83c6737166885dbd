import { draw, textWidth, wrapped } from "./svg.js";

const BETWEEN_TICKS = 4;
const TICKS_HEIGHT = 22;
const LABEL_LINE = 15;

const BEND = {
  linear: () => (v) => v,
  log: () => Math.log,
  symlog: (width) => (v) => Math.sign(v) * Math.log1p(Math.abs(v) / width),
};

/**
 * Maps values of a scene's axis to pixels between `from` and `to`; values beyond its ends stay at
 * the ends. The same arithmetic as Python's `Axis.position`.
 */
export function scaleFor(axis, from, to) {
  const bend = BEND[axis.scale](axis.width);
  const [low, high] = [bend(axis.low), bend(axis.high)];
  const scale = (value) => {
    const clamped = Math.min(Math.max(value, axis.low), axis.high);
    return from + ((bend(clamped) - low) / (high - low)) * (to - from);
  };
  return Object.assign(scale, { from, to });
}

/**
 * Ticks with their texts, faint lines up across the picture of this width, and the axis's label.
 * Returns the height taken below `y`: a label too long for one line takes more.
 */
export function drawBottomAxis(layer, axis, scale, y, gridHeight, width) {
  const g = draw(layer, "g", { class: "lnnn-axis" });
  let taken = -Infinity; // the text of a tick that would touch the one before is left out
  for (const [value, text] of axis.ticks) {
    const x = scale(value);
    draw(g, "line", { x1: x, x2: x, y1: y - gridHeight, y2: y });
    const half = textWidth(text) / 2;
    if (x - half < taken) continue;
    draw(g, "text", { class: "lnnn-tick lnnn-middle", x, y: y + 11 }, text);
    taken = x + half + BETWEEN_TICKS;
  }
  const middle = (scale.from + scale.to) / 2;
  const lines = wrapped(axis.label, 2 * Math.min(middle, width - middle));
  lines.forEach((line, k) => {
    const at = { x: middle, y: y + TICKS_HEIGHT + 7 + k * LABEL_LINE };
    draw(g, "text", { class: "lnnn-axis-label lnnn-middle", ...at }, line);
  });
  return TICKS_HEIGHT + 1 + lines.length * LABEL_LINE;
}

/** The same at the left; the label is written level, above the axis. */
export function drawLeftAxis(layer, axis, scale, x, gridWidth, labelY) {
  const g = draw(layer, "g", { class: "lnnn-axis" });
  for (const [value, text] of axis.ticks) {
    const y = scale(value);
    draw(g, "line", { x1: x, x2: x + gridWidth, y1: y, y2: y });
    draw(g, "text", { class: "lnnn-tick lnnn-end", x: x - 8, y }, text);
  }
  draw(g, "text", { class: "lnnn-axis-label", x: 0, y: labelY }, axis.label);
}

/** Shaded stretches of the x axis with their words. */
export function drawBands(layer, bands, scale, top, height) {
  for (const { low, high, label, status } of bands) {
    const [a, b] = [scale(low), scale(high)];
    const g = draw(layer, "g", { class: "lnnn-band", "data-status": status });
    draw(g, "rect", { x: a, y: top, width: b - a, height });
    if (b - a > textWidth(label)) {
      draw(g, "text", { class: "lnnn-middle", x: (a + b) / 2, y: top + 10 }, label);
    }
  }
}
