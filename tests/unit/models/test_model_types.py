"""Every model type of `transformers` comes to the same as plain forward passes, or is refused."""

from pathlib import Path

import pytest
import torch

from helpers import model_types, tiny
from warmup.data.batches import IGNORED, pad
from warmup.generation.sequence_generator import SequenceGenerator
from warmup.method.sampling import Warmups
from warmup.method.scoring import build_branches, score

DOCUMENT = Path(__file__).parents[3] / "docs" / "models.md"
LOUDER = 8  # matrices of new networks are so small that all tokens are attended alike
EXAMPLES = [("bcdeabc", ["dead", "", "b"], "abcd"), ("d", ["e", "eeee", ""], "e")]
"""Input, warmups and target; each letter is a word."""


def documented():
    """Return attention and result of each type and architecture as they are documented."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]
    return {(name.strip("`"), kind): tuple(rest) for name, kind, *rest in cells[2:]}


def test_every_type_is_documented():
    assert sorted(documented()) == model_types.TYPES


@pytest.mark.parametrize(("model_type", "architecture"), model_types.TYPES)
def test_a_type_is_as_it_is_documented(model_type, architecture):
    expected = documented()[model_type, architecture]
    assert model_types.verdict(model_type, architecture) == expected
    if expected[1] == "equal":
        compare(model_types.make(model_type, architecture))


def compare(model):
    """Compare log-probabilities with those of one plain forward pass for each sequence."""
    with torch.no_grad():
        for weight in model.network.parameters():
            if weight.dim() > 1:
                weight.mul_(LOUDER)

    def ids(letters):
        return model.tokenizer.convert_tokens_to_ids([*letters])

    end = [model.tokens.end]
    x = [[*ids(source), *([] if model.pads_left else end)] for source, _, _ in EXAMPLES]
    rows = [[ids(c) for c in warmups] for _, warmups, _ in EXAMPLES]
    y = [[*ids(target), *end] for _, _, target in EXAMPLES]
    lengths = torch.tensor([[len(c) for c in row] for row in rows])
    padded = torch.tensor([[[*c, *[model.tokens.pad] * (4 - len(c))] for c in row] for row in rows])
    branches = build_branches(model.tokens, Warmups(padded, lengths, lengths >= 4), pad(y, IGNORED))
    expected = torch.tensor(
        [
            [tiny.log_probabilities(model, *one, 4) for one in ((x[i], c, y[i]) for c in rows[i])]
            for i in (0, 1)
        ]
    )
    with torch.no_grad():
        encoded = model.encode(
            pad(x, model.tokens.pad, model.pads_left),
            pad([[1] * len(source) for source in x], 0, model.pads_left),
        )
        for one in (encoded, model.cache_prompt(encoded)):
            found = score(model, model.network, one, branches)
            both = torch.stack([found.s, found.l], -1)
            torch.testing.assert_close(both, expected, atol=1e-3, rtol=1e-5)
    form = tiny.checkpoint_format(max_warmup_tokens=3, max_target_tokens=5)
    generator = SequenceGenerator(model, form, beams=1, batch_size=2, progress=False)
    for source, hypothesis in zip(x, generator.generate(x), strict=True):
        plain = tiny.log_probabilities(model, source, hypothesis.warmup, hypothesis.output, 3)
        found = (hypothesis.warmup_log_probability, hypothesis.output_log_probability)
        assert found == pytest.approx(plain, abs=1e-3, rel=1e-5)
