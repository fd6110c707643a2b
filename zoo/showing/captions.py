"""Images with their captions, and where a captioner looked at each word, as PNG."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.files import replacing
from zoo.showing.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _QUIET, _ALARM = "#1c1c1a", "#5c5c57", "#b3261e"
_SIDE = 2.3  # inches of an image
_LINE = 0.165  # inches of a line of text
_WRAPPED = 36  # characters
_DPI = 120
_MOST_PIXELS = 1 << 26  # as `zoo.preprocessing.images`, whose import costs TensorFlow's

_BLANK_BEFORE_MARK = re.compile(r"\s+([.,;:!?])")

Image = bytes | np.ndarray


def caption_sheet(
    images: Sequence[Image],
    captions: Sequence[str],
    path: str | Path,
    *,
    references: Sequence[Sequence[str]] | None = None,
    log_probabilities: Sequence[float] | None = None,
    title: str = "Captions",
    columns: int = 4,
    most_references: int = 2,
) -> None:
    """Draws a sheet of images, each with what was said of it and, in grey, what people say.

    Args:
        images: JPEG or PNG bytes, or arrays [height, width, 3] of uint8, or of floats from 0 to 1. What is no image is
            drawn as such.
        captions: The caption of each; an empty one is marked.
        path: The PNG file, written whole or not at all; missing folders are made.
        references: What people say of each image; the first few are shown.
        log_probabilities: Of each caption, in nats.
        title: Heading of the sheet.
        columns: Images in a row.
        most_references: How many references to show of each image.

    Raises:
        ValueError: There is no image, or the counts differ.
        OSError: The file cannot be written.
    """
    shown = [[]] * len(images) if references is None else [list(texts)[:most_references] for texts in references]
    counts = {"images": len(images), "captions": len(captions), "references": len(shown)}
    if log_probabilities is not None:
        counts["log_probabilities"] = len(log_probabilities)
    if not len(images) or len(set(counts.values())) > 1:
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise ValueError(f"a sheet needs images and as many captions; got {told}")
    texts = []
    for index, caption in enumerate(captions):
        chance = None if log_probabilities is None else log_probabilities[index]
        texts.append(_lines(caption, chance, shown[index]))
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    below = _LINE * (1 + max(map(len, texts)))
    figure = _figure(columns * (_SIDE + 0.25), rows * (_SIDE + below) + 0.5, title)
    width, height = figure.get_size_inches()
    for index, (image, lines) in enumerate(zip(images, texts, strict=True)):
        row, column = divmod(index, columns)
        left, top = 0.125 + column * (_SIDE + 0.25), height - 0.45 - row * (_SIDE + below)
        axes = figure.add_axes((left / width, (top - _SIDE) / height, _SIDE / width, _SIDE / height))
        _draw(axes, image)
        for number, (line, color) in enumerate(lines):
            y = (top - _SIDE - 0.05 - number * _LINE) / height
            figure.text(left / width, y, line, color=color, fontsize=8.5, va="top", parse_math=False)
    _write(figure, path)


def attention_sheet(
    image: Image,
    words: Sequence[str],
    maps: np.ndarray,
    path: str | Path,
    *,
    title: str | None = None,
    columns: int = 6,
) -> None:
    """Draws where a captioner looked: the image, and once more for each word with the rest of it grey and dark.

    Each word's map has a scale of its own, from 0 to its largest weight, which is told.

    Args:
        image: As `caption_sheet`.
        words: The caption's words.
        maps: Floats [words, rows, columns], at least 0: how much each part of the image weighed for each word, laid
            evenly over the image. Images that were cropped must be given as they were cropped.
        path: The PNG file, written whole or not at all; missing folders are made.
        title: Heading; default: the caption.
        columns: Images in a row.

    Raises:
        ValueError: There is no word, or not a map for each.
        OSError: The file cannot be written.
    """
    maps = np.asarray(maps, float)
    if not len(words) or maps.ndim != 3 or len(maps) != len(words):
        raise ValueError(f"a map [rows, columns] is needed for each of {len(words)} words, got shape {maps.shape}")
    pixels = _pixels(image)
    columns = min(columns, len(words) + 1)
    rows = math.ceil((len(words) + 1) / columns)
    figure = _figure(columns * (_SIDE + 0.1) + 0.15, rows * (_SIDE + 0.3) + 0.5, title or " ".join(words))
    width, height = figure.get_size_inches()
    for index, word in enumerate(("", *words)):
        row, column = divmod(index, columns)
        left, top = 0.125 + column * (_SIDE + 0.1), height - 0.7 - row * (_SIDE + 0.3)
        axes = figure.add_axes((left / width, (top - _SIDE) / height, _SIDE / width, _SIDE / height))
        _draw(axes, image if index == 0 or pixels is None else _spotlight(pixels, maps[index - 1]))
        label = f"{printable(word)}  ({maps[index - 1].max():.2f})" if index else ""
        figure.text(left / width, (top + 0.05) / height, label, color=_INK, fontsize=9.5, va="bottom", parse_math=False)
    _write(figure, path)


def _lines(caption: str, log_probability: float | None, references: Sequence[str]) -> list[tuple[str, str]]:
    """What stands below an image: lines and their colours."""
    told = "" if log_probability is None or not caption else f" ({log_probability:.1f})"
    color = _INK if caption else _ALARM
    lines = [(line, color) for line in textwrap.wrap(printable(caption or "(no caption)") + told, _WRAPPED)]
    for text in references:
        text = _BLANK_BEFORE_MARK.sub(r"\1", printable(text))  # corpora are often tokenised
        lines += [(line, _QUIET) for line in textwrap.wrap(text, _WRAPPED)]
    return lines


def _figure(width: float, height: float, title: str) -> Figure:
    from matplotlib.figure import Figure

    # A figure of its own: pyplot would choose a backend for the whole process and keep the figure.
    figure = Figure(figsize=(width, height), dpi=_DPI)
    figure.text(
        0.125 / width, 1 - 0.1 / height, printable(title), fontsize=12, fontweight="bold", va="top", parse_math=False
    )
    return figure


def _draw(axes: Axes, image: Image) -> None:
    """Draws an image, or says that it is none."""
    axes.set_axis_off()
    pixels = _pixels(image)
    if pixels is None:
        axes.text(0.5, 0.5, "not an image", color=_ALARM, ha="center", va="center", transform=axes.transAxes)
        return
    axes.imshow(pixels, interpolation="bilinear", vmin=0, vmax=1)
    axes.set_anchor("NW")


def _spotlight(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Leaves an image its light and colour where the weights are large, [height, width, 3]."""
    height, width = pixels.shape[:2]
    rows, columns = weights.shape
    # Each weight stands in the middle of its part of the image; between them lies a straight line.
    x, y = (np.arange(width) + 0.5) * columns / width - 0.5, (np.arange(height) + 0.5) * rows / height - 0.5
    along = np.stack([np.interp(x, np.arange(columns), row) for row in weights])
    light = np.stack([np.interp(y, np.arange(rows), column) for column in along.T], axis=1)[..., None]
    light = light / (weights.max() or 1)
    dim = 0.3 * pixels.mean(axis=2, keepdims=True)
    return pixels * light + dim * (1 - light)


def _pixels(image: Image) -> np.ndarray | None:
    """Floats [height, width, 3] from 0 to 1, or None for bytes that are no image."""
    if not isinstance(image, bytes):
        pixels = np.asarray(image)
        return pixels / 255 if pixels.dtype == np.uint8 else np.clip(pixels, 0, 1).astype(float)
    from PIL import Image as Pillow  # matplotlib asks for it

    try:
        with Pillow.open(io.BytesIO(image), formats=("JPEG", "PNG")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            if opened.has_transparency_data:
                white = Pillow.new("RGBA", opened.size, "white")
                opened = Pillow.alpha_composite(white, opened.convert("RGBA"))
            return np.asarray(opened.convert("RGB")) / 255
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):  # whatever Pillow calls it
        return None


def _write(figure: Figure, path: str | Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        canvas.print_png(temporary)
