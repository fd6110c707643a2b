"""A task as one file: configuration, vocabulary, weights, optimizer and random state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import keras

from zoo.files import replacing
from zoo.training import optimizers


class Saved(keras.Model):
    """What of a task is written to a `.keras` file, and how it is read again."""

    def get_compile_config(self) -> dict[str, Any]:
        """Adds to Keras' settings whether the optimizer is the configuration's own."""
        return {**(super().get_compile_config() or {}), "follows_plan": optimizers.follows_plan(self.optimizer)}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Restores what `get_compile_config` returned."""
        follows_plan = config.pop("follows_plan", False)
        super().compile_from_config(config)
        optimizers.without_loss_scaling(self.optimizer).follows_plan = follows_plan

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
        """Writes one `.keras` file; an interrupted save leaves no half-written file under that name.

        Args:
            filepath: A name that ends in `.keras`.
            overwrite: Whether an existing file is replaced.
            **kwargs: As in `keras.Model.save`.

        Raises:
            ValueError: The name does not end in `.keras`.
            FileExistsError: The file exists and `overwrite` is False.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise ValueError(f"{path}: a model is saved as one .keras file; name it {path.with_suffix('.keras')}")
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists; pass overwrite=True or choose another name")
        with replacing(path) as partial:
            super().save(partial, overwrite=True, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration and the vocabulary."""
        return {
            "config": self.config.to_dict(),
            "vocabulary": None if self.vocabulary is None else self.vocabulary.to_dict(),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Saved:
        """Makes the task that `get_config` described."""
        config = dict(config)
        vocabulary = config.pop("vocabulary", None)
        return cls(
            cls.config_class.from_dict(config.pop("config")),
            None if vocabulary is None else cls.vocabulary_class.from_dict(vocabulary),
            **config,
        )

    def save_own_variables(self, store: Any) -> None:
        """Adds the random state, which Keras leaves out, so that training goes on as if it had not stopped."""
        super().save_own_variables(store)
        for index, state in enumerate(self._random_states()):
            store[f"random_state_{index}"] = state.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Restores what `save_own_variables` wrote."""
        weights = {key: store[key] for key in store.keys() if not key.startswith("random_state_")}  # noqa: SIM118
        super().load_own_variables(weights)
        for index, state in enumerate(self._random_states()):
            state.assign(store[f"random_state_{index}"])

    def _random_states(self) -> list[keras.Variable]:
        """Returns the states of the network's seed generators: Keras' `variables` has them, its `weights` has not."""
        if self.network is None:
            return []
        weights = {id(weight) for weight in self.network.weights}
        return [variable for variable in self.network.variables if id(variable) not in weights]
