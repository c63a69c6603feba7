"""Train the tokenizer of a model that starts from scratch."""

import re
from collections.abc import Iterator
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer, UnigramTrainer, WordLevelTrainer
from transformers import PreTrainedTokenizerFast

from warmup.common.errors import InputError
from warmup.config.settings import TokenizerConfig

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
RESERVED = ("<extra_id_0>", "<extra_id_1>")
"""Tokens that no text contains: separator and end of prompt, as T5's vocabulary has them."""

# If such a word of a text were counted as a word, it would take the id of the special token.
_NAMES = re.compile(rf"(?<!\S)({'|'.join(map(re.escape, (PAD, END, UNKNOWN, *RESERVED)))})(?!\S)")
# The space symbol of `bpe` and `unigram`; in input text it counts as a space.
_SPACE = "▁"
_SPACES = Regex(rf"[\s{_SPACE}]+")
# Punctuation and symbols are separate from letters and digits, in any script. A space belongs to
# what follows it, so that decoding knows where it was.
_PIECES = Regex(
    rf"{_SPACE}?[\p{{P}}\p{{S}}&&[^{_SPACE}]]+|{_SPACE}?[^\p{{P}}\p{{S}}{_SPACE}]+|{_SPACE}"
)

_ALL = 2**31 - 1  # a limit that no vocabulary reaches

_KINDS: dict[str, tuple[Any, Any]] = {
    "word": (models.WordLevel, WordLevelTrainer),
    "symbol": (models.WordLevel, WordLevelTrainer),
    "bpe": (models.BPE, BpeTrainer),
    "unigram": (models.Unigram, UnigramTrainer),
}


def train(
    texts: Iterator[str], config: TokenizerConfig, architecture: str
) -> PreTrainedTokenizerFast:
    """Return a tokenizer trained on texts; the same one each time for `word` and `bpe`.

    For `unigram`, the `tokenizers` library returns a slightly different one at each call.

    Args:
        texts: inputs and targets of the training split.
        config: its type is word (split at white space, the most frequent words), symbol (split at
            white space, all symbols), bpe or unigram (parts of words, apart from punctuation).
        architecture: encoder-decoder inputs get an end token, prompts do not.

    Raises:
        InputError: `vocab_size` is too small.
    """
    model, trainer = _KINDS[config.type]
    spaced = config.type in ("word", "symbol")
    tokenizer = Tokenizer(model() if config.type == "unigram" else model(unk_token=UNKNOWN))
    if spaced:
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        texts = (_NAMES.sub(" ", text) for text in texts)
    else:
        one_space = [normalizers.Replace(_SPACES, " "), normalizers.Strip()]
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), *one_space])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Metaspace(split=False), pre_tokenizers.Split(_PIECES, "isolated")]
        )
        tokenizer.decoder = decoders.Metaspace()
    unigram = {"unk_token": UNKNOWN} if config.type == "unigram" else {}
    tokenizer.train_from_iterator(
        texts,
        trainer(
            vocab_size=_ALL if config.type == "symbol" else config.vocab_size,
            special_tokens=[PAD, END, UNKNOWN, *RESERVED],
            show_progress=False,
            **unigram,
        ),
    )
    if tokenizer.get_vocab_size() > config.vocab_size:
        raise InputError(
            f"tokenizer vocab_size: {config.vocab_size} is too small; the "
            f"{'symbols' if spaced else 'characters'} of these texts take "
            f"{tokenizer.get_vocab_size()} tokens"
        )
    if architecture == "encoder_decoder":
        end = (END, tokenizer.token_to_id(END))
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {END}", special_tokens=[end]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=list(RESERVED),
        clean_up_tokenization_spaces=False,
    )
