
/* Words with the space before them; characters if the script has no spaces between words. */
function words(text) {
  return text.match(/\s*(?:[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+)/gu) ?? [];
}

const unspaced = (word) => /^[\u3040-\u30ff\u3400-\u9fff]/u.test(word);

/* The parts of a longest common subsequence of words: [kind, word], kind one of same, extra (only
   in the text) and missing (only in the reference). */
function difference(text, reference) {
  const [a, b] = [words(text), words(reference)];
  const same = (i, j) => a[i].trim() === b[j].trim();
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const below = (i + 1) * width + j;
      longest[i * width + j] = same(i, j)
        ? longest[below + 1] + 1
        : Math.max(longest[below], longest[below - width + 1]);
    }
  }
  const parts = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && same(i, j)) {
      parts.push(["same", a[i++]]);
      j++;
    } else if (j === b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      parts.push(["extra", a[i++]]);
    } else {
      parts.push(["missing", b[j++]]);
    }
  }
  return parts;
}

/* With several references, use the one from which fewest words differ. */
function differenceFromNearest(text, references) {
  const changes = (parts) => parts.filter(([kind]) => kind !== "same").length;
  const all = references.map((reference) => difference(text, reference));
  return all.reduce((best, parts) => (changes(parts) < changes(best) ? parts : best));
}

function showDifference(parts) {
  const names = { extra: "ins", missing: "del" };
  return parts.flatMap(([kind, word], index) => {
    const bare = word.trimStart();
    const changed = index && (kind !== "same" || parts[index - 1][0] !== "same");
    const space = word.slice(0, word.length - bare.length) || (changed && !unspaced(bare) ? " " : "");
    return [space, kind === "same" ? bare : element(names[kind], "", bare)];
  });
}
