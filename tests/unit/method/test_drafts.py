"""Drafts of the target while a model settles, and the term that corrects them."""

from dataclasses import replace

import pytest
import torch
from test_criterion import MODELS, batch_for, method

from helpers import tiny
from warmup.config.settings import DraftsConfig
from warmup.data.batches import IGNORED
from warmup.method.criterion import Criterion
from warmup.method.drafts import Drafts, corrected, write_drafts
from warmup.method.sampling import Warmups, draw, restrict
from warmup.method.scoring import build_branches, score

SETTINGS = DraftsConfig(weight=0.5, updates=10, final=0.1)


def inputs_of(model, batch, i):
    return batch["input_ids"][i][batch["mask"][i].bool()].tolist()


def target_of(batch, i):
    return [token for token in batch["labels"][i].tolist() if token != IGNORED]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("longest", [1, 2, 6])
def test_each_token_of_a_draft_is_drawn_after_the_tokens_of_the_target(name, longest):
    model = tiny.model(name)
    batch = batch_for(model)
    uniform = torch.rand(3, 1, longest, dtype=torch.float64, generator=torch.manual_seed(2))
    source = model.encode(batch["input_ids"], batch["mask"])
    found = write_drafts(model, source, batch["labels"], max_tokens=longest, uniform=uniform)
    for i in range(3):
        *y, end = target_of(batch, i)
        assert end == model.tokens.end
        length = min(len(y), longest)
        logits = model.plain_logits(inputs_of(model, batch, i), [model.tokens.start, *y])[:length]
        logits = restrict(logits, (*model.tokens.excluded, model.tokens.separator))
        expected = draw(logits.float(), uniform[i, 0, :length]).tolist() if length else []
        padding = [model.tokens.pad] * (longest - length)
        assert found.ids[i, 0].tolist() == expected + padding
        assert found.lengths[i].tolist() == [length]
        assert found.forced[i].tolist() == [len(y) >= longest]


@pytest.mark.parametrize("name", MODELS)
def test_a_draft_is_corrected_after_its_own_tokens(name):
    model = tiny.model(name)
    tokens, batch = model.tokens, batch_for(model)
    one, two = (model.tokenizer.convert_tokens_to_ids(tiny.WORDS[i]) for i in (3, 4))
    drafts = [[], [one], [one, two, two, one]]  # the targets have 2, 0 and 4 tokens
    forced = [False, False, True]
    longest = 4
    ids = [[[*c, *[tokens.pad] * (longest - len(c))]] for c in drafts]
    warmups = Warmups(
        torch.tensor(ids), torch.tensor([[len(c)] for c in drafts]), torch.tensor(forced)[:, None]
    )
    source = model.encode(batch["input_ids"], batch["mask"])
    branches = build_branches(tokens, warmups, batch["labels"])
    scores = score(model, model.network, source, branches)
    found = Drafts(SETTINGS).nll(model, scores, branches, batch["labels"])[:, 0]
    for i, c in enumerate(drafts):
        *y, _ = target_of(batch, i)
        right = [*y, tokens.separator][: len(c) + (not forced[i])]
        logits = model.plain_logits(inputs_of(model, batch, i), [tokens.start, *c])
        log_p = restrict(logits.float(), tokens.excluded).log_softmax(-1)
        expected = -sum(log_p[at, token].item() for at, token in enumerate(right))
        assert found[i].item() == pytest.approx(expected, abs=1e-4)
    assert (found > 0).all()


def test_a_token_that_no_warmup_contains_is_no_correction():
    model = tiny.model("t5")
    tokens = model.tokens
    labels = torch.tensor([[tokens.pad, 5, tokens.end]])  # padding as an example of such a token
    warmups = Warmups(torch.tensor([[[5, 5]]]), torch.tensor([[2]]), torch.tensor([[False]]))
    branches = build_branches(tokens, warmups, labels)
    assert corrected(model, branches, labels).tolist() == [[[IGNORED, 5, tokens.separator]]]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_settles_on_drafts_and_is_corrected_later_too(name):
    model = tiny.model(name)
    batch = batch_for(model)
    plain, ours = (
        Criterion(model, replace(method("jensen", settle=1), drafts=drafts), seed=1)
        for drafts in (None, SETTINGS)
    )
    source = model.encode(batch["input_ids"], batch["mask"])
    drafts = ours.write_drafts(source, batch, 0)
    losses, notes = ours.losses(model.network, batch, 0)
    branches = build_branches(model.tokens, drafts, batch["labels"])
    scores = score(model, model.network, source, branches)
    expected = -scores.l + 0.5 * notes["draft_nll"][:, None] - scores.log_allowed_mass
    torch.testing.assert_close(losses, expected[:, 0], atol=1e-5, rtol=1e-5)
    assert notes["warmup_length"].tolist() == [2.0, 0.0, 4.0]
    without, _ = plain.losses(model.network, batch, 5)
    losses, notes = ours.losses(model.network, batch, 5)
    assert (notes["samples"] == 4).all()
    torch.testing.assert_close(losses, without + 0.3 * notes["draft_nll"], atol=1e-5, rtol=1e-5)
    assert [ours.drafts.weight(update) for update in (0, 5, 10, 20)] == pytest.approx(
        [0.5, 0.3, 0.1, 0.1]
    )


def test_the_weight_of_drafts_may_fall_to_zero():
    model = tiny.model("t5")
    one = Criterion(model, replace(method(), drafts=replace(SETTINGS, final=0.0)), seed=1)
    _, notes = one.losses(model.network, batch_for(model), update=10)
    assert "draft_nll" not in notes
