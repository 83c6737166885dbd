import { nearest } from "./controls.js";

/** Scenes computed ahead: `{start, sweeps: {name: {at, patches}}}`, see Python's `recording`. */
export class Recording {
  constructor({ start, sweeps }) {
    this.start = start;
    this.sweeps = sweeps;
  }

  /** The grid positions at which control `name` has a scene. */
  positions(name) {
    return this.sweeps[name].at;
  }

  /** The scene with control `name` nearest to `value` and all others at their start. */
  nearest(name, value, grid) {
    const { at, patches } = this.sweeps[name];
    const position = typeof value === "number" ? nearest(grid, value) : grid.indexOf(value);
    const k = nearest(at, position);
    return apply(this.start, patches[k]);
  }
}

/** As Python's `recording.apply`. */
function apply(old, change) {
  if (change === undefined) return old;
  if (change === null || typeof change !== "object") return change;
  if ("=" in change) return change["="];
  if (Array.isArray(old)) return old.map((item, i) => apply(item, change[i]));
  return Object.fromEntries(Object.entries(old).map(([k, v]) => [k, apply(v, change[k])]));
}
