"""Everything that can be chosen about a model of dialogues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from zoo.config.cells import CellName
from zoo.config.decoder import Rate, SearchingConfig
from zoo.config.fields import Range, check_increasing
from zoo.config.training import Count


@dataclass(frozen=True, kw_only=True)
class DialogueModelConfig(SearchingConfig):
    """A hierarchical recurrent encoder-decoder, and what it is compared with.

    Serban, Sordoni, Bengio, Courville & Pineau 2015, "Building End-To-End Dialogue Systems Using Generative
    Hierarchical Neural Network Models". How it is trained is said by the fields of `TrainingConfig`, how it writes by
    those of `SearchingConfig`.

    Attributes:
        context: What a turn is said after: the whole dialogue, a turn at a time, by a recurrent layer over turns
            (`hierarchy`); the turn before alone, by the same layers (`last`); or the whole dialogue, word by word, by
            the decoder itself (`flat`: a language model, without encoder and context layer).
        lowercase: Whether words are lower-cased.
        vocabulary_size: At most this many words, the most frequent first.
        min_count: Words seen less often in training are unknown, and are never written.
        max_turns: Longer dialogues lose their beginnings, in training and in answers; what was left out is counted.
        max_words: Longer turns lose their ends, likewise.
        word_dim: Size of a word embedding; encoder and decoder share them.
        encoder_units: Units of the recurrent layer over the words of a turn, in each direction.
        bidirectional: Whether that layer reads both ways.
        pooling: How a turn's steps become one vector: the `last` output (of each direction), their `mean` or `max`, or
            an average weighted by `attention`.
        context_units: Units of the recurrent layer over turns.
        label_weight: Weight of a second task, to say the act and the emotion of each turn, where records have them; 0
            leaves it out, as a `flat` model does.
        bucket_boundaries: Dialogues are batched with others of similar length, by the words of the longest turn.
        max_reply: Words of a reply at most.
    """

    task: ClassVar[str] = "zoo.models.dialogue.dialogue_model:DialogueModel"
    sample: ClassVar[str] = "dialogue_sample"

    context: Literal["hierarchy", "last", "flat"] = "hierarchy"
    lowercase: bool = True
    vocabulary_size: Count = 10_000
    min_count: Count = 1
    max_turns: Count = 20
    max_words: Annotated[int, Range(1, 10_000)] = 50
    word_dim: Count = 128
    encoder_units: Count = 64
    bidirectional: bool = True
    pooling: Literal["last", "mean", "max", "attention"] = "mean"
    context_units: Count = 128
    label_weight: Annotated[float, Range(0.0)] = 0.1
    bucket_boundaries: tuple[int, ...] = (12, 18, 26, 36)
    max_reply: Annotated[int, Range(1, 1000)] = 30

    cell: CellName = "gru"
    # A word heard and the same word said are then one vector, so to repeat what an earlier turn has named is learnt for
    # all words at once: in a few epochs instead of twenty.
    tied: bool = True
    dropout: Rate = 0.1
    learning_rate: Annotated[float, Range(0.0)] = 0.007
    batch_size: Count = 16
    epochs: Count = 8
    patience: Count = 4

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed, or two do not go together.
        """
        super().__post_init__()
        check_increasing(self, "bucket_boundaries")
