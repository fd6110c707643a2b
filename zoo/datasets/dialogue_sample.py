"""An embedded corpus of small dialogues in English: tickets, tables, pizzas and books.

It is there to try the library on without downloading anything, and to see whether a model knows what was said before
the last turn. In every dialogue somebody says early what is wanted (where to, which pizza, ...). Other matters are
talked about in between, and then one of the two asks for it again: the reply must name the value from an earlier turn.
The question does not tell it, and each of eight values is the right one equally often in every split; so whoever sees
only the last turn is right one time in eight (`CHANCE`).

In a dialogue two such matters come up, and a detail that is talked about first. Those combinations of two values and
a detail that `validation` and `test` have never occur in `train`. Every version of Python gets the same dialogues.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import NamedTuple, TypeVar

from zoo.datasets.dialogue_sample_phrases import (
    ASKING,
    CLOSED,
    DETAILS,
    FORGOT,
    NOTED,
    SCENES,
    SMALL_TALK,
    Scene,
)

SIZES = {"train": 3200, "validation": 320, "test": 512}
CHANCE = 1 / 8  # one of eight values

_SEED = 20_260_301
_ALIASES = {"valid": "validation", "dev": "validation"}
_VALUES = 8
# Of the combinations (i-th value of one matter, j-th of the other, k-th detail), by (i + j + 2k) mod 8. So
# every pair of values may be met in training: were it not, one value would speak against the other in the test.
_REMAINDERS = {"train": range(3, 8), "validation": range(2, 3), "test": range(2)}

_T = TypeVar("_T")
_Turn = tuple[str, str]  # text, act


class Dialogue(NamedTuple):
    """One dialogue.

    Attributes:
        turns: What is said, five to nine turns, by the two in turn.
        acts: What each turn does: `inform`, `question`, `directive` or `commissive`.
        judged: Which turn, from 0, is the reply that depends on an earlier turn than the last.
        answer: What that reply must name.
        alternatives: What might be named instead, eight values with the answer.
    """

    turns: tuple[str, ...]
    acts: tuple[str, ...]
    judged: int
    answer: str
    alternatives: tuple[str, ...]

    @property
    def history(self) -> tuple[str, ...]:
        """The turns before the reply that is judged."""
        return self.turns[: self.judged]

    def answered_by(self, reply: str) -> bool:
        """Whether a reply names the right value, and none of the others."""
        words = {word.lower() for word in re.findall(r"\w+", reply)}
        return [value for value in self.alternatives if value.lower() in words] == [self.answer]


@lru_cache(maxsize=len(SIZES))
def dialogues(split: str = "train") -> tuple[Dialogue, ...]:
    """The dialogues of one split, in order.

    Args:
        split: `"train"` (3200 dialogues), `"validation"` (320; also `"valid"`, `"dev"`) or `"test"` (512).

    Raises:
        ValueError: If there is no such split.
    """
    split = _ALIASES.get(split, split)
    if split not in SIZES:
        raise ValueError(f"the sample has no split {split!r}; it has {', '.join(SIZES)}")
    rng = Random(_SEED + list(SIZES).index(split))
    written: dict[tuple[str, ...], Dialogue] = {}
    while len(written) < SIZES[split]:
        # The scene, what is asked about and its value go round, so that all are equally frequent.
        number, scene = divmod(len(written), len(SCENES))
        number, matter = divmod(number, 2)
        dialogue = _dialogue(rng, SCENES[scene], matter, number % _VALUES, _REMAINDERS[split])
        written.setdefault(dialogue.turns, dialogue)
    keys = [rng.random() for _ in written]  # `shuffle` is not the same in every version
    return tuple(dialogue for _, dialogue in sorted(zip(keys, written.values(), strict=True)))


def turns_and_acts(split: str = "train") -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Turns, and their acts, of all dialogues of a split; arguments and errors are those of `dialogues`."""
    return [dialogue.turns for dialogue in dialogues(split)], [dialogue.acts for dialogue in dialogues(split)]


