"""A small residual network for images, to be trained from scratch."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from zoo.layers.group_normalization import GroupNormalization

_GROUP_WIDTH = 8  # channels that are normalised together


def residual_encoder(
    image_size: int, widths: Sequence[int], blocks: int = 1, dropout: float = 0.0, name: str = "encoder"
) -> keras.Model:
    """Composes the network: images in, a map of features out.

        x ← x + F(x),    F = conv(relu(norm(conv(relu(norm(x))))))

    He et al. 2016, "Deep Residual Learning for Image Recognition"; normalisation and activation before each
    convolution: He et al. 2016, "Identity Mappings in Deep Residual Networks". A 3x3 convolution halves the image, and
    so does the first block of every stage but the first: with four stages the map has a 16th of the image's side. The
    normalisation is by groups of channels, not by batch: an image's features depend on that image alone, on one replica
    or many, in training and in answers.

    Args:
        image_size: Side of the square images, in pixels.
        widths: Channels of each stage, multiples of 8.
        blocks: Residual blocks a stage.
        dropout: Rate at which whole channels of the map are dropped in training (Tompson et al. 2015).
        name: Of the model.

    Returns:
        From images, float `[batch, image_size, image_size, 3]`, about between -1 and 1, to features, float
        `[batch, rows, columns, widths[-1]]`, at least 0.

    Raises:
        ValueError: No stage, a width that is no multiple of 8, no block, or an image too small for its stages.
    """
    if not widths or blocks < 1 or any(width < 1 or width % _GROUP_WIDTH for width in widths):
        raise ValueError(
            f"a residual encoder needs blocks and stages whose widths are multiples of {_GROUP_WIDTH}, "
            f"got widths={tuple(widths)} and blocks={blocks}"
        )
    if image_size < 2 ** len(widths):
        raise ValueError(
            f"{len(widths)} stages need images of at least {2 ** len(widths)} pixels a side, got {image_size}"
        )
    image = keras.Input([image_size, image_size, 3], name="image")
    x = _convolved(image, widths[0], stride=2, name=f"{name}_stem")
    for stage, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _block(x, width, stride=stride, name=f"{name}_{stage}_{block}")
    x = _activated(x, name=f"{name}_end")
    if dropout:
        x = keras.layers.SpatialDropout2D(dropout, name=f"{name}_dropout")(x)
    return keras.Model(image, x, name=name)


def _block(x: keras.KerasTensor, width: int, *, stride: int, name: str) -> keras.KerasTensor:
    """Adds to x what two convolutions make of it."""
    y = _activated(x, name=f"{name}_a")
    if stride != 1 or x.shape[-1] != width:
        x = _convolved(y, width, stride=stride, size=1, name=f"{name}_shortcut")
    y = _convolved(y, width, stride=stride, name=f"{name}_conv_a")
    y = _convolved(_activated(y, name=f"{name}_b"), width, name=f"{name}_conv_b")
    return keras.layers.Add(name=f"{name}_sum")([x, y])


def _activated(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    x = GroupNormalization(x.shape[-1] // _GROUP_WIDTH, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _convolved(x: keras.KerasTensor, width: int, *, name: str, stride: int = 1, size: int = 3) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        width, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
