"""Images of every kind, and everything that is none."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo.preprocessing.images import Augmentation, decode_images

SIZE = (24, 24)


def photograph(height=40, width=40):
    """Smooth colours, which JPEG keeps nearly as they are."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = 255 * x / (width - 1), 255 * y / (height - 1)
    return np.stack([red, green, 255 - (red + green) / 2], axis=-1).astype(np.uint8)


def encoded(pixels, kind="PNG", mode="RGB", **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


PNG = encoded(photograph())
JPEG = encoded(photograph(), "JPEG", quality=95)
decode = tf.function(lambda data: decode_images(data, SIZE), input_signature=[tf.TensorSpec([None], tf.string)])


def flags(data):
    """Decodes a batch in which one whole image stands last, and checks that it does not suffer."""
    image, valid = (part.numpy() for part in decode(tf.constant([*data, PNG])))
    assert np.all(image[~valid] == 0)
    assert valid[-1]
    np.testing.assert_array_equal(image[-1], decode(tf.constant([PNG])).image[0])
    return valid[:-1].tolist()


def test_the_shape_is_known():
    images = decode.get_concrete_function().structured_outputs
    assert images.image.shape.as_list() == [None, *SIZE, 3]
    assert images.valid.shape.as_list() == [None]
    assert decode_images(tf.constant([PNG, JPEG]), (8, 16)).image.shape == (2, 8, 16, 3)


def test_an_empty_batch():
    images = decode(tf.constant([], tf.string))
    assert images.image.shape == (0, *SIZE, 3)
    assert images.valid.shape == (0,)


@pytest.mark.parametrize(
    "data",
    [
        PNG,
        JPEG,
        encoded(photograph(), "JPEG", quality=95, progressive=True),
        encoded(photograph(), "JPEG", "CMYK", quality=95),
        encoded(photograph(), "PNG", "RGBA"),
        encoded(photograph(), "PNG", "P"),
    ],
    ids=["PNG", "JPEG", "progressive", "CMYK", "opaque alpha", "palette"],
)
def test_colours_are_kept_in_every_format(data):
    image, valid = decode(tf.constant([data]))
    expected = np.asarray(Image.fromarray(photograph()).resize(SIZE, Image.Resampling.BILINEAR)) / 255
    assert valid.numpy().tolist() == [True]
    assert np.abs(image[0] - expected).mean() < 0.03
    assert np.abs(image[0] - expected).max() < 0.2


@pytest.mark.parametrize(
    "data",
    [
        encoded(photograph(), "PNG", "L"),
        encoded(photograph(), "JPEG", "L", quality=95),
        encoded(photograph(), "PNG", "LA"),
        encoded(np.asarray(Image.fromarray(photograph()).convert("L")).astype(np.uint16) * 257, mode="I;16"),
    ],
    ids=["PNG", "JPEG", "with alpha", "16 bits"],
)  # fmt: skip
def test_grey_becomes_three_equal_channels(data):
    image, valid = (part.numpy() for part in decode(tf.constant([data])))
    grey = Image.fromarray(photograph()).convert("L").resize(SIZE, Image.Resampling.BILINEAR)
    assert valid.tolist() == [True]
    assert np.abs(image[0] - np.asarray(grey)[..., np.newaxis] / 255).max() < 0.03


def test_one_bit_a_pixel():
    halves = np.zeros([40, 40, 3], np.uint8)
    halves[:20] = 255
    image = decode(tf.constant([encoded(halves, "PNG", "1")])).image.numpy()[0]
    np.testing.assert_allclose(image[:11], 1, atol=1e-6)
    np.testing.assert_allclose(image[13:], 0, atol=1e-6)


def test_what_is_transparent_lies_over_white():
    pixels = np.zeros([48, 48, 4], np.uint8)
    pixels[:24] = (255, 0, 0, 255)
    pixels[24:] = (0, 0, 0, 51)  # a fifth of black
    image = decode(tf.constant([encoded(pixels, "PNG", "RGBA")])).image.numpy()[0]
    np.testing.assert_allclose(image[0, 0], [1, 0, 0])
    np.testing.assert_allclose(image[-1, -1], [0.8, 0.8, 0.8], atol=1e-6)


@pytest.mark.parametrize("wide", [True, False])
def test_the_aspect_ratio_is_kept(wide):
    thirds = np.zeros([20, 60, 3], np.uint8)
    thirds[:, :20], thirds[:, 20:40], thirds[:, 40:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    data = tf.constant([encoded(thirds if wide else thirds.swapaxes(0, 1))])
    crop = decode_images(data, SIZE, fit="crop").image.numpy()[0]
    pad = decode_images(data, SIZE, fit="pad").image.numpy()[0]
    if not wide:
        crop, pad = crop.swapaxes(0, 1), pad.swapaxes(0, 1)
    assert np.all(crop[:, 2:-2] == [0, 1, 0])  # the middle third fills it
    assert np.all(pad[:7] == 0)
    assert np.all(pad[-7:] == 0)
    np.testing.assert_allclose(pad[9:15, [1, 11, -2]], np.broadcast_to(np.eye(3), [6, 3, 3]), atol=1e-6)


@pytest.mark.parametrize("data", [PNG, JPEG], ids=["PNG", "JPEG"])
def test_a_file_that_is_cut_off_is_no_image_wherever_it_is_cut(data):
    assert not any(flags([data[:length] for length in range(0, len(data) - 1, max(1, len(data) // 60))]))


def test_damaged_bytes_never_fail_the_batch():
    rng = np.random.default_rng(0)

    def damaged(data, count):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), count):
            changed[place] = rng.integers(256)
        return bytes(changed)

    for count in (1, 10, 100):
        flags([damaged(JPEG, count) for _ in range(60)])  # some may be images still
    assert sum(flags([damaged(PNG, 10) for _ in range(60)])) <= 3  # PNG has checksums


def test_whatever_else_is_no_image():
    rng = np.random.default_rng(1)
    starts = (b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\x89PNG\r\n\x1a\n")
    noise = [start + rng.bytes(length) for start in starts for length in range(0, 200, 7)]
    others = [encoded(photograph(), kind) for kind in ("GIF", "BMP", "TIFF", "WEBP")]
    assert not any(flags([b"", b"no image", "ein Bild 🙂".encode(), b"\0" * 99, *noise, *others]))


def bomb(width, height):
    """A PNG of some bytes that claims to be huge."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_a_size_that_is_too_large_is_refused_before_decoding():
    sizes = [(2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (1 << 14, 1 << 13), (0, 9)]
    assert not any(flags([bomb(*size) for size in sizes]))
    large = JPEG.replace(struct.pack(">HH", 40, 40), struct.pack(">HH", 65000, 65000), 1)
    assert large != JPEG
    assert not any(flags([large]))
    for data in (PNG, JPEG):
        assert decode_images(tf.constant([data]), SIZE, most_pixels=1600).valid.numpy().tolist() == [True]
        assert decode_images(tf.constant([data]), SIZE, most_pixels=1599).valid.numpy().tolist() == [False]


def test_large_photographs_are_decoded_at_a_smaller_size_to_the_same_effect():
    large = encoded(photograph(400, 300), "JPEG", quality=95)
    image = decode(tf.constant([large])).image.numpy()[0]
    middle = Image.fromarray(photograph(400, 300)).crop((0, 50, 300, 350)).resize(SIZE, Image.Resampling.BILINEAR)
    assert np.abs(image - np.asarray(middle) / 255).max() < 0.04


def test_augmentation_is_a_function_of_seed_epoch_and_image():
    varied = Augmentation(zoom=1.5, flip=True, brightness=0.2, contrast=0.3)
    data = [PNG, JPEG, b"none", encoded(photograph()[::-1])]

    def augmented(data, **when):
        return decode_images(tf.constant(data), SIZE, augmentation=varied, **when).image.numpy()

    epoch = tf.Variable(3, dtype=tf.int64)
    images = augmented(data, seed=1, epoch=epoch)
    np.testing.assert_array_equal(images[[3, 0]], augmented([data[3], data[0]], seed=1, epoch=3))
    assert np.all(images[2] == 0)
    assert images.min() >= 0
    assert images.max() <= 1
    for other in ({"seed": 2, "epoch": 3}, {"seed": 1, "epoch": 4}):
        assert np.abs(images - augmented(data, **other)).mean() > 0.01
    nothing = decode_images(tf.constant(data), SIZE, augmentation=Augmentation(zoom=1, brightness=0, contrast=0))
    np.testing.assert_allclose(nothing.image, decode(tf.constant(data)).image, atol=1e-6)
    with pytest.raises(ValueError, match="zoom must be 1 or more"):
        Augmentation(zoom=0.5)


def test_flips_and_zooms_do_what_they_say():
    def over_epochs(augmentation):
        epoch = tf.Variable(0, dtype=tf.int64)
        augmented = tf.function(lambda data: decode_images(data, SIZE, augmentation=augmentation, epoch=epoch).image[0])
        images = []
        for number in range(12):
            epoch.assign(number)
            images.append(augmented(tf.constant([PNG])).numpy())
        return images

    flips = over_epochs(Augmentation(zoom=1, flip=True, brightness=0, contrast=0))
    mirrored = [image[0, 0, 0] > image[0, -1, 0] for image in flips]  # red grows to the right
    assert 0 < sum(mirrored) < 12
    np.testing.assert_allclose(flips[mirrored.index(True)], flips[mirrored.index(False)][:, ::-1], atol=1e-6)
    zooms = over_epochs(Augmentation(zoom=2, flip=False, brightness=0, contrast=0))
    spans = [image[0, -1, 0] - image[0, 0, 0] for image in zooms]
    assert min(spans) > 0.4  # no more than twice as large
    assert max(spans) - min(spans) > 0.1


def test_a_pipeline_may_decode_in_the_midst_of_another():
    epoch = tf.Variable(0, dtype=tf.int64)
    records = tf.data.Dataset.from_tensor_slices([PNG, b"", JPEG] * 3).batch(4)
    images = records.map(lambda batch: decode_images(batch, SIZE, augmentation=Augmentation(), epoch=epoch))
    valid = np.concatenate([image.valid for image in images])
    assert valid.tolist() == [True, False, True] * 3
