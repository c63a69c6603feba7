"""The scores of one run on the terminal."""

from warmup.common.files import write_json
from warmup.reporting.terminal import run_lines

RUN = {
    "experiment": "tiny", "task": "multiple_choice", "dataset": "shell_game", "pair": "en",
    "model": "t5", "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
}  # fmt: skip
SCORE = {
    "metric": "accuracy", "value": 40.0, "low": 25.0, "high": 55.5, "n": 30, "signature": "s",
    "hypotheses_sha256": "a", "references_sha256": "b",
}  # fmt: skip


def test_a_line_per_split_has_the_scores_over_all_items(tmp_path):
    subset = SCORE | {"subset": "lookahead=2", "value": 1.0}
    scores = {"run": RUN, "normalised": 0, "scores": [SCORE | {"subset": "all"}, subset]}
    write_json(tmp_path / "scores.json", scores)
    (line,) = run_lines("shell_game/en/t5/sft/seed1", [tmp_path / "scores.json"])
    assert line.startswith("shell_game/en/t5/sft/seed1  (test, greedy, n = 30)  accuracy")
    assert line.endswith("40.00 [25.00, 55.50]")
