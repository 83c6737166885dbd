import { barText } from "./dom.js";
import { drawBottomAxis, scaleFor } from "./scales.js";
import { drawExact, drawStatus } from "./status.js";
import { draw, textWidth } from "./svg.js";

const THICK = 12;
const BETWEEN_BARS = 4;
const BETWEEN_ROWS = 12;

/** Horizontal bars from zero: row names at the left, values in a column at the right. */
export function drawBars(layer, panel, width) {
  const rows = [...new Set(panel.bars.map((bar) => bar.row))];
  const series = [...new Set(panel.bars.map((bar) => bar.series))];
  const rowHeight = series.length * (THICK + BETWEEN_BARS) - BETWEEN_BARS + BETWEEN_ROWS;
  const height = rows.length * rowHeight;
  const left = Math.max(...rows.map((row) => textWidth(row))) + 10;
  const column = Math.max(64, ...panel.bars.map(wordsWidth)) + 10;
  const x = scaleFor(panel.x, left, width - column);
  const zero = x(0);

  const axisHeight = drawBottomAxis(layer, panel.x, x, height + 2, height, width);
  rows.forEach((row, i) => draw(layer, "text", { x: 0, y: (i + 0.5) * rowHeight }, row));
  for (const bar of panel.bars) {
    const k = series.indexOf(bar.series);
    const top = rows.indexOf(bar.row) * rowHeight + BETWEEN_ROWS / 2 + k * (THICK + BETWEEN_BARS);
    const y = top + THICK / 2;
    const g = draw(layer, "g", { class: "lnnn-bar", "data-status": bar.status });
    if (bar.value === null) {
      draw(g, "line", { class: "lnnn-missing", x1: x.from, x2: x.to, y1: y, y2: y });
    } else {
      const end = x(bar.value);
      const shape = { x: Math.min(zero, end), width: Math.abs(end - zero), y: top, height: THICK };
      draw(g, "rect", { class: `lnnn-series-${k}`, ...shape });
    }
    if (bar.exact !== null) drawExact(g, x(bar.exact), y);
    const text = barText(bar);
    if (bar.status !== "ordinary") drawStatus(g, bar.status, width - textWidth(text) - 13, y);
    draw(g, "text", { class: "lnnn-end", x: width, y }, text);
  }
  draw(layer, "line", { class: "lnnn-zero", x1: zero, x2: zero, y1: 0, y2: height + 2 });
  return height + axisHeight;
}

function wordsWidth(bar) {
  return textWidth(barText(bar)) + (bar.status === "ordinary" ? 0 : 22);
}
