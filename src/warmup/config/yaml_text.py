"""Read YAML in which each key of a mapping is there once, and which aliases do not blow up."""

import math
from typing import Any

import yaml

from warmup.common.errors import InputError

MOST_VALUES = 200_000
"""Most values of a document, those that it has by an alias counted each time."""


def parse(text: bytes | str, where: str) -> Any:
    """Return the value of a YAML document; `where` begins errors.

    Raises:
        InputError: it is not YAML, or as `load`.
    """
    try:
        return load(text, where, yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: as 2024-13-01
        raise InputError(f"{where}: not YAML: {error}") from None


def load(
    text: bytes | str, where: str, loader_class: type[yaml.SafeLoader | yaml.BaseLoader]
) -> Any:
    """Return the value of a YAML document; `where` begins errors.

    Raises:
        InputError: a mapping has a key twice, of which YAML's reader would drop one without a word;
            or aliases make the document too large, or nest a value in itself.
        yaml.YAMLError: it is not YAML.
    """
    loader = loader_class(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _check(root, where, {})
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _check(node: yaml.Node, where: str, sizes: dict[yaml.Node, float]) -> float:
    """Return how many values a node has; each node is looked at once, however many aliases it has.

    Args:
        node: of the document.
        where: beginning of errors.
        sizes: the values of the nodes that were looked at; infinite while one is.
    """
    if node in sizes:
        if sizes[node] == math.inf:
            raise InputError(f"{where}:{_line(node)}: a value that contains itself by an alias")
        return sizes[node]
    sizes[node], inside = math.inf, []
    if isinstance(node, yaml.SequenceNode):
        inside = node.value
    elif isinstance(node, yaml.MappingNode):
        inside = [part for pair in node.value for part in pair]
        _check_keys([key for key, _ in node.value], where)
    sizes[node] = 1 + sum(_check(one, where, sizes) for one in inside)
    if sizes[node] > MOST_VALUES:
        raise InputError(
            f"{where}:{_line(node)}: aliases make more than {MOST_VALUES:,} values of this one"
        )
    return sizes[node]


def _check_keys(keys: list[yaml.Node], where: str) -> None:
    first: dict[tuple[str, str], yaml.Node] = {}
    for key in keys:
        if not isinstance(key, yaml.ScalarNode):
            continue  # which is refused as it is no string
        earlier = first.setdefault((key.tag, key.value), key)
        if earlier is not key:
            raise InputError(
                f"{where}:{_line(key)}: the key {key.value!r} is there twice, "
                f"first in line {_line(earlier)}; keep one of them"
            )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
