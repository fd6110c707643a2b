"""What a model of dialogues answers: the best replies, and replies that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.decoding.dialogue_reply import Reply, ScoredReply
from zoo.metrics.dialogues import distinct
from zoo.models.dialogue import replies
from zoo.models.dialogue.records import HistoryWindow, windows
from zoo.models.dialogue.serving import dialogue_signatures
from zoo.models.drawing import Settings

_TEXTS = tf.TensorSpec([None, None], tf.string)


class DialogueAnswers:
    """The answering half of `DialogueModel`."""

    def reply(
        self,
        history: Sequence[str],
        *,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Reply:
        """Says what comes next in a dialogue.

        Args:
            history: The turns so far, in order; the last one is answered.
            temperature: Below 1 keeps to what is probable, above 1 strays; None searches for the best reply instead of
                drawing one, unless one of the next two is given.
            top_k: Only so many most probable words may be drawn; None for all.
            top_p: Only the fewest most probable words whose probabilities sum to this may be drawn; None for all.
            seed: Of the draws.

        Returns:
            The reply; with the best ones beside it, `config.returned`, where they are searched for.

        Raises:
            ValueError: The task has not been fitted, the history has no turn or an empty one, or a number is out of its
                range.
            TypeError: A number is something else.
        """
        self._require_network("reply")
        if temperature is None and top_k is None and top_p is None:
            return self.predict([history])[0]
        settings = Settings.of(
            "reply", length=self.config.max_reply, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
        )
        (window,) = windows([history])
        drawn = self.in_graph(self.drawn, _TEXTS, *Settings.signature())
        return _replies(drawn(window.turns.to_tensor(), *settings.tensors()))[0]

    def follow(self, turns: Sequence[str]) -> list[Reply]:
        """Says in place of every turn of a dialogue but the first what the model would have said.

        Args:
            turns: The dialogue.

        Returns:
            The best replies to the first turn, to the first two, and so on: one fewer than there are turns.

        Raises:
            ValueError: The task has not been fitted, or a turn is empty.
        """
        return self.predict([turns[:number] for number in range(1, len(turns))])

    def windows(self, x: Any) -> Iterator[HistoryWindow]:
        """Cuts a list of histories (lists of turns), or a dataset of records with `turns`, into windows."""
        return windows(x)

    def answer(self, window: HistoryWindow, rows: np.ndarray) -> list[Reply]:
        """Replies to some histories of a window."""
        return _replies(self.in_graph(self.searched, _TEXTS)(tf.gather(window.turns, rows).to_tensor()))

    def searched(self, turns: tf.Tensor) -> dict[str, tf.Tensor]:
        """Searches for the best replies, in the graph; see `zoo.models.dialogue.replies.search`.

        Args:
            turns: Strings [batch, turns], padded with empty ones.
        """
        return replies.search(self.network, self.preprocessor, self.config, turns)

    def drawn(self, turns: tf.Tensor, *settings: tf.Tensor) -> dict[str, tf.Tensor]:
        """Draws replies, in the graph; see `zoo.models.dialogue.replies.draw`.

        Args:
            turns: Strings [batch, turns], padded with empty ones.
            *settings: Scalars as `zoo.models.drawing.Settings.signature` has them.
        """
        return replies.draw(self.network, self.preprocessor, self.config, turns, *settings)

    def score(self, x: Any, y: Any = None) -> dict[str, float]:
        """Replies to every dialogue without its last turn, and says how various the replies are.

        Args:
            x: Records as in `fit`.
            y: Acts, where `x` is a list; they are not read.

        Returns:
            `distinct_1` and `distinct_2`; see `zoo.metrics.dialogues.distinct`.

        Raises:
            ValueError: The task has not been fitted, or the records are malformed.
        """
        self._require_network("score")
        histories = self.records(x, y).map(lambda record: {"turns": record["turns"][:-1]})
        written = [reply.text for reply in self.predict(histories)]
        return {f"distinct_{n}": distinct(written, n) for n in (1, 2)}

    def signatures(self) -> dict[str, Callable]:
        """Returns `serving_default`, which searches for the best replies, and `sample`, which draws them."""
        return dialogue_signatures(self)


def _replies(found: dict[str, tf.Tensor]) -> list[Reply]:
    """Turns what a graph returned into what a person gets back."""
    arrays = {name: part.numpy() for name, part in found.items()}
    return [_reply({name: part[row] for name, part in arrays.items()}) for row in range(len(arrays["reply"]))]


def _reply(found: dict[str, Any]) -> Reply:
    pairs = zip(found.get("replies", ()), found.get("log_probabilities", ()), strict=True)
    alternatives = tuple(ScoredReply(text.decode("utf-8", "replace"), float(nats)) for text, nats in pairs if text)
    labels = {name: found[name].decode() for name in ("act", "emotion") if name in found}
    return Reply(
        found["reply"].decode("utf-8", "replace"), float(found["log_probability"]), alternatives, **labels,
        turns_cut=int(found["turns_cut"]), words_cut=int(found["words_cut"]),
    )  # fmt: skip
