"""Checks that every registered recipe must pass, with a tiny configuration of it."""

import base64
import json
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tiny_recipes import ONE_A_TASK, TINY

import zoo
from zoo import cells
from zoo.training.strategies import strategy


@pytest.fixture(scope="module")
def trained():
    """Every recipe, fitted once."""
    tasks = {}
    for name, tiny in TINY.items():
        tasks[name] = tiny.make()
        tasks[name].fit(tiny.x, tiny.y, verbose=0)
    return tasks


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    """A folder that holds `<recipe>.keras` and the export `<recipe>/1` of every recipe."""
    folder = tmp_path_factory.mktemp("written")
    for name, task in trained.items():
        task.save(folder / f"{name}.keras")
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
            assert part == pytest.approx(together_part, abs=1e-5)


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


@pytest.mark.parametrize("tiny", ONE_A_TASK, ids=lambda tiny: tiny.recipe)
def test_two_replicas_train_as_one(tiny):
    x, y = tiny.x[:24], tiny.y and tiny.y[:24]
    weights = []
    for which in ("none", "mirrored"):
        with strategy(which).scope():
            # Five do not split evenly, and clipping bites. Adam would blow up the last bit of gradients that are near
            # 0.
            task = tiny.make(epochs=2, batch_size=5, clip_norm=0.5, optimizer="sgd", learning_rate=0.1)
        assert task.distribute_strategy.num_replicas_in_sync == (2 if which == "mirrored" else 1)
        history = task.fit(x, y, verbose=0).history
        scores = task.evaluate(x, y, return_dict=True, verbose=0)
        weights.append(([np.array(w) for w in task.get_weights()], history["loss"], scores))
    (one, one_loss, one_scores), (two, two_loss, two_scores) = weights
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(one_loss, two_loss, rtol=1e-5)
    assert one_scores == pytest.approx(two_scores, rel=1e-5)


@pytest.mark.parametrize("tiny", ONE_A_TASK, ids=lambda tiny: tiny.recipe)
def test_a_training_step_compiles_under_xla(tiny):
    task = tiny.make()
    task.adapt(task.records(tiny.x, tiny.y))
    batch = next(iter(task.batches(task.records(tiny.x, tiny.y), training=True)))
    plain = task._scaled_loss(*batch, task(batch[0], training=True))
    task.reset_metrics()
    task.optimizer.build(task.trainable_variables)
    step = tf.function(task.train_step, jit_compile=True)
    np.testing.assert_allclose(step(batch)["loss"], plain, rtol=1e-5)
    task.reset_metrics()
    assert step(batch)["loss"] < plain  # the first step has moved the weights downhill


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
