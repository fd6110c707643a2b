"""Text that is safe to show."""

import re

# What data may hold but terminals and browsers must not get: control characters (escape sequences among them), lone
# surrogates, and the characters that would turn the direction of everything that follows.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Returns a text with U+FFFD for every character that is not to be shown."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
