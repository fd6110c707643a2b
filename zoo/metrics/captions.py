"""Scores of generated texts against several references each: BLEU, ROUGE-L and CIDEr, as captions are judged by.

These are figures of a whole corpus, made of strings outside of the graph. The conventions are those of the evaluation
code of the COCO captions, which published figures come from (Chen et al. 2015, "Microsoft COCO Captions: Data
Collection and Evaluation Server"), but for the tokeniser: words are found by a regular expression instead of the Penn
Treebank's rules, which differ in rare contractions alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"['’](?:s|ll|re|ve|d|m|t)\b|[^\W_]+(?:[-&][^\W_]+)*")
_ORDERS = (1, 2, 3, 4)
_BETA = 1.2  # of ROUGE-L: how much recall counts more than precision
_SIGMA = 6.0  # of CIDEr-D: how many words of difference in length are forgiven

Words = Sequence[str]


def caption_scores(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """Scores captions against the references of their images.

    Texts are lower-cased and lose their punctuation first.

    Args:
        candidates: One caption for each image; an empty one scores 0 and still counts.
        references: For each image one or more captions by people.

    Returns:
        `bleu_1` to `bleu_4` and `rouge_l`, 0 to 1, and `cider`, 0 to 10 (mostly below 2), which tools also print times
        100. A single image has a CIDEr of 0: a word that is in every image's references says nothing.

    Raises:
        ValueError: There is no caption, there are not as many lists of references as captions, or one is empty.
    """
    if len(candidates) != len(references):
        raise ValueError(f"{len(candidates)} captions but {len(references)} lists of references; give one for each")
    if not len(candidates):
        raise ValueError("no captions to score; give at least one")
    for index, texts in enumerate(references):
        if isinstance(texts, str) or not len(texts):
            raise ValueError(f"references {index} (from 0) are {texts!r}; give a list of one or more texts")
    split = [words(text) for text in candidates]
    expected = [[words(text) for text in texts] for texts in references]
    rouge = [rouge_l(candidate, texts) for candidate, texts in zip(split, expected, strict=True)]
    return {**bleu(split, expected), "rouge_l": float(np.mean(rouge)), "cider": float(np.mean(cider(split, expected)))}


def words(text: str) -> list[str]:
    """Returns a text's words as they are compared: lower-cased, without punctuation, clitics apart."""
    return _WORD.findall(text.lower())


def bleu(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> dict[str, float]:
    """BLEU of 1-grams to 4-grams over a corpus, by sacrebleu.

    Papineni et al. 2002, "Bleu: a method for automatic evaluation of machine translation". As for COCO: counts are
    summed over the corpus, nothing is smoothed, every order counts though texts may be shorter than it, and the brevity
    penalty takes the reference whose length is nearest. In sacrebleu's words: `tok:none`, `smooth:none`, `eff:no`.

    Args:
        candidates: The words of each text.
        references: The words of each text's references; their numbers may differ.

    Returns:
        `bleu_1` to `bleu_4`, 0 to 1.
    """
    from sacrebleu.metrics import BLEU

    most = max(map(len, references))
    streams = [[" ".join(texts[k]) if k < len(texts) else None for texts in references] for k in range(most)]
    hypotheses = [" ".join(text) for text in candidates]
    scores = {}
    for order in _ORDERS:
        metric = BLEU(tokenize="none", smooth_method="none", max_ngram_order=order, effective_order=False, force=True)
        scores[f"bleu_{order}"] = min(metric.corpus_score(hypotheses, streams).score / 100, 1.0)
    return scores


def rouge_l(candidate: Words, references: Sequence[Words]) -> float:
    """The longest common subsequence's F-score of one text.

        P = max LCS(c, r) / |c|,    R = max LCS(c, r) / |r|,    F = (1 + β²) P R / (R + β² P),    β = 1.2

    Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", equations 2 to 4. Precision and recall are each
    the best over all references, as for COCO; packages for summaries know one reference, and β = 1.

    Args:
        candidate: Words.
        references: The words of each reference.

    Returns:
        0 to 1.
    """
    common = [_common(candidate, reference) for reference in references]
    precision = max(common) / max(len(candidate), 1)
    recall = max(length / max(len(reference), 1) for length, reference in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def cider(candidates: Sequence[Words], references: Sequence[Sequence[Words]]) -> np.ndarray:
    """CIDEr-D of each text: how alike it and its references are in n-grams that are rare elsewhere.

        g(n-gram) = count · log(N / images with it in a reference)
        CIDEr-Dₙ = 10 · mean over references r of exp(-(|c| - |r|)² / 2σ²) · Σ min(g_c, g_r) g_r / (‖g_c‖ ‖g_r‖)

    and their mean over n = 1 to 4. Vedantam et al. 2015, "CIDEr: Consensus-based Image Description Evaluation",
    equations 1 to 3, and section 6 for the variant that is harder to deceive, which everybody reports. Unlike the
    paper's, words are not stemmed; counts are not divided by the text's length, which cancels out. Both as for COCO.

    Args:
        candidates: The words of each of N texts.
        references: The words of their references; the N sets also say how rare an n-gram is.

    Returns:
        float64 [N], 0 to 10.
    """
    frequency = Counter(
        ngram for texts in references for ngram in set().union(*(_ngrams(text, n) for text in texts for n in _ORDERS))
    )
    rarity = {ngram: math.log(len(references) / count) for ngram, count in frequency.items()}
    unseen = math.log(len(references))
    scores = np.zeros(len(candidates))
    for index, (candidate, texts) in enumerate(zip(candidates, references, strict=True)):
        for n in _ORDERS:
            ours = _weighted(candidate, n, rarity, unseen)
            alike = [
                math.exp(-((len(candidate) - len(text)) ** 2) / (2 * _SIGMA**2))
                * _clipped_cosine(ours, _weighted(text, n, rarity, unseen))
                for text in texts
            ]
            scores[index] += 10 * sum(alike) / len(alike) / len(_ORDERS)
    return scores


def _common(a: Words, b: Words) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        diagonal = 0
        for k, other in enumerate(b, start=1):
            diagonal, row[k] = row[k], diagonal + 1 if word == other else max(row[k], row[k - 1])
    return row[-1]


def _ngrams(text: Words, n: int) -> Counter:
    return Counter(zip(*(text[k:] for k in range(n)), strict=False))


def _weighted(text: Words, n: int, rarity: dict, unseen: float) -> dict[tuple, float]:
    return {ngram: count * rarity.get(ngram, unseen) for ngram, count in _ngrams(text, n).items()}


def _clipped_cosine(ours: dict[tuple, float], theirs: dict[tuple, float]) -> float:
    product = sum(min(weight, theirs[ngram]) * theirs[ngram] for ngram, weight in ours.items() if ngram in theirs)
    norms = math.hypot(*ours.values()) * math.hypot(*theirs.values())
    return product / norms if norms else 0.0
