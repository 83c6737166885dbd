const NAMESPACE = "http://www.w3.org/2000/svg";

/** An SVG element with attributes, appended to `parent`; `text` becomes its content. */
export function draw(parent, name, attributes = {}, text = "") {
  const node = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  parent.append(node);
  return node;
}

let ruler = null;

/** Measure texts from here on as text of 12 px in the font of `node`. */
export function useFontOf(node) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `12px ${getComputedStyle(node).fontFamily}`;
}

/** A text as lines that fit the width, in pixels; a word too long for it has a line of its own. */
export function wrapped(text, width) {
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The width of a text in a picture, in pixels. */
export function textWidth(text) {
  return ruler.measureText(text).width;
}
