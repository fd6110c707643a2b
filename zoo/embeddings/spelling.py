"""What a person may have meant by a word that is not known."""

import difflib
from collections.abc import Collection


def nearest_in_spelling(word: str, known: Collection[str]) -> str:
    """Returns the end of a message: `; nearest in spelling: 'queen', 'queens'`, or nothing if no word comes near.

    Only words of similar length that begin or end as this one does are compared, since a comparison with each of some
    hundred thousand would take seconds.

    Args:
        word: The unknown word.
        known: The known ones.
    """
    if not isinstance(word, str) or not word:
        return ""
    lowered = word.lower()
    ends = {word[0], lowered[0], word[-1], lowered[-1]}
    similar = (other for other in known if other and abs(len(other) - len(word)) <= 2)
    candidates = {other: other.lower() for other in similar if other[0] in ends or other[-1] in ends}
    lowered_matches = difflib.get_close_matches(lowered, set(candidates.values()), n=3)
    nearest = sorted(
        (other for other, other_lowered in candidates.items() if other_lowered in lowered_matches),
        key=lambda other: (lowered_matches.index(other.lower()), other),
    )[:3]
    return f"; nearest in spelling: {', '.join(map(repr, nearest))}" if nearest else ""
