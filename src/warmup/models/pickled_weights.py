"""Make safetensors of pickled weights whose SHA-256 is known.

Opening a pickled file can run code that is in it, so there are two lines of defence. The file has
to be, byte for byte, the one that the configuration names. Then PyTorch reads it with
`weights_only=True`, which makes nothing but tensors and plain values. Two holes of that reader are
known; the last was closed in PyTorch 2.10 (CVE-2026-24747), and pyproject.toml asks for a later
version.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from warmup.common.errors import InputError, disk_problem, out_of_memory
from warmup.common.files import sha256

_REFUSED = re.compile(r"(?:GLOBAL|class|function) [\w.]+")
"""What PyTorch's message says of the object that it does not make."""


def check_hash(path: Path, expected: str) -> None:
    """Check that a file is the one with a SHA-256; nothing in it is interpreted.

    Raises:
        InputError: it is another file; the message has the SHA-256 that was found.
    """
    if (found := sha256(path)) != expected:
        raise InputError(
            f"{path.name}: has the SHA-256 {found}, but pickled_sha256 is {expected}; it was not "
            "opened"
        )


def convert(path: Path, safe: Path) -> None:
    """Write the tensors of a pickled file as safetensors, and compare each one after reading back.

    Names of one and the same tensor, such as those of tied embeddings, keep the first name. That is
    what `from_pretrained` expects of tied weights.

    Args:
        path: the pickled file, after `check_hash`.
        safe: the file to write.

    Raises:
        InputError: the file is damaged, holds anything else than tensors, or the written tensors
            are not those that were read.
    """
    tensors = _read(path)
    first: dict[tuple[Any, ...], str] = {}
    kept = {name: first.setdefault(_place(each), name) for name, each in tensors.items()}
    own = {name: each for name, each in tensors.items() if kept[name] == name}
    memory = Counter(each.untyped_storage().data_ptr() for each in own.values())
    for name, each in own.items():  # safetensors takes no parts of one piece of memory
        is_part = memory[each.untyped_storage().data_ptr()] > 1
        own[name] = each.contiguous().clone() if is_part else each.contiguous()
    save_file(own, safe, metadata={"format": "pt"})
    with safe_open(safe, framework="pt") as written:
        for name, expected in tensors.items():
            if not torch.equal(_bits(written.get_tensor(kept[name])), _bits(expected)):
                raise InputError(f"{safe}: {name} is not what {path.name} holds; start again")


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a pickled file by name."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in many ways
        if out_of_memory(error) or disk_problem(error):
            raise
        what = _REFUSED.search(str(error))
        reason = f"it wants {what[0]}" if what else f"it is damaged ({type(error).__name__})"
        raise InputError(f"{path.name}: refused: {reason}; it must hold tensors alone") from None
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path.name}: refused: it does not hold tensors by name")
    for name, value in content.items():
        is_plain = isinstance(value, torch.Tensor) and value.layout is torch.strided
        if not isinstance(name, str) or not is_plain or value.is_quantized:
            raise InputError(f"{path.name}: refused: {name!r} is not a plain tensor")
    return content


def _place(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Return what is equal for two tensors only if they are the same numbers in memory."""
    return tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """Return the bytes of a tensor; NaN is not equal to itself, its bytes are."""
    return tensor.contiguous().flatten().view(torch.uint8)
