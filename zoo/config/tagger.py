"""Everything that can be chosen about a sequence tagger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from zoo.config.cells import CellName
from zoo.config.fields import Range, check_increasing
from zoo.config.training import Count, TrainingConfig

Rate = Annotated[float, Range(0.0, 0.95)]


@dataclass(frozen=True, kw_only=True)
class TaggerConfig(TrainingConfig):
    """A word-and-character recurrent tagger (Lample et al. 2016; Ma & Hovy 2016).

    How it is trained is said by the fields of `TrainingConfig`.

    Attributes:
        word_input: `learnt` embeddings, or `one_hot` vectors of vocabulary length.
        word_dim: Size of a word embedding. Pretrained vectors bring their own.
        word_vectors: Path of a GloVe or word2vec file to start the embeddings from; its words join the vocabulary after
            the training data's, so that words met only later have a vector too.
        train_word_vectors: Whether pretrained vectors are fine-tuned.
        vocabulary_size: At most this many words, the most frequent first.
        min_count: Words seen less often in training are unknown words.
        lowercase: Whether words (not characters) are lower-cased.
        normalise_digits: Whether every digit of a word becomes 0.
        case_dim: Size of an embedding of how a word is written (lower, Capitalised, UPPER, ...); 0 leaves it out.
        characters: How a word's characters are read: `cnn`, `bilstm` or `none`.
        char_dim: Size of a character embedding.
        char_units: Filters of the CNN, or units of each direction of the BiLSTM.
        char_width: Width of the CNN's filters, in characters.
        max_word_chars: Longer words keep both ends; how many were cut is reported when the vocabulary is learnt.
        cell: The recurrent cell.
        units: Units of each direction.
        depth: Recurrent layers.
        bidirectional: Whether every layer reads both ways.
        head: `crf`, `softmax`, or `sigmoid` (tags 0 and 1 only).
        tag_scheme: What the tags are converted to inside the model; answers are always IOB2.
        dropout: Between embeddings, recurrent layers and head.
        recurrent_dropout: On the recurrent state, one mask for all steps.
        word_dropout: A word seen n times in training is replaced there by the unknown word with probability
            word_dropout / (word_dropout + n), so that the unknown word is learnt from rare ones; 0 never does it.
        max_tokens: Longer training sentences are cut here; how many were cut is reported. None keeps all.
        bucket_boundaries: Sentences are batched with others of similar length, between these token counts.
    """

    task: ClassVar[str] = "zoo.models.tagging.tagger:Tagger"
    sample: ClassVar[str] = "ner_sample"

    word_input: Literal["learnt", "one_hot"] = "learnt"
    word_dim: Count = 100
    word_vectors: str | None = None
    train_word_vectors: bool = True
    vocabulary_size: Count = 30_000
    min_count: Count = 1
    lowercase: bool = True
    normalise_digits: bool = True
    case_dim: Annotated[int, Range(0)] = 8
    characters: Literal["cnn", "bilstm", "none"] = "cnn"
    char_dim: Count = 30
    char_units: Count = 100
    char_width: Count = 3
    max_word_chars: Annotated[int, Range(2)] = 24
    cell: CellName = "lstm"
    units: Count = 100
    depth: Count = 1
    bidirectional: bool = True
    head: Literal["crf", "softmax", "sigmoid"] = "crf"
    tag_scheme: Literal["iob2", "bioes"] = "bioes"
    dropout: Rate = 0.5
    recurrent_dropout: Rate = 0.0
    word_dropout: Annotated[float, Range(0.0)] = 4.0
    max_tokens: Count | None = None
    bucket_boundaries: tuple[int, ...] = (8, 12, 16, 24, 32, 48, 64, 128)

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed.
        """
        super().__post_init__()
        check_increasing(self, "bucket_boundaries")
        if self.word_vectors is not None and self.word_input == "one_hot":
            raise ValueError("TaggerConfig: word_vectors are for word_input='learnt'; one-hot words have no vectors")
