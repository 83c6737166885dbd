import { barText } from "./dom.js";

/** A panel in words, for those who do not see it; as Python's `Panel.description`. */
export function describe(panel) {
  const { kind, x, y, bars, lines, marks, rows } = panel;
  if (kind === "bars") return `${x.label}. ${bars.map(barInWords).join("; ")}.`;
  const labelled = marks.filter((mark) => mark.label).map((mark) => mark.label);
  if (kind === "number line") {
    const named = rows.map(({ name, text }) => (text ? `${name}: ${text}` : name));
    return `${x.label}. ${[...named, ...labelled].join("; ")}.`;
  }
  const named = lines.map(({ name }) => name);
  return `${y.label} over ${x.label}. ${[...named, ...labelled].join("; ")}.`;
}

function barInWords(bar) {
  const text = barText(bar);
  const told = bar.status === "ordinary" || bar.status === text;
  return `${bar.row}${bar.series ? `, ${bar.series}` : ""}: ${text}${told ? "" : ` (${bar.status})`}`;
}
