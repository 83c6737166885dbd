import { element, filled, numberText, setText } from "./dom.js";

/** All controls of an explorable. `onInput(name, value)` is called when the reader moves one. */
export function createControls(specs, id, words, onInput) {
  const parts = new Map(
    specs.map((spec) => {
      const create = spec.kind === "choice" ? createChoice : createSlider;
      const move = (value) => onInput(spec.name, value);
      return [spec.name, create(spec, `${id}-${spec.name}`, move, words)];
    }),
  );
  return {
    root: element("div", { class: "lnnn-controls" }, [...parts.values()].map((part) => part.root)),
    show(values) {
      for (const [name, part] of parts) part.show(values[name]);
    },
    grid: (name) => specs.find((spec) => spec.name === name).grid,
    /** Let sliders stand only where the recording has a scene; null frees them again. */
    onGrid(recording) {
      for (const { name, grid } of specs) {
        parts.get(name).setGrid(recording ? recording.positions(name).map((i) => grid[i]) : grid);
      }
    },
  };
}

/** The range input counts positions on a grid of values: every scale is the same to it. */
function createSlider(spec, id, onInput, words) {
  let grid = spec.grid;
  const input = element("input", { type: "range", id, min: "0", step: "1" });
  input.max = grid.length - 1;
  const shown = element("span", { class: "lnnn-value", "aria-hidden": "true" });
  const name = element("label", { for: id }, spec.label);
  const head = element("div", { class: "lnnn-control-head" }, [name, shown]);
  input.addEventListener("input", () => {
    const moved = grid[Number(input.value)];
    tell(moved);
    onInput(moved);
  });

  function tell(number) {
    const value = numberText(number);
    const text = spec.unit ? filled(words.measured, { value, unit: spec.unit }) : value;
    setText(shown, text);
    input.setAttribute("aria-valuetext", text);
  }

  return {
    root: element("div", { class: "lnnn-control" }, [head, input]),
    show(number) {
      const position = String(nearest(grid, number));
      if (input.value !== position) input.value = position;
      tell(number);
    },
    setGrid(values) {
      grid = values;
      input.max = grid.length - 1;
    },
  };
}

function createChoice(spec, id, onInput) {
  const inputs = spec.grid.map((option, k) => {
    const input = element("input", { type: "radio", name: id, id: `${id}-${k}`, value: option });
    input.addEventListener("change", () => onInput(option));
    return input;
  });
  const options = spec.grid.map((option, k) => {
    const label = element("label", { for: `${id}-${k}` }, spec.texts[k]);
    return element("span", { class: "lnnn-option" }, [inputs[k], label]);
  });
  const legend = element("legend", {}, spec.label);
  const row = element("div", { class: "lnnn-options" }, options);
  return {
    root: element("fieldset", { class: "lnnn-control" }, [legend, row]),
    show(option) {
      for (const input of inputs) input.checked = input.value === option;
    },
    setGrid() {},
  };
}

/** The position of the grid value closest to `value`. */
export function nearest(grid, value) {
  let best = 0;
  grid.forEach((v, i) => {
    if (Math.abs(v - value) < Math.abs(grid[best] - value)) best = i;
  });
  return best;
}
