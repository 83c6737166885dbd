import { createControls } from "./controls.js";
import { Figure } from "./figure.js";
import { oncePerFrame } from "./frame.js";
import { element } from "./dom.js";
import { Recording } from "./recording.js";
import css from "./style.css";

const PATIENCE_NEW = 600; // ms without an answer before a view that never had one stops waiting
const PATIENCE_LIVE = 2000; // ms for a kernel that has answered before
const ANNOUNCE_AFTER = 500; // ms of rest before a screen reader hears the finding

function render({ model, el }) {
  addStyle(el);
  // Every model loads a copy of this module, so a counter in it would give the same ids twice.
  const view = new View(model, `lnnn-${Math.random().toString(36).slice(2, 10)}`);
  el.append(view.root);
  view.start();
  return () => view.stop();
}

export default { render };

function addStyle(el) {
  const home = el.getRootNode() === document ? document.head : el.ownerDocument.head;
  let style = home.querySelector("style[data-lnnn-explorable]");
  if (!style) {
    style = document.createElement("style");
    style.dataset.lnnnExplorable = "";
    home.append(style);
  }
  if (style.textContent !== css) style.textContent = css;
}

/** One view of the model: its controls, its figure, and what ties them together. */
class View {
  constructor(model, id) {
    this.model = model;
    this.specs = model.get("_controls");
    this.words = model.get("_words");
    this.recording = null; // set while a recording stands in for the kernel
    this.answered = false;
    this.moved = new Map(); // name -> value, not sent yet
    this.send = oncePerFrame(() => this.sendMoved());
    this.timers = { answer: 0, announce: 0 };
    this.listening = [];

    this.controls = createControls(this.specs, id, this.words, (name, value) =>
      this.onInput(name, value),
    );
    this.figure = new Figure(id, this.words);
    this.live = element("p", { class: "lnnn-hidden", role: "status", "aria-live": "polite" });
    this.notice = element("p", { class: "lnnn-notice", hidden: "" });
    this.copied = element("span", { class: "lnnn-copied", role: "status", "aria-live": "polite" });
    const reset = element("button", { type: "button" }, this.words.reset);
    const copy = element("button", { type: "button" }, this.words.copy);
    reset.addEventListener("click", () => this.reset());
    copy.addEventListener("click", () => this.copy());
    this.root = element("section", { class: "lnnn-explorable", "aria-label": this.words.figure }, [
      this.controls.root,
      this.notice,
      this.figure.root,
      element("div", { class: "lnnn-foot" }, [reset, copy, this.copied]),
      this.live,
    ]);
    this.root.addEventListener("keydown", keepKeys);
  }

  start() {
    this.listen("change:_scene", () => this.onScene());
    for (const { name } of this.specs) {
      this.listen(`change:${name}`, () => this.recording || this.controls.show(this.values()));
    }
    this.controls.show(this.values());
    this.figure.show(this.model.get("_scene"));
    this.resizing = new ResizeObserver(() => this.figure.fit());
    this.resizing.observe(this.root);
  }

  stop() {
    for (const [event, callback] of this.listening) this.model.off(event, callback);
    this.resizing?.disconnect();
    this.send.cancel();
    clearTimeout(this.timers.answer);
    clearTimeout(this.timers.announce);
    this.figure.stop();
    this.root.remove();
  }

  listen(event, callback) {
    this.model.on(event, callback);
    this.listening.push([event, callback]);
  }

  values() {
    return Object.fromEntries(this.specs.map(({ name }) => [name, this.model.get(name)]));
  }

  /** A control moved. Many moves in one frame go out with their last values. */
  onInput(name, value) {
    this.copied.textContent = "";
    if (this.recording) this.showRecorded(name, value);
    this.moved.set(name, value);
    this.send();
  }

  /** To the kernel. While it computes, ipywidgets holds later messages back and merges them. */
  sendMoved() {
    for (const [name, value] of this.moved) this.model.set(name, value);
    const last = [...this.moved].pop();
    this.moved.clear();
    this.model.save_changes();
    if (this.recording || this.timers.answer) return;
    const patience = this.answered ? PATIENCE_LIVE : PATIENCE_NEW;
    this.timers.answer = setTimeout(() => {
      this.timers.answer = 0;
      if (!this.upToDate()) this.onSilence(last);
    }, patience);
  }

  upToDate() {
    const drawn = this.model.get("_scene").values;
    return Object.entries(this.values()).every(([name, value]) => drawn[name] === value);
  }

  /** Python has computed a scene. */
  onScene() {
    clearTimeout(this.timers.answer);
    this.timers.answer = 0;
    this.answered = true;
    if (this.recording) {
      this.recording = null;
      this.controls.onGrid(null);
    }
    this.notice.hidden = true;
    this.controls.show(this.values());
    this.draw(this.model.get("_scene"));
  }

  /** Nobody computes: play the recording, or say what to do. */
  onSilence([name]) {
    const recorded = this.model.get("_recording");
    this.notice.hidden = false;
    this.notice.textContent = recorded ? this.words.recorded : this.words.still;
    if (!recorded) return;
    this.recording = new Recording(JSON.parse(recorded));
    this.controls.onGrid(this.recording);
    this.showRecorded(name, this.model.get(name));
  }

  showRecorded(name, value) {
    const scene = this.recording.nearest(name, value, this.controls.grid(name));
    this.controls.show(scene.values);
    this.draw(scene);
  }

  draw(scene) {
    this.figure.show(scene);
    clearTimeout(this.timers.announce);
    this.timers.announce = setTimeout(() => {
      this.live.textContent = scene.finding;
    }, ANNOUNCE_AFTER);
  }

  reset() {
    this.copied.textContent = "";
    for (const { name, start } of this.specs) this.moved.set(name, start);
    if (this.recording) {
      this.controls.show(this.recording.start.values);
      this.draw(this.recording.start);
    }
    this.send();
  }

  async copy() {
    const { snippet, values } = this.figure.scene;
    const text =
      snippet || Object.entries(values).map(([k, v]) => `${k} = ${JSON.stringify(v)}`).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      this.copied.textContent = this.words.copied;
    } catch {
      // Without permission, the text itself is the next best thing.
      this.copied.textContent = text.replaceAll("\n", "; ");
    }
  }
}

/** Notebooks act on bare keys (arrows leave the cell, D deletes it): none of them gets out. */
function keepKeys(event) {
  const command = event.ctrlKey || event.metaKey || event.altKey;
  const runsCell = event.key === "Enter" && event.shiftKey;
  if (!command && !runsCell && event.key !== "Escape") event.stopPropagation();
}
