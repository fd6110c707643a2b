"""Images with their captions as an HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from zoo.showing.colors import hue
from zoo.showing.page import escape, filled, write

_MODEL, _PEOPLE = "model", "people"
_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}  # by how a file begins
_STYLE = "max-width:min(100%,20rem);max-height:20rem;border-radius:.35rem"


class Caption(Protocol):
    """A sentence about an image; see `zoo.decoding.captioned_image.Caption`.

    Attributes:
        text: The sentence.
        log_probability: Of it, in nats.
    """

    text: str
    log_probability: float


class ShownImage(NamedTuple):
    """An image, what a model says of it, and what people say.

    Attributes:
        image: JPEG or PNG bytes.
        captions: The model's, best first.
        references: People's.
    """

    image: bytes
    captions: Sequence[Caption]
    references: Sequence[str] = ()


def captions_html(images: Iterable[ShownImage], *, title: str = "Captions", note: str = "") -> str:
    """Makes a page of images, below each what a model says of it and what people say.

    The page is self-contained (images are within it; no script, no font, no request), follows the reader's light or
    dark setting, prints, and can be read without seeing the colours. Texts may run from right to left.

    Args:
        images: The images.
        title: Heading of the page.
        note: A line below the heading, for example which model on which data.

    Returns:
        The HTML document.
    """
    shown = list(images)
    best = [image.captions[0].text for image in shown if image.captions]
    facts = {
        "images": len(shown),
        "different captions": len(set(best)),
        **({"images without a caption": len(shown) - len(best)} if len(best) < len(shown) else {}),
    }
    return filled(
        title=title,
        note=note,
        facts=facts,
        legend_of="Marks",
        legend=f"<li>{_mark('caption')} what the model says, the best first, and the logarithm of its probability</li>",
        items="\n".join(map(_card, shown)) or "<li>There are no images.</li>",
    )


def write_captions_html(
    path: str | Path, images: Iterable[ShownImage], *, title: str = "Captions", note: str = ""
) -> None:
    """Writes the page of `captions_html` to a file, whole or not at all; arguments are those of that.

    Raises:
        OSError: The file cannot be written.
    """
    write(path, captions_html(images, title=title, note=note))


def _card(shown: ShownImage) -> str:
    rows = [f"<p>{_picture(shown)}</p>"]
    for caption in shown.captions:
        nats = f"<small>log P = {caption.log_probability:.2f}</small>"
        rows.append(_row(_MODEL, f"{_mark(escape(caption.text))} {nats}"))
    if not shown.captions:
        rows.append(_row(_MODEL, "<i>(no caption)</i>"))
    rows += [_row(_PEOPLE, escape(text)) for text in shown.references]
    return f"<li>{''.join(rows)}</li>"


def _picture(shown: ShownImage) -> str:
    """The image as an element, whose alternative text is the best caption; or words that say that it is none."""
    kind = next((kind for begin, kind in _TYPES.items() if shown.image.startswith(begin)), None)
    if kind is None:
        return "<i>(not an image)</i>"
    told = escape(shown.captions[0].text if shown.captions else "")
    content = base64.b64encode(shown.image).decode("ascii")
    return f'<img src="data:{kind};base64,{content}" alt="{told}" style="{_STYLE}">'


def _row(who: str, words: str) -> str:
    return f'<div class="row"><span>{who}</span><p dir="auto">{words}</p></div>'


def _mark(words: str) -> str:
    return f'<mark style="--hue:{hue(_MODEL)}">{words}</mark>'
