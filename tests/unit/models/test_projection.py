"""The fused vocabulary projection against PyTorch's own softmax."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from warmup.data.batches import IGNORED
from warmup.models.projection import Projection, divergences, label_log_probabilities

VOCABULARY, WIDTH = 11, 5
EXCLUDED = (0, 4)
ALLOWED = [token for token in range(VOCABULARY) if token not in EXCLUDED]


def problem(seed, rows, ignored=()):
    generator = torch.Generator().manual_seed(seed)
    states = 2 * torch.randn(rows, WIDTH, generator=generator)
    weight = torch.randn(VOCABULARY, WIDTH, generator=generator)
    bias = torch.randn(VOCABULARY, generator=generator)
    labels = torch.randint(0, VOCABULARY, (rows,), generator=generator)
    labels[list(ignored)] = IGNORED
    return [x.requires_grad_() for x in (states, weight, bias)], labels


def plainly(states, weight, bias, labels, cap=None):
    logits = states @ weight.T + bias
    logits = logits if cap is None else cap * (logits / cap).tanh()
    log_p = logits.log_softmax(-1)
    picked = log_p.gather(-1, labels.clamp(min=0)[:, None])[:, 0]
    mass = log_p[:, ALLOWED].logsumexp(-1)
    keep = labels != IGNORED
    return torch.where(keep, picked, 0.0), torch.where(keep, mass, 0.0)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 1000),
    rows=st.integers(1, 9),
    ignored=st.sets(st.integers(0, 8)),
    max_logits=st.sampled_from([1, 2 * VOCABULARY, 10_000]),
    cap=st.sampled_from([None, 0.5, 3.0, 30.0]),
)
def test_values_and_gradients_are_those_of_the_plain_softmax(seed, rows, ignored, max_logits, cap):
    inputs, labels = problem(seed, rows, [i for i in ignored if i < rows])
    found = label_log_probabilities(
        Projection(*inputs[1:], cap), inputs[0], labels, EXCLUDED, max_logits=max_logits
    )
    expected = plainly(*inputs, labels, cap)
    outer = torch.randn(2, rows, generator=torch.Generator().manual_seed(seed + 1))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    # the logits are kept or made again: twice backward has to work in both cases
    total = (torch.stack(found) * outer).sum()
    for _ in range(2):
        got = torch.autograd.grad(total, inputs, retain_graph=True)
    wanted = torch.autograd.grad((torch.stack(expected) * outer).sum(), inputs)
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("max_logits", [2 * VOCABULARY, 10_000])
def test_only_restricted_positions_ban_tokens(max_logits):
    inputs, labels = problem(5, 9, {3})
    restricted = torch.arange(9) % 2 == 0
    log_p, mass = label_log_probabilities(
        Projection(*inputs[1:]), inputs[0], labels, EXCLUDED,
        restricted=restricted, max_logits=max_logits,
    )  # fmt: skip
    expected, expected_mass = plainly(*inputs, labels)
    expected_mass = torch.where(restricted, expected_mass, 0.0)
    torch.testing.assert_close(log_p, expected)
    torch.testing.assert_close(mass, expected_mass)
    outer = torch.randn(2, 9, generator=torch.Generator().manual_seed(1))
    got = torch.autograd.grad((torch.stack([log_p, mass]) * outer).sum(), inputs)
    wanted = torch.stack([expected, expected_mass])
    for one, other in zip(got, torch.autograd.grad((wanted * outer).sum(), inputs), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("share", [1e-6, 0.3, 0.5, 0.51, 0.9, 1 - 1e-6])
def test_the_mass_of_allowed_tokens_is_exact_however_small(share):
    bias = torch.full((VOCABULARY,), math.log((1 - share) / len(ALLOWED)), dtype=torch.float64)
    bias[list(EXCLUDED)] = math.log(share / len(EXCLUDED))
    bias = bias.float().requires_grad_()
    projection = Projection(torch.zeros(VOCABULARY, WIDTH), bias)
    labels = torch.tensor([1, 0])
    _, mass = label_log_probabilities(projection, torch.zeros(2, WIDTH), labels, EXCLUDED)
    torch.testing.assert_close(mass, torch.full((2,), math.log1p(-share)), atol=3e-7, rtol=1e-5)
    (gradient,) = torch.autograd.grad(mass[0], bias)
    expected = torch.full_like(bias, share / len(ALLOWED))
    expected[list(EXCLUDED)] = -share / len(EXCLUDED)
    torch.testing.assert_close(gradient, expected, atol=1e-7, rtol=1e-4)


def test_extreme_logits_stay_finite():
    weight = torch.eye(3, requires_grad=True)
    states = torch.tensor([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0]], requires_grad=True)
    log_p, mass = label_log_probabilities(
        Projection(weight), states, torch.tensor([2, 0]), excluded=(0,)
    )
    torch.testing.assert_close(log_p, torch.tensor([-2e4, -torch.tensor(3.0).log().item()]))
    torch.testing.assert_close(mass, torch.tensor([-1e4, torch.tensor(2 / 3).log().item()]))
    (log_p - mass).sum().backward()
    assert states.grad.isfinite().all()
    assert weight.grad.isfinite().all()


def test_nothing_but_padding_costs_nothing():
    inputs, labels = problem(0, 3, range(3))
    log_p, mass = label_log_probabilities(Projection(*inputs[1:]), inputs[0], labels, EXCLUDED)
    assert log_p.tolist() == mass.tolist() == [0.0] * 3
    for gradient in torch.autograd.grad((log_p + mass).sum(), inputs, allow_unused=True):
        assert gradient is None or not gradient.any()


@pytest.mark.parametrize("max_logits", [2 * VOCABULARY, 10_000])
def test_the_divergence_is_that_of_pytorch_whether_in_parts_or_not(max_logits):
    inputs, _ = problem(3, 7)
    (states, weight, bias), _ = problem(4, 7)
    found = divergences(
        Projection(*inputs[1:]),
        inputs[0],
        Projection(weight, bias),
        states,
        EXCLUDED,
        max_logits=max_logits,
    )
    p = (inputs[0] @ inputs[1].T + inputs[2])[:, ALLOWED].log_softmax(-1)
    q = (states @ weight.T + bias)[:, ALLOWED].log_softmax(-1).detach()
    expected = torch.nn.functional.kl_div(q, p, reduction="none", log_target=True).sum(-1)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    got = torch.autograd.grad(found.sum(), inputs)
    for one, other in zip(got, torch.autograd.grad(expected.sum(), inputs), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    assert weight.grad is None


def test_in_parts_no_more_logits_exist_than_allowed():
    """No tensor, forward or backward, is larger than a tenth of all logits."""
    rows, size = 4096, 1024
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(rows, WIDTH, generator=generator).requires_grad_()
    weight = torch.randn(size, WIDTH, generator=generator).requires_grad_()
    labels = torch.randint(0, size, (rows,), generator=generator)
    largest = 0

    class Largest(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            found = function(*args, **(kwargs or {}))
            if isinstance(found, torch.Tensor):
                largest = max(largest, found.numel())
            return found

    with Largest():
        log_p, _ = label_log_probabilities(
            Projection(weight), states, labels, max_logits=rows * size // 10
        )
        log_p.sum().backward()
    assert rows * size // 20 < largest <= rows * size // 10
