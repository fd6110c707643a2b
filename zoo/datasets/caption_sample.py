"""An embedded corpus of drawn scenes, two coloured shapes each, with captions that say what is where.

It is there to try the library on without downloading anything. Sizes, places, tones and backgrounds vary and are not
spoken of. Every colour with every shape is drawn in every split, and so is every shape and every colour in every role
(left, right, above, below). But of each coloured shape, one role is never seen in `train`, and every scene of
`validation` and `test` has a shape in such a role: so whoever learns scenes by heart, instead of shape, colour and
place, cannot describe them.

Every version of Python gets the same scenes and captions, and pixels that may differ in rounding.
"""

from functools import lru_cache
from random import Random
from typing import NamedTuple

import numpy as np

SIZES = {"train": 4000, "validation": 100, "test": 250}
SIDE = 64  # pixels
CAPTIONS = {"train": 2, "validation": 5, "test": 5}  # of each scene; more to compare with than to learn from

SHAPES = ("circle", "square", "triangle", "cross")
COLORS = {
    "red": (212, 42, 48), "green": (38, 158, 66), "blue": (44, 84, 208), "yellow": (240, 220, 48),
    "purple": (140, 58, 172), "orange": (244, 138, 26),
}  # fmt: skip
ROLES = ("left", "right", "above", "below")

_SEED = 20_260_201
_ALIASES = {"valid": "validation", "dev": "validation"}
_DRAWN_TOGETHER = 250  # scenes: what fits the processor's cache

# `<a>` is the one on the left or above, `<b>` the other.
_TEMPLATES = {
    "left": (
        "<a> to the left of <b>.",
        "<a> is to the left of <b>.",
        "there is <a> to the left of <b>.",
        "<b> to the right of <a>.",
        "<b> is to the right of <a>.",
        "there is <b> to the right of <a>.",
    ),
    "above": (
        "<a> above <b>.",
        "<a> is above <b>.",
        "there is <a> above <b>.",
        "<b> below <a>.",
        "<b> is below <a>.",
        "there is <b> below <a>.",
    ),
}


class Shape(NamedTuple):
    """One shape of a scene.

    Attributes:
        color: A key of `COLORS`.
        shape: One of `SHAPES`.
        role: Where it is as the other sees it, one of `ROLES`.
    """

    color: str
    shape: str
    role: str


class Scene(NamedTuple):
    """What is in one picture.

    Attributes:
        first: The shape on the left, or above.
        second: The other.
        captions: Two to learn from or five to compare with, in the order in which they were drawn.
    """

    first: Shape
    second: Shape
    captions: tuple[str, ...]


def images_and_captions(split: str = "train") -> tuple[list[bytes], list[tuple[str, ...]]]:
    """The scenes of one split.

    Args:
        split: `"train"` (4000 scenes), `"validation"` (100; also `"valid"`, `"dev"`) or `"test"` (250).

    Returns:
        `(images, captions)`: PNG files of 64x64 pixels, and the captions of each, two for training, else five.

    Raises:
        ValueError: If there is no such split.
    """
    return list(_pictures(_name(split))), [scene.captions for scene in scenes(split)]


@lru_cache(maxsize=len(SIZES))
def scenes(split: str = "train") -> tuple[Scene, ...]:
    """What is in the pictures of one split, in order; arguments and errors are those of `images_and_captions`."""
    split = _name(split)
    rng = Random(_SEED + list(SIZES).index(split))
    found: list[Scene] = []
    met: set[tuple[Shape, Shape]] = set()
    while len(found) < SIZES[split]:
        roles = ("left", "right") if rng.random() < 0.5 else ("above", "below")
        first, second = (Shape(_pick(rng, tuple(COLORS)), _pick(rng, SHAPES), role) for role in roles)
        repeated = split != "train" and (first, second) in met  # for training there are too few that differ
        if first[:2] == second[:2] or repeated or _split_of(first, second) != split:
            continue
        met.add((first, second))
        found.append(Scene(first, second, _captions(rng, first, second, CAPTIONS[split])))
    return tuple(found)


def held_out(shape: Shape) -> str | None:
    """The split whose scenes alone have this coloured shape in this role, or None if all may have it."""
    color, kind = list(COLORS).index(shape.color), SHAPES.index(shape.shape)
    if ROLES[(color + kind) % len(ROLES)] != shape.role:
        return None
    return "validation" if (color + 2 * kind) % 3 == 0 else "test"


def _split_of(first: Shape, second: Shape) -> str | None:
    """The split that a scene belongs to; None if it would give away to one what only another may have."""
    found = {held_out(first), held_out(second)} - {None}
    return found.pop() if len(found) == 1 else None if found else "train"


