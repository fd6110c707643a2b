"""One colour a type of entity, or a word's part in a decision: the same in every run, on pages and in the terminal."""

import colorsys
import hashlib

# The customary types lie far apart; every other name finds its place by its hash.
_HUES = {"PER": 25, "LOC": 145, "ORG": 255, "MISC": 320, "FOR": 145, "AGAINST": 15}
_SYNONYMS = {"PERSON": "PER", "LOCATION": "LOC", "GPE": "LOC", "ORGANIZATION": "ORG", "CORPORATION": "ORG"}


def hue(type_name: str) -> int:
    """Returns the hue of a type in degrees, `0 <= hue < 360`; case does not matter."""
    name = type_name.upper()
    name = _SYNONYMS.get(name, name)
    if name in _HUES:
        return _HUES[name]
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:4], "big") % 360


def xterm(type_name: str) -> int:
    """Returns the index of a light background colour of a type in the 256 colours of terminals, `16 <= index < 232`."""
    channels = colorsys.hls_to_rgb(hue(type_name) / 360, 0.78, 0.8)
    red, green, blue = (round(5 * channel) for channel in channels)
    return 16 + 36 * red + 6 * green + blue
