
const data = JSON.parse(document.getElementById("cells").textContent);

/* An example is a test item with the outputs of all methods of one cell (data, pair, model). */
const examples = data.cells.flatMap((cell) => cell.ids.map((id, row) => ({ cell, row, id })));

/* The outputs of a method are in columns by name; null if there is no output or no such value. */
function valueOf(example, method, name) {
  const place = example.cell.methods.indexOf(method);
  return place < 0 ? null : example.cell.outputs[place][name][example.row];
}

function textOf(example, method, name) {
  const index = valueOf(example, method, name);
  return index === null ? null : data.texts[index];
}

const sourceOf = ({ cell, row }) => data.texts[cell.sources[row]];
const referencesOf = ({ cell, row }) => cell.references[row].map((index) => data.texts[index]);

function gainOf(example, { method, against }) {
  const [a, b] = [method, against].map((name) => valueOf(example, name, "score"));
  return a === null || b === null ? null : a - b;
}

/* The gain, with its sign turned if lower is better. */
function improvementOf(example, choice) {
  const gain = gainOf(example, choice);
  return gain === null || example.cell.higherIsBetter ? gain : -gain;
}

/* Which examples to show, by the form's `which`; `right` is whether the output is right. */
const WHICH = {
  all: ["all", () => true],
  better: ["{method} scores better", (improvement) => improvement > 0],
  worse: ["{against} scores better", (improvement) => improvement < 0],
  equal: ["equal scores", (improvement) => improvement === 0],
  won: ["{against} wrong, {method} right", (_, a, b) => a && !b],
  lost: ["{against} right, {method} wrong", (_, a, b) => !a && b],
};

/* Values to sort by, of the method whose gain is shown; none for the order of the file. */
const KEYS = {
  file: ["order in the file", () => null],
  gain: ["how much better", improvementOf],
  length: ["warmup length", (e, { method }) => valueOf(e, method, "warmupLength")],
  output: ["log P(y|x,c)", (e, { method }) => valueOf(e, method, "outputLogProbability")],
  warmup: ["log P(c|x)", (e, { method }) => valueOf(e, method, "warmupLogProbability")],
  id: ["id", (e) => e.id],
};

/* All that can be searched in an example, in lower case; computed once. */
function searched(example) {
  example.searched ??= [
    example.id,
    example.cell.task,
    example.cell.data,
    example.cell.model,
    sourceOf(example),
    ...referencesOf(example),
    ...example.cell.methods.flatMap((name) => [
      textOf(example, name, "warmup") ?? "",
      textOf(example, name, "output") ?? "",
    ]),
  ].join("\n").toLowerCase();
  return example.searched;
}

/* The examples that match a choice (the values of the form), in its order. */
function choose(choice) {
  const wanted = choice.words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = WHICH[choice.which][1];
  const found = examples.filter((example) => {
    for (const name of ["task", "data", "model"]) {
      if (choice[name] && example.cell[name] !== choice[name]) return false;
    }
    if (choice.lookahead && `${example.cell.lookaheads[example.row]}` !== choice.lookahead) return false;
    const improvement = improvementOf(example, choice);
    const right = [choice.method, choice.against].map((name) => valueOf(example, name, "right"));
    if (improvement === null || !fits(improvement, ...right)) return false;
    const length = valueOf(example, choice.method, "warmupLength");
    if (choice.shortest && !(length !== null && length >= Number(choice.shortest))) return false;
    if (choice.longest && !(length !== null && length <= Number(choice.longest))) return false;
    return wanted.every((word) => searched(example).includes(word));
  });
  return arrange(found, choice);
}

/* Examples without a value come last in either order. */
function arrange(found, choice) {
  const sign = choice.order === "descending" ? -1 : 1;
  if (choice.key === "file") return sign > 0 ? found : found.reverse();
  const value = KEYS[choice.key][1];
  const keyed = found.map((example) => [value(example, choice), example]);
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "string" ? compare(a, b) : a - b);
  });
  return keyed.map(([, example]) => example);
}
