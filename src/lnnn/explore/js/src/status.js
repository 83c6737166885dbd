import { draw } from "./svg.js";

/**
 * Every status has a shape, a word (from Python) and a colour (in style.css), so that none is told by
 * one alone.
 */
const PATHS = {
  ordinary: "M4.5,0A4.5,4.5,0,1,1,-4.5,0A4.5,4.5,0,1,1,4.5,0Z",
  overflow: "M0,-5.5L5.5,4.5H-5.5Z",
  underflow: "M0,5.5L5.5,-4.5H-5.5Z",
  NaN: "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5",
};

export const STATUSES = Object.keys(PATHS);

/** Append the shape of a status at (x, y). */
export function drawStatus(parent, status, x, y) {
  return draw(parent, "path", {
    class: "lnnn-mark",
    "data-status": status,
    d: PATHS[status],
    transform: `translate(${x},${y})`,
  });
}

/** Append the tick that stands for an exact value. */
export function drawExact(parent, x, y) {
  return draw(parent, "path", { class: "lnnn-exact", d: "M0,-8V8", transform: `translate(${x},${y})` });
}
