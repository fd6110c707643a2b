"""The embedded text: the reference of the Python language, which every CPython carries."""

from __future__ import annotations

import functools

# What a small model can learn in a minute or two; the whole is 0.7 million characters.
_CHARACTERS = {"train": 150_000, "validation": 15_000, "test": 15_000}


def texts(split: str) -> list[str]:
    """Returns help topics of the language reference, whole ones, about 150,000 and twice 15,000 characters in all.

    They are those of the interpreter at hand (`help("FUNCTIONS")` shows them), so they differ a little from one version
    of Python to the next.

    Args:
        split: `"train"`, `"validation"` (or `"valid"`, `"dev"`) or `"test"`.

    Raises:
        ValueError: There is no such split.
    """
    split = {"valid": "validation", "dev": "validation"}.get(split, split)
    if split not in _CHARACTERS:
        raise ValueError(f"the language reference has no split {split!r}; it has {', '.join(_CHARACTERS)}")
    return _splits()[split]


@functools.cache
def _splits() -> dict[str, list[str]]:
    """Deals the topics out, in the order of their names."""
    from pydoc_data.topics import topics

    dealt: dict[str, list[str]] = {split: [] for split in _CHARACTERS}
    seen = set()
    for number, name in enumerate(sorted(topics)):
        text = topics[name].strip() + "\n"
        if text in seen:  # some topics have several names
            continue
        seen.add(text)
        split = ("validation", "test", "train", "train", "train", "train")[number % 6]
        if sum(map(len, dealt[split])) < _CHARACTERS[split]:
            dealt[split].append(text)
    return dealt
