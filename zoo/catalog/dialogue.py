"""Recipes that answer in a dialogue."""

from zoo.config.dialogue_model import DialogueModelConfig
from zoo.registry import recipe


@recipe
def hred_dialog() -> DialogueModelConfig:
    """Replies in dialogues: words, turns and the next turn, each by a GRU (Serban et al. 2015)."""
    return DialogueModelConfig()
