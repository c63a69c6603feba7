#!/usr/bin/env bash
# What a new user does, with invented data: own tables and text, a metric of their own, somebody
# else's outputs, a foreign checkpoint, generate → score → compare, the library, LaTeX. It takes less
# than two minutes on two free cores, and ends with tables whose values are known.
#
#   newcomer.sh [FOLDER]       FOLDER is new; without it a temporary one, deleted at the end
#
# snakemake and python of the environment have to be in PATH, as after `. .venv/bin/activate`.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d)}
test -n "${1:-}" || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder" && cd "$folder"
export PYTHONPATH=$root/src OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false WARMUP_PLUGINS=$folder/plugins
warmup() { python -m warmup "$@"; }
part() { echo "== $* (${SECONDS} s)"; }
# has FILE TEXT: a line of the file contains the text
has() { grep -qF -- "$2" "$1" || { echo "error: $1 does not say: $2" >&2; exit 1; }; }

part "own data: CSV, JSON lines, TSV, parallel text; a metric of one's own; outputs of others"
python "$root/tests/system/newcomer_data.py" mydata
cp "$root/tests/system/newcomer.yaml" mydata.yaml
mkdir -p plugins/metrics
# the metric that docs/extending.md shows, under another name
sed -n '/^"""First word/,/^    return "first_word/p' "$root/docs/extending.md" \
    | sed 's/first_word/first_sound/; s/"first word"/"first sound"/' > plugins/metrics/first_sound.py
warmup config check mydata.yaml
snakemake --snakefile "$root/Snakefile" --directory . --cores "${CORES:-2}" --configfile mydata.yaml \
    -- tables > run.log 2>&1 || { tail -40 run.log; exit 1; }
tables=results/newcomer/tables
python - "$root" <<'END'
"""Compare the table of all scores with what the made outputs must have."""
import csv, json, sys

rows = list(csv.DictReader(open("results/newcomer/scores.tsv"), delimiter="\t"))
expected = json.load(open("mydata/expected.json"))
for dataset, metrics in expected.items():
    for metric, value in metrics.items():
        (row,) = [r for r in rows if (r["dataset"], r["method"], r["metric"], r["subset"]) == (dataset, "theirs", metric, "all")]
        assert abs(float(row["value"]) - value) < 1e-6, (dataset, metric, row["value"], value)
tests = list(csv.DictReader(open("results/newcomer/comparisons.tsv"), delimiter="\t"))
paired = {(t["dataset"], t["method"], t["baseline"]) for t in tests}
assert ("words", "theirs", "sft") in paired and ("nli", "warmup", "sft") in paired, paired
print(f"{len(rows)} rows of scores, {len(tests)} comparisons: as expected")
END
has $tables/text_to_text.md "| Pronunciation (Dutch) | T5, tiny | Theirs |"
has $tables/text_to_text.md "first sound ↑"
has $tables/translation.md "| Captions (en→cs) | T5, tiny | Theirs |"
has $tables/multiple_choice.md "| Inference (English) | T5, tiny | warmup |"
has results/newcomer/data/exam/en/test.jsonl '"choices": ["'
! grep -q '"(A)' results/newcomer/data/exam/en/test.jsonl

part "a foreign checkpoint"
run=results/newcomer/runs/words/nl/t5_tiny
cp -r $run/sft/seed1/model foreign && rm foreign/warmup.json
warmup generate --model foreign --input results/newcomer/data/words/nl/test.jsonl --output - 2> said || true
has said "warmup export foreign"
warmup export foreign --task text_to_text --prefix "say: " --max-target-tokens 16
cut -f1 mydata/words.test.tsv | head -5 > words.txt
warmup generate --model foreign --format text --input words.txt --output texts.jsonl 2> /dev/null
test "$(wc -l < texts.jsonl)" = 5

part "generate, score, compare"
warmup generate --model foreign --input results/newcomer/data/words/nl/test.jsonl \
    --output foreign.jsonl 2> /dev/null
warmup score foreign.jsonl --metrics wer ser first_sound | tee score.txt
has score.txt "first sound ↑"
warmup score foreign.jsonl $run/theirs/seed1/test.greedy.predictions.jsonl --metrics wer > compared.txt
has compared.txt "McNemar"
cut -f2 mydata/words.test.tsv > reference.txt
warmup score-text --hyp mydata/theirs/words/nl/test.txt --ref reference.txt --metrics wer > text.txt
has text.txt "50.0"

part "the library, from another checkpoint; its model generates on the command line"
python "$root/examples/quickstart.py" results/newcomer/runs/captions/en-cs/t5_tiny/sft/seed1/model 4 > library.txt 2> library.log \
    || { tail -20 library.log; exit 1; }
has library.txt " -> "
warmup generate --model sorting/model --format text --input words.txt --output sorted.jsonl 2> /dev/null
test "$(wc -l < sorted.jsonl)" = 5

part "LaTeX"
if command -v pdflatex > /dev/null; then
    (
        echo '\documentclass{article}\usepackage{booktabs}\begin{document}'
        for table in $tables/*.tex; do echo "\\input{$table}\\clearpage"; done
        echo '\end{document}'
    ) > all.tex
    pdflatex -interaction=nonstopmode -halt-on-error all.tex > latex.log || { tail -20 latex.log; exit 1; }
    test -s all.pdf
else
    echo "pdflatex is not installed: left out"
fi
part "everything is as it should be"
