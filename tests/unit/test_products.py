"""Products by oneDNN give what the plain linear layers give, forward and backward."""

import pytest
import torch

from warmup import products
from warmup.flops import count_flops
from warmup.products import fast_products


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 256, bias=False),
        torch.nn.Linear(256, 3),
    )  # fmt: skip
    layers.is_activation_checkpointing = False  # as networks of transformers say it
    return layers


def results(network, x):
    """Return the output and all gradients."""
    leaf = x.clone().requires_grad_()
    output = network(leaf)
    gradients = torch.autograd.grad(output.square().sum(), [leaf, *network.parameters()])
    return [output.detach(), *gradients]


@pytest.mark.parametrize("shape", [(256,), (1, 256), (32, 1, 256), (8, 4, 256), (0, 256)])
def test_values_and_gradients_are_those_of_the_plain_layers(network, shape):
    x = torch.randn(shape)
    plain = results(network, x)
    with fast_products(network) as mode:
        assert mode is not None
        found = results(network, x)
    for one, other in zip(found, plain, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-5)


@torch.no_grad()
def test_weights_that_are_laid_out_once_give_the_values_of_the_plain_layers(network):
    inputs = [torch.randn(shape) for shape in ((32, 256), (3, 5, 256), (1, 256), (0, 256))]
    with fast_products(network, fixed=True) as mode:
        found = [network(x) for x in inputs]
        assert len(mode.product.found) == 2
    for x, one in zip(inputs, found, strict=True):
        torch.testing.assert_close(one, network(x), atol=1e-4, rtol=1e-5)


class Experts(torch.nn.Module):
    """Layers whose weights are rows of one parameter, so that each is an object of a moment."""

    is_activation_checkpointing = False

    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.randn(4, 256, 256) / 16)

    def forward(self, x):
        for expert in range(len(self.weights)):
            x = torch.nn.functional.linear(x, self.weights[expert])
        return x


@torch.no_grad()
def test_a_weight_of_a_moment_is_not_taken_for_one_before_it():
    torch.manual_seed(0)
    experts, x = Experts(), torch.randn(32, 256)
    with fast_products(experts, fixed=True):
        found = experts(x)
    torch.testing.assert_close(found, experts(x), atol=1e-4, rtol=1e-5)


def test_frozen_weights_get_no_gradient(network):
    network.requires_grad_(False)
    x = torch.randn(2, 256, requires_grad=True)
    with fast_products(network):
        network(x).sum().backward()
    assert x.grad is not None
    assert all(weight.grad is None for weight in network.parameters())


@pytest.mark.parametrize("rows", [5, 300])  # fewer than a state has numbers, and more
def test_gradient_of_a_weight(rows):
    weight = torch.nn.Parameter(torch.randn(600, 128))
    states, d_result = torch.randn(rows, 128), torch.randn(rows, 600)
    found = products.weight_gradient(weight, d_result, states)
    torch.testing.assert_close(found, d_result.T @ states, atol=1e-4, rtol=1e-5)
    assert found.is_contiguous()  # AdamW is slow otherwise


def test_it_stays_out_of_the_way_where_it_does_not_pay(network):
    small = torch.nn.Linear(8, 8)
    half = torch.nn.Linear(1024, 1024, dtype=torch.bfloat16)
    for other in (small, half):
        other.is_activation_checkpointing = False
        with fast_products(other) as mode:
            assert mode is None
    with torch.autocast("cpu", dtype=torch.bfloat16), fast_products(network) as mode:
        assert mode is None


def test_what_is_computed_again_is_computed_in_the_same_way(network):
    network.is_activation_checkpointing = True
    with fast_products(network) as mode:
        assert mode is None
    with fast_products(network.eval()) as mode:
        assert mode is not None


def test_operations_are_counted(network):
    x = torch.randn(3, 2, 256, requires_grad=True)
    with count_flops() as plain:
        network(x).sum().backward()
    with fast_products(network), count_flops() as found:
        network(x).sum().backward()
    assert found.get_total_flops() == plain.get_total_flops() > 0
