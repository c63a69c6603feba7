"""The model card of a trained model: `README.md` in its folder, as the Hub shows it."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import yaml

import warmup
from warmup.common.files import to_json
from warmup.config.settings import CheckpointFormat

_PACKAGES = ("torch", "transformers")
_USE = """\
```python
from warmup import WarmupModel  # of the package warmup-generations

model = WarmupModel.from_pretrained("{name}")
print(model.generate(["…"]))  # [{{"warmup": "…", "output": "…"}}]
```"""
_FORMAT = """\
It is a plain `transformers` checkpoint. What it generates is the warmup, the separator
`{separator}` and the output: split at the separator before you drop special tokens.{prompt}
A warmup has at most {longest} tokens; `warmup.json` says so, and `WarmupModel` keeps to it."""
_PROMPT = " The input ends with `{prompt_end}`."


def write(
    form: CheckpointFormat,
    summary: Mapping[str, Any],
    start: str,
    model_name: str | None = None,
    *,
    tags: str | list[str] | None = None,
    **head: Any,
) -> str:
    """Return the model card.

    Args:
        form: the content of `warmup.json`.
        summary: the content of `training.json`; without `updates` for an untrained model.
        start: name of the start model, or nothing.
        model_name: title, and the name that the example loads; None for a placeholder.
        tags: tags of the Hub, besides the card's own.
        head: other keys of the card's head, such as `license`; those that are None are left out.
    """
    has_warmups = form.max_warmup_tokens is not None
    more = [tags] if isinstance(tags, str) else tags or []
    own = {
        "library_name": "transformers",
        "base_model": start or None,
        "tags": sorted({"warmup-generations", *more}),
    }
    filled = {key: value for key, value in (own | head).items() if value is not None}
    kind = (
        "writes a short warmup, then its output" if has_warmups else "was trained without warmups"
    )
    parts = [
        f"---\n{yaml.safe_dump(filled, allow_unicode=True, sort_keys=False)}---",
        f"# {model_name or 'Warmup model'}",
        f"This {form.architecture.replace('_', '-')} model {kind}"
        + (f". It was fine-tuned from `{start}`." if start else "."),
        "## Use",
        _USE.format(name=model_name or "FOLDER"),
    ]
    if has_warmups:
        prompt = _PROMPT.format(prompt_end=form.prompt_end)
        parts.append(
            _FORMAT.format(
                separator=form.separator,
                longest=form.max_warmup_tokens,
                prompt=prompt if form.architecture == "decoder_only" else "",
            )
        )
    parts += ["## Training", _training(summary)]
    settings = to_json(summary["config"], "the model card", indent=2)
    parts.append(f"Settings that differ from their defaults:\n\n```json\n{settings}\n```")
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    parts.append(f"Versions: warmup-generations {warmup.__version__}, {versions}.")
    return "\n\n".join(parts) + "\n"


def _training(summary: Mapping[str, Any]) -> str:
    """Return how the model was trained, in sentences."""
    if "updates" not in summary:
        return "It has not been trained yet."
    cost = summary["cost"]
    sentences = [
        f"{summary['updates']} updates on {cost['examples']:,} examples, "
        f"{cost['flops']:.3g} floating-point operations, {cost['seconds']:.0f} seconds."
    ]
    if summary["validation"]:
        best = min(summary["validation"], key=lambda entry: entry["nll"])
        sentences.append(
            f"Best validation negative log-likelihood: {best['nll']:.3f} nats per example, after "
            f"update {best['update']}."
        )
    return " ".join(sentences)
