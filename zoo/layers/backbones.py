"""Convolutional networks by name, with their published weights: those of `keras.applications` and of keras-hub."""

from __future__ import annotations

import difflib
import inspect
import sys
from typing import Any

import keras
import tensorflow as tf

_PUBLISHED = "imagenet"


@keras.saving.register_keras_serializable(package="zoo")
class ApplicationInput(keras.layers.Layer):
    """Images as a network of `keras.applications` was trained to see them: that module's own `preprocess_input`.

    Input: float `[batch, height, width, 3]`, red, green and blue between 0 and 1. Output: the same shape.

    Args:
        application: The network's name, for example `MobileNetV2`.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: An unknown name.
    """

    def __init__(self, application: str, **kwargs: Any) -> None:
        """Finds the module."""
        super().__init__(**kwargs)
        self.application = application
        self._preprocess = sys.modules[_application(application).__module__].preprocess_input

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Scales, shifts and perhaps reorders the channels."""
        return self._preprocess(images * 255.0)

    def get_config(self) -> dict[str, Any]:
        """Returns every constructor argument."""
        return {**super().get_config(), "application": self.application}


def is_application(name: str) -> bool:
    """Whether `keras.applications` has a network of this name."""
    return name in _applications()


def application(name: str, image_size: int) -> keras.Model:
    """Makes a network of `keras.applications` without its classifier, with random weights.

    Args:
        name: For example `MobileNetV2`.
        image_size: Side of the square images, in pixels.

    Returns:
        From images, float `[batch, image_size, image_size, 3]` between 0 and 1, to features, float `[batch, rows,
        columns, channels]`. The network itself is the model's last layer.

    Raises:
        ValueError: An unknown name, or images too small for the network.
    """
    network = _application(name)(include_top=False, weights=None, input_shape=(image_size, image_size, 3))
    image = keras.Input([image_size, image_size, 3], name="image")
    return keras.Model(image, network(ApplicationInput(name, name="input_scale")(image)), name="encoder")


def load_published(encoder: keras.Model, name: str, image_size: int) -> None:
    """Gives a network of `keras.applications` its weights from ImageNet (Deng et al. 2009), fetched once.

    Args:
        encoder: What `application` returned.
        name: As there.
        image_size: As there.

    Raises:
        ValueError: The weights cannot be fetched; the message says what to do.
    """
    try:
        source = _application(name)(include_top=False, weights=_PUBLISHED, input_shape=(image_size, image_size, 3))
    except Exception as error:  # Keras raises this very class where a file cannot be fetched
        if "URL fetch failure" not in str(error):
            raise
        raise ValueError(
            f"the weights of {name} cannot be fetched ({error}): run once where there is a network and copy "
            "~/.keras/models from there, or leave them out with pretrained=false"
        ) from error
    encoder.layers[-1].set_weights(source.get_weights())


def hub_backbone(preset: str, image_size: int, *, pretrained: bool) -> keras.Model:
    """Makes a keras-hub backbone of a preset, or of a folder that `save_to_preset` wrote.

    Args:
        preset: For example `resnet_50_imagenet`.
        image_size: Side of the square images, in pixels.
        pretrained: Whether it has the preset's weights.

    Returns:
        As `application`.

    Raises:
        ValueError: An unknown name, a preset that cannot be fetched, keras-hub is not installed, or the backbone does
            not turn images into one map of features.
    """
    try:
        import keras_hub
    except ImportError as error:
        raise ValueError(
            f"there is no backbone {preset!r} in keras.applications{_near(preset, _applications())}; "
            "presets of keras-hub need `pip install keras-hub`"
        ) from error
    presets = keras_hub.models.Backbone.presets
    if preset not in presets and "/" not in preset:
        near = _near(preset, ["residual", *_applications(), *presets])
        raise ValueError(f"there is no backbone {preset!r}{near}; `residual` is the one to train from scratch")
    try:
        backbone = keras_hub.models.Backbone.from_preset(preset, load_weights=pretrained)
        converter = _converter(keras_hub, preset)
    except ValueError as error:
        why = str(error).strip().splitlines()[0]
        if why.startswith("Unknown preset"):  # and seven lines on what presets may be called
            why = "no preset, no address of one, and no folder that save_to_preset wrote"
        raise ValueError(
            f"there is no backbone {preset!r}: {why}; `residual` is the one to train from scratch"
        ) from error
    except (OSError, ImportError, RuntimeError) as error:
        raise ValueError(
            f"the preset {preset} cannot be fetched ({str(error).splitlines()[0]}): run once where there is a network, "
            "save it with save_to_preset(folder), and give that folder as the backbone"
        ) from error
    image = keras.Input([image_size, image_size, 3], name="image")
    features = backbone(converter(image))
    if not isinstance(features, keras.KerasTensor) or len(features.shape) != 4:
        raise ValueError(f"the backbone {preset} does not turn images into one map of features: choose another one")
    return keras.Model(image, features, name="encoder")


def _converter(keras_hub: Any, preset: str) -> keras.layers.Layer:
    """Returns what scales images between 0 and 1 as the preset wants them; those without a wish get 0 to 255."""
    try:
        wanted = keras_hub.layers.ImageConverter.from_preset(preset)
    except (ValueError, FileNotFoundError):  # the preset has none
        return keras.layers.Rescaling(255.0, name="input_scale")
    scale, offset = (
        default if value is None else value for value, default in ((wanted.scale, 1.0), (wanted.offset, 0.0))
    )
    scale = [255.0 * part for part in scale] if isinstance(scale, (list, tuple)) else 255.0 * scale
    return keras.layers.Rescaling(scale, offset, name="input_scale")


def _applications() -> list[str]:
    return [name for name, value in vars(keras.applications).items() if inspect.isfunction(value)]


def _application(name: str) -> Any:
    if not is_application(name):
        raise ValueError(f"keras.applications has no network {name!r}{_near(name, _applications())}")
    return getattr(keras.applications, name)


def _near(name: str, names: list[str]) -> str:
    lowered = {each.lower(): each for each in names}
    near = [lowered[each] for each in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)]
    return f" (near it: {', '.join(near)})" if near else ""
