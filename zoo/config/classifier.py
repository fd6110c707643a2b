"""Everything that can be chosen about a text classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from zoo.config.cells import CellName
from zoo.config.fields import Range, check_increasing
from zoo.config.training import Count, Optimizer, TrainingConfig

Rate = Annotated[float, Range(0.0, 0.95)]


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig(TrainingConfig):
    """A text classifier: word (and word pair) embeddings, regions of words, recurrent layers, pooling, a head.

    How it is trained is said by the fields of `TrainingConfig`. Vectors of hashed word pairs beside those of words:
    Joulin et al. 2017 ("Bag of tricks for efficient text classification"). Regions of words before pooled recurrent
    layers: Johnson & Zhang 2016 ("Supervised and semi-supervised text categorization using LSTM for region
    embeddings").

    Attributes:
        encoder: `recurrent`; or `ngrams`, the feed-forward baseline: the mean of the word and n-gram vectors, and a
            linear head, which knows no order beyond `word_ngrams`. It reads the fields up to `max_tokens` alone.
        word_dim: Size of a word embedding. Pretrained vectors bring their own.
        word_vectors: Path of a GloVe or word2vec file to start the embeddings from; its words join the vocabulary after
            the training data's, so that words met only later have a vector too.
        train_word_vectors: Whether pretrained vectors are fine-tuned.
        vocabulary_size: At most this many words, the most frequent first.
        min_count: Words seen less often in training are unknown words.
        lowercase: Whether words are lower-cased.
        word_ngrams: Up to how many neighbouring words have a vector together, found by hashing; 1 has words alone.
        ngram_dim: Size of such a vector.
        ngram_buckets: How many such vectors there are; n-grams of the same hash share one.
        head: `sigmoid` (two classes), `softmax`, `ordinal` (ratings: classes whose names are numbers, in order), or
            `auto`: sigmoid for two classes, else softmax.
        dropout: Between embeddings, recurrent layers, pooling and head.
        word_dropout: Share of the words that become the unknown word in training.
        max_tokens: Longer texts keep their two ends, this many tokens together, in training and in answers; what was
            left out is counted and reported. None keeps all.
        batch_tokens: At most about so many tokens a training step, padding included, where that is fewer texts than
            `batch_size`. None means no limit.
        bucket_boundaries: Texts are batched with others of similar length, between these token counts.
        region_width: Neighbouring words that a convolution sees; 0 leaves the convolution out.
        region_filters: Its filters.
        region_pool: Neighbouring places of which the largest values are kept, so that the recurrent layers take as many
            times fewer steps.
        cell: The recurrent cell.
        units: Units of each direction.
        depth: Recurrent layers.
        bidirectional: Whether every layer reads both ways.
        recurrent_dropout: On the recurrent state, one mask for all steps.
        pooling: How a text's steps become one vector: the `last` output (of each direction), their `mean` or `max`, or
            an average weighted by `attention`.
    """

    task: ClassVar[str] = "zoo.models.classifying.classifier:Classifier"
    sample: ClassVar[str] = "sentiment_sample"

    encoder: Literal["recurrent", "ngrams"] = "recurrent"
    word_dim: Count = 128
    word_vectors: str | None = None
    train_word_vectors: bool = True
    vocabulary_size: Count = 30_000
    min_count: Count = 2
    lowercase: bool = True
    word_ngrams: Annotated[int, Range(1, 5)] = 2
    ngram_dim: Count = 32
    ngram_buckets: Count = 131_072
    head: Literal["auto", "sigmoid", "softmax", "ordinal"] = "auto"
    dropout: Rate = 0.4
    word_dropout: Rate = 0.1
    max_tokens: Annotated[int, Range(2)] | None = 512
    batch_tokens: Count | None = None
    bucket_boundaries: tuple[int, ...] = (8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 513)
    region_width: Annotated[int, Range(0, 64)] = 3
    region_filters: Count = 128
    region_pool: Count = 4
    cell: CellName = "lstm"
    units: Count = 64
    depth: Count = 1
    bidirectional: bool = True
    recurrent_dropout: Rate = 0.0
    pooling: Literal["last", "mean", "max", "attention"] = "max"

    optimizer: Optimizer = "lazy_adam"
    learning_rate: Annotated[float, Range(0.0)] = 0.002
    epochs: Count = 12
    patience: Count = 4

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed.
        """
        super().__post_init__()
        check_increasing(self, "bucket_boundaries")
