"""Everything that can be chosen about a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from zoo.config.decoder import DecoderConfig, Rate
from zoo.config.fields import Range, check_increasing
from zoo.config.training import Count

Units = Literal["characters", "words", "blanks"]


@dataclass(frozen=True, kw_only=True)
class LanguageModelConfig(DecoderConfig):
    """A recurrent language model: the probability of each token of a text, given those before it.

    How it is trained is said by the fields of `TrainingConfig`, of which `batch_size` is the number of streams that are
    read side by side; what writes, by those of `DecoderConfig`. Truncated back-propagation through time: Williams &
    Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent network trajectories". Dropout:
    Zaremba, Sutskever & Vinyals 2014, "Recurrent neural network regularization". Tied embeddings: Press & Wolf 2017,
    "Using the output embedding to improve language models". One dropout mask for all steps of the recurrence: Gal &
    Ghahramani 2016.

    Attributes:
        tokens: What a text is made of: `characters` (Unicode code points), `words` (words, numbers and punctuation
            marks), or whatever stands between `blanks`, for corpora that are cut into tokens already (Penn Treebank,
            WikiText), where `<unk>` is the unknown word.
        vocabulary_size: At most this many tokens, the most frequent first.
        min_count: Tokens seen less often in training are unknown.
        lowercase: Whether words are lower-cased.
        layout: How training reads: `streams` puts all texts one behind the other, cuts them into `batch_size` streams
            and carries the state from window to window and from text to text; `texts` starts every text from a first
            state of its own, and carries the state within it. `auto`: texts where records have labels, else streams.
        window: Back-propagation through time is cut after this many tokens.
        embedding_dim: Size of a token's embedding.
        recurrent_dropout: On the recurrent state, one mask for all steps of a window.
        bucket_boundaries: Where the layout is `texts`, these are batched with others of similar length, between these
            token counts.
    """

    task: ClassVar[str] = "zoo.models.language.language_model:LanguageModel"
    sample: ClassVar[str] = "language_reference"

    tokens: Units = "characters"
    vocabulary_size: Count = 10_000
    min_count: Count = 2
    lowercase: bool = False
    layout: Literal["auto", "streams", "texts"] = "auto"
    window: Annotated[int, Range(1)] = 64
    embedding_dim: Count = 128
    units: Count = 512
    dropout: Rate = 0.2
    recurrent_dropout: Rate = 0.0
    bucket_boundaries: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1024)

    learning_rate: Annotated[float, Range(0.0)] = 0.004
    epochs: Count = 8
    patience: Count = 4

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed.
        """
        super().__post_init__()
        check_increasing(self, "bucket_boundaries")
        if self.lowercase and self.tokens == "characters":
            raise ValueError("LanguageModelConfig: lowercase is for words; characters are read as they are")
        if self.word_vectors is not None and self.tokens == "characters":
            raise ValueError("LanguageModelConfig: word_vectors are for words: set tokens=words or tokens=blanks")
