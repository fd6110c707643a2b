"""Writing captions: from encoded images to sentences, and to where the model looked, all in the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from zoo.config.captioner import CaptionerConfig
from zoo.decoding import Beams, beam_search, forbidding, in_turn, repetition_penalty
from zoo.decoding.captioned_image import AttendedImage, Caption, CaptionedImage
from zoo.models.captioning.network import CaptionerNetwork
from zoo.preprocessing.captioning import CaptionCodec
from zoo.preprocessing.images import Images, decode_images
from zoo.preprocessing.token_codec import never_written
from zoo.preprocessing.vocabulary import BEGIN_ID, END_ID, PADDING_ID, RESERVED_WITH_ENDS


def write(
    network: CaptionerNetwork, codec: CaptionCodec, config: CaptionerConfig, encoded: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Captions encoded images.

    Args:
        network: The network.
        codec: Words to numbers and back.
        config: Says how images are read and how captions are searched for.
        encoded: Strings [batch], JPEG or PNG bytes.

    Returns:
        `caption` [batch] and `captions` [batch, n], strings, the best first; `log_probabilities` [batch, n], float32,
        nats, the end included unless `max_words` came before it; `valid` [batch], bool. Where the bytes are no image,
        captions are empty and log-probabilities 0; so it is where there are fewer captions than `config.returned`,
        which is n.
    """
    images, valid = _images(encoded, config)
    beams = _search(network, config, network.encode(images))
    known = (beams.lengths > 0) & valid[:, tf.newaxis]
    texts = codec.decode(tf.reshape(beams.tokens, [-1, beams.tokens.shape[2]]))
    captions = tf.where(known, tf.reshape(texts, tf.shape(known)), "")
    return {
        "caption": captions[:, 0],
        "captions": captions,
        "log_probabilities": tf.where(known, beams.log_probabilities, 0.0),
        "valid": valid,
    }


def answers(written: Mapping[str, tf.Tensor]) -> list[CaptionedImage]:
    """Turns what `write` returned into what a person gets back."""
    texts, chances, valid = (written[name].numpy() for name in ("captions", "log_probabilities", "valid"))
    found = []
    for of_image, nats, real in zip(texts, chances, valid, strict=True):
        pairs = zip(of_image, nats, strict=True)
        captions = tuple(Caption(text.decode("utf-8", "replace"), float(chance)) for text, chance in pairs if text)
        found.append(CaptionedImage(captions[0].text if captions else "", captions, bool(real)))
    return found


def look(
    network: CaptionerNetwork, words: Sequence[str], config: CaptionerConfig, encoded: tf.Tensor
) -> list[AttendedImage]:
    """Captions encoded images and lets the decoder read each caption again, to see where it looks.

    Args:
        network: The network; its decoder has attention.
        words: The known words.
        config: As `write`.
        encoded: As `write`.

    Returns:
        An answer for each image, without words where the bytes are no image.
    """
    images, valid = _images(encoded, config)
    features = network.encode(images)
    best = _search(network, config, features).tokens[:, :1]
    before = tf.pad(best[:, :, :-1], [[0, 0], [0, 0], [1, 0]], constant_values=BEGIN_ID)
    real = best > PADDING_ID
    read = {"features": features, "token_ids": tf.where(real, before, PADDING_ID), "padding_mask": real}
    weights = network(read)["attention"][:, 0].numpy()
    attended = []
    for row, (tokens, whole) in enumerate(zip(best[:, 0].numpy(), valid.numpy(), strict=True)):
        written = [words[token - RESERVED_WITH_ENDS] for token in tokens if token >= RESERVED_WITH_ENDS and whole]
        maps = weights[row, : len(written)].reshape(len(written), *features.shape[1:3])
        attended.append(AttendedImage(written, maps, images[row].numpy()))
    return attended


def _images(encoded: tf.Tensor, config: CaptionerConfig) -> Images:
    return decode_images(encoded, (config.image_size, config.image_size), fit=config.fit)


def _search(network: CaptionerNetwork, config: CaptionerConfig, features: tf.Tensor) -> Beams:
    """Searches for the best captions of maps of features; a caption has a word at least."""
    seen = network.begin(features)
    rules = [forbidding(never_written()), forbidding([END_ID], before=1)]
    if config.repetition_penalty != 1:
        rules.append(repetition_penalty(config.repetition_penalty))
    return beam_search(
        network.decoder.stepper(seen.memory),
        tf.fill([tf.shape(features)[0]], BEGIN_ID),
        seen.states,
        max_length=config.max_words,  # as long a caption is cut there, and needs no end
        beam_width=config.beam_width,
        end=END_ID,
        length_penalty=config.length_penalty,
        n_best=config.returned,
        adjust=in_turn(*rules),
    )
