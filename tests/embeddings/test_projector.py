import json
import struct

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client

from zoo.embeddings import WordVectors, write_projector

VECTORS = WordVectors(["the", "New York", "tab\tnew\nline", ""], np.random.default_rng(0).normal(size=(4, 3)))


def served(logdir):
    """What TensorBoard's own plugin answers for a folder."""
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logdir))
    plugin = ProjectorPlugin(
        TBContext(logdir=str(logdir), data_provider=MultiplexerDataProvider(multiplexer, str(logdir)))
    )
    apps = plugin.get_plugin_apps()

    def get(route, **query):
        answer = Client(apps[route]).get(route, query_string=query)
        assert answer.status_code == 200, answer.data
        return answer.data

    return get


def test_tensorboard_finds_words_and_vectors(tmp_path):
    write_projector(VECTORS, tmp_path / "logs")
    get = served(tmp_path / "logs")
    assert json.loads(get("/runs")) == ["."]
    (embedding,) = json.loads(get("/info", run="."))["embeddings"]
    assert embedding["tensorName"] == "words"
    assert embedding["tensorShape"] == [4, 3]
    metadata = get("/metadata", run=".", name="words").decode()
    assert metadata.splitlines() == ["the", "New York", "tab new line", "(blank)"]
    tensor = get("/tensor", run=".", name="words", num_rows="100")
    np.testing.assert_array_equal(struct.unpack("12f", tensor), VECTORS.matrix.ravel())


def test_columns_have_a_heading(tmp_path):
    write_projector(VECTORS, tmp_path, name="v1", columns={"count": [9, 7, 5, 1], "kind": list("abcd")})
    lines = (tmp_path / "v1.metadata.tsv").read_text().splitlines()
    assert lines[:3] == ["word\tcount\tkind", "the\t9\ta", "New York\t7\tb"]
    with pytest.raises(ValueError, match="column 'count' has 1 values, but there are 4 words"):
        write_projector(VECTORS, tmp_path, columns={"count": [1]})


def test_other_vectors_stay_and_equal_names_are_replaced(tmp_path):
    write_projector(VECTORS, tmp_path, name="first")
    write_projector(VECTORS.take(["the"]), tmp_path, name="second")
    write_projector(VECTORS.take(["the", ""]), tmp_path, name="first")
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    assert [(e.tensor_name, list(e.tensor_shape)) for e in config.embeddings] == [("second", [1, 3]), ("first", [2, 3])]


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"name is '../words'"):
        write_projector(VECTORS, tmp_path, name="../words")
    (tmp_path / "projector_config.pbtxt").write_text("not a { configuration")
    with pytest.raises(ValueError, match=r"projector_config\.pbtxt: this is not a configuration of the projector"):
        write_projector(VECTORS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["projector_config.pbtxt"]
