"""Linear layers with weights laid out for few rows give what the plain ones give."""

import pytest
import torch

from warmup import prepacked as module
from warmup.flops import count_flops
from warmup.prepacked import prepacked


@pytest.fixture
def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(512, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 512, bias=False),
        torch.nn.Linear(512, 3),
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 512), (32, 1, 512), (8, 4, 512)])
def test_values_are_those_of_the_plain_layers(network, shape):
    x = torch.randn(shape)
    with torch.no_grad():
        plain = network(x)
        with prepacked(network, 16) as mode:
            found = [network(x) for _ in range(3)]
            assert len(mode.packed) == 2  # the small layer is left alone, and each is packed once
    for one in found:
        torch.testing.assert_close(one, plain, atol=1e-5, rtol=1e-5)


def test_weights_that_have_changed_are_laid_out_again(network):
    x = torch.randn(4, 512)
    with torch.no_grad():
        with prepacked(network, 16):
            before = network(x)
        for parameter in network.parameters():
            parameter.mul_(2)
        with prepacked(network, 16):
            after = network(x)
        torch.testing.assert_close(after, network(x), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(before, after)


def test_it_stays_out_of_the_way_where_it_does_not_pay(network):
    small = torch.nn.Linear(8, 8)
    half = torch.nn.Linear(1024, 1024, dtype=torch.bfloat16)
    for other, steps in ((network, module.MIN_STEPS - 1), (small, 100), (half, 100)):
        with prepacked(other, steps) as mode:
            assert mode is None
    with torch.autocast("cpu", dtype=torch.bfloat16), prepacked(network, 100) as mode:
        assert mode is None


def test_operations_are_counted(network):
    x = torch.randn(3, 2, next(network.parameters()).shape[1])
    counts = []
    for steps in (0, 16):
        with torch.no_grad(), prepacked(network, steps), count_flops() as counter:
            network(x)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0
