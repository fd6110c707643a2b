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
        reinjection: Share of the tokens read in the last epoch that are the model's own choices instead of the text's
            (scheduled sampling, Bengio et al. 2015). It grows in a straight line from 0 in the first epoch.
    """

    cell: CellName = "lstm"
    units: Count = 128
    depth: Count = 1
    tied: bool = False
    dropout: Rate = 0.0
    reinjection: Annotated[float, Range(0.0, 1.0)] = 0.0


@dataclass(frozen=True, kw_only=True)
class SearchingConfig(DecoderConfig):
    """A decoder whose answers are searched for.

    Attributes:
        beam_width: Hypotheses of the beam search; 1 is greedy.
        length_penalty: Its exponent; 0 ranks by probability, which favours short answers (Wu et al. 2016).
        repetition_penalty: Tokens that an answer has already become less likely by this; 1 changes nothing (Keskar et
            al. 2019). Above 1, the log-probabilities of answers are of what is left of the others.
        n_best: Answers to return, at most `beam_width`.
    """

    beam_width: Annotated[int, Range(1, 100)] = 3
    length_penalty: Annotated[float, Range(0.0)] = 0.7
    repetition_penalty: Annotated[float, Range(0.1, 10.0)] = 1.0
    n_best: Annotated[int, Range(1, 100)] = 3

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is not allowed, or two do not go together.
        """
        super().__post_init__()
        if self.n_best > self.beam_width:
            raise ValueError(
                f"{type(self).__name__}.n_best is {self.n_best}; allowed: at most beam_width, "
                f"which is {self.beam_width}"
            )
