"""What can be chosen about the recurrent decoder, whatever the task that writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from zoo.config.cells import CellName
from zoo.config.fields import Range
from zoo.config.training import Count, TrainingConfig

Rate = Annotated[float, Range(0.0, 0.95)]


@dataclass(frozen=True, kw_only=True)
class DecoderConfig(TrainingConfig):
    """The decoder that writes token by token, and how it learns to.

    Attributes:
        cell: The recurrent cell.
        units: Units of each recurrent layer of the decoder.
        depth: Recurrent layers of the decoder.
        tied: Whether the output layer's kernel is the embeddings' (Press & Wolf 2017).
        dropout: On embeddings, between recurrent layers, before the output layer, and on what the decoder is told.
        word_vectors: Path of a GloVe or word2vec file to start the embeddings from; its words join the vocabulary after
            the training data's, as far as there is room.
        train_word_vectors: Whether pretrained vectors are fine-tuned. Where not, unknown words, begin and end, which no
            file has, are zeros and stay so.
        reinjection: Share of the tokens read in the last epoch that are the model's own choices instead of the text's
            (scheduled sampling, Bengio et al. 2015). It grows in a straight line from 0 in the first epoch.
    """

    cell: CellName = "lstm"
    units: Count = 128
    depth: Count = 1
    tied: bool = False
    dropout: Rate = 0.0
    word_vectors: str | None = None
    train_word_vectors: bool = True
    reinjection: Annotated[float, Range(0.0, 1.0)] = 0.0

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed, or two do not go together.
        """
        super().__post_init__()
        if self.tied and not self.learns_embeddings:
            raise ValueError(
                f"{type(self).__name__}.tied makes the embeddings the output layer's, which must learn to say the end: "
                "set train_word_vectors=true or tied=false"
            )

    @property
    def learns_embeddings(self) -> bool:
        """Whether training changes the embeddings."""
        return self.word_vectors is None or self.train_word_vectors


@dataclass(frozen=True, kw_only=True)
class SearchingConfig(DecoderConfig):
    """A decoder whose answers are searched for.

    Attributes:
        beam_width: Hypotheses of the beam search; 1 is greedy.
        length_penalty: Its exponent; 0 ranks by probability, which favours short answers (Wu et al. 2016).
        repetition_penalty: Tokens that an answer has already become less likely by this; 1 changes nothing (Keskar et
            al. 2019). Answers are ranked by what it leaves; their log-probabilities are the model's own.
        n_best: Answers to return; a search that is narrower returns `beam_width` of them.
    """

    beam_width: Annotated[int, Range(1, 100)] = 3
    length_penalty: Annotated[float, Range(0.0)] = 0.7
    repetition_penalty: Annotated[float, Range(0.1, 10.0)] = 1.0
    n_best: Annotated[int, Range(1, 100)] = 3

    @property
    def returned(self) -> int:
        """How many answers a search returns: `n_best`, but no more than it has hypotheses."""
        return min(self.n_best, self.beam_width)
