import { drawBands, drawBottomAxis, scaleFor } from "./scales.js";
import { drawStatus } from "./status.js";
import { draw, textWidth } from "./svg.js";

const BELOW_WORDS = 34; // the line, its marks, and air
const LINE_AT = 20; // under the words
const LABELS = 14; // marks' labels, under the line
const WORDS = 12; // half a line of them above and below
const APART_WIDTH = 68;
const BAND_WORDS = 20;

/** Marks on one number line a row, with a band of its own for inf and NaN. */
export function drawNumberLine(layer, panel, width) {
  const top = panel.bands.length ? BAND_WORDS : 0;
  const right = width - (panel.x.apart ? APART_WIDTH + 14 : 8);
  // Name and words share a line where they fit, else the words go under the name.
  const crowded = panel.rows.some(({ name, text }) => textWidth(name + text) + 24 > right);
  const words = crowded ? WORDS * 2.5 : WORDS;
  const labelled = panel.marks.some((mark) => mark.label);
  const rowHeight = words + BELOW_WORDS + (labelled ? LABELS : 0);
  const height = top + panel.rows.length * rowHeight;
  const x = scaleFor(panel.x, 8, right);
  const apart = { from: width - APART_WIDTH, to: width };

  drawBands(layer, panel.bands, x, 0, height);
  const axisHeight = drawBottomAxis(layer, panel.x, x, height, height - top, width);
  if (panel.x.apart) drawApart(layer, panel.x.apart, apart, top, height);
  panel.rows.forEach(({ name, text }, i) => {
    const y = top + i * rowHeight;
    const line = y + words + LINE_AT;
    const g = draw(layer, "g");
    draw(g, "line", { class: "lnnn-line", x1: x.from, x2: x.to, y1: line, y2: line });
    draw(g, "text", { class: "lnnn-halo", x: 2, y: y + WORDS }, name);
    const side = crowded ? { class: "lnnn-halo", x: 2 } : { class: "lnnn-halo lnnn-end", x: right };
    draw(g, "text", { ...side, y: y + words }, text);
    drawMarks(g, panel.marks.filter((mark) => mark.row === name), x, apart, line);
  });
  return height + axisHeight;
}

function drawApart(layer, caption, { from, to }, top, height) {
  const g = draw(layer, "g", { class: "lnnn-apart" });
  draw(g, "rect", { x: from, y: top + 2, width: to - from, height: height - top - 2 });
  draw(g, "text", { class: "lnnn-tick lnnn-middle", x: (from + to) / 2, y: height + 11 }, caption);
}

function drawMarks(g, marks, x, apart, y) {
  const away = marks.filter((mark) => mark.x === null);
  const step = Math.min(14, (apart.to - apart.from - 12) / Math.max(1, away.length));
  const first = (apart.from + apart.to - step * (away.length - 1)) / 2;
  away.forEach((mark, i) => drawStatus(g, mark.status, first + i * step, y));
  const near = marks.filter((mark) => mark.x !== null).sort((a, b) => a.x - b.x);
  for (const mark of near) drawStatus(g, mark.status, x(mark.x), y);
  let taken = -Infinity; // a label that would cover the one before is left to the description
  for (const { x: value, label } of near) {
    const half = textWidth(label) / 2;
    const at = Math.max(x(value), half);
    if (!label || at - half < taken) continue;
    draw(g, "text", { class: "lnnn-middle lnnn-halo", x: at, y: y + 17 }, label);
    taken = at + half + 4;
  }
  if (away.length && away.every((mark) => mark.label)) {
    const text = away.map((mark) => mark.label).join(" ");
    if (textWidth(text) > apart.to - apart.from) return;
    draw(g, "text", { class: "lnnn-middle", x: (apart.from + apart.to) / 2, y: y + 17 }, text);
  }
}
