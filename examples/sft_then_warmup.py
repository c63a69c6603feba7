"""The recommended recipe on your own data: fine-tune first, then train warmups.

    python sft_then_warmup.py --model google-t5/t5-small --train train.jsonl --valid valid.jsonl

The files have one JSON object per line, with texts as `source` and `target`. A warmup can only say
what the start model knows, so the first model is trained without warmups (SFT). To see whether
warmups help, it is then trained further in two ways, with as many updates: with and without them.
"""

import argparse
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset

from warmup import WarmupConfig, WarmupModel, WarmupTrainer


def main() -> None:
    """Train three models and print their validation losses and some outputs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="google-t5/t5-small", help="name or folder of the start")
    parser.add_argument("--train", required=True, help="JSON lines with source and target")
    parser.add_argument("--valid", required=True, help="the same for validations")
    parser.add_argument("--output-dir", type=Path, default=Path("sft_then_warmup"))
    parser.add_argument("--updates", type=int, default=1000, help="of each of the three trainings")
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()

    files = {"train": options.train, "valid": options.valid}
    data = load_dataset("json", data_files=files)
    without = {"objective": "likelihood", "max_warmup_tokens": None}
    with_warmups = {"reference_kl": {"updates": max(options.updates // 3, 1)}}

    sft, _ = train("sft", options.model, data, options, without)
    _, continued = train("sft_continued", sft, data, options, without)
    warmup, loss = train("warmup", sft, data, options, with_warmups)

    print(f"validation loss, nats per example: SFT continued {continued:.3f}, warmup {loss:.3f}")
    sources = data["valid"]["source"][:3]
    outputs = WarmupModel.from_pretrained(warmup).generate(sources)
    for source, found in zip(sources, outputs, strict=True):
        print(f"source: {source}\nwarmup: {found['warmup']}\noutput: {found['output']}\n")


def train(
    name: str, start: str, data: dict[str, Dataset], options: Any, settings: dict[str, Any]
) -> tuple[str, float]:
    """Train one model; return its folder and its validation loss, nats per example.

    Args:
        name: of the model's folder.
        start: name or folder of the model to start from.
        data: `train` and `valid`.
        options: of the command line.
        settings: of the loss.
    """
    folder = options.output_dir / name
    args = WarmupConfig(
        str(folder),
        max_steps=options.updates,
        per_device_train_batch_size=options.batch_size,
        warmup_steps=options.updates // 20,
        eval_strategy="steps",
        eval_steps=max(options.updates // 5, 1),
        save_steps=max(options.updates // 5, 1),
        save_total_limit=2,
        load_best_model_at_end=True,
        **settings,
    )
    trainer = WarmupTrainer(start, args, train_dataset=data["train"], eval_dataset=data["valid"])
    trainer.train()
    trainer.save_model(str(folder / "model"))
    loss: float = trainer.evaluate()["eval_loss"]
    return str(folder / "model"), loss


if __name__ == "__main__":
    main()
