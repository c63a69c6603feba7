"""Function words and content words: which words of the references an output has.

English and German have lists of their closed classes (articles, pronouns, prepositions,
conjunctions, auxiliaries, particles). Of other languages, the words most frequent in the references
stand in for them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from warmup.analysis import FloatArray, Quantity, Words, ratio, share
from warmup.metrics._language import language

_MOST = 100
_PART = 10

_CLOSED = {
    "en": """
        a an the this that these those each every either neither some any no all both half such
        what which whose who whom whoever whatever whichever
        i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
        himself she her hers herself it its itself they them their theirs themselves one oneself
        someone somebody something anyone anybody anything everyone everybody everything nobody
        nothing none other another
        about above across after against along among amid around as at before behind below beneath
        beside besides between beyond by despite down during except for from in inside into like
        near of off on onto out outside over past per since than through throughout till to toward
        towards under until up upon via with within without
        and or but nor so yet if because although though unless while whereas whether when whenever
        where wherever why how
        be am is are was were been being have has had having do does did doing done will would shall
        should can could may might must ought
        not there then here too also only very just even
        s t d ll m re ve don doesn didn isn aren wasn weren hasn haven hadn won wouldn couldn
        shouldn
    """,
    "de": """
        der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner
        keines dieser diese dieses diesen diesem jener jene jenes jenen jenem jeder jede jedes jeden
        jedem alle allen aller alles beide beiden solche solcher solches solchen welche welcher
        welches welchen welchem manche mancher einige einigen einiger
        ich mich mir mein meine meinen meinem meiner meines du dich dir dein deine deinen deinem
        deiner deines er ihn ihm sein seine seinen seinem seiner seines sie ihr ihre ihren ihrem
        ihrer ihres es wir uns unser unsere unseren unserem unserer unseres euch euer eure euren
        eurem eurer sich man wer wen wem wessen was etwas nichts jemand niemand
        ab an am ans auf aus bei beim bis durch entlang für gegen gegenüber hinter im in ins mit
        nach neben ohne seit statt trotz über um unter unterhalb vom von vor während wegen wider zu
        zum zur zwischen innerhalb außerhalb außer
        und oder aber denn sondern doch dass daß ob wenn als weil da obwohl damit falls indem
        nachdem bevor ehe sobald solange sowie sowohl weder noch wie so
        bin bist ist sind seid war warst waren wart gewesen sein habe hast hat haben habt hatte
        hattest hatten hattet gehabt werde wirst wird werden werdet wurde wurden worden geworden
        würde würden kann kannst können könnt konnte konnten könnte könnten muss müssen musste
        mussten müsste müssten soll sollen sollte sollten will wollen wollte wollten darf dürfen
        durfte durften dürfte dürften mag mögen möchte möchten
        nicht auch nur schon hier dort wo wann warum wohin woher darum daran darauf daraus dabei
        dafür dagegen davon davor dazu dann
    """,
}


def function_words(lang: str, references: Iterable[Words]) -> frozenset[str]:
    """Return the function words of a language.

    Without a list, the tenth of the references' different words which are the most frequent, at
    most 100; of equally frequent words, those first by name.

    Raises:
        InputError: the language is empty.
    """
    if known := _CLOSED.get(language(lang)):
        return frozenset(known.split())
    counts = Counter(word for text in references for word in text)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return frozenset(ranked[: min(_MOST, -(-len(ranked) // _PART))])


def recalled(
    outputs: Sequence[Words], references: Sequence[Words], chosen: frozenset[str], inside: bool
) -> FloatArray:
    """Return how many words of the class the output has of the reference, and how many there are.

    Args:
        outputs: words of each output.
        references: words of each reference.
        chosen: words.
        inside: whether the class is `chosen` or all other words.

    Returns:
        [n, 2]; each word counts as often as it is in both.
    """
    rows = []
    for output, reference in zip(outputs, references, strict=True):
        wanted = Counter(word for word in reference if (word in chosen) == inside)
        rows.append(((wanted & Counter(output)).total(), wanted.total()))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def recalls(
    outputs: Sequence[Words], references: Sequence[Words], chosen: frozenset[str]
) -> dict[str, Quantity]:
    """Return the recall of the references' function words and of their content words."""
    return {
        f"recall_{name}_words": Quantity(recalled(outputs, references, chosen, inside), ratio)
        for name, inside in (("function", True), ("content", False))
    }


def gains(ours: dict[str, Quantity], theirs: dict[str, Quantity]) -> dict[str, Quantity]:
    """Return what `ours` recall more than `theirs` of each class, and how much more of content.

    Both as `recalls` returns them, on the same items.
    """
    (f, c), (other_f, other_c) = (
        [one[f"recall_{name}_words"].statistics for name in ("function", "content")]
        for one in (ours, theirs)
    )
    function = [(a - b, n) for (a, n), (b, _) in zip(f.tolist(), other_f.tolist(), strict=True)]
    content = [(a - b, n) for (a, n), (b, _) in zip(c.tolist(), other_c.tolist(), strict=True)]
    found = {"gain_function_words": share(function), "gain_content_words": share(content)}
    both = np.concatenate([found[name].statistics for name in found], axis=1)
    return found | {"gain_content_minus_function": Quantity(both, _second_minus_first)}


def _second_minus_first(sums: FloatArray) -> FloatArray:
    difference: FloatArray = ratio(sums[..., 2:]) - ratio(sums[..., :2])
    return difference
