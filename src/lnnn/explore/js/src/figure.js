import { drawBars } from "./bars.js";
import { describe } from "./describe.js";
import { element, setText } from "./dom.js";
import { oncePerFrame } from "./frame.js";
import { drawLines } from "./lines.js";
import { drawNumberLine } from "./numberline.js";
import { drawExact, drawStatus, STATUSES } from "./status.js";
import { draw, useFontOf } from "./svg.js";

const DRAW = { bars: drawBars, lines: drawLines, "number line": drawNumberLine };

/** A scene on the page: finding, panels, key, read-outs. Nodes are kept, their contents replaced. */
export class Figure {
  constructor(id, words) {
    this.id = id;
    this.words = words;
    this.scene = null;
    this.width = 0;
    this.redraw = oncePerFrame(() => this.draw());
    this.slots = [];
    this.finding = element("p", { class: "lnnn-finding", id: `${id}-finding` });
    this.panels = element("div", { class: "lnnn-panels" });
    this.key = element("ul", { class: "lnnn-key", "aria-label": words.shapes });
    this.readouts = element("dl", { class: "lnnn-readouts" });
    this.root = element("div", { role: "group", "aria-labelledby": `${id}-finding` }, [
      this.finding,
      this.panels,
      this.key,
      this.readouts,
    ]);
  }

  /** Draw `scene`; of several in one frame only the last stays. */
  show(scene) {
    this.scene = scene;
    this.redraw();
  }

  /** Draw again if the width has changed. */
  fit() {
    if (this.root.clientWidth !== this.width) this.redraw();
  }

  stop() {
    this.redraw.cancel();
  }

  draw() {
    const scene = this.scene;
    if (!scene) return;
    this.width = this.root.clientWidth;
    setText(this.finding, scene.finding);
    this.matchSlots(scene.panels);
    useFontOf(this.root);
    // All widths are read before anything is written: one layout instead of one a panel.
    const widths = this.slots.map((slot) => slot.root.clientWidth);
    scene.panels.forEach((panel, i) => drawPanel(this.slots[i], panel, widths[i], this.words));
    this.drawKey(scene.panels);
    this.drawReadouts(scene.readouts);
  }

  matchSlots(panels) {
    while (this.slots.length > panels.length) this.slots.pop().root.remove();
    while (this.slots.length < panels.length) {
      const slot = createSlot(`${this.id}-panel-${this.slots.length}`);
      this.slots.push(slot);
      this.panels.append(slot.root);
    }
    panels.forEach((panel, i) => {
      const { root, note, title } = this.slots[i];
      root.classList.toggle("lnnn-wide", panel.wide);
      setText(title, panel.title);
      setText(note, panel.note);
    });
  }

  drawKey(panels) {
    const bars = panels.flatMap((panel) => panel.bars ?? []);
    const marked = panels.some((panel) => panel.bars || panel.marks?.length);
    const series = [...new Set(bars.map((bar) => bar.series).filter(Boolean))];
    const hasExact = bars.some((bar) => bar.exact !== null);
    const wanted = JSON.stringify([marked, series, hasExact]);
    if (this.key.dataset.for === wanted) return;
    this.key.dataset.for = wanted;
    const items = series.map((name, k) => keyItem(name, (g) => draw(g, "rect", swatch(k))));
    if (marked) {
      items.push(...STATUSES.map((name) => keyItem(this.words.explained[name], (g) => drawStatus(g, name, 0, 0))));
    }
    if (hasExact) items.push(keyItem(this.words.exact, (g) => drawExact(g, 0, 0)));
    this.key.replaceChildren(...items);
  }

  drawReadouts(readouts) {
    while (this.readouts.childElementCount > readouts.length) this.readouts.lastChild.remove();
    while (this.readouts.childElementCount < readouts.length) {
      this.readouts.append(element("div", {}, [element("dt"), element("dd")]));
    }
    readouts.forEach(({ label, text, status }, i) => {
      const [dt, dd] = this.readouts.children[i].children;
      setText(dt, label);
      setText(dd, text);
      dd.dataset.status = status;
    });
  }
}

const swatch = (k) => ({ class: `lnnn-series-${k}`, x: -7, y: -5, width: 14, height: 10 });

function keyItem(word, drawShape) {
  const item = element("li");
  const svg = draw(item, "svg", { width: 16, height: 16, "aria-hidden": "true" });
  drawShape(draw(svg, "g", { transform: "translate(8,8)" }));
  item.append(element("span", {}, word));
  return item;
}

function createSlot(id) {
  const title = element("p", { class: "lnnn-panel-title" });
  const note = element("p", { class: "lnnn-panel-note" });
  const message = element("p", { class: "lnnn-message", hidden: "" });
  const root = element("div", { class: "lnnn-panel" }, [title, note, message]);
  const svg = draw(root, "svg", {
    role: "img",
    "aria-labelledby": `${id}-title`,
    "aria-describedby": `${id}-desc`,
  });
  const name = draw(svg, "title", { id: `${id}-title` });
  const desc = draw(svg, "desc", { id: `${id}-desc` });
  return { root, title, note, message, svg, name, desc, layer: draw(svg, "g") };
}

function drawPanel(slot, panel, width, words) {
  const broken = panel.kind === "message";
  slot.message.hidden = !broken;
  slot.svg.style.display = broken ? "none" : "";
  slot.layer.replaceChildren();
  if (broken) {
    setText(slot.message, panel.error);
    return;
  }
  if (width === 0) return; // hidden: the resize observer calls again
  setText(slot.name, panel.title);
  setText(slot.desc, describe(panel, words));
  const height = DRAW[panel.kind](slot.layer, panel, width);
  slot.svg.setAttribute("width", width);
  slot.svg.setAttribute("height", height);
}
