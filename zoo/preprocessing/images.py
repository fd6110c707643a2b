"""Encoded images to tensors, in the graph: formats, sizes, augmentation, and what is no image.

TensorFlow's decoders raise inside the graph, where nothing can catch it: one damaged file fails the whole batch. Here a
small `tf.data` pipeline over the batch leaves out what raises and tells which images are left. All of its operations
are TensorFlow's own, so exports run it in stock servers and from C, and the images of a batch are decoded side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import tensorflow as tf

Fit = Literal["crop", "pad"]

MOST_PIXELS = 1 << 26  # 64 megapixels: 256 MB once decoded, which a file of some kilobytes may claim to hold

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE_AT, _PNG_DEPTH_AT = 16, 24  # behind the signature, and the length and the name of the first chunk
_JPEG_SHRINKS = (1, 2, 4, 8)  # by which libjpeg can decode a smaller image at less cost


class Images(NamedTuple):
    """Images of a batch.

    Attributes:
        image: float32 [batch, height, width, 3], red, green and blue between 0 and 1; 0 where there is no image.
        valid: bool [batch], False where the bytes are no whole image.
    """

    image: tf.Tensor
    valid: tf.Tensor


@dataclass(frozen=True)
class Augmentation:
    """How images are varied in training.

    Attributes:
        zoom: An image is enlarged by up to this factor, 1 or more, and cut to size at a random place.
        flip: Whether half of the images are mirrored, of those that may be.
        brightness: Up to so much, of the range 0 to 1, is added to an image or taken from it.
        contrast: Up to this share, the distance of an image's values from their mean grows or shrinks.
    """

    zoom: float = 1.25
    flip: bool = False
    brightness: float = 0.1
    contrast: float = 0.2

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            ValueError: A value is out of range.
        """
        if self.zoom < 1 or not 0 <= self.brightness <= 1 or not 0 <= self.contrast < 1:
            raise ValueError(f"zoom must be 1 or more, brightness within 0 and 1, contrast below 1; got {self}")


