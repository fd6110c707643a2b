import dataclasses
import inspect
import re
import typing

import pytest

from zoo import cells
from zoo.config.classifier import ClassifierConfig
from zoo.config.fields import field_types, parse_assignments
from zoo.config.training import TrainingConfig


def test_every_cell_can_be_chosen():
    assert typing.get_args(field_types(ClassifierConfig)["cell"]) == cells.names()


def test_every_field_is_documented_in_order():
    docs = [inspect.getdoc(base).partition("\nAttributes:")[2] for base in (TrainingConfig, ClassifierConfig)]
    documented = re.findall(r"^ {4}(\w+): ", "\n".join(docs), re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(ClassifierConfig)]


def test_defaults_survive_a_command_line():
    config = ClassifierConfig()
    texts = [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in config.to_dict().items()
    ]
    assert ClassifierConfig(**parse_assignments(ClassifierConfig, texts)) == config


@pytest.mark.parametrize("assignment", ["max_tokens=1", "word_ngrams=0", "pooling=sum", "head=crf", "region_pool=0"])
def test_values_that_cannot_train_are_refused(assignment):
    with pytest.raises(ValueError, match=r"allowed: .+"):
        ClassifierConfig(**parse_assignments(ClassifierConfig, [assignment]))


def test_buckets_must_grow():
    with pytest.raises(ValueError, match="each above the last"):
        ClassifierConfig(bucket_boundaries=(8, 8))
