// Draws a quiz. Python keeps the answers: this side sends what was chosen and shows what comes back.
// It knows no language either: what it says comes from Python, in the trait `words`.

const PATIENCE_MS = 4000;
const CHANGES = ["change:answers", "change:advice", "change:note", "msg:custom"];
const TAGS = new Set(["code", "sub", "sup", "em"]);
let views = 0;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// Runs are strings or [tag, runs]. They become nodes one by one, so no text is ever read as HTML.
function nodes(runs) {
  return runs.map((run) => {
    if (typeof run === "string") return document.createTextNode(run);
    const [tag, inner] = run;
    return make(TAGS.has(tag) ? tag : "span", {}, ...nodes(inner));
  });
}

// A message with its {places} filled.
function filled(message, values) {
  return message.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

function verdict(tried, words) {
  const sign = make("span", { textContent: tried.correct ? "✓ " : "✗ " });
  sign.setAttribute("aria-hidden", "true");
  return [sign, make("b", { textContent: tried.correct ? words.right : words.wrong })];
}

function questionView(question, number, total, prefix, words, send) {
  const name = `${prefix}-${number}`;
  const options = question.options.map((runs, index) => {
    const radio = make("input", { type: "radio", name, value: String(index) });
    const why = make("p", { className: "why", id: `${name}-${index}-why`, hidden: true });
    const label = make("label", {}, radio, make("span", {}, ...nodes(runs)));
    return { radio, why, node: make("div", { className: "option" }, label, why) };
  });
  const check = make("button", { type: "submit", className: "check", textContent: words.check });
  const hint = make("button", { type: "button", textContent: words.hint });
  const hintText = make("p", { className: "hint", hidden: true });
  const status = make("p", { className: "status" });
  status.setAttribute("role", "status");
  const legend = make(
    "legend",
    {},
    make("span", { className: "number", textContent: filled(words.place, { number, total }) }),
    " ",
    ...nodes(question.text),
  );
  const actions = make("div", { className: "actions" }, check, hint, status);
  const fieldset = make("fieldset", {}, legend, ...options.map((o) => o.node), hintText, actions);
  const form = make("form", { className: "question" }, fieldset);

  let waiting = null;
  let asked = null;
  function say(...content) {
    status.replaceChildren(...content);
  }
  function ask(message) {
    clearTimeout(waiting);
    asked = message.kind;
    waiting = setTimeout(() => say(words.silent), PATIENCE_MS);
    send({ ...message, question: question.id });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = options.findIndex((o) => o.radio.checked);
    if (chosen < 0) {
      say(words.choose);
      return;
    }
    ask({ kind: "answer", option: chosen });
  });
  hint.addEventListener("click", () => ask({ kind: "hint" }));
  // What was said belongs to the option that was checked, not to the next one looked at.
  form.addEventListener("change", () => say());

  function update(answer) {
    for (const { node, why, radio } of options) {
      node.classList.remove("right", "wrong");
      why.hidden = true;
      radio.removeAttribute("aria-describedby");
    }
    const tried = answer?.tried ?? [];
    for (const one of tried) {
      const { node, why, radio } = options[one.option];
      node.classList.add(one.correct ? "right" : "wrong");
      why.replaceChildren(...verdict(one, words), " ", ...nodes(one.explanation));
      why.hidden = false;
      radio.setAttribute("aria-describedby", why.id);
    }
    hintText.hidden = !answer?.hint;
    hint.disabled = Boolean(answer?.hint) && document.activeElement !== hint;
    if (answer?.hint) hintText.replaceChildren(make("b", { textContent: words.hinted }), " ", ...nodes(answer.hint));
    form.classList.toggle("solved", Boolean(answer?.right));
    const last = tried.at(-1);
    if (asked === null && last && !options.some((o) => o.radio.checked)) {
      options[last.option].radio.checked = true;
    }
    if (asked === "answer" && last) {
      const unseen = make("span", { className: "lnnn-unseen" }, " ", ...nodes(last.explanation));
      say(...verdict(last, words), unseen);
    } else if (asked === "hint" && answer?.hint) {
      say(make("span", { className: "lnnn-unseen" }, words.hinted, " ", ...nodes(answer.hint)));
    }
    if (asked !== null) clearTimeout(waiting);
    asked = null;
  }
  return { node: form, update, stop: () => clearTimeout(waiting) };
}

function render({ model, el }) {
  const prefix = `lnnn-quiz-${++views}`;
  const words = model.get("words");
  const questions = model.get("questions");
  const send = (message) => model.send(message);
  const total = questions.length;
  const list = questions.map((q, i) => questionView(q, i + 1, total, prefix, words, send));
  const heading = make("p", { className: "heading", id: prefix, textContent: model.get("heading") });
  const score = make("p", { className: "score" });
  const advice = make("p", { className: "advice" });
  advice.setAttribute("role", "status");
  const note = make("p", { className: "lnnn-note" });
  const root = make("section", { className: "lnnn lnnn-quiz" }, heading, ...list.map((q) => q.node), score, advice, note);
  root.setAttribute("aria-labelledby", prefix);
  // JupyterLab takes plain keys: arrows leave the cell, letters change it.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  el.append(root);

  function update() {
    const answers = model.get("answers");
    questions.forEach((q, i) => list[i].update(answers[q.id]));
    const right = questions.filter((q) => answers[q.id]?.right).length;
    score.textContent = filled(words.score, { right, total });
    const where = model.get("advice");
    if (advice.textContent !== where) advice.textContent = where;
    advice.hidden = !where;
    note.textContent = model.get("note");
    note.hidden = !note.textContent;
  }
  update();
  for (const change of CHANGES) model.on(change, update);
  return () => {
    for (const change of CHANGES) model.off(change, update);
    list.forEach((q) => q.stop());
  };
}

export default { render };
