
/* A text of the data; its first letter decides whether it is read from right to left. */
function textElement(className, ...content) {
  const node = element("span", className, ...content);
  node.dir = "auto";
  return node;
}

/* Text from the data becomes text nodes only, never markup. */
function element(name, className, ...content) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...content);
  return node;
}

function link(address, className, ...content) {
  const node = element("a", className, ...content);
  if (address) node.href = address;
  return node;
}

/* A text of an example, or a note that there is none. */
function shown(className, value, content = [value]) {
  return value === ""
    ? element("span", `${className} empty`, "(empty)")
    : textElement(className, ...content);
}

function number(value, digits = 2) {
  return value === null ? "–" : value.toFixed(digits).replace("-", "−");
}

function signed(value, digits = 1) {
  return value === null ? "–" : (value > 0 ? "+" : "") + number(value, digits);
}