def _name(split: str) -> str:
    split = _ALIASES.get(split, split)
    if split not in SIZES:
        raise ValueError(f"the sample has no split {split!r}; it has {', '.join(SIZES)}")
    return split


def _captions(rng: Random, first: Shape, second: Shape, count: int) -> tuple[str, ...]:
    a, b = (f"{'an' if shape.color[0] in 'aeiou' else 'a'} {shape.color} {shape.shape}" for shape in (first, second))
    templates = list(_TEMPLATES[first.role])
    chosen = [templates.pop(int(rng.random() * len(templates))) for _ in range(count)]
    texts = [template.replace("<a>", a).replace("<b>", b) for template in chosen]
    return tuple(text[0].upper() + text[1:] for text in texts)


def _pick(rng: Random, choices: tuple[str, ...]) -> str:
    return choices[int(rng.random() * len(choices))]


@lru_cache(maxsize=len(SIZES))
def _pictures(split: str) -> tuple[bytes, ...]:
    import tensorflow as tf

    rng = np.random.RandomState(_SEED + list(SIZES).index(split))  # its numbers are the same in every version
    every = scenes(split)
    parts = (every[start : start + _DRAWN_TOGETHER] for start in range(0, len(every), _DRAWN_TOGETHER))
    return tuple(tf.io.encode_png(picture, compression=1).numpy() for part in parts for picture in _draw(part, rng))


def _draw(part: tuple[Scene, ...], rng: np.random.RandomState) -> np.ndarray:
    """Draws scenes: uint8 [scenes, SIDE, SIDE, 3]."""
    count = len(part)
    grid = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    # A dark tone that is nearly grey, lighter on one side, and noise of every pixel.
    tone = rng.uniform(15, 55, [count, 1, 1, 1]) + rng.uniform(-10, 10, [count, 1, 1, 3])
    slope = rng.uniform(-30, 30, [2, count, 1, 1, 1])
    picture = tone + slope[0] * grid[:, None, None] + slope[1] * grid[:, None]
    across = np.array([scene.first.role == "left" for scene in part])
    apart = rng.uniform(14, 18, [2, count])  # of each from the middle, along the line between them
    aside = rng.uniform(-8, 8, [2, count])
    for index, sign in enumerate((-1, 1)):
        shapes = [scene[index] for scene in part]
        along = SIDE / 2 + sign * apart[index]
        x, y = np.where(across, along, SIDE / 2 + aside[index]), np.where(across, SIDE / 2 + aside[index], along)
        cover = _cover(shapes, x, y, rng.uniform(8.5, 12, count), rng.uniform(-0.2, 0.2, count))[..., None]
        color = np.array([COLORS[shape.color] for shape in shapes]) + rng.uniform(-18, 18, [count, 3])
        picture = picture * (1 - cover) + color[:, None, None] * cover
    picture += rng.normal(0, 5, picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def _cover(shapes: list[Shape], x: np.ndarray, y: np.ndarray, radius: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """How much of each pixel a shape covers, 0 to 1: float64 [scenes, SIDE, SIDE].

    Args:
        shapes: One a scene.
        x: Its middle, in pixels from the left, [scenes].
        y: From above.
        radius: In pixels.
        turn: In radians.
    """
    pixel = np.arange(SIDE) + 0.5
    right, down = pixel - x[:, None, None], pixel[:, None] - y[:, None, None]
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    right, down = cos * right + sin * down, cos * down - sin * right
    kinds = np.array([SHAPES.index(shape.shape) for shape in shapes])
    distance = np.empty_like(right)
    for kind, outline in enumerate(_OUTLINES):
        of_kind = kinds == kind
        distance[of_kind] = outline(right[of_kind], down[of_kind], radius[of_kind, None, None])
    return np.clip(0.5 - distance, 0, 1)


# Signed distances from an outline in pixels, negative inside: of points that lie so far to the right of the shape's
# middle and below it. Areas are about those of the circle.


def _circle(right: np.ndarray, down: np.ndarray, radius: np.ndarray) -> np.ndarray:
    return np.hypot(right, down) - radius


def _square(right: np.ndarray, down: np.ndarray, radius: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(right), np.abs(down)) - 0.89 * radius


def _triangle(right: np.ndarray, down: np.ndarray, radius: np.ndarray) -> np.ndarray:
    slanted = np.sqrt(0.75) * np.abs(right) - 0.5 * down
    return np.maximum(slanted, down) - 0.72 * radius


def _cross(right: np.ndarray, down: np.ndarray, radius: np.ndarray) -> np.ndarray:
    right, down = np.abs(right), np.abs(down)
    long, short = 1.15 * radius, 0.38 * radius
    upright, level = np.maximum(right - short, down - long), np.maximum(right - long, down - short)
    return np.minimum(upright, level)


_OUTLINES = (_circle, _square, _triangle, _cross)  # in the order of SHAPES
