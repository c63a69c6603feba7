"""What holds for every objective."""

import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.objective_variants import evaluate, every_variant, rows, tensor
from warmup.common import plugins
from warmup.method.objectives import (
    concatenation,
    expected,
    group_normalised,
    jensen,
    likelihood,
    multisample,
    reweighted,
    surrogate,
)

every_objective = pytest.mark.parametrize(
    "objective", [plugins.load("objective", name) for name in plugins.names("objective")]
)


# what every objective promises


def test_the_objectives_of_the_documentation_are_there():
    assert set(plugins.names("objective")) == {
        "likelihood", "concatenation", "reweighted", "multisample", "jensen", "expected",
        "group_normalised",
    }  # fmt: skip


@every_objective
def test_settings_are_keywords_with_defaults(objective):
    parameters = list(inspect.signature(objective.coefficients).parameters.values())
    assert [p.name for p in parameters[:2]] == ["l", "lengths"]
    for p in parameters[2:]:
        assert p.kind is p.KEYWORD_ONLY
        assert p.default is not p.empty


@every_objective
def test_how_many_samples_are_needed(objective):
    needed = objective.MIN_SAMPLES
    assert needed == {likelihood: 0, concatenation: 1}.get(objective, 2)
    a, b = evaluate(objective, -torch.ones(3, max(needed, 1)))
    assert a.shape == b.shape == (3, max(needed, 1))
    assert a.isfinite().all()
    assert b.isfinite().all()


@every_variant
def test_coefficients_carry_no_gradient(objective, options):
    l = tensor([-1.0, -2.0, -4.0]).requires_grad_()
    a, b = evaluate(objective, l, **options)
    assert not a.requires_grad
    assert not b.requires_grad


@every_variant
@settings(max_examples=15)
@given(l=rows, permutation=st.permutations(range(4)))
def test_samples_have_no_order_and_examples_no_neighbours(objective, options, l, permutation):
    l = tensor(*l)
    together = evaluate(objective, l, **options)
    permuted = evaluate(objective, l[:, permutation], **options)
    for one, other in zip(together, permuted, strict=True):
        torch.testing.assert_close(one[:, permutation], other, atol=1e-9, rtol=1e-9)
    for i in range(len(l)):
        for one, other in zip(together, evaluate(objective, l[i : i + 1], **options), strict=True):
            torch.testing.assert_close(one[i : i + 1], other, atol=0, rtol=0)


@every_variant
@settings(max_examples=15)
@given(l=rows)
def test_coefficients_are_finite_and_the_target_is_never_pushed_away(objective, options, l):
    for dtype in (torch.float64, torch.float32):
        a, b = evaluate(objective, tensor(*l, dtype=dtype), **options)
        assert a.isfinite().all()
        assert b.isfinite().all()
        assert (a >= 0).all()


@every_variant
@settings(max_examples=15)
@given(l=rows)
def test_float32_is_precise(objective, options, l):
    l = tensor(*l, dtype=torch.float32)
    for one, other in zip(
        evaluate(objective, l, **options), evaluate(objective, l.double(), **options), strict=True
    ):
        largest = other.abs().amax(-1, keepdim=True)
        assert ((one - other).abs() <= 1e-5 * (1 + largest)).all()


@every_variant
def test_numbers_of_half_precision_are_taken_as_they_are(objective, options):
    l = torch.tensor([[-1.5, -40.25, -3.0]], dtype=torch.bfloat16)
    for one, other in zip(
        evaluate(objective, l, **options), evaluate(objective, l.float(), **options), strict=True
    ):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, atol=0, rtol=0)
    a, b = evaluate(objective, l, **options)
    loss = surrogate(a, b, l, l)
    assert loss.dtype == torch.float32
    assert loss.isfinite()


@every_variant
def test_only_differences_between_samples_count(objective, options):
    invariant = objective in (reweighted, group_normalised, likelihood, concatenation) or (
        options["control_variate"] and options.get("relative", True)
    )
    if objective is expected:
        invariant = options["relative"]
    l = tensor([-3.0, -4.5, -3.25, -9.0])
    shifted = evaluate(objective, l - 2048, **options)
    same = [
        torch.allclose(one, other, rtol=1e-9, atol=1e-12)
        for one, other in zip(evaluate(objective, l, **options), shifted, strict=True)
    ]
    assert all(same) == invariant


@every_variant
def test_a_baseline_makes_the_signals_to_the_warmups_sum_to_zero(objective, options):
    if objective is multisample:  # there each sample has a baseline of its own
        return
    _, b = evaluate(objective, tensor([-3.0, -4.5, -3.25, -9.0]), **options)
    balanced = b.sum().item() == pytest.approx(0, abs=1e-12)
    assert balanced == options.get("control_variate", objective is not concatenation)


@every_variant
def test_equal_samples_give_no_signal_to_the_warmups(objective, options):
    """Not even where their sum rounds, as it does for long targets."""
    l = torch.full((1, 7), -2000.1, dtype=torch.float32)
    _, b = evaluate(objective, l, **options)
    if options.get("control_variate", objective is not concatenation):
        torch.testing.assert_close(b, torch.zeros(1, 7), atol=2e-6, rtol=0)


