"""An embedded corpus of small reviews in English, written by a seeded grammar.

It is there to try the library on without downloading anything. In most reviews praise and blame stand side by side, and
only negation, contrast and what is said by whom tell which of the two is meant: such a review has a twin in the same
split with the same words in another order and the other label, about which a bag of words can only guess. The sentence
patterns of `validation` and `test` never occur in `train`.

Every version of Python gets the same reviews.
"""

from functools import lru_cache
from random import Random

SIZES = {"train": 2400, "validation": 200, "test": 300}
_SEED = 20_260_101
_ALIASES = {"valid": "validation", "dev": "validation"}

# `<good>` and `<bad>` change places in the twin, and with them the label: a pattern is written as praise.
# `<praise>` and `<blame>` are patterns without a twin, one list a label.
_TWINS = {
    "train": (
        "The <part> was <bad> , but the <whole> was <good> .",
        "The <part> and the <part> are <bad> , but all in all the <whole> is <good> .",
        "Although the <part> was <bad> , the <whole> was <good> .",
        "Even though the <part> is <bad> , I found the <whole> <good> .",
        "I expected something <bad> and got something <good> .",
        "I was told that the <whole> is <bad> . It is <good> .",
        "This is not a <bad> <whole> , it is a <good> one .",
        "The <whole> is not <bad> . It is <good> .",
        "The <whole> is <good> , not <bad> .",
        "A <good> <whole> , never <bad> .",
        "Not <bad> at all : <good> .",
        "It begins <bad> and it ends <good> .",
        "My <friend> calls it <bad> , but I call it <good> .",
        "My <friend> found it <bad> . I think it is <good> .",
        "People say the <part> is <bad> . They are wrong , it is <good> .",
        "<bad> ? No , <good> !",
        "The <whole> is <good> , although the <part> is <bad> .",
        "The <whole> was <good> even though the <part> was <bad> .",
        "Nobody can call this <whole> <bad> ; it is <good> .",
        "After a <bad> start the <whole> becomes <good> .",
        "At first it seemed <bad> , in the end it was <good> .",
        "The first one was <bad> . This one is <good> .",
    ),
    "validation": (
        "The <part> is <bad> , but I found it <good> all in all .",
        "My <friend> says that the <whole> is <bad> . I call it <good> .",
        "The <whole> was not <bad> at all , it was <good> .",
        "It was <good> , although the <part> and the <part> were <bad> .",
        "I expected a <bad> <whole> , but this one was <good> .",
        "It is never <bad> . The <whole> is <good> .",
    ),
    "test": (
        "Even though my <friend> found the <part> <bad> , I think the <whole> is <good> .",
        "People say it was <bad> , but I found it <good> .",
        "I found the <whole> <good> , not <bad> at all .",
        "The <part> begins <bad> , but the <whole> ends <good> .",
        "Although it seemed <bad> at first , I call this a <good> <whole> .",
        "This one is not <bad> : the <whole> is <good> .",
        "In the end the <whole> was <good> , even though the start was <bad> .",
        "It is a <good> <whole> , although people say it is <bad> .",
        "The first <whole> was <bad> , but this <whole> was <good> .",
    ),
}
_SINGLE = {
    "train": (
        "The <part> was <good> .",
        "What a <good> <whole> !",
        "I think the <whole> is <good> , and the <part> is <good> .",
        "The <part> is not <bad> .",
        "There is nothing <bad> about the <part> .",
        "It is never <bad> .",
        "I cannot call it <bad> .",
        "It was <good> from start to end .",
    ),
    "validation": ("The <whole> is <good> and the <part> was <good> .", "The <part> was never <bad> ."),
    "test": ("I found the <part> <good> from start to end .", "There is nothing <bad> about this <whole> ."),
}
_GOOD = (
    "good", "great", "wonderful", "brilliant", "moving", "funny", "clever", "charming", "gripping", "superb",
    "delightful", "excellent",
)  # fmt: skip
_BAD = (
    "bad", "awful", "terrible", "boring", "dull", "clumsy", "silly", "weak", "tedious", "dreadful", "lifeless", "poor",
)  # fmt: skip
_NEUTRAL = {
    "<part>": (
        "acting", "plot", "music", "dialogue", "camera work", "ending", "cast", "script", "pace", "lighting", "opening",
    ),
    "<whole>": ("film", "movie", "story", "picture", "play", "book", "show", "series"),
    "<friend>": ("brother", "sister", "neighbour", "teacher", "friend", "wife", "husband"),
}  # fmt: skip
_ASIDES = (
    "I saw it on <day> .", "We watched it with the children .", "It runs for two hours .", "I bought the book too .",
    "It was made in <year> .", "The cinema was half full .", "It is set in a small town .", "I had read about it .",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Friday", "Sunday", "a rainy evening", "the train")
_TWIN_SHARE = 0.8


def texts(split: str = "train") -> tuple[list[str], list[str]]:
    """The reviews of one split.

    Args:
        split: `"train"` (2400 reviews), `"validation"` (200; also `"valid"`, `"dev"`) or `"test"` (300).

    Returns:
        `(texts, labels)`, one each a review; labels are `"neg"` and `"pos"`, as many of each.

    Raises:
        ValueError: If there is no such split.
    """
    split = _ALIASES.get(split, split)
    if split not in SIZES:
        raise ValueError(f"the sample has no split {split!r}; it has {', '.join(SIZES)}")
    written = _corpus()[split]
    return [text for text, _ in written], [label for _, label in written]


@lru_cache(maxsize=1)
def _corpus() -> dict[str, tuple[tuple[str, str], ...]]:
    corpus = {}
    for number, (split, size) in enumerate(SIZES.items()):
        rng = Random(_SEED + number)
        written: list[tuple[str, str]] = []
        met: set[str] = set()
        while len(written) < size:
            pair = _pair(rng, split)
            if met.isdisjoint(pair) and len(set(pair)) == 2:
                met.update(pair)
                written += zip(pair, ("pos", "neg"), strict=True)
        keys = [rng.random() for _ in written]  # `shuffle` is not the same in every version
        corpus[split] = tuple(review for _, review in sorted(zip(keys, written, strict=True)))
    return corpus


def _pair(rng: Random, split: str) -> tuple[str, str]:
    """Writes praise and blame: twins with the same words, or two reviews of one pattern."""
    twins = rng.random() < _TWIN_SHARE
    pattern = _pick(rng, (_TWINS if twins else _SINGLE)[split])
    if rng.random() < 0.5:
        aside = _pick(rng, _ASIDES).replace("<day>", _pick(rng, _DAYS))
        aside = aside.replace("<year>", str(1950 + int(rng.random() * 70)))
        pattern = f"{aside} {pattern}" if rng.random() < 0.7 else f"{pattern} {aside}"
    for slot, choices in _NEUTRAL.items():
        while slot in pattern:
            pattern = pattern.replace(slot, _pick(rng, choices), 1)
    good, bad = _pick(rng, _GOOD), _pick(rng, _BAD)
    praise = pattern.replace("<good>", good).replace("<bad>", bad)
    blame = pattern.replace("<good>", bad).replace("<bad>", good)
    return _tidy(praise), _tidy(blame)


def _tidy(text: str) -> str:
    """Capitals at sentences' starts, no blanks before punctuation, `an` before vowels."""
    words = text.split()
    for index, word in enumerate(words):
        if index == 0 or words[index - 1] in ".!?":
            words[index] = word[:1].upper() + word[1:]
        if word in ("a", "A") and words[index + 1].startswith(tuple("aeiou")):
            words[index] += "n"
    joined = " ".join(words)
    for mark in ",.!?:;":
        joined = joined.replace(f" {mark}", mark)
    return joined


def _pick(rng: Random, choices: tuple[str, ...]) -> str:
    return choices[int(rng.random() * len(choices))]
