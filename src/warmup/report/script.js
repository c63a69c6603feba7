"use strict";

/* Sort a table by the column whose head was chosen; numbers by value, the rest as text. */
function makeSortable(table) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}

function compare(a, b) {
  if (a.dataset.value === undefined || b.dataset.value === undefined) {
    const missing = (a.dataset.value === undefined) - (b.dataset.value === undefined);
    return missing || a.textContent.localeCompare(b.textContent);
  }
  return Number(a.dataset.value) - Number(b.dataset.value);
}

/* Text from the data reaches the page as text nodes only, never as markup. */
function element(name, className, ...content) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...content);
  return node;
}

function text(value, className) {
  return value === ""
    ? element("span", className + " empty", "(empty)")
    : element("span", className, value);
}

const minus = (value) => (value === null ? "–" : String(value).replace("-", "−"));

function showOutput(cell, output) {
  const dd = element("dd");
  if (output === null) {
    dd.append("–");
    return dd;
  }
  const words = output.warmup !== null;
  if (words) {
    dd.append(text(output.warmup, "warmup"), " ⟶ ");
  }
  const verdict = output.right ? "✓ right" : `✗ ${cell.metric} ${output.score}`;
  const small = element(
    "small",
    "",
    element("span", output.right ? "right" : "wrong", verdict),
    words ? ` · log P(c|x) ${minus(output.warmupLogProbability)}` : "",
    ` · log P(y|x${words ? ",c" : ""}) ${minus(output.outputLogProbability)} nats`,
  );
  dd.append(text(output.output, "text"), small);
  return dd;
}

function showItem(cell, item) {
  const ahead = item.lookahead === null ? "" : ` · look-ahead ${item.lookahead}`;
  const list = element("dl");
  const add = (name, ...values) => list.append(element("dt", "", name), ...values);
  add("input", element("dd", "", text(item.source, "text")));
  item.references.forEach((reference) => {
    add("reference", element("dd", "", text(reference, "text")));
  });
  cell.methods.forEach((method, index) => add(method, showOutput(cell, item.outputs[index])));
  return element("article", "", element("h3", "", item.id + ahead), list);
}

/* The first method is SFT and the last one warmup, where the experiment has them. */
function choices(cell) {
  const first = cell.methods[0];
  const last = cell.methods[cell.methods.length - 1];
  const both = (test) => (item) => {
    const a = item.outputs[0];
    const b = item.outputs[item.outputs.length - 1];
    return a !== null && b !== null && test(a, b);
  };
  return [
    ["all", () => true],
    [`${first} wrong, ${last} right`, both((a, b) => !a.right && b.right)],
    [`${first} right, ${last} wrong`, both((a, b) => a.right && !b.right)],
    [`${last} scores higher`, both((a, b) => b.score > a.score)],
    [`${first} scores higher`, both((a, b) => a.score > b.score)],
  ];
}

function browse(cells) {
  const form = document.getElementById("filter");
  const items = document.getElementById("items");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const page = 10;
  let shown = page;

  const options = (select, names) => {
    const before = select.value;
    select.replaceChildren(...names.map((name) => new Option(name, name)));
    if (names.includes(before)) select.value = before;
  };
  const distinct = (name, among) => [...new Set(among.map((cell) => cell[name]))];

  function update() {
    let among = cells;
    for (const name of ["task", "data", "model"]) {
      options(form.elements[name], distinct(name, among));
      among = among.filter((cell) => cell[name] === form.elements[name].value);
    }
    const cell = among[0];
    const which = choices(cell);
    const index = Math.max(form.elements.which.selectedIndex, 0);
    form.elements.which.replaceChildren(...which.map(([name]) => new Option(name, name)));
    form.elements.which.selectedIndex = index;
    const found = cell.items.filter(which[index][1]);
    const visible = found.slice(0, shown);
    items.replaceChildren(...visible.map((item) => showItem(cell, item)));
    count.textContent =
      `${visible.length} shown of ${found.length} found in the first ${cell.items.length} items ` +
      `(seed ${cell.seed}, ${cell.decoding} decoding).`;
    more.hidden = found.length <= shown;
  }
  form.addEventListener("change", () => {
    shown = page;
    update();
  });
  more.addEventListener("click", () => {
    shown += page;
    update();
  });
  form.hidden = false;
  update();
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
const cells = JSON.parse(document.getElementById("cells").textContent);
if (cells.length) browse(cells);
else document.getElementById("count").textContent = "There are no predictions to show.";