def decode_images(
    encoded: tf.Tensor,
    size: tuple[int, int],
    *,
    fit: Fit = "crop",
    augmentation: Augmentation | None = None,
    seed: int = 0,
    epoch: Any = 0,
    may_flip: tf.Tensor | None = None,
    most_pixels: int = MOST_PIXELS,
) -> Images:
    """Decodes JPEG and PNG images and brings them to one size.

    Greyscale becomes three equal channels, CMYK becomes RGB, transparent pixels lie over white, and of 16 bits a
    channel the upper 8 are kept. The aspect ratio is kept: with `crop` an image fills the size, and what juts out on
    two sides is lost; with `pad` it lies whole between black bars. The orientation that EXIF tells is not applied. No
    image is: what does not decode to its end, has more than `most_pixels`, or is of another format. (How many frames a
    GIF has, all of which TensorFlow decodes, nobody knows before.) Bytes that are damaged in their middle may still be
    an image, as JPEG has no checksum.

    How an image is augmented is a function of (seed, epoch, its bytes) alone, so a run that was interrupted goes on as
    if it had not been.

    Args:
        encoded: Strings [batch].
        size: Height and width of the result, in pixels.
        fit: `crop` or `pad`.
        augmentation: How images are varied; None leaves them as they are.
        seed: Seed of the augmentation.
        epoch: Its epoch; an integer, or an integer `tf.Variable` that holds it when the images are decoded.
        may_flip: bool [batch], False at images that must not be mirrored, as those whose captions tell left from right;
            None where all may be.
        most_pixels: Larger images are not decoded.
    """
    count = tf.size(encoded)
    may_flip = tf.fill([count], True) if may_flip is None else may_flip

    def decoded(index: tf.Tensor, data: tf.Tensor, may_flip: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = _decode(data, size, most_pixels)
        if augmentation is None:
            return index, _place(pixels, size, fit)
        drawn = _draws(data, seed, epoch)
        image = _place(pixels, size, fit, augmentation.zoom ** drawn[0], drawn[1:3])
        return index, _vary(image, drawn[3:], augmentation, may_flip)

    images = tf.data.Dataset.from_tensor_slices((tf.range(count), encoded, may_flip))
    images = images.map(decoded, num_parallel_calls=tf.data.AUTOTUNE, deterministic=False).ignore_errors()
    # One row more than there are images, so that there is one even if none is left.
    images = images.concatenate(tf.data.Dataset.from_tensors((count, tf.zeros([*size, 3]))))
    options = tf.data.Options()
    options.autotune.enabled = False  # then as many at a time as there are cores, without a thread that tunes it
    found, pixels = images.batch(tf.cast(count, tf.int64) + 1).with_options(options).get_single_element()
    found = found[:, tf.newaxis]
    image = tf.scatter_nd(found, pixels, [count + 1, *size, 3])[:count]
    valid = tf.scatter_nd(found, tf.ones_like(found[:, 0]), [count + 1])[:count] > 0
    return Images(image, tf.ensure_shape(valid, encoded.shape))


def _decode(data: tf.Tensor, size: tuple[int, int], most_pixels: int) -> tf.Tensor:
    """Decodes one image: uint8 [height, width, 3]; a JPEG perhaps smaller than it is, yet no smaller than `size`."""
    is_jpeg = tf.equal(tf.strings.substr(data, 0, len(_JPEG)), _JPEG)
    return tf.cond(is_jpeg, lambda: _decode_jpeg(data, size, most_pixels), lambda: _decode_png(data, most_pixels))


def _decode_jpeg(data: tf.Tensor, size: tuple[int, int], most_pixels: int) -> tf.Tensor:
    shape = tf.io.extract_jpeg_shape(data)
    spare = tf.reduce_min(tf.cast(shape[:2], tf.float32) / tf.constant(size, tf.float32))
    fitting = tf.reduce_sum(tf.cast(spare >= tf.constant(_JPEG_SHRINKS, tf.float32), tf.int32))
    # TensorFlow also turns CMYK into RGB where three channels are asked for.
    branches = [lambda ratio=ratio: tf.io.decode_jpeg(data, channels=3, ratio=ratio) for ratio in _JPEG_SHRINKS]
    with tf.control_dependencies([_assert_size(shape[:2], most_pixels)]):
        return tf.switch_case(tf.maximum(fitting - 1, 0), branches)


def _decode_png(data: tf.Tensor, most_pixels: int) -> tf.Tensor:
    # The operation is called PNG and decodes other formats, too.
    is_png = tf.debugging.Assert(tf.equal(tf.strings.substr(data, 0, len(_PNG)), _PNG), ["neither JPEG nor PNG"])
    shape = tf.io.decode_raw(tf.strings.substr(data, _PNG_SIZE_AT, 8), tf.int32, little_endian=False)
    with tf.control_dependencies([is_png, _assert_size(shape, most_pixels)]):
        pixels = tf.io.decode_png(data, channels=4)
    # To an image without alpha TensorFlow adds the largest value of its bit depth, which below 8 bits is not 255.
    depth = tf.io.decode_raw(tf.strings.substr(data, _PNG_DEPTH_AT, 1), tf.uint8)[0]
    added = tf.bitwise.left_shift(tf.constant(1), tf.minimum(tf.cast(depth, tf.int32), 8)) - 1
    opaque = tf.reduce_all(tf.equal(tf.cast(pixels[..., 3], tf.int32), added))
    return tf.cond(opaque, lambda: pixels[..., :3], lambda: _over_white(pixels))


def _over_white(pixels: tf.Tensor) -> tf.Tensor:
    values = tf.cast(pixels, tf.float32)
    alpha = values[..., 3:] / 255
    return tf.cast(tf.round(values[..., :3] * alpha + 255 * (1 - alpha)), tf.uint8)


def _assert_size(shape: tf.Tensor, most_pixels: int) -> tf.Operation:
    shape = tf.cast(shape, tf.int64)
    fits = tf.reduce_all(shape > 0) & (tf.reduce_prod(shape) <= most_pixels)
    return tf.debugging.Assert(fits, ["an image that is too large"])


def _place(
    pixels: tf.Tensor, size: tuple[int, int], fit: Fit, zoom: tf.Tensor | float = 1.0, where: Any = (0.5, 0.5)
) -> tf.Tensor:
    """Scales and moves one image in a single pass, with anti-aliasing: float32 [*size, 3], 0 to 1.

    Args:
        pixels: uint8 [height, width, 3].
        size: Height and width of the result.
        fit: As `decode_images`.
        zoom: Factor of enlargement beyond what fits.
        where: Which part of what is left over lies above and to the left, 0 to 1 each; 0.5 is the middle.
    """
    sides = tf.cast(tf.shape(pixels)[:2], tf.float32)
    scales = tf.constant(size, tf.float32) / sides
    scale = zoom * (tf.reduce_max(scales) if fit == "crop" else tf.reduce_min(scales))
    placed = tf.raw_ops.ScaleAndTranslate(
        images=pixels[tf.newaxis],
        size=tf.constant(size),
        scale=tf.stack([scale, scale]),
        translation=where * (tf.constant(size, tf.float32) - scale * sides),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.clip_by_value(tf.ensure_shape(placed[0], [*size, 3]) / 255, 0, 1)  # rounding goes beyond


def _draws(data: tf.Tensor, seed: int, epoch: Any) -> tf.Tensor:
    """Six numbers between 0 and 1 that are a function of the arguments."""
    which = tf.strings.to_hash_bucket_fast(data, (1 << 63) - 1)
    when = tf.cast(epoch, tf.int64) + seed * 1_000_003
    return tf.random.stateless_uniform([6], tf.stack([which, when]), alg="philox")


def _vary(image: tf.Tensor, drawn: tf.Tensor, augmentation: Augmentation, may_flip: tf.Tensor) -> tf.Tensor:
    """Mirrors one image, float32 [height, width, 3], if it may be, and changes its tones."""
    if augmentation.flip:
        image = tf.cond(may_flip & (drawn[0] < 0.5), lambda: image[:, ::-1], lambda: image)
    contrast = 1 + augmentation.contrast * (2 * drawn[1] - 1)
    brightness = augmentation.brightness * (2 * drawn[2] - 1)
    mean = tf.reduce_mean(image)
    return tf.clip_by_value((image - mean) * contrast + mean + brightness, 0, 1)
