
/* One example with all its outputs. */

const addressOf = ({ cell, id }) =>
  `#example/${[cell.data, cell.model, id].map(encodeURIComponent).join("/")}`;

/* What to highlight in the outputs of all examples. */
let highlight = "differences";
const HIGHLIGHTS = { differences: "differences from the reference", tokens: "token log-probabilities" };

/* Smallest probability of a token without shade, with the first and the second; else the third. */
const SHADES = [0.9, 0.5, 0.1];

function showExample(example, neighbours) {
  const { cell, row } = example;
  const known = cell.outputs.some((columns) => columns.outputByToken[row] !== null);
  const mode = known ? highlight : "differences";
  const list = element("dl");
  const add = (name, ...content) =>
    list.append(element("dt", "", name), element("dd", "", ...content));
  const references = referencesOf(example);
  add("input", shown("text", sourceOf(example)));
  references.forEach((reference) => add("reference", shown("text", reference)));
  cell.methods.forEach((method) => add(method, ...showWritten(example, method, mode, references)));
  const ahead = cell.lookaheads[row] === null ? "" : `look-ahead ${cell.lookaheads[row]}, `;
  return [
    showMoves(neighbours),
    element("h3", "", `${cell.data}, ${cell.model}: ${example.id}`),
    element("p", "notes", `${cell.task}, ${ahead}seed ${cell.seed}, ${cell.decoding} decoding`),
    showHighlights(mode, known),
    list,
  ];
}

function showMoves([before, after]) {
  const move = (to, id, text) => {
    const node = link(to && addressOf(to), "move", text);
    node.id = id;
    if (!to) node.setAttribute("aria-disabled", "true");
    return node;
  };
  const close = link("#examples", "move", "Close");
  close.id = "close";
  const moves = element("nav", "moves", move(before, "previous", "‹ Previous"), close, move(after, "next", "Next ›"));
  moves.setAttribute("aria-label", "Among the examples found");
  return moves;
}

function showHighlights(mode, known) {
  const group = element("fieldset", "", element("legend", "", "Highlight"));
  for (const [name, words] of Object.entries(HIGHLIGHTS)) {
    const choice = element("input");
    Object.assign(choice, { type: "radio", name: "highlight", value: name });
    choice.checked = name === mode;
    choice.disabled = name === "tokens" && !known;
    group.append(element("label", "", choice, words));
  }
  const key = mode === "tokens"
    ? ["Shade: P above ", ...SHADES.map((p, i) => element("span", `shade${i}`, `${p}`)), element("span", "shade3", "below"), "; numbers are log P in nats."]
    : [element("ins", "", "not in the reference"), " ", element("del", "", "only in the reference")];
  group.append(element("small", "key", ...key));
  return group;
}

function showWritten(example, method, mode, references) {
  const output = textOf(example, method, "output");
  if (output === null) return ["–"];
  const [warmup, length] = [textOf(example, method, "warmup"), valueOf(example, method, "warmupLength")];
  const tokens = (name) => (mode === "tokens" ? valueOf(example, method, name) : null);
  const [tokensOfWarmup, tokensOfOutput] = [tokens("warmupByToken"), tokens("outputByToken")];
  const content = [];
  if (warmup !== null) {
    content.push(tokensOfWarmup ? showTokens("warmup", tokensOfWarmup) : shown("warmup", warmup), " ⟶ ");
  }
  if (tokensOfOutput) content.push(showTokens("text", tokensOfOutput));
  else if (mode === "tokens" || !references.length) content.push(shown("text", output));
  else {
    content.push(textElement("text", ...showCompared(output, references, example.cell.answerOnly)), output === "" ? shown("", output) : "");
  }
  const right = valueOf(example, method, "right");
  const score = `${example.cell.metric} ${valueOf(example, method, "score")}`;
  const facts = warmup === null ? [] : [`log P(c|x) ${number(valueOf(example, method, "warmupLogProbability"))}`];
  if (warmup !== null && length !== null) facts.unshift(`${length} tokens of warmup`);
  facts.push(`log P(y|x${warmup === null ? "" : ",c"}) ${number(valueOf(example, method, "outputLogProbability"))}`);
  const verdict = element("span", right ? "right" : "wrong", right ? "✓ right" : `✗ ${score}`);
  return [...content, element("small", "", verdict, ` · ${facts.join(" · ")}`)];
}

/* In multiple choice only the answer is compared: the first word, without what explains it. */
function showCompared(output, references, answerOnly) {
  if (!answerOnly) return showDifference(differenceFromNearest(output, references));
  const [, answer, rest] = output.match(/^(\s*\S*)([^]*)$/);
  const answers = references.map((reference) => reference.match(/^\s*\S*/)[0]);
  const bare = (word) => word.trim().replace(/^[().:,]+|[().:,]+$/g, "");
  if (answers.some((one) => bare(one) === bare(answer))) return [output];
  return [...showDifference(differenceFromNearest(answer, answers)), rest];
}

/* Tokens are text, −100 log P, text, −100 log P, … */
function showTokens(className, tokens) {
  const content = [];
  for (let i = 0; i < tokens.length; i += 2) {
    const [piece, nats] = [data.texts[tokens[i]], tokens[i + 1] / 100];
    const below = SHADES.filter((p) => Math.exp(-nats) < p).length;
    const bare = piece.trim();
    const visible = bare || (piece === "" ? "·" : piece.replaceAll("\n", "↵").replaceAll(" ", "␣"));
    content.push(
      piece.slice(0, piece.indexOf(bare)),
      element("ruby", `shade${below}`, visible, element("rt", "", number(nats === 0 ? 0 : -nats))),
    );
  }
  return textElement(`${className} tokens`, ...content);
}
