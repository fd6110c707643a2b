"""Everything that can be chosen about an image captioner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from zoo.config.decoder import SearchingConfig
from zoo.config.fields import Range, check_increasing
from zoo.config.training import Count


@dataclass(frozen=True, kw_only=True)
class CaptionerConfig(SearchingConfig):
    """A captioner: a convolutional encoder, a bridge, and the recurrent decoder, with attention or without.

    How it is trained is said by the fields of `TrainingConfig`, how it writes by those of `SearchingConfig`; a record
    is an image with all its captions, which are learnt from together. Records wait for
    shuffling with their images as files have them, so `shuffle_buffer` is small; what it holds is memory, some 100 kB a
    photograph. Without attention: Vinyals et al. 2015, "Show and
    Tell" (here the image is in the first states instead of the first input). With attention: Xu et al. 2015, "Show,
    Attend and Tell".

    Attributes:
        backbone: What turns an image into a map of features: `residual`, a small residual network from scratch; a class
            of `keras.applications`, such as `MobileNetV2`; or a preset of a keras-hub backbone.
        pretrained: Whether a backbone by name starts from its published weights (ImageNet's), fetched once.
        train_backbone: Whether the backbone learns. One that does not is left as it is, its statistics too.
        feature_cache: Folder in which the features of training and validation images are kept, where the backbone does
            not learn and there is no `augment`; None computes them in every epoch.
        image_size: Side in pixels to which images are resized.
        fit: What becomes of images that are not square: `crop` fills the square and loses what juts out on two sides,
            `pad` puts the whole image between black bars.
        encoder_widths: Channels of each stage of the residual network, multiples of 8.
        encoder_blocks: Residual blocks in each stage.
        augment: Whether training images are enlarged, moved, mirrored and recoloured a little. An image whose captions
            tell left from right is not mirrored.
        zoom: Up to how many times an augmented image is enlarged; of what `fit` leaves of it, 1 / zoom² is always seen.
        word_dim: Size of a word embedding.
        vocabulary_size: At most this many words, the most frequent first.
        min_count: Words seen less often in training are unknown, and are never written.
        attention: Whether every word looks at the map of features anew; else its mean makes the first states, no more.
        attention_units: Width of the attention's hidden layer.
        attention_gate: Whether each step also says how much it needs of the image (β of Xu et al. 2015).
        attention_coverage: Weight λ of the penalty for parts of the image that were looked at too little or too much
            (the doubly stochastic attention of Xu et al. 2015, section 4.2.1).
        concepts: Weight of a second task that teaches the encoder: to say which words the captions of an image hold,
            all at once (Fang et al. 2015, "From Captions to Visual Concepts and Back"); 0 leaves it out. It is of use
            where the backbone starts from nothing.
        label_smoothing: Share of the target that is spread over all words in training (Szegedy et al. 2016).
        bucket_boundaries: Images are batched with others of similar captions, by the words of the longest.
        max_words: Longer captions are cut, in training (where they then have no end) and in answers.
    """

    task: ClassVar[str] = "zoo.models.captioning.captioner:Captioner"
    sample: ClassVar[str] = "caption_sample"

    backbone: str = "residual"
    pretrained: bool = False
    train_backbone: bool = True
    feature_cache: str | None = None
    image_size: Annotated[int, Range(8, 4096)] = 64
    fit: Literal["crop", "pad"] = "crop"
    encoder_widths: tuple[int, ...] = (16, 32, 64)
    encoder_blocks: Count = 1
    augment: bool = False
    zoom: Annotated[float, Range(1.0, 4.0)] = 1.25
    word_dim: Count = 64
    vocabulary_size: Count = 10_000
    min_count: Count = 1
    attention: bool = True
    attention_units: Count = 64
    attention_gate: bool = False
    attention_coverage: Annotated[float, Range(0.0)] = 0.0
    concepts: Annotated[float, Range(0.0)] = 1.0
    label_smoothing: Annotated[float, Range(0.0, 0.5)] = 0.0
    bucket_boundaries: tuple[int, ...] = ()
    max_words: Annotated[int, Range(1, 1000)] = 30

    learning_rate: Annotated[float, Range(0.0)] = 0.003
    epochs: Count = 8
    patience: Count = 5
    batch_size: Count = 16
    shuffle_buffer: Count = 1_000

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed, or two do not go together.
        """
        super().__post_init__()
        check_increasing(self, "bucket_boundaries")
        if not self.encoder_widths or any(width < 8 or width % 8 for width in self.encoder_widths):
            raise ValueError(
                f"CaptionerConfig.encoder_widths is {self.encoder_widths!r}; allowed: multiples of 8, one or more"
            )
        if self.backbone == "residual" and self.pretrained:
            raise ValueError(
                "CaptionerConfig.pretrained: the residual network has no published weights; "
                "name a backbone, for example backbone=MobileNetV2"
            )
        if self.feature_cache is not None and (self.train_backbone or self.augment):
            raise ValueError(
                "CaptionerConfig.feature_cache keeps what never changes: set train_backbone=false and augment=false"
            )
        if self.zoom != type(self).zoom and not self.augment:
            raise ValueError("CaptionerConfig.zoom is about varied images: set augment=true")
        if self.attention_coverage and not self.attention:
            raise ValueError("CaptionerConfig.attention_coverage is about attention: set attention=true")