@every_variant
def test_length_normalisation_divides_by_the_target_s_length(objective, options):
    if not options.get("length_normalised"):
        return
    l = tensor([-30.0, -33.0, -60.0], [-30.0, -33.0, -60.0])
    lengths = torch.tensor([10, 30])
    found = objective.coefficients(l, lengths, **options)
    options = options | {"length_normalised": False}
    other = objective.coefficients(l / lengths[:, None], lengths, **options)
    for one, two in zip(found, other, strict=True):
        torch.testing.assert_close(one, two)
        assert not torch.allclose(one[0], one[1]) or objective is jensen


# the loss


def test_the_loss_is_the_weighted_sum_and_its_gradient_the_coefficients():
    generator = torch.Generator().manual_seed(0)
    a, b, s, l = torch.randn(4, 2, 3, dtype=torch.float64, generator=generator)
    s.requires_grad_()
    l.requires_grad_()
    loss = surrogate(a, b, s, l)
    torch.testing.assert_close(loss, -(a * l).sum(1) - (b * s).sum(1))
    loss.sum().backward()
    torch.testing.assert_close(l.grad, -a)
    torch.testing.assert_close(s.grad, -b)


def test_what_has_no_coefficient_has_no_part_in_the_loss():
    a, b = tensor([0.0, 2.0]), tensor([1.0, 0.0])
    s = tensor([-3.0, -math.inf]).requires_grad_()
    l = tensor([-math.inf, -5.0]).requires_grad_()
    loss = surrogate(a, b, s, l)
    loss.sum().backward()
    assert loss.tolist() == [13.0]
    assert l.grad.tolist() == [[0.0, -2.0]]
    assert s.grad.tolist() == [[-1.0, 0.0]]


def test_a_loss_is_infinite_where_an_impossible_sample_counts():
    zero = tensor([0.0])
    assert surrogate(tensor([1.0]), zero, zero, tensor([-math.inf])).tolist() == [math.inf]


@every_variant
@pytest.mark.parametrize("where", ["l", "s"])
def test_nan_stays_nan(objective, options, where):
    s, l = torch.full((2, 3), -1.0), torch.full((2, 3), -2.0)
    {"l": l, "s": s}[where][0, 1] = math.nan
    a, b = evaluate(objective, l, **options)
    loss = surrogate(a, b, s, l)
    assert loss[0].isnan()
    assert loss[1].isfinite()


# extremes of log space

EXTREMES = {
    "500 tokens": [-2000.0, -2010.0, -2003.0, -2000.5],
    "one is worth all the others": [-2000.0, -5.0, -1800.0, -1900.0],
    "very long": [-1e5, -1e5, -1e5, -1e5],
    "certain": [0.0, 0.0, 0.0, 0.0],
    "one impossible": [-2000.0, -math.inf, -2001.0, -2002.0],
    "one possible": [-math.inf, -2000.0, -math.inf, -math.inf],
    "all impossible": [-math.inf] * 4,
}


@every_variant
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_gradients_stay_finite(objective, options, dtype):
    l = torch.tensor(list(EXTREMES.values()), dtype=dtype, requires_grad=True)
    s = torch.tensor([[-3.0, -50.0, -math.inf, 0.0]] * len(l), dtype=dtype, requires_grad=True)
    a, b = evaluate(objective, l, **options)
    surrogate(a, b, s, l).sum().backward()
    torch.testing.assert_close(l.grad, -a.to(dtype))
    torch.testing.assert_close(s.grad, -b.to(dtype))
    for name, *finite in zip(EXTREMES, l.grad.isfinite(), s.grad.isfinite(), strict=True):
        assert torch.stack(finite).all(), name


@every_variant
def test_impossible_targets_give_the_warmups_no_signal(objective, options):
    _, b = evaluate(objective, tensor([-math.inf] * 4), **options)
    assert (b == (0.25 if objective is concatenation else 0)).all()


@every_variant
def test_an_impossible_token_does_not_spoil_the_gradient_of_the_others(objective, options):
    """Through the network's softmax: a token of the second warmup's target is ruled out."""
    logits = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    ruled_out = torch.zeros(3, 5, 4, dtype=torch.bool)
    ruled_out[1, 2, 0] = True
    l = logits.masked_fill(ruled_out, -math.inf).log_softmax(-1)[..., 0].sum(-1)[None]
    assert l[0, 1] == -math.inf
    s = -torch.ones(1, 3)
    a, b = evaluate(objective, l, **options)
    surrogate(a, b, s, l).sum().backward()
    assert logits.grad.isfinite().all()
    assert (logits.grad[0] != 0).any() or a[0, 0] == 0


def test_impossible_samples_are_as_bad_as_the_worst():
    for objective, options in ((jensen, {}), (jensen, {"control_variate": False}),
                               (group_normalised, {})):  # fmt: skip
        _, b = evaluate(objective, tensor([-2.0, -math.inf, -5.0]), **options)
        _, worst = evaluate(objective, tensor([-2.0, -5.0, -5.0]), **options)
        torch.testing.assert_close(b, worst)


def test_impossible_samples_have_no_weight():
    for objective in (reweighted, multisample, expected):
        a, _ = evaluate(objective, tensor([-2.0, -math.inf, -5.0]))
        nearly, _ = evaluate(objective, tensor([-2.0, -5000.0, -5.0]))
        torch.testing.assert_close(a, nearly)
        assert a[0, 1] == 0
