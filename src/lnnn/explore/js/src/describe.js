import { barText, filled } from "./dom.js";

/** A panel in words, for those who do not see it; as Python's `Panel.description`. */
export function describe({ x, y, bars = [], lines = [], marks = [], rows = [] }, words) {
  const items = [
    ...bars.map((bar) => barInWords(bar, words)),
    ...rows.map(({ name, text }) => (text ? filled(words.named, { name, value: text }) : name)),
    ...lines.map(({ name }) => name),
    ...marks.map(({ label }) => label).filter(Boolean),
  ];
  return filled(words.described, {
    measured: y ? filled(words.over, { y: y.label, x: x.label }) : x.label,
    items: items.length ? items.reduce((some, more) => filled(words.also, { some, more })) : "",
  });
}

function barInWords(bar, words) {
  const status = words.statuses[bar.status];
  const name = bar.series ? filled(words.series, bar) : bar.row;
  const text = barText(bar);
  const told = bar.status === "ordinary" || status === text;
  const value = told ? text : filled(words.told, { value: text, status });
  return filled(words.named, { name, value });
}
