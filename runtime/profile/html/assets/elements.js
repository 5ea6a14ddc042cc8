// Building elements and writing figures. Texts of the profile are only ever set as text, never as HTML.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (name === "style") Object.assign(made.style, value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

const byId = (id) => document.getElementById(id);

function fixed(value, digits = 1) {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const percent = (share, digits = 0) => `${fixed(100 * share, digits)}%`;

function bytes(size) {
  for (const [unit, scale] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (size >= scale) return `${fixed(size / scale, size >= 100 * scale ? 0 : size >= 10 * scale ? 1 : 2)} ${unit}`;
  }
  return `${fixed(size, 0)} B`;
}

function shortSource(source) {
  const match = /(?:site|dist)-packages\/(.*)$/.exec(source.replaceAll("\\", "/"));
  return match ? match[1] : source;
}

function fileAndLine(source) {
  return source.split(/[\\/]/).pop();
}

function swatch(color, text) {
  return element("span", {}, element("span", { class: "swatch", style: { background: color } }), text);
}

// A bar of parts, each [share, color, text]; `mark` is a share to point at.
function bar(parts, mark) {
  const pieces = parts
    .filter(([share]) => share > 0)
    .map(([share, color, text]) =>
      element("i", { style: { width: `${Math.min(100, 100 * share)}%`, background: color }, title: text }),
    );
  if (mark !== undefined) {
    pieces.push(element("i", { class: "mark", style: { left: `calc(${Math.min(100, 100 * mark)}% - 1px)` } }));
  }
  return element("span", { class: "bar" }, ...pieces);
}
