"""An embedded corpus of named entities in English, written by a seeded grammar.

It is there to try the library on without downloading anything, and hard enough to be worth learning: persons (PER),
places (LOC), organisations (ORG) and others (MISC: nationalities, languages, events, works, products), names that are
ordinary words or belong to several types, headlines in capitals, tables of results, sentences without entities. All
names in `validation` and `test`, and most of their sentence patterns, never occur in `train`; so only context and the
shape of words can find them.

Tokens are cut as `zoo.preprocessing.tokenisation` cuts raw text. Every version of Python gets the same sentences.
"""

from functools import lru_cache
from random import Random

from zoo.datasets import ner_sample_patterns as patterns
from zoo.datasets.ner_sample_names import SPLITS, Names, pick
from zoo.datasets.ner_sample_phrases import PHRASES

SIZES = {"train": 3000, "validation": 500, "test": 500}
_SEED = 20_240_229
_ALIASES = {"valid": "validation", "dev": "validation"}
_OWN_PATTERNS = {"validation": patterns.VALIDATION_PATTERNS, "test": patterns.TEST_PATTERNS}
# The share of sentences in validation and test that follow patterns of their own.
_OWN_SHARE = 0.6
_VOWELS = tuple("aeiou")
_SPOKEN_WITH_CONSONANT = ("uni", "use", "eu", "one")

Sentence = tuple[tuple[str, ...], tuple[str, ...]]


def sentences(split: str = "train") -> tuple[list[list[str]], list[list[str]]]:
    """The sentences of one split.

    Args:
        split: `"train"` (3000 sentences), `"validation"` (500; also `"valid"`, `"dev"`) or `"test"` (500).

    Returns:
        `(tokens, tags)`, one list a sentence each; tags in IOB2.

    Raises:
        ValueError: If there is no such split.
    """
    split = _ALIASES.get(split, split)
    if split not in SPLITS:
        raise ValueError(f"the sample has no split {split!r}; it has {', '.join(SPLITS)}")
    written = _corpus()[split]
    return [list(tokens) for tokens, _ in written], [list(tags) for _, tags in written]


@lru_cache(maxsize=1)
def _corpus() -> dict[str, list[Sentence]]:
    """Writes all splits at once, since each avoids the names of those before."""
    taken: set[str] = set()
    names_of_train: set[str] = set()
    corpus = {}
    for number, split in enumerate(SPLITS):
        rng = Random(_SEED + number)
        writer = _Writer(rng, Names(split, rng, taken))
        own = _OWN_PATTERNS.get(split, patterns.TRAIN_PATTERNS)
        met: set[tuple[str, ...]] = set()
        corpus[split] = []
        while len(corpus[split]) < SIZES[split]:
            pattern = pick(rng, own if rng.random() < _OWN_SHARE else patterns.TRAIN_PATTERNS)
            tokens, tags, entities = writer.write(pattern)
            if tokens in met or (split != "train" and entities & names_of_train):
                continue
            met.add(tokens)
            if split == "train":
                names_of_train |= entities
            corpus[split].append((tokens, tags))
    return corpus


class _Writer:
    """Turns patterns into tagged sentences."""

    def __init__(self, rng: Random, names: Names) -> None:
        self._rng, self._names = rng, names

    def write(self, pattern: str) -> tuple[tuple[str, ...], tuple[str, ...], set[str]]:
        """Returns tokens, tags and the entities' lower-cased texts."""
        headline = pattern.startswith("^")
        tokens: list[str] = []
        tags: list[str] = []
        entities: set[str] = set()
        self._expand(pattern.removeprefix("^"), tokens, tags, entities)
        for index in range(len(tokens) - 1):
            following = tokens[index + 1].lower()
            vowel = following.startswith(_VOWELS) and not following.startswith(_SPOKEN_WITH_CONSONANT)
            if tokens[index] == "a" and vowel:
                tokens[index] = "an"
        first = 1 if tokens[0] == '"' and len(tokens) > 1 else 0
        if tags[first] == "O":
            tokens[first] = tokens[first][:1].upper() + tokens[first][1:]
        if headline:
            tokens = [token.upper() for token in tokens]
        return tuple(tokens), tuple(tags), entities

    def _expand(self, pattern: str, tokens: list[str], tags: list[str], entities: set[str]) -> None:
        for symbol in pattern.split():
            slot = symbol[1:-1]
            if not symbol.startswith("<"):
                tokens.append(symbol)
                tags.append("O")
            elif slot.isupper():
                kind, words = self._names.draw(slot)
                entities.add(" ".join(words).lower())
                tokens += words
                tags += [f"B-{kind}"] + [f"I-{kind}"] * (len(words) - 1)
            elif not slot.endswith("?") or self._rng.random() < 0.5:
                slot = slot.rstrip("?")
                phrase = _NUMBERS[slot](self._rng) if slot in _NUMBERS else pick(self._rng, PHRASES[slot])
                self._expand(phrase, tokens, tags, entities)


def _between(rng: Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))


_NUMBERS = {
    "small": lambda rng: str(_between(rng, 2, 28)),
    "number": lambda rng: pick(rng, (str(_between(rng, 12, 99)), f"{_between(rng, 1, 40)},{_between(rng, 100, 999)}")),
    "year": lambda rng: str(_between(rng, 1790, 2024)),
    "percent": lambda rng: f"{_between(rng, 1, 30)}{pick(rng, ('', '.5'))} {pick(rng, ('%', 'percent', 'per cent'))}",
    "money": lambda rng: f"{pick(rng, '$$£€')} {_between(rng, 1, 900)} {pick(rng, ('million', 'billion', ''))}",
    "score": lambda rng: f"{_between(rng, 0, 6)} - {_between(rng, 0, 6)}",
    "sets": lambda rng: f"6 - {_between(rng, 0, 4)} {_between(rng, 0, 4)} - 6 7 - 5",
    "time": lambda rng: f"{_between(rng, 1, 59)}:{_between(rng, 10, 59)}.{_between(rng, 10, 99)}",
}
