import { drawBands, drawBottomAxis, drawLeftAxis, scaleFor } from "./scales.js";
import { drawStatus } from "./status.js";
import { draw, textWidth } from "./svg.js";

const PLOT_HEIGHT = 220;
const LABEL_HEIGHT = 26; // of the y axis, above the plot
const RIGHT = 14;
const KEY_ROW = 20;

/** Curves over one pair of axes, with a key, marks and shaded stretches. */
export function drawLines(layer, panel, width) {
  const keyHeight = drawKey(layer, panel.lines, width);
  const left = Math.max(12, ...panel.y.ticks.map(([, text]) => textWidth(text))) + 12;
  const top = keyHeight + LABEL_HEIGHT;
  const bottom = top + PLOT_HEIGHT;
  const x = scaleFor(panel.x, left, width - RIGHT);
  const y = scaleFor(panel.y, bottom, top);

  drawBands(layer, panel.bands, x, top, PLOT_HEIGHT);
  const axisHeight = drawBottomAxis(layer, panel.x, x, bottom, PLOT_HEIGHT, width);
  drawLeftAxis(layer, panel.y, y, left, width - RIGHT - left, keyHeight + 10);
  panel.lines.forEach((curve, k) => {
    draw(layer, "path", { class: curveClass(k), d: pathOf(curve, x, y) });
  });
  for (const { x: markX, y: markY, status, label } of panel.marks) {
    if (markX === null || markY === null) continue;
    const [at, up] = [x(markX), y(markY)];
    drawStatus(layer, status, at, up);
    const flip = at + textWidth(label) + 12 > width;
    const side = flip ? { class: "lnnn-halo lnnn-end", x: at - 10 } : { class: "lnnn-halo", x: at + 10 };
    draw(layer, "text", { ...side, y: up - 10 }, label);
  }
  return bottom + axisHeight;
}

const curveClass = (k) => `lnnn-curve lnnn-curve-${k % 6}`;

/** An SVG path through the points; one that is not a number breaks it. */
function pathOf({ x: xs, y: ys }, x, y) {
  let [path, pen] = ["", "M"];
  xs.forEach((value, i) => {
    if (value === null || ys[i] === null) {
      pen = "M";
      return;
    }
    path += `${pen}${x(value).toFixed(1)},${y(ys[i]).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

/** Names of the curves beside a piece of each, wrapped to the width; returns the height taken. */
function drawKey(layer, lines, width) {
  if (lines.length < 2) return 0;
  let [x, y] = [0, 10];
  lines.forEach(({ name }, k) => {
    const needed = 34 + textWidth(name) + 16;
    if (x > 0 && x + needed > width) [x, y] = [0, y + KEY_ROW];
    draw(layer, "line", { class: curveClass(k), x1: x, x2: x + 26, y1: y, y2: y });
    draw(layer, "text", { x: x + 34, y }, name);
    x += needed;
  });
  return y + KEY_ROW / 2;
}
