import dataclasses
import inspect
import re
import typing

import pytest

from zoo import cells, tag_schemes
from zoo.config.fields import field_types, parse_assignments
from zoo.config.tagger import TaggerConfig
from zoo.config.training import TrainingConfig


def words_of(field):
    return typing.get_args(field_types(TaggerConfig)[field])


def test_every_cell_can_be_chosen():
    assert words_of("cell") == cells.names()


def test_tag_schemes_are_ones_that_tags_can_be_converted_to():
    assert set(words_of("tag_scheme")) <= set(tag_schemes.SCHEMES)


def test_every_field_is_documented_in_order():
    docs = [inspect.getdoc(base).partition("\nAttributes:")[2] for base in (TrainingConfig, TaggerConfig)]
    documented = re.findall(r"^ {4}(\w+): ", "\n".join(docs), re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(TaggerConfig)]


def test_defaults_survive_a_command_line():
    """What `--set` is given as text comes back as the same value, for every field."""
    config = TaggerConfig()
    texts = [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in config.to_dict().items()
    ]
    assert TaggerConfig(**parse_assignments(TaggerConfig, texts)) == config


@pytest.mark.parametrize(
    "assignment",
    [
        "units=0",
        "dropout=1.0",
        "learning_rate=-1",
        "final_learning_rate=2",
        "seed=-1",
        "clip_norm=0",
        "cell=rnn",
        "head=x",
    ],
)
def test_values_that_cannot_train_are_refused(assignment):
    with pytest.raises(ValueError, match=r"allowed: .+"):
        TaggerConfig(**parse_assignments(TaggerConfig, [assignment]))


def test_one_hot_words_have_no_vectors():
    with pytest.raises(ValueError, match="word_vectors are for word_input='learnt'"):
        TaggerConfig(word_input="one_hot", word_vectors="glove.txt")
