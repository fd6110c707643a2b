"""A map of words: t-SNE (van der Maaten & Hinton 2008, "Visualizing data using t-SNE") as an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.embeddings.word_vectors import WordVectors
from zoo.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of equal lightness, and apart for the colour-blind too (Okabe & Ito's, darkened to be read as text).
_COLORS = ["#2a6f97", "#b0532a", "#2f7d5b", "#8a4f9e", "#7a6a14", "#a8375f", "#3d6d6d", "#5b5b57"]
_FONT_SIZE = 8.0
_MOST_WORDS = 2_000


def picture(
    vectors: WordVectors,
    words: Sequence[str] | Mapping[str, Sequence[str]],
    path: str | Path,
    *,
    title: str = "",
    perplexity: float | None = None,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Draws words on a plane so that those of similar direction (cosine) lie together, as a PNG file.

    Labels are put beside their points, farther away with a line where there is no room, and left out where none is
    found: then the point stays. The image grows with the number of words.

    Args:
        vectors: Where the words' vectors are.
        words: The words to draw, two at least; or groups of them by name, each with its colour.
        path: The PNG file, written whole or not at all; missing folders are made.
        title: Heading of the image.
        perplexity: How many neighbours each word reckons with; by default 15, or a third of the words if that is less.
        seed: Seed of the map: equal seeds draw equal maps.

    Returns:
        The place of each word on the plane.

    Raises:
        ImportError: scikit-learn is missing.
        ValueError: A word is unknown, or there are fewer than two words or more than 2,000.
        OSError: The file cannot be written.
    """
    groups = words if isinstance(words, Mapping) else {"": words}
    color_of = {}
    for number, members in enumerate(groups.values()):
        for word in members:
            color_of.setdefault(word, _COLORS[number % len(_COLORS)])
    names = list(color_of)
    if not 2 <= len(names) <= _MOST_WORDS:
        raise ValueError(f"{len(names)} words to draw; a map can show between 2 and {_MOST_WORDS}")
    places = _places(vectors[names], perplexity, seed)

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    side = max(5.0, 0.62 * len(names) ** 0.5 + 1.5)
    figure = Figure(figsize=(side * 1.25, side), dpi=144)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96 - (0.4 / side if title else 0)))
    axes.set_axis_off()
    axes.scatter(places[:, 0], places[:, 1], s=9, c=list(color_of.values()), linewidths=0, zorder=2)
    axes.margins(0.08)
    if title:
        figure.suptitle(title, x=0.03, ha="left", fontsize=13, fontweight="bold", parse_math=False)
    if isinstance(words, Mapping):
        _legend(axes, list(groups))
    canvas.draw()
    _label(axes, names, places, list(color_of.values()))
    with replacing(path) as temporary:
        canvas.print_png(temporary)
    return {name: (float(x), float(y)) for name, (x, y) in zip(names, places, strict=True)}


def _places(matrix: np.ndarray, perplexity: float | None, seed: int) -> np.ndarray:
    """Returns t-SNE's places of the rows, float32 `[words, 2]`."""
    try:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ImportError("a map of words needs scikit-learn: pip install 'zoo[pictures]'") from error
    if perplexity is None:
        perplexity = min(15.0, len(matrix) / 3)
    # PCA is a better start than chance, but has no two components of two points.
    init = "pca" if min(matrix.shape) > 2 else "random"
    tsne = TSNE(2, perplexity=perplexity, metric="cosine", init=init, random_state=seed)
    # Several threads gain little on so few words, and their waiting for each other makes it twenty times slower where
    # the cores are shared.
    with threadpool_limits(1):
        return tsne.fit_transform(matrix)


def _legend(axes: Axes, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        # A dollar would begin a formula.
        Line2D([], [], marker="o", markersize=5, linestyle="", color=color, label=name.replace("$", r"\$"))
        for name, color in zip(names, _COLORS * len(names), strict=False)
    ]
    axes.legend(handles=handles, frameon=False, fontsize=9, loc="best")


def _label(axes: Axes, names: Sequence[str], places: np.ndarray, colors: Sequence[str]) -> None:
    """Writes each word at the nearest free place around its point; words in a crowd first, having the least choice."""
    axes.autoscale(False)
    renderer = axes.figure.canvas.get_renderer()
    pixel = axes.figure.dpi / 72  # pixels in a point of print
    points = axes.transData.transform(places)
    to_data = axes.transData.inverted()
    dots = np.concatenate([points - 2 * pixel, points + 2 * pixel], axis=1)
    legend = axes.get_legend()
    taken = [] if legend is None else [legend.get_window_extent(renderer).extents]
    nearest_other = np.sort(np.linalg.norm(points[:, None] - points[None], axis=-1), axis=1)[:, 1]
    for row in np.argsort(nearest_other, kind="stable"):
        text = axes.annotate(
            names[row], places[row], xytext=(0, 0), textcoords="offset pixels", ha="left", va="bottom",
            fontsize=_FONT_SIZE, color=colors[row], parse_math=False, zorder=3,
        )  # fmt: skip
        extent = text.get_window_extent(renderer)
        obstacles = np.stack([*taken, *np.delete(dots, row, axis=0)])
        corner = _free_corner(points[row], extent.size, obstacles, axes.figure.bbox.size, pixel)
        if corner is None:
            text.remove()
            continue
        text.set_position(tuple(corner - extent.min))
        margin = pixel * np.ones(2)
        taken.append(np.concatenate([corner - margin, corner + extent.size + margin]))
        end = np.clip(points[row], corner, corner + extent.size)
        if np.linalg.norm(end - points[row]) > 8 * pixel:
            line = to_data.transform([points[row], end])
            axes.plot(line[:, 0], line[:, 1], color=colors[row], linewidth=0.5, alpha=0.6, zorder=1)


def _free_corner(
    point: np.ndarray, size: np.ndarray, obstacles: np.ndarray, canvas: np.ndarray, pixel: float
) -> np.ndarray | None:
    """Returns the lower left corner of the nearest place for a label where nothing is yet, in pixels; None if none.

    Args:
        point: What is to be labelled, `[2]`.
        size: Width and height of the label.
        obstacles: Left, bottom, right and top of whatever is there, `[obstacles, 4]`.
        canvas: Width and height of the image.
        pixel: Pixels in a point of print.
    """
    for distance in (4, 12, 22, 34):
        for degrees in (0, 90, 180, 270, 45, 135, 225, 315, 22, 158, 202, 338):
            toward = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
            corner = point + toward * distance * pixel + (toward - 1) / 2 * size
            end = corner + size
            if (corner < 0).any() or (end > canvas).any():
                continue
            if not ((corner < obstacles[:, 2:]) & (end > obstacles[:, :2])).all(axis=1).any():
                return corner
    return None
