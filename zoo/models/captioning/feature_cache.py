"""Features of images that never change, kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from zoo.config.captioner import CaptionerConfig

_ENCODED_TOGETHER = 32  # images
# What an image's features depend on, besides the encoder's weights.
_FIELDS = ("backbone", "image_size", "fit")


def cached(
    records: tf.data.Dataset,
    encode: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    encoder: keras.Model,
    config: CaptionerConfig,
) -> tf.data.Dataset:
    """Returns records with `features` in the place of `image`, from disk if they have been there before.

    A folder's name says which encoder made it of which images, so one of another configuration, of other weights or of
    other images is never read. A folder is written under another name first: an interrupted run leaves none that is
    half full.

    Args:
        records: Records with `image` and `name`, and whatever else, which is kept too.
        encode: From encoded images and their names, strings [batch], to features, float [batch, rows, columns,
            channels].
        encoder: Whose weights count.
        config: Has the folder, `feature_cache`, and what the features depend on.

    Raises:
        OSError: The folder cannot be made or written.
    """
    parent = Path(config.feature_cache)
    folder = parent / f"features-{_fingerprint(records, encoder, config)}"
    if not folder.exists():
        try:
            parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=parent))
        except FileExistsError:
            raise NotADirectoryError(f"feature_cache={parent} is a file: name a folder") from None
        except OSError as error:
            raise OSError(
                f"feature_cache={parent} cannot be made or written ({error.strerror}): name another folder"
            ) from error
        try:
            _with_features(records, encode).save(str(scratch / "features"))
            try:
                os.rename(scratch / "features", folder)
            except OSError:
                if not folder.exists():  # another run, or worker, was quicker
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return tf.data.Dataset.load(str(folder))


def _with_features(records: tf.data.Dataset, encode: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.data.Dataset:
    @tf.autograph.experimental.do_not_convert  # a Keras model is no code to rewrite
    def features(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        rest = {name: value for name, value in batch.items() if name != "image"}
        return {**rest, "features": encode(batch["image"], batch["name"])}

    return records.ragged_batch(_ENCODED_TOGETHER).map(features).unbatch()


def _fingerprint(records: tf.data.Dataset, encoder: keras.Model, config: CaptionerConfig) -> str:
    """Returns a name for what the features are made by and of."""
    digest = hashlib.sha256(json.dumps([str(getattr(config, name)) for name in _FIELDS]).encode())
    for weight in encoder.weights:
        digest.update(weight.numpy().tobytes())
    for record in records.as_numpy_iterator():
        digest.update(hashlib.sha256(record["image"]).digest())
        digest.update(json.dumps([text.decode("utf-8", "replace") for text in record["captions"]]).encode())
    return digest.hexdigest()[:16]
