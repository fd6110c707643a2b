"""How entities are written as one tag a token: IO, 0/1, IOB1, IOB2 and BIOES.

| scheme   | tags of "Ann Lee met Bo" (two persons)   | an entity begins ...                                       |
|----------|------------------------------------------|------------------------------------------------------------|
| `io`     | `I-PER I-PER O I-PER` (or bare `PER`)    | where the type changes; touching entities melt together    |
| `binary` | `1 1 0 1`                                | like `io`, with a single nameless type                     |
| `iob1`   | `I-PER I-PER O I-PER`                    | with I-, or with B- if it touches another of its type      |
| `iob2`   | `B-PER I-PER O B-PER`                    | with B- (also called BIO)                                  |
| `bioes`  | `B-PER E-PER O S-PER`                    | with B-, ends with E-; S- is a whole entity                |

BILOU (`L` = end, `U` = single) and BMES/BMEWO (`M` = inside, `W` = single) are read as `bioes`. `conlleval` is no
scheme but a way of reading: any mixture of prefixes is taken as conlleval, the script of the CoNLL tasks, takes it.

IOB1 is from Ramshaw and Marcus (1995), IOB2 and the names from Tjong Kim Sang and Veenstra (1999), BIOES from Uchimoto
et al. (2000) and Ratinov and Roth (2009, as BILOU). This module needs the standard library only.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

SCHEMES = ("io", "binary", "iob1", "iob2", "bioes")
LENIENT = "conlleval"
ENTITY = "ENTITY"
"""The type of every entity where the tags name none (`1`, or a lone `B`)."""

_PREFIXES = {"B": "B", "I": "I", "E": "E", "S": "S", "L": "E", "U": "S", "M": "I", "W": "S"}
_PREFIXED = re.compile(r"([BIESLUMW])-(.+)", re.DOTALL)

# What `detect` chooses from, the likelier first. A file writes io with or without prefixes, never both: a stray word
# in the tag column is an error and not a type.
_CANDIDATES = ("io-prefixed", "io-bare", "iob1", "iob2", "bioes", "binary")
_VOCABULARY = {"iob1": "OBI", "iob2": "OBI", "bioes": "OBIES"}
_RULES = {
    "io": "has tags O and I-TYPE, or O and TYPE, and nothing else",
    "binary": "has tags 0 and 1 and nothing else",
    "iob1": "has tags O, I-TYPE and B-TYPE, with B- only right after an entity of the same type",
    "iob2": "has tags O, B-TYPE and I-TYPE, and every entity begins with B-",
    "bioes": "has tags O, S-TYPE and B-TYPE (I-TYPE ...) E-TYPE in this order",
}


class Span(NamedTuple):
    """One entity: `type`, and the tokens `start` to `end` (exclusive)."""

    type: str
    start: int
    end: int


class TagSchemeError(ValueError):
    """Tags that break their scheme.

    Attributes:
        sentence: Index of the sentence, from 0.
        token: Index of the token in it, from 0; the number of tokens where the end of the sentence is what is wrong.
        reason: The message without the place, for readers that know a better one (file and line).
    """

    def __init__(self, reason: str, sentence: int, token: int) -> None:
        """Makes the message `sentence S, token T (from 0): reason`."""
        super().__init__(f"sentence {sentence}, token {token} (from 0): {reason}")
        self.reason, self.sentence, self.token = reason, sentence, token


@lru_cache(maxsize=4096)
def split(tag: str) -> tuple[str, str]:
    """Splits a tag of any scheme into its prefix and its type.

    Args:
        tag: For example `"B-PER"`, `"O"`, `"1"`, or a bare type, `"PER"`, as some IO files have it.

    Returns:
        `(prefix, type)`, with prefix one of `O B I E S`. `("O", "")` for `"O"` and `"0"`; `("I", "ENTITY")` for `"1"`;
        `("I", "PER")` for a bare `"PER"`. L, U, M and W come back as the E, S, I and S that they mean; a lone `"B"` has
        the type `ENTITY`.

    Raises:
        ValueError: If the tag is empty or holds a prefix without a type (`"B-"`).
    """
    if tag in ("O", "0"):
        return "O", ""
    if tag == "1":
        return "I", ENTITY
    if tag in _PREFIXES:
        return _PREFIXES[tag], ENTITY
    if match := _PREFIXED.fullmatch(tag):
        return _PREFIXES[match[1]], match[2]
    if not tag.strip() or tag[1:] == "-":
        raise ValueError(f"{tag!r} is not a tag: expected O, 0, 1, TYPE or PREFIX-TYPE such as B-PER")
    return "I", tag


def spans(tags: Sequence[str]) -> list[Span]:
    """Reads the entities of one sentence by the rules of conlleval (seqeval's default mode).

    Well-formed tags of every scheme are read as they are meant; for the others, a tag begins an entity if it is B or S,
    if it follows O, E or S, or if its type differs from its predecessor's.

    Args:
        tags: The tags of one sentence, in any scheme.

    Returns:
        The entities from left to right.

    Raises:
        ValueError: If something in `tags` is not a tag.
    """
    found: list[Span] = []
    start, previous = 0, ("O", "")
    for index, tag in enumerate(tags):
        current = split(tag)
        breaks = previous[0] in "ES" or current[0] in "OBS" or previous[1] != current[1]
        if breaks:
            if previous[0] != "O":
                found.append(Span(previous[1], start, index))
            start = index
        previous = current
    if previous[0] != "O":
        found.append(Span(previous[1], start, len(tags)))
    return found


def tags_of(entities: Iterable[Span], length: int, scheme: str) -> list[str]:
    """Writes entities as tags; the inverse of `spans`.

    `io` and `binary` cannot tell touching entities (of one type) apart, and `binary` forgets the types.

    Args:
        entities: `Span`s or `(type, start, end)` tuples that do not overlap, in any order.
        length: The number of tokens in the sentence.
        scheme: One of `SCHEMES`.

    Returns:
        `length` tags.

    Raises:
        ValueError: If the scheme is unknown, or a span is empty, out of range or overlaps another.
    """
    _check_name(scheme)
    outside = "0" if scheme == "binary" else "O"
    tags = [outside] * length
    before = Span("", 0, 0)
    for entity in sorted((Span(*entity) for entity in entities), key=lambda span: span.start):
        if not before.end <= entity.start < entity.end <= length:
            raise ValueError(
                f"span {tuple(entity)} is empty, overlaps {tuple(before)} or leaves the sentence of {length} tokens"
            )
        touches = entity.type == before.type and entity.start == before.end
        tags[entity.start : entity.end] = _write(entity, touches, scheme)
        before = entity
    return tags


def convert(tags: Sequence[str], source: str, target: str) -> list[str]:
    """Rewrites the tags of one sentence in another scheme, through their entities.

    Args:
        tags: The tags of one sentence.
        source: The scheme they are in, one of `SCHEMES`; or `"conlleval"` to accept tags that break the rules.
        target: One of `SCHEMES`.

    Returns:
        As many tags as came in.

    Raises:
        TagSchemeError: If the tags break the source scheme.
        ValueError: If a scheme is unknown.
    """
    validate([tags], source)
    return tags_of(spans(tags), len(tags), target)


def detect(sentences: Iterable[Sequence[str]]) -> str:
    """Finds the scheme that the tags are in.

    Reads a stream in constant memory. Tags without B- are `io` (and `iob1` would mean the same); tags without entities
    are `binary` if they are 0 and `iob2` if they are O.

    Args:
        sentences: One sequence of tags a sentence.

    Returns:
        One of `SCHEMES`.

    Raises:
        TagSchemeError: At the first place where no scheme is left that all tags so far obey.
    """
    evidence = SchemeEvidence()
    for tags in sentences:
        evidence.update(tags)
    return evidence.scheme


def validate(sentences: Iterable[Sequence[str]], scheme: str) -> None:
    """Checks that all tags obey a scheme.

    Args:
        sentences: One sequence of tags a sentence.
        scheme: One of `SCHEMES`, or `"conlleval"`, which any tags obey.

    Raises:
        TagSchemeError: At the first place that breaks it.
        ValueError: If the scheme is unknown.
    """
    evidence = SchemeEvidence(scheme)
    for tags in sentences:
        evidence.update(tags)


def allowed_transitions(tags: Sequence[str], scheme: str) -> tuple[list[bool], list[list[bool]], list[bool]]:
    """Says which tag may follow which, for a CRF whose paths are always well-formed.

    Args:
        tags: The tag set, in the order of the tag ids.
        scheme: One of `SCHEMES`, or `"conlleval"`, which allows everything.

    Returns:
        `(start, transition, end)`: `start[j]`, whether a sentence may begin with tag j; `transition[i][j]`, whether j
        may come right after i; `end[i]`, whether a sentence may end with tag i.

    Raises:
        ValueError: If the scheme is unknown or has no such tag.
    """
    if scheme != LENIENT:
        _check_name(scheme)
        for tag in tags:
            if not _belongs(tag, scheme):
                raise ValueError(f"tag {tag!r} is not of scheme {scheme}, which {_RULES[scheme]}")
    start = [_may_follow(None, tag, scheme) for tag in tags]
    transition = [[_may_follow(before, tag, scheme) for tag in tags] for before in tags]
    end = [_may_follow(before, None, scheme) for before in tags]
    return start, transition, end


class SchemeEvidence:
    """What a stream of tagged sentences has said about its scheme so far.

    Every rule of every scheme is a rule about two neighbouring tags, so only pairs not met before need a thought, and
    the memory is bounded by the square of the number of tags.

    Attributes:
        types: The entity types met, as a set.
    """

    def __init__(self, scheme: str | None = None) -> None:
        """Starts with every scheme possible, or with the one given (`"conlleval"` is never contradicted).

        Raises:
            ValueError: If the scheme is unknown.
        """
        if scheme not in (None, LENIENT):
            _check_name(scheme)
        self.types: set[str] = set()
        self._given = scheme
        self._candidates = [name for name in _CANDIDATES if scheme in (None, name.partition("-")[0])]
        self._ruled_out: dict[str, str] = {}
        self._pairs: set[tuple[str | None, str | None]] = set()
        self._sentence = -1

    @property
    def scheme(self) -> str:
        """The scheme given, or the likeliest of those that every tag so far obeys."""
        if self._given is not None:
            return self._given
        if not self.types:
            zeros = any(tag == "0" for _, tag in self._pairs)
            return "binary" if zeros and "binary" in self._candidates else "iob2"
        return self._candidates[0].partition("-")[0]

    def update(self, tags: Sequence[str], where: Callable[[int], str] | None = None) -> None:
        """Takes in one sentence.

        Args:
            tags: Its tags.
            where: Names the place of a token index, for messages (default: sentence and token index).

        Raises:
            TagSchemeError: If no candidate scheme is left, or something is not a tag.
        """
        self._sentence += 1
        padded = (None, *tags, None)
        new = set(pairwise(padded)) - self._pairs
        if not new:
            return
        for token, pair in enumerate(pairwise(padded)):
            if pair in new and pair not in self._pairs:
                place = where(token) if where else f"sentence {self._sentence}, token {token}"
                self._consider(pair, token, place)

    def _consider(self, pair: tuple[str | None, str | None], token: int, place: str) -> None:
        before, tag = pair
        if tag is not None:
            try:
                prefix, kind = split(tag)
            except ValueError as error:
                raise TagSchemeError(str(error), self._sentence, token) from None
            if prefix != "O":
                self.types.add(kind)
        self._pairs.add(pair)
        if self._given == LENIENT:
            return
        kept = [name for name in self._candidates if (tag is None or _belongs(tag, name)) and _may_follow(*pair, name)]
        if not kept:
            raise TagSchemeError(self._contradiction(before, tag), self._sentence, token)
        for name in set(self._candidates) - set(kept):
            self._ruled_out[name] = f"{_describe(before, tag)} at {place}"
        self._candidates = kept

    def _contradiction(self, before: str | None, tag: str | None) -> str:
        name = self._candidates[0].partition("-")[0]
        message = f"{_describe(before, tag)} breaks scheme {name}, which {_RULES[name]}"
        # The other reading of the same prefixes, since the line to correct may be the one that ruled it out.
        for other in ("iob2", "iob1", "bioes"):
            fits = tag is not None and _belongs(tag, other) and _may_follow(before, tag, other)
            if fits and other in self._ruled_out:
                message += f" ({other} was ruled out by {self._ruled_out[other]})"
                break
        return (
            message
            + "; correct the tags, or read them with scheme='conlleval' (--scheme=conlleval), which accepts any mixture"
        )


def _describe(before: str | None, tag: str | None) -> str:
    if tag is None:
        return f"{before!r} at the end of the sentence" if before is not None else "an empty sentence"
    return f"{tag!r} " + ("at the start of the sentence" if before is None else f"after {before!r}")


def _check_name(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise ValueError(f"unknown tag scheme {scheme!r}; allowed: {', '.join(SCHEMES)}")


def _belongs(tag: str, scheme: str) -> bool:
    """Whether a scheme has this tag at all."""
    prefix, kind = split(tag)
    if scheme == "binary":
        return tag in ("0", "1")
    if tag == "1":
        return False
    bare = prefix != "O" and tag == kind
    if scheme.startswith("io-"):
        return prefix == "O" or (prefix == "I" and bare == (scheme == "io-bare"))
    if scheme == "io":
        return prefix in "OI"
    return not bare and prefix in _VOCABULARY[scheme]


def _may_follow(before: str | None, tag: str | None, scheme: str) -> bool:
    """Whether `tag` may come right after `before`; None stands for the edge of the sentence."""
    prefix, kind = ("O", "") if tag is None else split(tag)
    previous, previous_kind = ("O", "") if before is None else split(before)
    same = previous != "O" and prefix != "O" and previous_kind == kind
    if scheme == "iob1":
        return prefix != "B" or same
    if scheme == "iob2":
        return prefix != "I" or same
    if scheme == "bioes":
        goes_on = previous in "BI"
        return goes_on == (prefix in "IE") and (same or not goes_on)
    return True


def _write(entity: Span, touches: bool, scheme: str) -> list[str]:
    """The tags of one entity; `touches` says that it follows another of its type directly."""
    length = entity.end - entity.start
    if scheme == "binary":
        return ["1"] * length
    if scheme == "bioes":
        prefixes = ["S"] if length == 1 else ["B", *"I" * (length - 2), "E"]
    else:
        first = "B" if scheme == "iob2" or (scheme == "iob1" and touches) else "I"
        prefixes = [first, *"I" * (length - 1)]
    return [f"{prefix}-{entity.type}" for prefix in prefixes]
