
/* The list of examples and the open one, which the address of the page names. */

const PAGE = 25;
const form = document.getElementById("filter");
const found = document.getElementById("found");
const opened = document.getElementById("example");
const [before, after] = ["before", "after"].map((id) => document.getElementById(id));
let choice, chosen, first, current = null;

function setOptions(name, options, usual) {
  const select = form.elements[name];
  const value = select.value;
  select.replaceChildren(...options.map(([key, words]) => new Option(words, key, key === usual)));
  const has = (wanted) => options.some(([key]) => `${key}` === wanted);
  if (has(value)) select.value = value;
  else if (has(usual)) select.value = usual;
}

/* Fill the form: each choice limits the choices after it. */
function readForm() {
  const distinct = (values) => [...new Set(values)].map((value) => [value, value]);
  let among = data.cells;
  for (const name of ["task", "data", "model"]) {
    setOptions(name, [["", "all"], ...distinct(among.map((cell) => cell[name]))]);
    const { value } = form.elements[name];
    among = among.filter((cell) => !value || cell[name] === value);
  }
  const { baseline, focus } = data.cells[0];
  const methods = distinct(data.cells.flatMap((cell) => cell.methods));
  setOptions("against", methods, baseline);
  setOptions("method", methods, focus);
  const lookaheads = distinct(among.flatMap((cell) => cell.lookaheads).filter((n) => n !== null));
  setOptions("lookahead", [["", "all"], ...lookaheads.sort(([a], [b]) => a - b)]);
  form.elements.lookahead.parentElement.hidden = !lookaheads.length;
  const names = Object.fromEntries(new FormData(form));
  const fill = (words) => words.replace("{method}", names.method).replace("{against}", names.against);
  setOptions("which", Object.entries(WHICH).map(([key, [words]]) => [key, fill(words)]));
  setOptions("key", Object.entries(KEYS).map(([key, [words]]) => [key, words]));
  setOptions("order", [["ascending", "ascending"], ["descending", "descending"]]);
  choice = Object.fromEntries(new FormData(form));
}

function update() {
  readForm();
  chosen = choose(choice);
  first = 0;
  showList();
  if (current) openExample(current);
}

function showLine(example) {
  const { method, against } = choice;
  const gain = gainOf(example, choice);
  const score = (name) => `${name} ${number(valueOf(example, name, "score"), 1)}`;
  const length = valueOf(example, method, "warmupLength");
  const improvement = improvementOf(example, choice);
  const sign = improvement > 0 ? "right" : improvement < 0 ? "wrong" : "";
  const line = link(
    addressOf(example),
    "",
    element("span", `gain ${sign}`, signed(gain)),
    element("span", "name", `${example.cell.data}, ${example.cell.model}: ${example.id}`),
    textElement("excerpt", sourceOf(example).slice(0, 200)),
    element(
      "small",
      "",
      [
        `${example.cell.metric}: ${score(against)}, ${score(method)}`,
        length === null ? "" : `${length} tokens`,
        `log P ${number(valueOf(example, method, "outputLogProbability"))}`,
      ].filter(Boolean).join(" · "),
    ),
  );
  if (example === current) line.setAttribute("aria-current", "true");
  return element("li", "", line);
}

function showList() {
  const visible = chosen.slice(first, first + PAGE);
  found.start = first + 1;
  found.replaceChildren(...visible.map(showLine));
  const range = visible.length ? `${first + 1}–${first + visible.length} of ` : "";
  document.getElementById("count").textContent =
    `${range}${chosen.length.toLocaleString("en")} found among ${examples.length.toLocaleString("en")} examples.`;
  const pages = Math.max(Math.ceil(chosen.length / PAGE), 1);
  document.getElementById("page").textContent = `Page ${first / PAGE + 1} of ${pages}`;
  before.disabled = first === 0;
  after.disabled = first + PAGE >= chosen.length;
}

/* Show an example next to the list, at the page where it is. */
function openExample(example) {
  current = example;
  const place = chosen.indexOf(example);
  if (place >= 0) first = place - (place % PAGE);
  showList();
  const around = place < 0 ? [] : [chosen[place - 1], chosen[place + 1]];
  opened.replaceChildren(...showExample(example, around));
  opened.hidden = false;
}

function closeExample() {
  const left = current;
  current = null;
  opened.hidden = true;
  opened.replaceChildren();
  showList();
  const lines = [...found.querySelectorAll("a")];
  (lines.find((line) => left && line.hash === addressOf(left)) ?? lines[0])?.focus();
}

/* Follow the address of the page: an example, or none. */
function route() {
  const { hash } = window.location;
  if (!hash.startsWith("#example/")) {
    if (current) closeExample();
    return;
  }
  const example = examples.find((one) => addressOf(one) === hash);
  if (example) {
    openExample(example);
    opened.focus({ preventScroll: true });
    opened.scrollIntoView({ block: "start" });
  } else {
    document.getElementById("count").textContent = "The example of this address is not on this page.";
  }
}

function turn(by) {
  first += by * PAGE;
  showList();
  found.querySelector("a").focus();
}

/* Up and down in the list; left, right and Escape in an example. */
function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.type === "radio") return;
  const line = event.target.closest("#found li");
  const neighbour = { ArrowUp: line?.previousElementSibling, ArrowDown: line?.nextElementSibling };
  const moves = { ArrowLeft: "previous", ArrowRight: "next", Escape: "close" };
  const node = line
    ? neighbour[event.key]?.firstChild
    : opened.contains(event.target) && document.getElementById(moves[event.key]);
  if (!node) return;
  event.preventDefault();
  if (line) node.focus();
  else node.click();
}

/* If not all items are here, say which are. */
function showSampling() {
  const parts = data.cells.filter((cell) => cell.ids.length < cell.total);
  if (!parts.length) return;
  const shares = new Set(parts.map((cell) => `${cell.ids.length} of ${cell.total}`));
  document.getElementById("sampled").textContent =
    `Not all test items are here, but evenly spaced ones: ${[...shares].join(", ")}.`;
}

if (examples.length) {
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(update));
  before.addEventListener("click", () => turn(-1));
  after.addEventListener("click", () => turn(1));
  document.getElementById("browser").addEventListener("keydown", onKey);
  opened.addEventListener("change", (event) => {
    highlight = event.target.value;
    openExample(current);
    opened.querySelector(":checked").focus();
  });
  window.addEventListener("hashchange", route);
  for (const part of [form, ...["browser", "reset"].map((id) => document.getElementById(id))]) {
    part.hidden = false;
  }
  showSampling();
  update();
  route();
} else {
  document.getElementById("count").textContent = "There are no predictions to show.";
}
