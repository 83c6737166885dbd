import { draw, textWidth } from "./svg.js";

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

/** Ticks with their texts, faint lines up across the picture, and the axis's label. */
export function drawBottomAxis(layer, axis, scale, y, gridHeight) {
  const g = draw(layer, "g", { class: "lnnn-axis" });
  for (const [value, text] of axis.ticks) {
    const x = scale(value);
    draw(g, "line", { x1: x, x2: x, y1: y - gridHeight, y2: y });
    draw(g, "text", { class: "lnnn-tick lnnn-middle", x, y: y + 11 }, text);
  }
  const middle = (scale.from + scale.to) / 2;
  draw(g, "text", { class: "lnnn-axis-label lnnn-middle", x: middle, y: y + 29 }, axis.label);
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
