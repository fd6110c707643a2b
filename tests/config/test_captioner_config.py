import dataclasses
import inspect
import re
import typing

import pytest

from zoo import cells
from zoo.config.captioner import CaptionerConfig
from zoo.config.decoder import DecoderConfig, SearchingConfig
from zoo.config.fields import field_types, parse_assignments
from zoo.config.training import TrainingConfig


def test_every_cell_can_be_chosen():
    assert typing.get_args(field_types(CaptionerConfig)["cell"]) == cells.names()


def test_every_field_is_documented_in_order():
    bases = (TrainingConfig, DecoderConfig, SearchingConfig, CaptionerConfig)
    docs = [inspect.getdoc(base).partition("\nAttributes:")[2] for base in bases]
    documented = re.findall(r"^ {4}(\w+): ", "\n".join(docs), re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(CaptionerConfig)]


def test_defaults_survive_a_command_line():
    config = CaptionerConfig()
    texts = [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in config.to_dict().items()
    ]
    assert CaptionerConfig(**parse_assignments(CaptionerConfig, texts)) == config


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("image_size=4", "allowed: int, between 8 and 4096"),
        ("fit=stretch", "allowed: 'crop' | 'pad'"),
        ("encoder_widths=7", "CaptionerConfig.encoder_widths is (7,); allowed: multiples of 8, one or more"),
        ("encoder_widths=", "CaptionerConfig.encoder_widths is (); allowed"),
        ("n_best=0", "allowed: int, between 1 and 100"),
        ("pretrained=true", "the residual network has no published weights"),
        ("feature_cache=somewhere", "set train_backbone=false and augment=false"),
        ("zoom=2", "CaptionerConfig.zoom is about varied images: set augment=true"),
        ("bucket_boundaries=8,8", "each above the last"),
    ],
)
def test_values_that_cannot_train_are_refused(assignment, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        CaptionerConfig(**parse_assignments(CaptionerConfig, [assignment]))


def test_a_search_returns_no_more_than_it_has_hypotheses():
    assert CaptionerConfig().returned == 3
    assert CaptionerConfig(**parse_assignments(CaptionerConfig, ["beam_width=1"])).returned == 1
    assert CaptionerConfig(beam_width=5, n_best=2).returned == 2


def test_an_output_layer_must_learn():
    with pytest.raises(ValueError, match="set train_word_vectors=true or tied=false"):
        CaptionerConfig(tied=True, word_vectors="glove.txt", train_word_vectors=False)
    assert CaptionerConfig(tied=True, train_word_vectors=False).learns_embeddings  # there is nothing to keep


def test_a_penalty_on_attention_needs_attention():
    with pytest.raises(ValueError, match="attention_coverage is about attention"):
        CaptionerConfig(attention=False, attention_coverage=0.1)
