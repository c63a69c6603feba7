"""Tiny models for COMET and BERTScore: `build/metrics/bin/python tests/helpers/neural_models.py
FOLDER`.

Made from configurations with random weights by the libraries themselves, and scored by these, too:
`FOLDER/comet`, `FOLDER/bert`, and for the texts of `FOLDER/texts.json` what the libraries say of
them in `FOLDER/expected.json`.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import pytorch_lightning as lightning
import torch
from bert_score import BERTScorer
from comet import load_from_checkpoint
from comet.models import RegressionMetric
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizerFast,
)

SIZES = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
}  # fmt: skip
LAYER = 1


def encoder(folder: Path, letters: list[str]) -> None:
    """Write an XLM-R over single characters, whose positions end at 40."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = [(token, 0.0) for token in special] + [(letter, -1.0) for letter in letters]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    XLMRobertaTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    config = XLMRobertaConfig(
        vocab_size=len(vocabulary), max_position_embeddings=42, initializer_range=0.5, **SIZES
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def comet(folder: Path, letters: list[str]) -> None:
    """Write a COMET regression as its trainer writes it, and its encoder beside it."""
    encoder(folder / "encoder", letters)
    settings = {
        "encoder_model": "XLM-RoBERTa", "pretrained_model": str(folder / "encoder"),
        "layer_transformation": "sparsemax", "layer_norm": False, "hidden_sizes": [8, 4],
    }  # fmt: skip
    model = RegressionMetric(**settings)
    trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.strategy.connect(model)
    (folder / "checkpoints").mkdir()
    trainer.save_checkpoint(folder / "checkpoints" / "model.ckpt")
    hparams = {"class_identifier": "regression_metric", **settings}
    (folder / "hparams.yaml").write_text(json.dumps(hparams))


def bert(folder: Path, letters: list[str]) -> None:
    """Write a BERT over single characters, whose positions end at 40; its tokenizer has no end."""
    folder.mkdir()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizer(folder / "vocab.txt", do_lower_case=False).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary), max_position_embeddings=40, initializer_range=0.5, **SIZES
    )
    BertModel(config).save_pretrained(folder)


def main() -> None:
    """Write the models and what the libraries say."""
    torch.manual_seed(0)
    root = Path(sys.argv[1]).resolve()
    texts = json.loads((root / "texts.json").read_text(encoding="utf-8"))
    letters = sorted({letter for row in texts for text in row.values() for letter in text} - {" "})
    shutil.rmtree(root / "comet", ignore_errors=True)
    comet(root / "comet", ["▁", *letters])
    bert(root / "bert", letters)
    model = load_from_checkpoint(root / "comet" / "checkpoints" / "model.ckpt")
    found = model.predict(texts, batch_size=4, gpus=0, progress_bar=False)
    short = [row for row in texts if row["mt"] and len(row["mt"]) < 30]
    os.chdir(root)  # a path with t5 in it would be taken for a T5
    scorer = BERTScorer(model_type="bert", num_layers=LAYER)
    f1 = scorer.score([row["mt"] for row in short], [row["ref"] for row in short])[2]
    expected = {
        "comet": found.scores,
        "bertscore": {row["mt"]: v for row, v in zip(short, f1.tolist(), strict=True)},
    }
    (root / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    main()
