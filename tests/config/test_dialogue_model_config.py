import dataclasses
import inspect
import re
import typing

import pytest

from zoo import cells
from zoo.config.decoder import DecoderConfig, SearchingConfig
from zoo.config.dialogue_model import DialogueModelConfig
from zoo.config.fields import field_types, parse_assignments
from zoo.config.training import TrainingConfig


def test_every_cell_can_be_chosen():
    assert typing.get_args(field_types(DialogueModelConfig)["cell"]) == cells.names()


def test_every_field_is_documented_in_order():
    bases = (TrainingConfig, DecoderConfig, SearchingConfig, DialogueModelConfig)
    docs = [inspect.getdoc(base).partition("\nAttributes:")[2] for base in bases]
    documented = re.findall(r"^ {4}(\w+): ", "\n".join(docs), re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(DialogueModelConfig)]


def test_defaults_survive_a_command_line():
    config = DialogueModelConfig()
    texts = [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in config.to_dict().items()
    ]
    assert DialogueModelConfig(**parse_assignments(DialogueModelConfig, texts)) == config


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("context=none", "allowed: 'hierarchy' | 'last' | 'flat'"),
        ("max_turns=0", "allowed: int, between 1 and"),
        ("max_reply=0", "allowed: int, between 1 and 1000"),
        ("repetition_penalty=0", "allowed: float, between 0.1 and 10"),
        ("n_best=0", "allowed: int, between 1 and 100"),
        ("bucket_boundaries=8,8", "each above the last"),
    ],
)
def test_values_that_cannot_train_are_refused(assignment, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        DialogueModelConfig(**parse_assignments(DialogueModelConfig, [assignment]))
