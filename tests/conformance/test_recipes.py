"""Checks that every registered recipe must pass, with a tiny configuration of it."""

import base64
import json
import subprocess
import sys
import zipfile
from dataclasses import astuple
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tiny_recipes import ONE_A_TASK, TINY

import zoo
from zoo import cells


@pytest.fixture(scope="module")
def trained():
    """Every recipe, fitted once."""
    tasks = {}
    for name, tiny in TINY.items():
        tasks[name] = tiny.make()
        tasks[name].fit(tiny.x, tiny.y, verbose=0)
    return tasks


def move_class(path):
    """Makes a file one of an earlier version, in which the task's class was in another module."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    parts["config.json"] = json.dumps({**config, "module": "zoo.models.elsewhere"}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    """A folder that holds `<recipe>.keras` and the export `<recipe>/1` of every recipe."""
    folder = tmp_path_factory.mktemp("written")
    for name, task in trained.items():
        task.save(folder / f"{name}.keras")
        move_class(folder / f"{name}.keras")
        assert task.export(folder / name) == folder / name / "1"
    return folder


@pytest.fixture(scope="module")
def reborn(trained, written):
    """What a fresh process answers after loading each `.keras` file and each SavedModel."""
    jobs = {
        name: (json_ready(tiny.requests), tiny.input, tiny.answer, tiny.output or tiny.answer)
        for name, tiny in TINY.items()
    }
    script = Path(__file__).with_name("reborn.py")
    command = [sys.executable, str(script), str(written)]
    child = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    return json.loads(child.stdout.splitlines()[-1])


def json_ready(requests):
    """Bytes as a dictionary that names them, in base 64."""
    return [
        {"base64": base64.b64encode(request).decode()} if isinstance(request, bytes) else request
        for request in requests
    ]


def answers(task, tiny):
    """What a task answers to the requests."""
    return [getattr(answer, tiny.answer) for answer in task.predict(tiny.requests)]


def assert_same(ones, others):
    """Holds two lists of answers to be equal, numbers nearly so."""
    for one, other in zip(ones, others, strict=True):
        assert one == (pytest.approx(other, rel=1e-4) if isinstance(other, float) else other)


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_few_records_can_be_memorised(trained, name):
    tiny = TINY[name]
    score = trained[name].evaluate(tiny.x, tiny.y, return_dict=True, verbose=0)[tiny.score]
    assert score >= tiny.memorised if tiny.memorised == 1.0 else score <= tiny.memorised


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_batch_answers_as_one_by_one(trained, name):
    requests = TINY[name].requests
    together = trained[name].predict(requests)
    for request, answer in zip(requests, together, strict=True):
        (alone,) = trained[name].predict([request])
        parts = (tf.nest.flatten(astuple(each)) for each in (alone, answer))
        for part, together_part in zip(*parts, strict=True):
            if isinstance(together_part, float):  # a long text has a large log P
                together_part = pytest.approx(together_part, rel=1e-6, abs=1e-5)
            assert part == together_part


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_fresh_process_answers_the_same_from_the_keras_file(trained, reborn, name):
    assert_same(reborn[name]["keras"], answers(trained[name], TINY[name]))


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_fresh_process_answers_the_same_from_the_export(trained, reborn, name):
    assert_same(reborn[name]["export"], answers(trained[name], TINY[name]))


@pytest.mark.parametrize("name", sorted(TINY))
def test_an_export_holds_no_op_that_a_plain_server_lacks(written, name):
    version = written / name / "1"
    graph = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0].graph_def
    functions = graph.library.function
    ops = {node.op for nodes in (graph.node, *(f.node_def for f in functions)) for node in nodes}
    assert "MatMul" in ops
    assert not {op for op in ops if "Xla" in op or "Cudnn" in op or op in ("PyFunc", "EagerPyFunc")}
    assert all("_XlaMustCompile" not in f.attr or not f.attr["_XlaMustCompile"].b for f in functions)
    assert sorted(path.name for path in (version / "assets").iterdir()) == ["config.json", "vocabulary.json"]


# A training step is the task's, not the recipe's: one recipe of each task will do.


@pytest.mark.parametrize("cell", cells.names())
@pytest.mark.parametrize("tiny", ONE_A_TASK, ids=lambda tiny: tiny.recipe)
def test_every_task_takes_every_cell(tiny, cell):
    task = tiny.make(cell=cell)
    task.adapt(task.records(tiny.x, tiny.y))
    task.optimizer.build(task.trainable_variables)
    batch = next(iter(task.batches(task.records(tiny.x, tiny.y), training=True)))
    losses = []
    for _ in range(3):  # outside a graph: to trace one for every cell would take most of this file's time
        task.reset_metrics()
        losses.append(float(task.train_step(batch)["loss"]))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", sorted(TINY))
def test_before_fit_only_saving_works(name, tmp_path):
    task = TINY[name].make()
    for action in (lambda: task.predict(["x"]), lambda: task.evaluate([["x"]], [["O"]]), lambda: task.export(tmp_path)):
        with pytest.raises(ValueError, match="call fit"):
            action()
    task.save(tmp_path / "new.keras")
    assert zoo.load(tmp_path / "new.keras").config == task.config
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.keras"]
