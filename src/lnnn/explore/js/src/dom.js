/** An HTML element with attributes and children (an array of nodes, or text). */
export function element(name, attributes = {}, children = []) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (typeof children === "string") node.textContent = children;
  else node.append(...children);
  return node;
}

/** Set text only when it differs, so that nothing is announced or repainted twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A message with its {places} filled. */
export function filled(message, values) {
  return message.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** A number with a true minus sign, as Python's `numbers.text`. */
export function numberText(value, digits = 5) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  const trimmed = (s) => (s.includes(".") ? s.replace(/\.?0+$/, "") : s);
  let text;
  if (size < 1e-4 || Number(size.toPrecision(digits)) >= 10 ** digits) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    text = `${trimmed(mantissa)}e${exponent.replace("+", "")}`;
  } else {
    text = trimmed(value.toPrecision(digits));
  }
  return text.replaceAll("-", "−");
}

/** How the value of a bar reads: its own text, or the number. */
export function barText({ text, value }) {
  return text || numberText(value, 6);
}