def context_accuracy(replies: Sequence[str], split: str = "test") -> float:
    """The share of replies that name what was said earlier; `CHANCE` is that of replies that know the last turn only.

    Args:
        replies: A reply to the `history` of each dialogue of the split, in order.
        split: As for `dialogues`.

    Returns:
        0 to 1.

    Raises:
        ValueError: There are more or fewer replies than dialogues, or there is no such split.
    """
    asked = dialogues(split)
    if len(replies) != len(asked):
        raise ValueError(f"{len(replies)} replies to {len(asked)} dialogues; give one for each, in order")
    right = [dialogue.answered_by(reply) for dialogue, reply in zip(asked, replies, strict=True)]
    return sum(right) / len(right)


def _dialogue(rng: Random, scene: Scene, asked: int, value: int, remainders: Sequence[int]) -> Dialogue:
    """Writes a dialogue in which a value of one of a scene's matters is asked about at the end."""
    detail = int(rng.random() * len(scene.details))
    other = (_pick(rng, remainders) - value - 2 * detail) % _VALUES
    first, second = (value, other) if asked == 0 else (other, value)
    turns, by_guest = _talk(rng, scene, detail)
    for matter in (1 - asked, asked) if len(turns) <= 5 and rng.random() < 0.6 else (asked,):
        question = f"{_pick(rng, ASKING if by_guest else FORGOT)} {_pick(rng, scene.matters[matter].asked)}"
        turns += [(question, "question"), (_pick(rng, scene.matters[matter].answered), "inform")]
    judged = len(turns) - 1
    if len(turns) <= 7 and rng.random() < 0.6:
        turns += zip(_pick(rng, CLOSED), ("inform", "inform"), strict=True)
    values = {"<1>": scene.matters[0].values[first], "<2>": scene.matters[1].values[second]}
    texts = tuple(_filled(rng, text, values) for text, _ in turns)
    alternatives = scene.matters[asked].values
    return Dialogue(texts, tuple(act for _, act in turns), judged, alternatives[value], alternatives)


def _talk(rng: Random, scene: Scene, detail: int) -> tuple[list[_Turn], bool]:
    """Writes what comes before the question, beginning with that detail, and whether the guest is the next to speak."""
    at_once = rng.random() < 0.5
    turns: list[_Turn] = [(_pick(rng, scene.opened_with_both if at_once else scene.opened), "directive")]
    details = list(scene.details)
    heard = _pick(rng, scene.matters[0].heard) + " " if rng.random() < 0.8 else ""
    if not at_once:
        turns += [(heard + _pick(rng, scene.wanted), "question"), (_pick(rng, scene.matters[1].said), "inform")]
        heard = _pick(rng, scene.matters[1].heard) + " " if rng.random() < 0.8 else ""
    # At least one exchange lies between a value and the question for it.
    for number in range(1 if not at_once or rng.random() < 0.5 else 2):
        question, answer = details.pop(detail if number == 0 else int(rng.random() * len(details)))
        turns += [(heard * (number == 0) + question, "question"), (answer, "inform")]
    by_guest = rng.random() < 0.4
    if by_guest:
        turns.append((_pick(rng, NOTED), "commissive"))
    elif len(turns) <= 3 and rng.random() < 0.3:
        turns += zip(_pick(rng, SMALL_TALK), ("inform", "inform"), strict=True)
    return turns, by_guest


def _filled(rng: Random, text: str, values: dict[str, str]) -> str:
    """Puts words in the places that are left for them."""
    for slot, value in values.items():
        text = text.replace(slot, value)
    for slot, choices in DETAILS.items():
        while slot in text:
            text = text.replace(slot, _pick(rng, choices), 1)
    text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)
    return text[0].upper() + text[1:]


def _pick(rng: Random, choices: Sequence[_T]) -> _T:
    return choices[int(rng.random() * len(choices))]
